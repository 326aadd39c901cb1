// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attributes of the moe dialect: the memory layouts of preshuffled weights and
// scales, and the schedule of a kernel.

#ifndef MOE_DIALECT_MOE_IR_MOEATTRS_TD
#define MOE_DIALECT_MOE_IR_MOEATTRS_TD

include "moe/Dialect/MoE/IR/MoEDialect.td"
include "moe/Dialect/MoE/IR/MoEEnums.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/TensorEncoding.td"

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
        ["getAffineMap", "isIdentity", "verifyLayout"]>,
    DeclareAttrInterfaceMethods<VerifiableTensorEncoding>,
    DeclareAttrInterfaceMethods<OpAsmAttrInterface, ["getAlias"]>]> {
  let summary = "byte order of preshuffled MXFP4 weights or their scales";
  let description = [{
    A memref layout, or the encoding of a tensor. The shape stays logical, [expert, row, K] for
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

    Constraints on the memref or tensor:
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

def MoE_ScheduleAttr : MoE_Attr<"Schedule", "schedule"> {
  let summary = "how a kernel computes its grouped GEMM";
  let description = [{
    The choices that change how fast a `moe.grouped_gemm` is and not what it
    computes. Two schedules of one op may add the products of a sum in another
    order, and with `k_batch` above 1 round each slice of an accumulating output
    by itself; both stay within the bound of `docs/Numerics.md`. An op without a
    schedule gets one from `-moe-choose-schedule`.

    | parameter | meaning | default |
    |---|---|---|
    | `tile_m` | rows (token, slot) a workgroup computes | |
    | `tile_n` | rows of the weights a workgroup computes | |
    | `tile_k` | K of one ping-pong step | |
    | `waves` | waves of a workgroup | 4 |
    | `k_batch` | workgroups that share one output tile's K | 1 |
    | `k_wave` | wave groups inside a workgroup that share K | 1 |
    | `cache` | cache policy of the weight loads: `default`, `nt` | default |
    | `xcd` | XCDs over which workgroups are remapped | 1 |
    | `group_m` | M blocks that are grouped in workgroup order | 1 |
    | `waves_per_eu` | waves per SIMD asked of the compiler; 0: its choice, 2 with 128 accumulators a lane | 0 |

    ```mlir
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256>
    #moe.schedule<tile_m = 64, tile_n = 256, tile_k = 128, cache = nt>
    ```

    In C++ `ScheduleAttr::get(context, moe::Schedule)` builds one from a struct
    whose fields have these defaults.

    Constraints:
    * (C1) `tile_m` is 16, 32, 64 or 128;
    * (C2) `tile_k` is a multiple of 128, from 128 to 65536;
    * (C3) `waves` is 1, 2, 4 or 8 and a multiple of `k_wave`;
    * (C4) `tile_n` is a multiple of 16 x waves in N, that is 16 x `waves` /
      `k_wave`, at most 65536, and a wave has 16 columns or a multiple of 32 (a
      dword of scales serves 32 rows);
    * (C5) `k_wave` is 1, 2 or 4; `k_batch` is 1 to 65536; `xcd` is 1 to 64,
      `group_m` 1 to 128, `waves_per_eu` 0 to 8;
    * (C6) the `tile_m` x `tile_k` / 8 chunks of 16 bytes of an A tile are a
      multiple of the 64 x `waves` / `k_wave` threads that move them.
  }];
  let parameters = (ins
    "int64_t":$tile_m,
    "int64_t":$tile_n,
    "int64_t":$tile_k,
    DefaultValuedParameter<"int64_t", "4">:$waves,
    DefaultValuedParameter<"int64_t", "1">:$k_batch,
    DefaultValuedParameter<"int64_t", "1">:$k_wave,
    MoE_EnumParam<MoE_CachePolicy, "Default">:$cache,
    DefaultValuedParameter<"int64_t", "1">:$xcd,
    DefaultValuedParameter<"int64_t", "1">:$group_m,
    DefaultValuedParameter<"int64_t", "0">:$waves_per_eu
  );
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    static ScheduleAttr get(::mlir::MLIRContext *context,
                            const Schedule &schedule);
    /// Null after a diagnostic where a value is not valid.
    static ScheduleAttr
    getChecked(::llvm::function_ref<::mlir::InFlightDiagnostic()> emitError,
               ::mlir::MLIRContext *context, const Schedule &schedule);
    /// The same values as a struct.
    Schedule toStruct() const;
    /// Threads of a workgroup: 64 a wave.
    int64_t getBlockSize() const { return 64 * getWaves(); }
    /// Waves side by side along N.
    int64_t getWavesInN() const { return getWaves() / getKWave(); }
    /// Columns that one wave computes.
    int64_t getWaveN() const { return getTileN() / getWavesInN(); }
  }];
}

#endif // MOE_DIALECT_MOE_IR_MOEATTRS_TD
