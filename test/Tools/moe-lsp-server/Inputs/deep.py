# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Messages and documents with more levels of brackets than a usual stack holds."""

import json
import subprocess


def message(content):
    return b"Content-Length: %d\r\n\r\n%s" % (len(content), content)


def call(method, **rest):
    return message(json.dumps({"jsonrpc": "2.0", "method": method, **rest}).encode())


def document(text):
    return call("textDocument/didOpen", params={"textDocument": {
        "uri": "file:///tmp/a.mlir", "languageId": "mlir", "version": 1, "text": text}})


START = call("initialize", id=1, params={"processId": None, "capabilities": {}, "rootUri": None})
END = call("shutdown", id=2) + call("exit")
for name, content in {"message": message(b"[" * 100_000) + END,
                      "document": START + document("module {" * 10_000) + END,
                      "attribute": START + document('"a"() {x = ' + "[" * 20_000) + END}.items():
    run = subprocess.run(["moe-lsp-server"], input=content, capture_output=True, check=False)
    if run.returncode:
        raise SystemExit(f"{name}: exit code {run.returncode}: {run.stderr[-2000:]!r}")
