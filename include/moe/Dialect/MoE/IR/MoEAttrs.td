// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of the moe dialect: the memory layouts of preshuffled weights and
// scales, and the configuration of a kernel.

#ifndef MOE_DIALECT_MOE_IR_MOEATTRS_TD
#define MOE_DIALECT_MOE_IR_MOEATTRS_TD

include "moe/Dialect/MoE/IR/MoEDialect.td"
include "moe/Dialect/MoE/IR/MoEEnums.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"

class MoE_Attr<string name, string attrMnemonic, list<Trait> traits = []>
    : AttrDef<MoE_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class MoE_EnumParam<I32EnumAttr enum, string defaultCase>
    : EnumParameter<enum> {
  let defaultValue = enum.cppNamespace # "::" # enum.className # "::"
                     # defaultCase;
}

def MoE_PreshuffleAttr : MoE_Attr<"Preshuffle", "preshuffle", [
    DeclareAttrInterfaceMethods<MemRefLayoutAttrInterface,
        ["getAffineMap", "isIdentity", "verifyLayout"]>]> {
  let summary = "byte order of preshuffled MXFP4 weights or their scales";
  let description = [{
    A memref layout. The memref's shape stays logical, [expert, row, K] for
    weights and [expert, row, K/32] for scales, and this attribute says in which
    order the elements lie in memory:

    * `weight`: K is padded to a multiple of 128. A block of 16 rows x 128 K
      is 1024 consecutive bytes, in it 4 x 16 runs of 16 bytes; a run is 32
      consecutive K of one row, two to a byte, even K in the low nibble.
      Element (e, n, k) is element
      (e, n/16, k/128, (k/32)%4, n%16, k%32) of the row-major padded tensor.
    * `scale`: the number of scales a row is padded to a multiple of 8. A dword
      serves 2 row blocks x 2 groups of 128 K. Element (e, n, s) is byte
      (e, n/32, s/8, s%4, n%16, (s/4)%2, (n/16)%2) of the row-major padded
      tensor.

    `gate` says how the gate and up rows of a stage 1 weight are ordered: the
    row index of the memref is the *physical* row. `separated`: gate row c is
    row c, up row c is row I + c. `interleaved`: blocks of 16 gate rows and 16
    up rows alternate. `rows`: gate row c is row 2*c, up row c is row 2*c + 1.
    Stage 2 weights have `none`.

    ```mlir
    memref<128x2880x2880xf4E2M1FN, #moe.preshuffle<weight>>
    memref<128x2880x90xf8E8M0FNU, #moe.preshuffle<scale>>
    memref<128x5760x2880xf4E2M1FN, #moe.preshuffle<weight, gate = interleaved>>
    ```

    Constraints on the memref:
    * (C1) rank 3 and static;
    * (C2) `weight`: rows a multiple of 16, K a multiple of 32;
    * (C3) `scale`: rows a multiple of 32;
    * (C4) fewer than 2^63 bytes.
  }];
  let parameters = (ins
    EnumParameter<MoE_ShuffleRole>:$role,
    MoE_EnumParam<MoE_GateLayout, "None">:$gate
  );
  let assemblyFormat = "`<` $role (`,` `gate` `=` $gate^)? `>`";
  let extraClassDeclaration = [{
    /// Bytes that a memref of `shape` in this layout occupies, padding
    /// included.
    int64_t getByteSize(::llvm::ArrayRef<int64_t> shape) const;
    /// Where these bytes stand.
    const ::moe::layout::Preshuffle &getPlaces() const;
  }];
}

def MoE_ConfigAttr : MoE_Attr<"Config", "config"> {
  let summary = "how one kernel computes its grouped GEMM";
  let description = [{
    Every axis along which kernels of one stage differ and that the types of the
    operands do not already say (those are the output's element type, the
    presence of a bias and the order of gate and up rows).

    | parameter | meaning | default |
    |---|---|---|
    | `tile_m` | rows (token, slot) a workgroup computes | |
    | `tile_n` | columns a workgroup computes | |
    | `tile_k` | K of one ping-pong step | |
    | `waves` | waves of a workgroup | 4 |
    | `k_batch` | workgroups that share one output tile's K | 1 |
    | `k_wave` | wave groups inside a workgroup that share K | 1 |
    | `accumulate` | add atomically into `out` instead of storing | true |
    | `routing_weight` | multiply by `sorted_weights` | true |
    | `cache` | cache policy of the weight loads: `default`, `nt` | default |
    | `xcd` | XCDs over which workgroups are remapped | 1 |
    | `group_m` | M blocks that are grouped in workgroup order | 1 |
    | `waves_per_eu` | waves per SIMD asked of the compiler, 0: its choice | 0 |
    | `stage` | `gate_up` (stage 1) or `down` (stage 2) | down |
    | `activation` | stage 1: `silu`, `swiglu`, `situv2` | none |

    ```mlir
    #moe.config<tile_m = 16, tile_n = 128, tile_k = 256>
    #moe.config<tile_m = 64, tile_n = 256, tile_k = 128, accumulate = false, cache = nt>
    ```

    Constraints:
    * (C1) `tile_m` is 16, 32, 64 or 128;
    * (C2) `tile_k` is a positive multiple of 128;
    * (C3) `waves` is 1, 2, 4 or 8 and a multiple of `k_wave`;
    * (C4) `tile_n` is a positive multiple of 16 x waves in N, that is 16 x
      `waves` / `k_wave`, and a wave has 16 columns or a multiple of 32 (a dword
      of scales serves 32 rows);
    * (C5) `k_wave` is 1, 2 or 4; `k_batch` is at least 1; `xcd` is 1 to 64,
      `group_m` 1 to 128, `waves_per_eu` 0 to 8;
    * (C6) `k_batch` above 1 needs `accumulate`;
    * (C7) an activation belongs to stage `gate_up`;
    * (C8) the `tile_m` x `tile_k` / 8 chunks of 16 bytes of an A tile are a
      multiple of the 64 x `waves` / `k_wave` threads that move them.
  }];
  let parameters = (ins
    "int64_t":$tile_m,
    "int64_t":$tile_n,
    "int64_t":$tile_k,
    DefaultValuedParameter<"int64_t", "4">:$waves,
    DefaultValuedParameter<"int64_t", "1">:$k_batch,
    DefaultValuedParameter<"int64_t", "1">:$k_wave,
    DefaultValuedParameter<"bool", "true">:$accumulate,
    DefaultValuedParameter<"bool", "true">:$routing_weight,
    MoE_EnumParam<MoE_CachePolicy, "Default">:$cache,
    DefaultValuedParameter<"int64_t", "1">:$xcd,
    DefaultValuedParameter<"int64_t", "1">:$group_m,
    DefaultValuedParameter<"int64_t", "0">:$waves_per_eu,
    MoE_EnumParam<MoE_Stage, "Down">:$stage,
    MoE_EnumParam<MoE_Activation, "None">:$activation
  );
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Threads of a workgroup: 64 a wave.
    int64_t getBlockSize() const { return 64 * getWaves(); }
    /// Waves side by side along N.
    int64_t getWavesInN() const { return getWaves() / getKWave(); }
    /// Columns that one wave computes.
    int64_t getWaveN() const { return getTileN() / getWavesInN(); }
  }];
}

#endif // MOE_DIALECT_MOE_IR_MOEATTRS_TD
