# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""make_fuzz_corpus.py [DIR]: writes the seeds of the loader's fuzzer, tiny code
objects of hand-written assembly and damaged copies of them, to DIR (fuzz-corpus
beside this file if not given). Needs llvm-mc-22 and ld.lld-22. Files that the
fuzzer found (found-*) are not made here and stay as they are."""

import pathlib
import struct
import subprocess
import sys
import tempfile

FRAME = """
.amdgcn_target "amdgcn-amd-amdhsa--{chip}"
.text
{text}
.rodata
{descriptors}
.amdgpu_metadata
---
amdhsa.version: [1, 2]
amdhsa.kernels:
{metadata}
...
.end_amdgpu_metadata
"""
TEXT = """
.globl {name}
.p2align 8
.type {name},@function
{name}:
{code}
  s_endpgm
.L{name}_end:
.size {name}, .L{name}_end-{name}
"""
DESCRIPTOR = """
.p2align 6
.amdhsa_kernel {name}
  .amdhsa_group_segment_fixed_size {lds}
  .amdhsa_private_segment_fixed_size 16
  .amdhsa_user_sgpr_kernarg_segment_ptr 1
  .amdhsa_system_sgpr_workgroup_id_x 1
  .amdhsa_next_free_vgpr 48
  .amdhsa_next_free_sgpr 40
  .amdhsa_accum_offset 32
  {extra}
.end_amdhsa_kernel
"""
METADATA = """
  - .name: {name}
    .symbol: {name}.kd
    .kernarg_segment_size: 40
    .kernarg_segment_align: 8
    .group_segment_fixed_size: {lds}
    .private_segment_fixed_size: 16
    .wavefront_size: 64
    .max_flat_workgroup_size: 256
    .sgpr_count: 40
    .vgpr_count: 48
    .agpr_count: 16
    .args:
      - {{.name: x, .offset: 0, .size: 8, .value_kind: global_buffer, .address_space: global}}
      - {{.name: n, .offset: 8, .size: 4, .value_kind: by_value}}
      - {{.name: y, .offset: 16, .size: 8, .value_kind: global_buffer, .address_space: global}}
      - {{.offset: 24, .size: 4, .value_kind: hidden_block_count_x}}
"""

MEMORY = """
  s_load_dwordx2 s[4:5], s[0:1], 0x0
  v_lshlrev_b32_e32 v1, 2, v0
  s_waitcnt lgkmcnt(0)
  global_load_dword v2, v1, s[4:5]
  s_mov_b32 s6, 0x100
  s_mov_b32 s7, 0x00020000
  buffer_load_dwordx2 v[6:7], v1, s[4:7], 0 offen offset:16
  ds_write_b32 v1, v2
  s_waitcnt vmcnt(0) lgkmcnt(0)
  s_barrier
  ds_read2_b32 v[4:5], v1 offset1:1
  scratch_store_dword off, v2, off offset:4
  v_mov_b32_e32 v8, s4
  v_mov_b32_e32 v9, s5
  flat_load_dword v3, v[8:9]
  s_waitcnt vmcnt(0) lgkmcnt(0)
  global_atomic_add v1, v3, s[4:5]
"""
VECTOR = """
  v_cvt_f32_u32_e32 v1, v0
  v_fma_f32 v2, |v1|, -v1, 1.0 clamp
  v_pk_fma_f32 v[4:5], v[2:3], v[0:1], v[2:3] op_sel_hi:[0,1,1]
  v_add_u32_sdwa v6, v0, v1 dst_sel:WORD_1 dst_unused:UNUSED_PRESERVE src0_sel:BYTE_1 src1_sel:DWORD
  v_mov_b32_dpp v7, v0 row_shr:1 row_mask:0xf bank_mask:0xf
  v_accvgpr_write_b32 a0, v0
  v_mfma_f32_16x16x16_bf16 a[4:7], v[2:3], v[4:5], a[4:7]
  s_nop 15
  v_accvgpr_read_b32 v8, a4
  v_cmp_gt_u32_e32 vcc, 0x20, v0
  s_and_saveexec_b64 s[8:9], vcc
  v_readfirstlane_b32 s10, v8
  v_cndmask_b32_e64 v9, v8, v0, s[8:9]
  v_permlane32_swap_b32_e32 v1, v2
"""
LOOP = """
  s_mov_b32 s4, 5
.Lloop:
  s_add_i32 s4, s4, -1
  s_cmp_lg_u32 s4, 0
  s_cbranch_scc1 .Lloop
  s_getpc_b64 s[6:7]
  s_add_u32 s6, s6, 16
  s_addc_u32 s7, s7, 0
  s_swappc_b64 s[8:9], s[6:7]
  s_nop 0
  s_setreg_imm32_b32 hwreg(HW_REG_MODE, 0, 4), 3
  s_set_gpr_idx_on s4, gpr_idx(SRC0)
  v_mov_b32_e32 v1, v0
  s_set_gpr_idx_off
"""
ENDLESS = ".Lever:\n  s_branch .Lever\n"
OUTSIDE = "  s_branch 0x4000\n"


def code_object(chip, kernels):
    """kernels: (name, code, LDS bytes, further descriptor lines)."""
    rows = [dict(name=n, code=c, lds=l, extra=e) for n, c, l, e in kernels]
    source = FRAME.format(
        chip=chip, text="".join(TEXT.format(**r) for r in rows),
        descriptors="".join(DESCRIPTOR.format(**r) for r in rows),
        metadata="".join(METADATA.format(**r) for r in rows))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        subprocess.run(["llvm-mc-22", "-triple=amdgcn-amd-amdhsa", "-g",
                        f"-mcpu={chip}", "-main-file-name=seed.s",
                        "-fdebug-compilation-dir=seeds", "-filetype=obj", "-o",
                        folder / "a.o"], input=source.encode(), check=True)
        subprocess.run(["ld.lld-22", "-shared", "-z", "max-page-size=256",
                        "-z", "common-page-size=256", folder / "a.o", "-o",
                        folder / "a"], check=True)
        return (folder / "a").read_bytes()


def patched(data, at, form, value):
    data = bytearray(data)
    struct.pack_into(form, data, at, value)
    return bytes(data)


def program_headers(data, kind):
    """Offsets of the program headers of that type."""
    begin, = struct.unpack_from("<Q", data, 32)
    count, = struct.unpack_from("<H", data, 56)
    return [at for at in range(begin, begin + 56 * count, 56)
            if struct.unpack_from("<I", data, at)[0] == kind]


def cut_text(data):
    """Ends the image within the 8-byte instruction before the final 4-byte
    s_endpgm: no segment follows the text."""
    loads = program_headers(data, 1)
    text = [at for at in loads if data[at + 4] & 1][0]
    for at in loads[loads.index(text) + 1:]:
        data = patched(data, at, "<I", 0)
    size, = struct.unpack_from("<Q", data, text + 32)
    return patched(patched(data, text + 32, "<Q", size - 6),
                   text + 40, "<Q", size - 6)


def seeds():
    memory = code_object("gfx950", [("memory", MEMORY, 1024, "")])
    yield "memory-gfx950", memory
    yield "memory-gfx942", code_object("gfx942", [("memory", MEMORY, 1024, "")])
    yield "vector-gfx950", code_object("gfx950", [("vector", VECTOR, 0, "")])
    yield "vector-gfx942", code_object("gfx942", [
        ("vector", VECTOR.rsplit("\n", 2)[0], 0, "")])
    yield "two-kernels", code_object("gfx950", [
        ("loop", LOOP, 0, ""), ("memory", MEMORY, 1024, "")])
    preload = ".amdhsa_user_sgpr_kernarg_preload_length 4"
    yield "preload", code_object("gfx950", [
        ("preload", "  s_nop 0\n" * 66 + VECTOR, 0, preload)])
    yield "endless", code_object("gfx942", [("endless", ENDLESS, 0, "")])
    yield "lds-160k", code_object("gfx950", [("lds", MEMORY, 163840, "")])
    yield "lds-too-large", patched(
        code_object("gfx950", [("lds", MEMORY, 163840, "")]), 48, "<I", 0x54c)
    yield "branch-outside", code_object("gfx950", [("out", OUTSIDE, 0, "")])
    for size in (5, 63, 300):
        yield f"truncated-{size}", memory[:size]
    yield "truncated-half", memory[:len(memory) // 2]
    yield "truncated-last", memory[:-1]
    yield "machine", patched(memory, 18, "<H", 62)
    yield "chip", patched(memory, 48, "<I", 0x53f)
    yield "header-size", patched(memory, 54, "<H", 1)
    yield "sections-offset", patched(memory, 40, "<Q", 2**64 - 64)
    yield "text-cut", cut_text(memory)
    load, note = program_headers(memory, 1)[0], program_headers(memory, 4)[0]
    yield "segment-beyond-file", patched(memory, load + 32, "<Q", 1 << 40)
    yield "segment-wraps", patched(memory, load + 8, "<Q", 2**64 - 16)
    yield "segment-huge", patched(memory, load + 40, "<Q", 1 << 62)
    yield "note-huge", patched(memory, note + 32, "<Q", 1 << 40)
    at, = struct.unpack_from("<Q", memory, note + 8)
    yield "note-size", patched(memory, at + 4, "<I", 0xffffffff)
    yield "metadata", patched(memory, at + 20, "<B", 0xdd)
    yield "metadata-key", memory.replace(b".kernarg_segment_size",
                                         b".kernarg_segment_sizf")
    yield "descriptor-name", memory.replace(b"memory.kd", b"memory.ke", 1)


target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                      pathlib.Path(__file__).parent / "fuzz-corpus")
target.mkdir(exist_ok=True)
for name, data in seeds():
    (target / name).write_bytes(data)
