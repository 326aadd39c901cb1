# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checkpoints of every naming to layers that compute the right thing."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import checkpoints
import moe
import moe.convert
from conftest import assert_close, decode

CHIP = "gfx950"
TOKENS, TOPK = 4, 2


def swiglu(gate, up):
    gate, up = np.minimum(gate, 7), np.clip(up, -7, 7)
    # The parameter is an f32 argument of the kernel.
    return gate / (1 + np.exp(-np.float64(np.float32(1.702)) * gate)) * (up + 1)


def expected(tensors, layer, x, ids, weights):
    """[T, H], by NumPy from a GPT-OSS checkpoint's own definition."""
    def get(part, suffix):
        return tensors[f"model.layers.{layer}.mlp.experts.{part}_proj_{suffix}"][1]

    def matrix(part):
        blocks, scales = get(part, "blocks"), get(part, "scales")
        return decode(blocks.reshape(*blocks.shape[:2], -1), scales)

    w13, w2 = matrix("gate_up"), matrix("down")
    bias13, bias2 = (moe.from_bfloat16(get(part, "bias")).astype(np.float64)
                     for part in ("gate_up", "down"))
    x = moe.from_bfloat16(x).astype(np.float64)
    out = np.zeros((len(ids), w2.shape[1]))
    for t, row in enumerate(ids):
        for s, expert in enumerate(row):
            both = w13[expert] @ x[t] + bias13[expert]
            # Even rows are gate, odd ones up.
            value = w2[expert] @ swiglu(both[::2], both[1::2]) + bias2[expert]
            out[t] += weights[t, s] * value
    return out


def batch(hidden, experts, seed=5):
    rng = np.random.default_rng(seed)
    ids = np.array([rng.permutation(experts)[:TOPK] for _ in range(TOKENS)], np.int32)
    return (moe.to_bfloat16(rng.standard_normal((TOKENS, hidden))), ids,
            rng.random((TOKENS, TOPK), np.float32))


@pytest.fixture
def gpt_oss(tmp_path):
    """A folder with a sharded GPT-OSS checkpoint, and its tensors."""
    tensors = checkpoints.gpt_oss(2, 6, 128, 160)
    index = {}
    for shard in range(3):
        part = dict(list(tensors.items())[shard::3])
        checkpoints.write(tmp_path / f"model-{shard}.safetensors", part)
        index.update({name: f"model-{shard}.safetensors" for name in part})
    (tmp_path / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": index}))
    return tmp_path, tensors


@pytest.mark.parametrize("shuffled, gate", [(False, "separated"), (True, "separated"),
                                            (True, "interleaved"), (True, "rows")])
def test_a_gpt_oss_layer_computes_its_definition(gpt_oss, shuffled, gate):
    path, tensors = gpt_oss
    x, ids, weights = batch(128, 6)
    for layer in (0, 1):
        loaded = moe.load_gpt_oss(path, layer, shuffled=shuffled, gate=gate)
        assert "6 experts" in repr(loaded) and len(repr(loaded)) < 120
        y = loaded.layer(x, ids, weights, chip=CHIP, out_type="f32")
        assert_close(y, expected(tensors, layer, x, ids, weights))
        again = moe.layer(x, **loaded.arguments(), topk_ids=ids, topk_weights=weights,
                          chip=CHIP, out_type="f32", no_accumulate=True)
        assert_close(again, expected(tensors, layer, x, ids, weights))
        if not shuffled:
            np.testing.assert_allclose(loaded.reference(x, ids, weights),
                                       expected(tensors, layer, x, ids, weights),
                                       rtol=1e-9, atol=1e-9)
            loaded.check(y, x, ids, weights, chip=CHIP, out_type="f32")


def test_tensor_parallel_parts_add_up(gpt_oss):
    path, tensors = gpt_oss
    x, ids, weights = batch(128, 6)
    total = np.zeros((TOKENS, 128), np.float32)
    padded = []
    for rank in range(2):  # 160 rows in two parts of 96, the second with 32 zeros
        part = moe.load_gpt_oss(path, 0, split=moe.Split(rank, 2))
        padded.append(part.padded)
        assert part.bias13.shape == (6, 2 * 96)
        part.layer(x, ids, weights, chip=CHIP, out=total, out_type="f32")
    assert padded == [0, 32]
    assert_close(total, expected(tensors, 0, x, ids, weights))


def test_expert_parallel_parts_add_up(gpt_oss):
    path, tensors = gpt_oss
    x, ids, weights = batch(128, 6)
    total = np.zeros((TOKENS, 128), np.float32)
    for rank in range(4):
        part = moe.load_gpt_oss(path, 1, split=moe.Split(ep_rank=rank, ep_size=4))
        part.layer(x, ids, weights, chip=CHIP, out=total, out_type="f32")
    assert_close(total, expected(tensors, 1, x, ids, weights))


def per_expert(names, experts=4, hidden=64, inter=96, dtype="U8"):
    """A checkpoint of one tensor a matrix, and the same layer as arrays."""
    rng = np.random.default_rng(3)
    tensors, stacks = {}, {"gate": [], "up": [], "down": []}
    for expert in range(experts):
        for key, (n, k) in {"gate": (inter, hidden), "up": (inter, hidden),
                            "down": (hidden, inter)}.items():
            name = names[key].format(layer=3, expert=expert)
            if dtype == "U8":
                codes = rng.integers(0, 256, (n, k // 2), np.uint8)
                scales = rng.integers(120, 124, (n, -(-k // 32)), np.uint8)
                tensors[name] = "U8", codes
                tensors[names[key + "_scale"].format(layer=3, expert=expert)] = (
                    "U8", scales)
            else:
                values = moe.to_bfloat16(rng.standard_normal((n, k)))
                tensors[name] = "BF16", values
                padded = np.pad(moe.from_bfloat16(values), ((0, 0), (0, -k % 32)))
                codes, scales = moe.quantize_mxfp4(padded)
                codes = codes[:, :k // 2]
            stacks[key].append((codes, scales))
    gate, up, down = ([np.stack(parts) for parts in zip(*stacks[key])]
                      for key in ("gate", "up", "down"))
    return tensors, (np.concatenate([gate[0], up[0]], 1),
                     np.concatenate([gate[1], up[1]], 1), *down)


@pytest.mark.parametrize("names, dtype", [("deepseek", "U8"), ("deepseek", "BF16"),
                                          ("kimi", "U8"), ("mixtral", "U8"),
                                          ("custom", "U8")])
def test_checkpoints_of_one_tensor_a_matrix(names, dtype, tmp_path):
    templates = moe.checkpoint.NAME_MAPS.get(names)
    argument = None
    if templates is None:
        templates = {f"{part}{suffix}": f"l{{layer}}.e{{expert}}.{part}{suffix}"
                     for part in ("gate", "up", "down") for suffix in ("", "_scale")}
        argument = str(tmp_path / "names.json")
        (tmp_path / "names.json").write_text(json.dumps(templates))
    tensors, arrays = per_expert(templates, dtype=dtype)
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    loaded = moe.load_layer(tmp_path, 3, names=argument, shuffled=False)
    for got, want in zip((loaded.w13, loaded.scale13, loaded.w2, loaded.scale2), arrays):
        np.testing.assert_array_equal(got, want)
    assert loaded.bias13 is None and loaded.act == "silu"


@pytest.mark.parametrize("dtype", ["U8", "BF16"])
@pytest.mark.parametrize("ranks", [1, 2])
def test_an_intermediate_size_that_is_no_multiple_of_32(dtype, ranks, tmp_path):
    names = moe.checkpoint.NAME_MAPS["deepseek"]
    tensors, arrays = per_expert(names, inter=80, dtype=dtype)
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    x, ids, weights = batch(64, 4)
    w13, scale13, w2, scale2 = arrays
    both = np.concatenate([w2, np.zeros((4, 64, 8), np.uint8)], 2)[:, :, :48]
    w13, w2 = decode(w13, scale13), decode(both, scale2)[:, :, :80]
    floats = moe.from_bfloat16(x).astype(np.float64)
    want = np.zeros((TOKENS, 64))
    for t, row in enumerate(ids):
        for s, expert in enumerate(row):
            gate, up = np.split(w13[expert] @ floats[t], 2)
            want[t] += weights[t, s] * (w2[expert] @ (gate / (1 + np.exp(-gate)) * up))
    total = np.zeros((TOKENS, 64), np.float32)
    padded = 0
    for rank in range(ranks):
        part = moe.load_layer(tmp_path, 3, split=moe.Split(rank, ranks))
        padded += part.padded
        part.layer(x, ids, weights, chip=CHIP, out=total, out_type="f32")
    assert padded == (16 if ranks == 1 else 48)
    assert_close(total, want)


def convert(*arguments, **options):
    return subprocess.run([sys.executable, "-m", "moe", "convert", *map(str, arguments)],
                          capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("redirection, why", [
    (">/dev/full", "No space left on device"), (">&-", "Bad file descriptor"), ("2>&-", None)])
def test_moe_convert_when_nothing_can_be_printed(gpt_oss, tmp_path, redirection, why):
    command = shlex.join([sys.executable, "-m", "moe", "convert", str(gpt_oss[0]), "--out",
                          str(tmp_path / "out")])
    run = subprocess.run(["sh", "-c", f"{command} {redirection}"],
                         capture_output=True, text=True, check=False)
    assert list((tmp_path / "out").glob("*.safetensors"))
    if why:
        assert (run.returncode, run.stdout) == (1, "")
        assert run.stderr == f"moe: error: cannot write to standard output: {why}\n"
    else:
        assert (run.returncode, run.stderr) == (0, "")
        assert run.stdout.startswith("layer ")


def test_moe_convert_writes_what_the_loader_gives(gpt_oss, tmp_path):
    path, tensors = gpt_oss
    out = tmp_path / "out"
    run = convert(path, "--out", out, "--json")
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""  # no progress where nobody looks
    summary = json.loads(run.stdout)
    assert summary["names"] == "gpt-oss" and summary["layers"] == {
        "0": "written", "1": "written"}
    assert sorted(file.name for file in out.iterdir()) == [
        "layer_000.safetensors", "layer_001.safetensors"]
    x, ids, weights = batch(128, 6)
    loaded, direct = moe.load_converted(out / "layer_001.safetensors"), \
        moe.load_gpt_oss(path, 1)
    for field in ("w13", "scale13", "w2", "scale2", "bias13", "bias2"):
        np.testing.assert_array_equal(getattr(loaded, field), getattr(direct, field))
    y = loaded.layer(x, ids, weights, chip=CHIP, out_type="f32")
    assert_close(y, expected(tensors, 1, x, ids, weights))
    again = convert(path, "--out", out)
    assert again.stdout.startswith("layer 0: kept\nlayer 1: kept\n")


def test_each_loader_names_the_other(gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "0").returncode == 0
    file = out / "layer_000.safetensors"
    with pytest.raises(moe.CheckpointError, match="moe.load_converted.. reads it"):
        moe.load_layer(file, 0)
    with pytest.raises(moe.CheckpointError, match="moe.load_layer.. reads a layer"):
        moe.load_converted(path / "model-0.safetensors")
    with pytest.raises(moe.CheckpointError, match="a folder with layer_000.safetensors"):
        moe.load_converted(out)


def test_a_file_that_only_claims_to_be_converted(tmp_path):
    file = tmp_path / "layer_000.safetensors"
    tensors = {name: ("F32", (1, 32, 16)) for name in ("w13", "scale13", "w2", "scale2")}

    def write(metadata):
        header, _, size = moe.safetensors.make_header(tensors, metadata)
        file.write_bytes(header + bytes(size - len(header)))

    write({"format": "moe-convert 1"})
    with pytest.raises(moe.CheckpointError, match="metadata of moe-convert, model_dim a"):
        moe.load_converted(file)
    # One whose metadata and shapes fit, and then one value after the other that does not.
    good = {"format": "moe-convert 1", "model_dim": "64", "inter_dim": "32",
            "first_expert": "1", "last_expert": "2", "global_experts": "4", "padded": "0",
            "gate": "separated", "act": "silu"}
    fit = {"w13": ("U8", (2, 64, 64)), "scale13": ("U8", (2, 64, 8)),
           "w2": ("U8", (2, 64, 64)), "scale2": ("U8", (2, 64, 8)),
           "bias13": ("F32", (2, 64)), "bias2": ("F32", (2, 64))}
    tensors = fit
    write(good)
    assert moe.load_converted(file).expert_mask.tolist() == [0, 1, 1, 0]
    for key, value, message in [
            ("global_experts", "-1", "global_experts a number up to 16777216, got '-1'"),
            ("global_experts", "99999999999999", "got '99999999999999'"),
            ("padded", "9" * 5000, "got '" + "9" * 40 + "'"),
            ("last_expert", "4", "expected experts from 0 to 3 in the metadata, got 1 to 4"),
            ("first_expert", "3", "got 3 to 2"), ("first_expert", {}, "got dict"),
            ("gate", "row", "gate separated.interleaved.rows, got 'row'"),
            ("act", "gelu", "got 'gelu'"), ("act", None, "got NoneType"),
            ("inter_dim", "64", "expected shape .2, 128, 64. .as its metadata says.")]:
        write({**good, key: value})
        with pytest.raises(moe.CheckpointError, match=message):
            moe.load_converted(file)
    for name, entry, message in [
            ("w13", ("F32", (2, 64, 64)), "'w13'.*expected dtype U8, got F32"),
            ("w2", ("U8", (7, 64, 64)), "got .7, 64, 64"),
            ("bias13", ("F32", (2, 63)), "got .2, 63"),
            ("bias2", None, "expected tensor 'bias2', got none"),
            ("scale2", None, "expected tensor 'scale2', got none")]:
        tensors = {**fit, name: entry}
        if entry is None:
            del tensors[name]
        write(good)
        with pytest.raises(moe.CheckpointError, match=message):
            moe.load_converted(file)


def test_a_file_that_is_truncated_after_it_was_mapped(gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "1").returncode == 0
    file = out / "layer_001.safetensors"
    layer = moe.load_converted(file)
    x = np.zeros((1, layer.bias2.shape[1]), np.uint16)
    call = dict(topk_ids=[[0]], topk_weights=[[1.0]], chip="gfx950")
    layer.layer(x, **call)
    os.truncate(file, 4096)
    # Whatever of it is passed on, views too, is refused before a byte is read.
    with pytest.raises(ValueError, match="w13: expected a file of at least the .* truncated"):
        layer.layer(x, **call)
    with pytest.raises(ValueError, match="codes: .* truncated"):
        moe.dequantize_mxfp4(np.asarray(layer.w2)[:, :32], layer.scale2[:, :32])
    with pytest.raises(moe.CheckpointError, match="it is truncated"):
        moe.load_converted(file)


def test_a_file_that_changes_while_it_is_loaded(gpt_oss, tmp_path, monkeypatch):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "1").returncode == 0
    file = out / "layer_001.safetensors"
    read_header = moe.checkpoint.read_header

    def read_and_truncate(name):
        result = read_header(name)
        os.truncate(file, 4096)
        return result

    monkeypatch.setattr(moe.checkpoint, "read_header", read_and_truncate)
    with pytest.raises(moe.CheckpointError, match="cannot be mapped"):
        moe.load_converted(file)


def test_one_file_of_any_name_is_a_checkpoint(gpt_oss, tmp_path):
    path, _ = gpt_oss
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(
        (path / "model-0.safetensors").read_bytes())
    tensors = moe.safetensors.open_checkpoint(folder)
    assert tensors == moe.safetensors.open_checkpoint(folder / "weights.safetensors")
    (folder / "more.safetensors").write_bytes(b"")
    with pytest.raises(moe.CheckpointError, match="got 2 files, more.safetensors to w"):
        moe.safetensors.open_checkpoint(folder)


def test_an_interrupted_conversion_goes_on(gpt_oss, tmp_path, monkeypatch):
    path, _ = gpt_oss
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert moe.convert.main([str(path), "--out", str(whole), "--layers", "1"]) == 0
    write, calls = moe.convert._write, []

    def write_three(*arguments):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(arguments[2])
        return write(*arguments)

    monkeypatch.setattr(moe.convert, "_write", write_three)
    assert moe.convert.main([str(path), "--out", str(out), "--layers", "1"]) == 130
    assert sorted(file.name for file in out.iterdir()) == [
        "layer_001.journal", "layer_001.partial"]
    calls.clear()
    monkeypatch.setattr(moe.convert, "_write",
                        lambda *a: calls.append(a[2]) or write(*a))
    assert moe.convert.main([str(path), "--out", str(out), "--layers", "1"]) == 0
    assert calls == [3, 4, 5]
    name = "layer_001.safetensors"
    assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert [file.name for file in out.iterdir()] == [name]


def test_a_changed_checkpoint_is_not_gone_on_with(gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "0").returncode == 0
    os.utime(path / "model-0.safetensors", (1, 1))
    assert "layer 0: written" in convert(path, "--out", out, "--layers", "0").stdout


def test_another_checkpoint_of_equal_size_and_time(tmp_path):
    """Whether its output is there, or a part of it."""
    out, time_ns = tmp_path / "out", 10 ** 9
    for folder, seed in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "model.safetensors"
        checkpoints.write(file, checkpoints.gpt_oss(1, 4, 64, 64, seed))
        os.utime(file, ns=(time_ns, time_ns))
    assert convert(tmp_path / "a", "--out", out).returncode == 0
    before = (out / "layer_000.safetensors").read_bytes()
    for name in ("layer_000.safetensors", "layer_000.partial"):
        (out / "layer_000.safetensors").rename(out / name)
        run = convert(tmp_path / "b", "--out", out)
        assert run.returncode == 1 and "got that of another checkpoint" in run.stderr
        assert (out / name).read_bytes() == before
        (out / name).rename(out / "layer_000.safetensors")
    # The same file with other bytes, of which nothing else tells: the conversion starts anew.
    file.replace(tmp_path / "a" / file.name)
    run = convert(tmp_path / "a", "--out", out)
    assert "layer 0: written" in run.stdout, run.stderr
    np.testing.assert_array_equal(
        moe.load_converted(out / "layer_000.safetensors").w13,
        moe.load_layer(tmp_path / "a", 0).w13)


def test_large_data_is_compared_in_pieces(tmp_path, monkeypatch):
    """One byte of the data that was read counts, and no more is read than the bound."""
    monkeypatch.setattr(moe.convert, "_PIECES", 8)
    monkeypatch.setattr(moe.convert, "_PIECE", 16)
    file = tmp_path / "model.safetensors"
    checkpoints.write(file, checkpoints.gpt_oss(1, 4, 64, 64))
    names = moe.checkpoint.NAME_MAPS["gpt-oss"]
    source = moe.checkpoint.LayerSource(moe.safetensors.open_checkpoint(file), names, 0)
    read, pread = [], os.pread
    monkeypatch.setattr(os, "pread",
                        lambda *a: read.append((a[2], a[1])) or pread(*a))
    first = moe.convert._fingerprint(source)
    assert len(read) in (8, 9) and sum(size for _, size in read) <= 9 * 16
    assert first == moe.convert._fingerprint(source)
    stat = file.stat()
    data = bytearray(file.read_bytes())
    for place, _ in read[:9]:
        data[place] ^= 1
        file.write_bytes(data)
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        second = moe.convert._fingerprint(source)
        assert second != first
        first = second


def test_a_checkpoint_that_changes_meanwhile(gpt_oss, tmp_path, monkeypatch, capsys):
    path, _ = gpt_oss
    out, write = tmp_path / "out", moe.convert._write
    arguments = [str(path), "--out", str(out), "--layers", "0"]
    assert moe.convert.main(arguments) == 0
    whole = (out / "layer_000.safetensors").read_bytes()
    os.utime(path / "model-0.safetensors", (1, 1))

    def write_and_change(*values):
        os.utime(path / "model-0.safetensors", (2, 2))
        return write(*values)

    monkeypatch.setattr(moe.convert, "_write", write_and_change)
    assert moe.convert.main(arguments) == 1
    assert "layer 0: expected a checkpoint that stays as it is" in capsys.readouterr().err
    assert [file.name for file in out.iterdir()] == ["layer_000.safetensors"]
    assert (out / "layer_000.safetensors").read_bytes() == whole
    monkeypatch.setattr(moe.convert, "_write", write)
    assert moe.convert.main(arguments) == 0
    assert "layer 0: written" in capsys.readouterr().out


@pytest.mark.parametrize("first, second, message", [
    (["--ep", "0/2"], ["--ep", "1/2"], "got one with ep 0/2 instead of 1/2"),
    (["--tp", "0/2"], ["--tp", "1/2"], "got one with tp 0/2 instead of 1/2"),
    ([], ["--gate", "rows"], "got one with gate separated instead of rows"),
    ([], ["--act", "silu"], "got one with act swiglu instead of silu"),
])
def test_an_output_of_other_settings_stays(first, second, message, gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "1", *first).returncode == 0
    before = (out / "layer_001.safetensors").read_bytes()
    # Nothing of layer 0 is written either.
    run = convert(path, "--out", out, *second)
    assert run.returncode == 1 and message in run.stderr, run.stderr
    assert [file.name for file in out.iterdir()] == ["layer_001.safetensors"]
    assert (out / "layer_001.safetensors").read_bytes() == before
    run = convert(path, "--out", out, *second, "--overwrite")
    assert "layer 1: written" in run.stdout, run.stderr
    assert "layer 1: kept" in convert(path, "--out", out, *second, "--overwrite").stdout


@pytest.mark.parametrize("suffix", ["safetensors", "partial", "journal"])
@pytest.mark.parametrize("data", [b"precious", b"\x08" + bytes(7) + b"{}      "])
def test_a_file_of_another_program_stays(suffix, data, gpt_oss, tmp_path):
    path, _ = gpt_oss
    file = tmp_path / f"layer_000.{suffix}"
    file.write_bytes(data)
    run = convert(path, "--out", tmp_path, "--layers", "0")
    assert run.returncode == 1, run.stdout
    assert f"place of '{file}', got one that is not of moe-convert" in run.stderr
    assert "--overwrite" in run.stderr and file.read_bytes() == data
    run = convert(path, "--out", tmp_path, "--layers", "0", "--overwrite")
    assert "layer 0: written" in run.stdout, run.stderr
    moe.load_converted(tmp_path / "layer_000.safetensors")


def test_the_output_is_a_folder(gpt_oss, tmp_path):
    (tmp_path / "file").write_text("precious")
    run = convert(gpt_oss[0], "--out", tmp_path / "file")
    assert run.returncode == 1 and run.stderr == (
        f"moe-convert: error: out: expected a folder, got the file '{tmp_path}/file'\n")


@pytest.mark.parametrize("count", ["7", "-1", "9" * 50, "\u0663", ""])
def test_a_journal_that_cannot_be_true_is_not_believed(count, gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    assert convert(path, "--out", out, "--layers", "0").returncode == 0
    whole = (out / "layer_000.safetensors").read_bytes()
    # As an interrupted one, but for the data, of which there is none.
    length = 8 + int.from_bytes(whole[:8], "little")
    (out / "layer_000.safetensors").unlink()
    (out / "layer_000.partial").write_bytes(whole[:length] + bytes(len(whole) - length))
    (out / "layer_000.journal").write_text(count, encoding="utf-8")
    assert "layer 0: written" in convert(path, "--out", out, "--layers", "0").stdout
    assert (out / "layer_000.safetensors").read_bytes() == whole


def test_two_conversions_of_one_layer_do_not_mix(gpt_oss, tmp_path, monkeypatch, capsys):
    path, _ = gpt_oss
    out, write, codes = tmp_path / "out", moe.convert._write, []
    arguments = [str(path), "--out", str(out), "--layers", "0"]

    def write_beside_another(*values):
        if not codes:
            codes.append(moe.convert.main(arguments))
        return write(*values)

    monkeypatch.setattr(moe.convert, "_write", write_beside_another)
    assert moe.convert.main(arguments) == 0 and codes == [1]
    assert "layer_000.partial': another conversion writes this file" in (
        capsys.readouterr().err)
    moe.load_converted(out / "layer_000.safetensors")
    assert [file.name for file in out.iterdir()] == ["layer_000.safetensors"]


@pytest.mark.parametrize("suffix", ["safetensors", "partial", "journal"])
def test_a_conversion_does_not_replace_its_checkpoint(suffix, tmp_path):
    file = tmp_path / f"layer_000.{suffix}"
    checkpoints.write(file, checkpoints.gpt_oss(1, 2, 64, 64))
    before = file.read_bytes()
    run = convert(file, "--out", tmp_path)
    assert run.returncode == 1, run.stdout
    assert f"whose layer_000.{suffix} is of the checkpoint itself" in run.stderr
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_a_killed_conversion_leaves_no_file_of_the_final_name(gpt_oss, tmp_path):
    path, _ = gpt_oss
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-m", "moe", "convert", str(path),
                                "--out", str(out)])
    while not out.is_dir() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for file in out.glob("*.safetensors"):
        moe.load_converted(file)
    assert convert(path, "--out", out).returncode == 0


@pytest.mark.parametrize("arguments, code, message", [
    (["--layers", "2"], 1, "layers: expected one of [0, 1], got 2"),
    (["--layers", "x"], 2, "expected N or N-M, numbers of at most 9 digits, got 'x'"),
    (["--layers", "9" * 5000], 2, "numbers of at most 9 digits, got '" + "9" * 40 + "'"),
    (["--tp", "0/" + "9" * 5000], 2, "argument --tp: expected RANK/SIZE, numbers of at"),
    (["--ep", "\u0660/\u0661"], 2, "expected RANK/SIZE, numbers of at most 9 digits"),
    (["--out", ""], 2, "argument --out: expected a path, got ''"),
    (["--tp", "2/2"], 1, "tp: expected RANK/SIZE"),
    (["--tp", "0/9"], 1, "tp: expected parts that all have rows of the 160"),
    (["--ep", "0/7"], 1, "ep: expected at most 6 parts"),
    (["--tp", "1"], 2, "expected RANK/SIZE, numbers of at most 9 digits, got '1'"),
    (["--names", ""], 2, "argument --names: expected a path, got ''"),
    (["--names", "llama"], 1, "names: expected one of gpt-oss"),
    (["--names", "deepseek"], 1, "expected layers named as in deepseek"),
    (["--gates", "x"], 2, "unrecognized arguments"),
])
def test_what_moe_convert_refuses(arguments, code, message, gpt_oss, tmp_path):
    run = convert(gpt_oss[0], "--out", tmp_path / "out", *arguments)
    assert run.returncode == code and message in run.stderr, run.stderr
    assert "Traceback" not in run.stderr


def test_a_split_says_what_it_pads(gpt_oss, tmp_path):
    run = convert(gpt_oss[0], "--out", tmp_path / "out", "--tp", "1/2")
    assert "note: I 160 in 2 parts: 96 rows, of which 32 are zeros" in run.stderr


PREFIX = "model.layers.0.mlp.experts."


def broken_header(change):
    """Writes a good one-layer checkpoint with `change` made to its header's entries."""
    def make(path):
        tensors = checkpoints.gpt_oss(1, 2, 64, 64)
        entries, offset = {}, 0
        for name, (dtype, array) in tensors.items():
            entries[name] = {"dtype": dtype, "shape": list(array.shape),
                             "data_offsets": [offset, offset + array.nbytes]}
            offset += array.nbytes
        change(entries)
        checkpoints.write(path, tensors, header=entries)
    return make


def set_entry(name, key, value):
    return broken_header(lambda entries: entries[PREFIX + name].__setitem__(key, value))


def move(entries):
    entry = entries[PREFIX + "down_proj_scales"]
    entry["data_offsets"] = [offset - 8 for offset in entry["data_offsets"]]


def truncate(path):
    checkpoints.write(path, checkpoints.gpt_oss(1, 2, 64, 64))
    os.truncate(path, path.stat().st_size - 1)


def raw(data):
    return lambda path: path.write_bytes(data)


def encoded(encoding):
    def make(path):
        checkpoints.write(path, checkpoints.gpt_oss(1, 2, 64, 64))
        data = path.read_bytes()
        length = 8 + int.from_bytes(data[:8], "little")
        header = data[8:length].decode().encode(encoding)
        path.write_bytes(len(header).to_bytes(8, "little") + header + data[length:])
    return make


def changed(name, value):
    def make(path):
        tensors = checkpoints.gpt_oss(1, 2, 64, 64)
        if value is None:
            del tensors[PREFIX + name]
        else:
            tensors[PREFIX + name] = value
        checkpoints.write(path, tensors)
    return make


@pytest.mark.parametrize("make, message", [
    (raw(b""), "expected the 8 bytes of a header's length, got 0"),
    (raw((1 << 60).to_bytes(8, "little") + b"{}"), "got a length of 1152921504606846976"),
    (raw((100).to_bytes(8, "little") + b"{}"), "expected a header of at most 2 bytes"),
    (raw((2).to_bytes(8, "little") + b"[]"), "expected a JSON object at offset 8"),
    (raw((2).to_bytes(8, "little") + b"{x"), "the header at offset 8 is no JSON"),
    # Good ones, but for their encoding.
    (encoded("utf-16"), "the header at offset 8 is no JSON in UTF-8"),
    (encoded("utf-16-le"), "the header at offset 8 is no JSON in UTF-8"),
    (encoded("utf-32-be"), "the header at offset 8 is no JSON in UTF-8"),
    (encoded("utf-8-sig"), "the header at offset 8 is no JSON in UTF-8: Unexpected UTF-8 BOM"),
    (raw((18).to_bytes(8, "little") + b'{"a":{}, "a":{}}  '), "occurs twice"),
    (raw((200000).to_bytes(8, "little") + b"[" * 200000), "is no JSON"),
    (truncate, "tensor '" + PREFIX + "down_proj_bias' at offset "),
    (truncate, "it is truncated"),
    (broken_header(move), "they overlap"),
    (set_entry("down_proj_bias", "data_offsets", [0, 4]), "expected 256 bytes for BF16"),
    (set_entry("down_proj_bias", "shape", [2, -64]), "expected a shape of sizes"),
    (set_entry("down_proj_bias", "shape", [2, 1e3]), "expected a shape of sizes"),
    (set_entry("down_proj_bias", "dtype", "FP4"), "expected a dtype of BOOL"),
    (set_entry("down_proj_bias", "data_offsets", "no"), "expected data_offsets"),
    (changed("down_proj_scales", ("BF16", np.zeros((2, 64, 2), np.uint16))),
     "expected dtype U8 or F8_E8M0, got BF16"),
    (changed("down_proj_blocks", ("U8", np.zeros((2, 64, 4, 16), np.uint8))),
     "expected shape [2, 64, 2, 16]"),
    (changed("gate_up_proj_blocks", ("U8", np.zeros((0, 128, 2, 16), np.uint8))),
     "expected experts and columns, got shape [0, 128, 2, 16]"),
    (changed("gate_up_proj_blocks", ("U8", np.zeros((2, 128, 0, 16), np.uint8))),
     "expected experts and columns, got shape [2, 128, 0, 16]"),
    (broken_header(lambda entries: entries.update(__metadata__={"format": 5})),
     "expected a string in __metadata__ for 'format', got int"),
    (changed("gate_up_proj_blocks", ("U8", np.zeros((2, 128, 32), np.uint8))),
     "expected shape [?, ?, ?, 16]"),
    (changed("down_proj_bias", None), "expected biases of both stages or of neither"),
    (changed("down_proj_scales", None), "expected tensor '" + PREFIX +
     "down_proj_scales' in the checkpoint"),
])
def test_broken_checkpoints(make, message, tmp_path):
    path = tmp_path / "model.safetensors"
    make(path)
    with pytest.raises(moe.CheckpointError) as error:
        moe.load_gpt_oss(path, 0)
    assert message in str(error.value)
    if "expected tensor" not in message and "biases" not in message:
        assert str(path) in str(error.value)


@pytest.mark.parametrize("index, message", [
    ("{", "expected a JSON object with a weight_map"),
    ("[]", "expected a JSON object with a weight_map"),
    ("[" * 200000, "expected a JSON object with a weight_map"),
    ('{"weight_map": {"x": "../model-0.safetensors"}}', "expected the name of a file in"),
    ('{"weight_map": {"x": "a\\u0000b"}}', "expected the name of a file in"),
    ('{"weight_map": {"x": "\\ud800"}}', "expected the name of a file in"),
    ('{"weight_map": {"x": ".."}}', "expected the name of a file in"),
    ('{"weight_map": {"x": 5}}', "expected the name of a file in the same folder, got 5"),
    ('{"weight_map": {"x": "a", "x": "b"}}', "the key 'x' occurs twice"),
    ('{"weight_map": {"x": "none.safetensors"}}', "No such file"),
    ('{"weight_map": {"x": "model-0.safetensors"}}', "expected tensor 'x'"),
])
def test_broken_indices(index, message, gpt_oss):
    path, _ = gpt_oss
    (path / "model.safetensors.index.json").write_text(index)
    with pytest.raises(moe.CheckpointError) as error:
        moe.load_gpt_oss(path, 0)
    assert message in str(error.value)


def test_a_missing_expert_is_no_end(tmp_path):
    names = moe.checkpoint.NAME_MAPS["deepseek"]
    tensors, _ = per_expert(names)
    del tensors[names["gate"].format(layer=3, expert=2)]
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    with pytest.raises(moe.CheckpointError, match="experts.2.gate_proj.weight"):
        moe.load_layer(tmp_path, 3)


def test_float8_weights_are_refused(tmp_path):
    names = moe.checkpoint.NAME_MAPS["deepseek"]
    tensors, _ = per_expert(names)
    name = names["gate"].format(layer=3, expert=0)
    tensors[name] = "F8_E4M3", np.zeros((96, 64), np.uint8)
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    with pytest.raises(moe.CheckpointError, match="got F8_E4M3"):
        moe.load_layer(tmp_path, 3)


def test_floats_have_no_scale(tmp_path):
    names = moe.checkpoint.NAME_MAPS["deepseek"]
    tensors, _ = per_expert(names)
    name = names["up"].format(layer=3, expert=1)
    tensors[name] = "BF16", np.zeros((96, 64), np.uint16)
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    with pytest.raises(moe.CheckpointError, match="experts.1.up_proj.weight' at offset .*: "
                       "expected no scale of weights in BF16, got '.*up_proj.weight_scale'"):
        moe.load_layer(tmp_path, 3)


def test_codes_need_the_names_of_scales(gpt_oss, tmp_path):
    names = moe.checkpoint.NAME_MAPS["gpt-oss"]
    file = tmp_path / "names.json"
    file.write_text(json.dumps({key: names[key] for key in ("gate_up", "down")}))
    with pytest.raises(moe.CheckpointError, match="names: expected the key 'gate_up_scale' in "
                       "the name map, since the weights of layer 0 are not floats, got none"):
        moe.load_layer(gpt_oss[0], 0, names=file)


@pytest.mark.parametrize("gate", ["separated", "interleaved", "rows"])
def test_shuffled_weights_keep_their_order_of_gate(gate, gpt_oss):
    path, _ = gpt_oss
    weights = moe.load_layer(path, 0, gate=gate, act="swiglu")
    x, ids, values = batch(128, 6)
    weights.layer(x, ids, values, chip=CHIP, gate=gate, shuffled=True)
    for name, value in (("gate", "rows" if gate != "rows" else "separated"),
                        ("shuffled", False)):
        with pytest.raises(moe.MoeUsageError, match=f"{name}: expected .*, as the weights were "
                           f"shuffled, got {value!r}"):
            weights.layer(x, ids, values, chip=CHIP, **{name: value})
    logical = moe.load_layer(path, 0, act="swiglu", shuffled=False)
    logical.layer(x, ids, values, chip=CHIP, gate=gate)


@pytest.mark.parametrize("names, message", [
    ({"gate": "a{layer}{expert}"}, "missing key 'down'"),
    ({"gate_up": "a{layer}", "down": "b"}, "expected a name with {layer}"),
    ({"gate": "a", "up": "b", "down": "c"}, "with {layer} and {expert}"),
    ({"gate": "{x}{layer}{expert}", "up": "b", "down": "c"}, "no other braces"),
    ({"gate": "x}{layer}{expert}", "up": "b", "down": "c"}, "no other braces"),
    ({"gate": "{\n}{layer}{expert}", "up": "b", "down": "c"}, "no other braces"),
    ({"gate": "{layer!r}{expert}", "up": "b", "down": "c"}, "no other braces"),
    ({"gate_up": "a{layer}.{expert}", "down": "b{layer}"}, "with {layer} and no other"),
    ({key: "a{layer}{expert}" for key in ("gate", "up", "down")},
     "key 'up': expected another name than that of 'gate', got 'a{layer}{expert}'"),
    ({"gates": "a"}, "expected keys of"),
    ([], "expected a JSON object of names"),
])
def test_broken_name_maps(names, message, gpt_oss, tmp_path):
    file = tmp_path / "names.json"
    file.write_text(json.dumps(names))
    with pytest.raises(moe.CheckpointError) as error:
        moe.load_layer(gpt_oss[0], 0, names=str(file))
    assert message in str(error.value)


def test_a_name_map_with_a_key_twice(gpt_oss, tmp_path):
    file = tmp_path / "names.json"
    file.write_text('{"gate_up": "a{layer}", "gate_up": "b{layer}", "down": "c{layer}"}')
    with pytest.raises(moe.CheckpointError, match="the key 'gate_up' occurs twice"):
        moe.load_layer(gpt_oss[0], 0, names=file)


def test_a_name_map_that_says_the_layer_twice(tmp_path):
    names = {part: f"l{{layer}}.{{expert}}.{part}.{{layer}}"
             for part in ("gate", "up", "down")}
    tensors = {names[key].format(layer=7, expert=expert): ("F32", np.full(
        (32, 32), 1, np.float32)) for key in names for expert in range(2)}
    tensors["l7.5.gate.8"] = tensors["l7.0.gate.7"]
    checkpoints.write(tmp_path / "model.safetensors", tensors)
    (tmp_path / "names.json").write_text(json.dumps(names))
    run = convert(tmp_path, "--names", tmp_path / "names.json", "--out", tmp_path / "out")
    assert "layer 7: written\n1 layers of 2 experts" in run.stdout, run.stderr


def test_numbers_in_names_that_are_too_long(tmp_path):
    file = tmp_path / "model.safetensors"
    for layer, expert, what in (("1" * 5000, "0", "a layer"), ("0", "2" * 5000, "an expert")):
        name = f"model.layers.{layer}.mlp.experts.{expert}.gate_proj.weight"
        checkpoints.write(file, {name: ("U8", np.zeros((32, 32), np.uint8)), name.replace(
            "2" * 5000, "0"): ("U8", np.zeros((32, 32), np.uint8))})
        with pytest.raises(moe.CheckpointError, match=f"the number of {what} of at most 9 "
                           "digits, got 5000"):
            moe.load_layer(file, 0)


@pytest.mark.parametrize("arguments, options, message", [
    # "0" would find tensors, but take the layer to have one expert.
    (["0"], {}, "layer: expected a whole number, got str"),
    ([-1], {}, "layer: expected at least 0, got -1"),
    ([0], {"gate": "row"}, "gate: expected separated.interleaved.rows, got 'row'"),
    ([0], {"act": "gelu"}, "act: expected silu.swiglu.situv2, got 'gelu'"),
    ([0], {"split": None}, "split: expected a moe.Split, got NoneType"),
    ([0], {"split": (0, 2)}, "split: expected a moe.Split, got tuple"),
    ([0], {"names": ""}, "names: expected a path, got ''"),
    ([0], {"names": 3}, "names: expected a path in a str or os.PathLike, got int"),
    ([0], {"split": moe.Split("0", "1")}, "tp_rank: expected a whole number, got str"),
    ([0], {"split": moe.Split(ep_size=1.5)}, "ep_size: expected a whole number, got flo"),
])
def test_what_load_layer_refuses(arguments, options, message, gpt_oss):
    with pytest.raises((TypeError, ValueError), match=message):
        moe.load_layer(gpt_oss[0], *arguments, **options)


@pytest.mark.parametrize("call", [
    lambda path: moe.load_layer(path, 0), lambda path: moe.load_gpt_oss(path, 0),
    moe.load_converted, moe.safetensors.open_checkpoint, moe.safetensors.read_header])
def test_paths_that_are_none(call):
    for path, message in ((None, "in a str or os.PathLike, got NoneType"), (b"x", "got bytes"),
                          ("", "a path, got ''"), ("a\0b", "without NUL, got 'a.x00b'")):
        with pytest.raises((TypeError, ValueError), match="path: expected .*" + message):
            call(path)


def test_a_checkpoint_is_no_device():
    with pytest.raises(moe.CheckpointError, match="expected a regular file, got a device"):
        moe.load_layer("/dev/zero", 0)


def test_progress_on_a_terminal(gpt_oss, tmp_path):
    terminal, end = os.openpty()
    run = subprocess.run([sys.executable, "-m", "moe", "convert", str(gpt_oss[0]),
                          "--out", str(tmp_path / "out")], stdout=subprocess.PIPE,
                         stderr=end, check=True)
    os.close(end)
    shown = os.read(terminal, 65536).decode()
    os.close(terminal)
    assert "layer 1: 12 of 12 experts, " in shown and " MB/s, 0 s left" in shown
    assert shown.endswith("\r\n") and b"layer 1: written" in run.stdout
