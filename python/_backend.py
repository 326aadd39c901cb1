# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds the wheel, with the standard library alone (PEP 517 and PEP 660).

A wheel is a zip file of the package, libmoe.so and three files of metadata. The
library comes from the build folder of the source tree, or from MOE_LIBRARY. An
editable install is a .pth file: the modules and the library stay where they are.
"""

import base64
import hashlib
import os
import pathlib
import sysconfig
import tomllib
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = "libmoe.so.0"


def _project():
    with open(HERE / "pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]


def _name():
    project = _project()
    return f"{project['name'].replace('-', '_')}-{project['version']}"


def _tag(pure):
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    return "py3-none-any" if pure else f"py3-none-{platform}"


def _library():
    named = os.environ.get("MOE_LIBRARY")
    path = pathlib.Path(named) if named else HERE.parent / "build" / "lib" / LIBRARY
    if not path.is_file():
        raise SystemExit(f"error: expected libmoe.so at {path}, got no file; build it "
                         "(cmake --build build --target moe-c) or name it in "
                         "MOE_LIBRARY")
    return path


def _metadata(pure):
    """The files of the .dist-info folder, without RECORD."""
    project = _project()
    lines = ["Metadata-Version: 2.1", f"Name: {project['name']}",
             f"Version: {project['version']}", f"Summary: {project['description']}",
             f"License: {project['license']['text']}",
             f"Requires-Python: {project['requires-python']}"]
    lines += [f"Requires-Dist: {entry}" for entry in project["dependencies"]]
    scripts = "".join(f"{name} = {target}\n"
                      for name, target in project.get("scripts", {}).items())
    return {"METADATA": "\n".join(lines) + "\n",
            "WHEEL": "Wheel-Version: 1.0\nGenerator: moe-mlir\n"
                     f"Root-Is-Purelib: {str(pure).lower()}\nTag: {_tag(pure)}\n",
            "entry_points.txt": "[console_scripts]\n" + scripts}


def _write(wheel_directory, pure, files):
    """Writes a wheel of `files`, name -> path or text, under a temporary name."""
    info = f"{_name()}.dist-info"
    files = dict(files)
    for name, text in _metadata(pure).items():
        files[f"{info}/{name}"] = text
    wheel = f"{_name()}-{_tag(pure)}.whl"
    target = pathlib.Path(wheel_directory) / wheel
    partial = target.with_suffix(".partial")
    record = ""
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            data = (content.encode() if isinstance(content, str)
                    else content.read_bytes())
            archive.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
            record += f"{name},sha256={digest.decode().rstrip('=')},{len(data)}\n"
        archive.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    os.replace(partial, target)
    return wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {f"moe/{path.name}": path for path in sorted((HERE / "moe").iterdir())
             if path.suffix == ".py" or path.name == "py.typed"}
    files[f"moe/{LIBRARY}"] = _library()
    return _write(wheel_directory, False, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write(wheel_directory, True, {"moe_mlir.pth": f"{HERE}\n"})


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_editable(config_settings=None):
    return []
