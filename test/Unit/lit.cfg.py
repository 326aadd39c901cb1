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
