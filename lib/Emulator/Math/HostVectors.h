// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which vector extensions of this CPU the emulator uses. The code that uses
// them is elsewhere; this only says which set it may take.

#ifndef MOE_LIB_EMULATOR_MATH_HOSTVECTORS_H
#define MOE_LIB_EMULATOR_MATH_HOSTVECTORS_H

namespace moe::emulator::math {

/// Sets of host instructions, each containing the one before: the baseline of
/// the build, x86-64-v3 (AVX2, FMA) and x86-64-v4 (AVX-512).
enum class HostVectors { Base, Avx2, Avx512 };

/// The best set that this CPU has.
HostVectors bestHostVectors();

/// That set, or the lesser one that the environment
/// variable MOE_EMULATOR_VECTORS names ("base", "avx2", "avx512"). Chosen once.
HostVectors hostVectors();

} // namespace moe::emulator::math

#endif // MOE_LIB_EMULATOR_MATH_HOSTVECTORS_H
