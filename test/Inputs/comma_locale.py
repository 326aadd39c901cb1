# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""comma_locale.py FOLDER SCRIPT [ARGUMENT...]: runs a script in a process whose locale
has a decimal comma, as a program has that calls setlocale(LC_ALL, "") in half of Europe.

The locale is made in FOLDER by glibc's localedef from nothing but what is here.
"""

import locale
import os
import pathlib
import runpy
import subprocess
import sys

SOURCE = """LC_NUMERIC
decimal_point "<U002C>"
thousands_sep ""
grouping -1
END LC_NUMERIC
"""


def make(folder):
    folder.mkdir(parents=True, exist_ok=True)
    codes = "".join(f"<U{i:04X}> /x{i:02x} {i}\n" for i in range(128))
    (folder / "ascii").write_text("<code_set_name> ASCII\n<escape_char> /\nCHARMAP\n"
                                  f"{codes}END CHARMAP\n")
    (folder / "source").write_text(SOURCE)
    # It warns that there is nothing but numbers, which is exit code 1.
    done = subprocess.run(["localedef", "-c", "-i", folder / "source", "-f", folder / "ascii",
                           folder / "comma"], capture_output=True, text=True, check=False)
    if not (folder / "comma/LC_NUMERIC").is_file():
        sys.exit(f"localedef: {done.stderr}")


def main():
    folder = pathlib.Path(sys.argv[1]).resolve()
    make(folder)
    os.environ["LOCPATH"] = str(folder)
    locale.setlocale(locale.LC_ALL, "comma")
    assert locale.str(1.5) == "1,5"
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
