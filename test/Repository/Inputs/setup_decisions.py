# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""setup_decisions.py SCRIPTS FOLDER: runs demo.sh with a PATH of its own, in which
apt-get, apt-cache, dpkg-query, dpkg, id and sudo are small scripts that answer
what a case of CASES says, and looks at exit code, messages and the apt-get lines
that were run. Nothing is installed; a real machine is check_fresh.sh's."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

REAL = ["bash", "env", "basename", "dirname", "readlink", "cat", "stat", "mkdir",
        "tail", "grep", "mktemp", "rm", "sha256sum", "tar", "sh"]
# Each fake appends its command line to $CALLS and answers by the case's variables.
FAKES = {
    "id": 'echo "${FAKE_UID:-0}"',
    # More than a pipe holds, after the answer: whoever stops reading early kills
    # the writer.
    "apt-cache": """shift
word=Candidate
[ "$LC_ALL" = C ] || word=Installationskandidat
for package; do
  case " $FAKE_UNKNOWN " in *" all "* | *" $package "*) continue ;; esac
  candidate=1.0
  case " $FAKE_NO_CANDIDATE " in *" $package "*) candidate='(none)' ;; esac
  printf '%s:\\n  Installed: (none)\\n  %s: %s\\n' \
    "$package" "$word" "$candidate"
  printf '  Version table:\\n%4096s500 release\\n' {1..40}
done || exit 1""",
    "apt-get": """case "$* " in
*--version*) exit 0 ;;
*' update '*) exit "${FAKE_UPDATE:-0}" ;;
*) exit "${FAKE_INSTALL:-0}" ;;
esac""",
    "dpkg-query": """printf '%b' "$FAKE_STATES"
exit 1""",
    "dpkg": """case "$1" in
--print-architecture) echo amd64 ;;
--audit) printf '%s' "$FAKE_AUDIT" ;;
esac""",
    "sudo": """[ -z "$FAKE_SUDO_REFUSES" ] || exit 1
while [[ "$1" = -* || "$1" = *=* ]]; do
  if [ "$1" = -u ]; then exit 0; fi
  shift
done
exec "$@" """,
}
SECURITY = "deb http://deb.debian.org/debian-security bookworm-security main"
MAIN = "deb http://deb.debian.org/debian bookworm main"

# name, variables, exit code, words of the messages ('!': not), words of the calls
CASES = [
    ("everything missing, everything known", {}, 0,
     ["installing with apt: cmake", "simulated: nothing was installed"],
     ["update -qq", "--simulate cmake ", " libmlir-22-dev "]),
    ("translated apt", {"LC_ALL": "de_DE.UTF-8"}, 0, [], ["--simulate cmake "]),
    ("no bookworm-security",
     {"FAKE_UNKNOWN": "clang-22 mlir-22-tools"}, 1,
     ["apt has no package clang-22 mlir-22-tools\n", SECURITY, "!" + MAIN],
     ["!install"]),
    ("a candidate that is pinned away", {"FAKE_NO_CANDIDATE": "lld-22"}, 1,
     ["apt has no package lld-22\n", SECURITY], ["!install"]),
    ("no sources at all", {"FAKE_UNKNOWN": "all"}, 1, [SECURITY, MAIN],
     ["!install"]),
    ("only the base missing", {"FAKE_UNKNOWN": "cmake"}, 1,
     [MAIN, "!" + SECURITY], ["!install"]),
    ("no network", {"FAKE_UNKNOWN": "all", "FAKE_UPDATE": "100"}, 1,
     ["apt-get update failed, and apt has no package cmake", "check the network",
      "!" + SECURITY], ["Error-Mode=any", "!install"]),
    ("one server down, lists of before", {"FAKE_UPDATE": "100"}, 0,
     ["going on with the package lists of before"], ["--simulate cmake "]),
    ("installation fails", {"FAKE_INSTALL": "100"}, 1,
     ["apt-get install failed\n", "!dpkg"], []),
    ("dpkg interrupted", {"FAKE_INSTALL": "100", "FAKE_AUDIT": "half-configured"},
     1, ["dpkg has unfinished packages", "dpkg --configure -a"], []),
    ("what is installed",
     {"FAKE_STATES": "cmake amd64 installed\\nccache i386 installed\\n"
                     "git amd64 config-files\\nninja-build amd64 half-configured\\n"
                     "python3-numpy amd64 triggers-pending\\n"
                     "python3-pip all installed\\n"}, 0,
     ["installing with apt: ninja-build ccache git python3 clang-22",
      "!numpy", "!python3-pip"], ["--simulate ninja-build ccache git "]),
    ("sudo", {"FAKE_UID": "1000"}, 0, [],
     ["sudo DEBIAN_FRONTEND=noninteractive apt-get", "--simulate cmake "]),
    ("sudo that wants a password", {"FAKE_UID": "1000", "FAKE_SUDO_REFUSES": "1"},
     1, ["sudo does not let it run apt-get",
         "as root, run: apt-get update && apt-get install "
         "--no-install-recommends cmake"], ["!install"]),
    ("neither root nor sudo", {"FAKE_UID": "1000", "WITHOUT": "sudo"}, 1,
     ["this user is not root and there is no sudo", "as root, run: apt-get"],
     ["!apt-get"]),
    ("no Debian", {"WITHOUT": "dpkg-query"}, 1,
     ["this is no Debian system", "cmake --preset default", "libmlir-22-dev"],
     ["!apt-get"]),
]


def make_programs(folder):
    folder.mkdir(parents=True)
    for name in REAL:
        (folder / name).symlink_to(shutil.which(name))
    for name, body in FAKES.items():
        path = folder / name
        path.write_text("#!/usr/bin/env bash\n"
                        f'echo "{name} $*" >>"$CALLS"\n{body}\n', encoding="utf-8")
        path.chmod(0o755)


def run(command, programs, calls, variables):
    calls.write_text("", encoding="utf-8")
    environment = {"PATH": str(programs), "CALLS": str(calls), "CI": "true",
                   "LC_ALL": "C.UTF-8"}
    environment.update(variables)
    return subprocess.run(command, env=environment, cwd="/", text=True, check=False,
                          stdin=subprocess.DEVNULL, capture_output=True)


def differences(text, words):
    for word in words:
        if word.startswith("!"):
            if word[1:] in text:
                yield f"unexpected: {word[1:]}"
            continue
        if word not in text:
            yield f"expected: {word}"


def run_cases(scripts, folder):
    bad = 0
    for name, variables, code, messages, called in CASES:
        programs = folder / name / "programs"
        make_programs(programs)
        if "WITHOUT" in variables:
            (programs / variables["WITHOUT"]).unlink()
        calls = folder / name / "calls"
        done = run([scripts / "demo.sh", "--simulate"], programs, calls, variables)
        lines = calls.read_text(encoding="utf-8")
        found = list(differences(done.stderr, messages))
        found += differences(lines, called)
        if done.returncode != code:
            found.append(f"expected exit code {code}, got {done.returncode}")
        if found:
            bad += 1
            print(f"{name}: " + "; ".join(found))
            print(done.stderr[-2000:], lines[-2000:], sep="\n")
    return bad


def run_sudo_script(scripts, folder):
    """sudo demo.sh in somebody's checkout: started again as that user."""
    programs, calls = folder / "owner" / "programs", folder / "owner" / "calls"
    make_programs(programs)
    (programs / "stat").unlink()
    (programs / "stat").write_text("#!/usr/bin/env bash\necho 1234\n", encoding="utf-8")
    (programs / "stat").chmod(0o755)
    run([scripts / "demo.sh", "7"], programs, calls, {"SUDO_UID": "1234"})
    expected = f"sudo -H -u #1234 -- {os.path.realpath(scripts / 'demo.sh')} 7\n"
    if not calls.read_text(encoding="utf-8").endswith(expected):
        print("sudo demo.sh: expected", expected, calls.read_text(encoding="utf-8"))
        return 1
    return 0


def run_fresh_without_root(scripts, folder):
    """check_fresh.sh that cannot run lists every case with the reason."""
    programs, calls = folder / "fresh" / "programs", folder / "fresh" / "calls"
    make_programs(programs)
    bad = 0
    for flags, code in [(["--quick"], 0), ([], 1)]:
        output = folder / "fresh" / "results.json"
        done = run([scripts / "check_fresh.sh", *flags, "--output", output], programs,
                   calls, {"FAKE_UID": "1000"})
        tests = json.loads(output.read_text(encoding="utf-8"))["tests"]
        last = f"0 passed, 0 failed, {len(tests)} skipped"
        if (done.returncode != code or not done.stdout.endswith(f"\n{last}\n")
                or "skipped: fresh/no_network: needs root" not in done.stdout
                or any(test["code"] != "SKIPPED" for test in tests)):
            bad += 1
            print(f"check_fresh.sh {flags}: exit code {done.returncode}",
                  done.stdout, done.stderr, sep="\n")
    return bad


def main():
    scripts, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve()
    bad = run_cases(scripts, folder)
    bad += run_sudo_script(scripts, folder)
    bad += run_fresh_without_root(scripts, folder)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
