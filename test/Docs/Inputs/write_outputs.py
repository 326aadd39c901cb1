# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Into the current folder: choice.json, a chosen configuration, and checkpoint, a
small one with GPT-OSS's names."""

import json
import pathlib

import checkpoints
import moe


def main():
    kernel = moe.compile("gemm2", chip="gfx950", model_dim=128, inter_dim=128, experts=4,
                         topk=2, tokens=4)
    pathlib.Path("choice.json").write_text(json.dumps(kernel.choice))
    pathlib.Path("checkpoint").mkdir()
    checkpoints.write(pathlib.Path("checkpoint/model.safetensors"),
                      checkpoints.gpt_oss(1, 4, 64, 64))


main()
