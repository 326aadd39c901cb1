# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The gtest programs of the build, unittests/**/*Tests, as one lit suite.
import os

import lit.formats

config.name = "MoE-Unit"
config.suffixes = []
config.test_exec_root = os.path.join(config.moe_build_dir, "unittests")
config.test_source_root = config.test_exec_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
if "moe_vectors" in lit_config.params:
    config.environment["MOE_EMULATOR_VECTORS"] = lit_config.params["moe_vectors"]
# As test/lit.cfg.py says; here leaks are findings as well, but for those of LLVM.
if config.sanitizer:
    options = ("abort_on_error=1:allow_user_poisoning=0:allocator_may_return_null=1:"
               f"log_path={config.moe_build_dir}/findings/unit")
    config.environment["ASAN_OPTIONS"] = config.environment["UBSAN_OPTIONS"] = options
    config.environment["TSAN_OPTIONS"] = options + ":report_mutex_bugs=0:suppressions=" + os.path.join(
        os.path.dirname(__file__), "..", "races.txt")
    config.environment["LSAN_OPTIONS"] = "suppressions=" + os.path.join(
        os.path.dirname(__file__), "leaks.txt")
