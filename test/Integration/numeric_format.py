# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A lit format whose tests are configurations: a file NAME.numeric stands for
one test for each configuration of configurations.py, each a run of moe-run that
compares a kernel with the reference. The file is JSON: {"chip": "gfx950"}."""

import json
import os
import shlex
import subprocess

import lit.formats
import lit.Test

import configurations


class NumericTest(lit.Test.Test):
    """One configuration; `command` is the whole command line."""

    command = ()


class NumericFormat(lit.formats.ShTest):
    """Shell tests as everywhere, and *.numeric files."""

    def __init__(self, program, sanitize, full, seed):
        super().__init__(execute_external=False)
        self.program = program
        self.sanitize = sanitize
        self.full = full
        self.seed = seed

    def getTestsForPath(self, testSuite, path_in_suite, litConfig, localConfig):
        if not path_in_suite[-1].endswith(".numeric"):
            yield from super().getTestsForPath(
                testSuite, path_in_suite, litConfig, localConfig)
            return
        with open(testSuite.getSourcePath(path_in_suite), encoding="utf-8") as f:
            chip = json.load(f)["chip"]
        choose = configurations.product if self.full else configurations.cover
        for number, config in enumerate(choose(chip)):
            name = configurations.name_of(config)
            test = NumericTest(testSuite, path_in_suite + (name,), localConfig)
            # Another seed for each, so that no data are special; odd ones also
            # shuffle the order of waves and workgroups.
            arguments = configurations.command_of(chip, config,
                                                  self.seed + number)
            if number % 2:
                arguments += ["--order-seed", str(number)]
            if self.sanitize:
                arguments += ["--sanitize", self.sanitize]
            test.command = (self.program, *arguments, "--threads", "1")
            yield test

    def execute(self, test, litConfig):
        if not isinstance(test, NumericTest):
            return super().execute(test, litConfig)
        try:
            done = subprocess.run(
                test.command, capture_output=True, text=True, check=False,
                env=dict(os.environ, **test.config.environment),
                timeout=litConfig.maxIndividualTestTime or 600)
        except subprocess.TimeoutExpired:
            return lit.Test.TIMEOUT, shlex.join(test.command)
        if done.returncode == 0:
            return lit.Test.PASS, ""
        return lit.Test.FAIL, (
            f"{shlex.join(test.command)}\nexit code {done.returncode}\n"
            f"{done.stdout}{done.stderr}")
