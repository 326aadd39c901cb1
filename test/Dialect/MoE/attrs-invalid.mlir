// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each constraint of the attributes, broken once. The numbers C1, C2, ... are
// those of MoEAttrs.td.
// RUN: moe-opt %s -split-input-file -verify-diagnostics

// preshuffle_c1
// expected-error @+1 {{expected rank 3 in a preshuffled layout, got 2}}
func.func private @rank(memref<64x96xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// preshuffle_c1
// expected-error @+1 {{expected a static shape in a preshuffled layout, got '?'}}
func.func private @dynamic(memref<?x64x96xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// preshuffle_c2
// expected-error @+1 {{expected rows of preshuffled weights to be a multiple of 16, got 24}}
func.func private @weight_rows(memref<2x24x96xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// preshuffle_c2
// expected-error @+1 {{expected K of preshuffled weights to be a multiple of 32, got 80}}
func.func private @weight_k(memref<2x32x80xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// preshuffle_c3
// expected-error @+1 {{expected rows of preshuffled scales to be a multiple of 32, got 48}}
func.func private @scale_rows(memref<2x48x3xf8E8M0FNU, #moe.preshuffle<scale>>)

// -----

// preshuffle_c4
// expected-error @+1 {{expected fewer than 2^63 bytes of preshuffled weights, got 4294967296 x 4294967296 x 128 elements}}
func.func private @bytes(memref<4294967296x4294967296x128xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// schedule_c1
func.func private @tile_m() attributes {test.schedule =
// expected-error @+1 {{expected tile_m to be 16, 32, 64 or 128, got 48}}
    #moe.schedule<tile_m = 48, tile_n = 128, tile_k = 256>}

// -----

// schedule_c2
func.func private @tile_k() attributes {test.schedule =
// expected-error @+1 {{expected tile_k to be a multiple of 128 (a block of preshuffled weights) from 128 to 65536, got 96}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 96>}

// -----

// schedule_c2
func.func private @tile_k_huge() attributes {test.schedule =
// expected-error @+1 {{expected tile_k to be a multiple of 128 (a block of preshuffled weights) from 128 to 65536, got 288230376151711744}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 288230376151711744>}

// -----

// schedule_c5
func.func private @k_batch() attributes {test.schedule =
// expected-error @+1 {{expected k_batch to be from 1 to 65536, got 0}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, k_batch = 0>}

// -----

// preshuffle_c2
// expected-error @+1 {{expected rows of preshuffled weights to be a multiple of 16, got 24}}
func.func private @encoding(tensor<2x24x96xf4E2M1FN, #moe.preshuffle<weight>>)

// -----

// schedule_c3
func.func private @waves() attributes {test.schedule =
// expected-error @+1 {{expected waves to be 1, 2, 4 or 8, got 3}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, waves = 3>}

// -----

// schedule_c3
func.func private @waves_of_k_wave() attributes {test.schedule =
// expected-error @+1 {{expected waves to be a multiple of k_wave = 4, got 2}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, waves = 2, k_wave = 4>}

// -----

// schedule_c4
func.func private @tile_n() attributes {test.schedule =
// expected-error @+1 {{expected tile_n to be a multiple of 64 (16 columns x 4 waves in N) from 64 to 65536, got 96}}
    #moe.schedule<tile_m = 16, tile_n = 96, tile_k = 256>}

// -----

// schedule_c4
func.func private @columns_of_a_wave() attributes {test.schedule =
// expected-error @+1 {{expected 16 columns a wave or a multiple of 32, got 48 of tile_n = 192}}
    #moe.schedule<tile_m = 16, tile_n = 192, tile_k = 256>}

// -----

// schedule_c5
func.func private @k_wave() attributes {test.schedule =
// expected-error @+1 {{expected k_wave to be 1, 2 or 4, got 3}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, k_wave = 3>}

// -----

// schedule_c5
func.func private @xcd() attributes {test.schedule =
// expected-error @+1 {{expected xcd to be from 1 to 64, got 0}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, xcd = 0>}

// -----

// schedule_c5
func.func private @waves_per_eu() attributes {test.schedule =
// expected-error @+1 {{expected waves_per_eu to be from 0 to 8, got 9}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 256, waves_per_eu = 9>}

// -----

// schedule_c6
func.func private @threads() attributes {test.schedule =
// expected-error @+1 {{expected the 256 chunks of 16 bytes of 16 x 128 activations to be a multiple of the threads that move them, 64 x waves / k_wave, got 512}}
    #moe.schedule<tile_m = 16, tile_n = 128, tile_k = 128, waves = 8>}

// -----

// expected-error @+1 {{expected 'moe.grid' to be a grid: expected a grid of 3 expressions separated by ';', got 2 in 'n;1'}}
func.func private @grid() attributes {moe.grid = "n;1"}

// -----

// expected-error @+1 {{expected 'moe.grid' to be a grid: grid expression 'foo(': }}
func.func private @grid_expression() attributes {moe.grid = "foo(;1;1"}

// -----

// expected-error @+1 {{expected no attribute 'moe.gird' of the moe dialect}}
func.func private @unknown() attributes {moe.gird = "n;1;1"}
