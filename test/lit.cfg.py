# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The lit suite. Tools are found in the build and in LLVM's own folder, nowhere
# else, and the environment of the caller does not reach the tests.
import os
import shutil
import subprocess

import lit.formats

config.name = "MoE"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".ll", ".s"]
config.excludes = ["Inputs", "Unit", "CMakeLists.txt", "lit.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.moe_build_dir, "test")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.moe_build_dir, "bin"), config.llvm_tools_dir, "/usr/bin", "/bin"]
)
config.environment["FILECHECK_OPTS"] = "-enable-var-scope --dump-input=fail"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"

# With the sanitizers a finding is an abort, which no test takes for an error, and a file in
# the folder `findings` of the build. Python and LLVM keep what they never free. LLVM's
# allocators poison their memory where they are inlined in our code, and LLVM's own code,
# which is not instrumented, hands the same memory out without a word; for the same reason
# the thread sanitizer does not look at what is called from there.
if config.sanitizer:
    options = ("abort_on_error=1:allow_user_poisoning=0:allocator_may_return_null=1:detect_leaks=0:"
               f"log_path={config.moe_build_dir}/findings/lit")
    config.environment["LD_PRELOAD"] = config.sanitizer_library
    # dlopen(), which the sanitizer wraps, does not see where a library finds others.
    config.environment["LD_LIBRARY_PATH"] = os.path.join(config.moe_build_dir, "lib")
    config.environment["ASAN_OPTIONS"] = config.environment["UBSAN_OPTIONS"] = options
    # A mutex that LLVM locks and our inlined copy of LLVM's code unlocks is no fault.
    config.environment["TSAN_OPTIONS"] = (f"{options}:report_mutex_bugs=0:"
                                          f"suppressions={config.test_source_root}/races.txt")
    config.available_features.add(config.sanitizer)
    config.substitutions.append(
        (r"\benv -i\b", f"env -i ASAN_OPTIONS={options} UBSAN_OPTIONS={options}"))

# `--param moe_vectors=base|avx2|avx512`: host vector code of the emulator.
if "moe_vectors" in lit_config.params:
    config.environment["MOE_EMULATOR_VECTORS"] = lit_config.params["moe_vectors"]

config.substitutions.append(("%python", config.python))
config.substitutions.append(("%source_root", config.moe_source_dir))
config.substitutions.append(("%build_root", config.moe_build_dir))
config.substitutions.append(("%llvm_lib_dir", config.llvm_lib_dir))
# For a CMake project that links this build's libraries.
config.substitutions.append(
    ("%flags_of_build", f'"-DCMAKE_CXX_FLAGS={config.cxx_flags}" '
                        f'"-DCMAKE_EXE_LINKER_FLAGS={config.linker_flags}"'))
# LLVM's own libraries, for mlir-runner's --shared-libs.
config.substitutions.append(("%llvm_libs", os.path.join(config.llvm_tools_dir, os.pardir, "lib")))
config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "Inputs")))
# `%exit N COMMAND`: the command must exit with N, not merely fail.
config.substitutions.append(("%exit", f"{config.python} {config.test_source_root}/Inputs/expect_exit.py"))

# `--param moe_full=1` or -DMOE_FULL_TESTS=ON: tests with `REQUIRES: full-product`.
if config.moe_full or lit_config.params.get("moe_full") == "1":
    config.available_features.add("full-product")

# HIP's headers and library: the package libamdhip64-dev.
if not (config.hip_include + config.hip_library).count("NOTFOUND"):
    config.available_features.add("hip")
config.substitutions.append(("%hip_include", config.hip_include))
config.substitutions.append(("%hip_library", config.hip_library))

# The fuzzer is built where the compiler has libFuzzer (-DMOE_FUZZERS=OFF: not).
if config.moe_fuzzers:
    config.available_features.add("fuzzers")
config.substitutions.append(("%print_hazards", config.moe_print_hazards))
config.substitutions.append(("%llvm_tools_dir", config.llvm_tools_dir))

# What depends on the code that one version of LLVM generates.
config.available_features.add(f"llvm-{config.llvm_version}")

# Programs that only some tests need: without them those tests are skipped.
for program in ["shellcheck", "clang-tidy-22", "flake8"]:
    if shutil.which(program, path=config.environment["PATH"]):
        config.available_features.add(program)

# Python's modules that only some tests need, in the interpreter that the tests use.
modules = {"numpy": "numpy", "pytest": "pytest numpy", "mypy": "mypy numpy",
           "venv": "venv ensurepip numpy", "sphinx": "sphinx myst_parser furo numpy",
           "jsonschema": "jsonschema"}
missing = subprocess.run(
    [config.python, "-c", "import sys, importlib.util as u\n"
     "print(*(m for m in sys.argv[1:] if not u.find_spec(m)))",
     *sorted(set(" ".join(modules.values()).split()))],
    capture_output=True, check=True, text=True).stdout.split()
for feature, needed in modules.items():
    if not set(needed.split()) & set(missing):
        config.available_features.add(feature)

# Every run of moe-opt also prints its input, parses that again and compares.
config.substitutions.append((r"(?<![/\w-])moe-opt(?= )", "moe-opt --verify-roundtrip"))
