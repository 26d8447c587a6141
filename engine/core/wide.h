#pragma once

/// Kernels that are worth compiling more than once: for the fixed instruction set, and for wider
/// registers where the machine has them. All do the same operations in the same order, so the bits
/// agree; only the width of vectors differs. Nothing here may contract or reassociate.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define IMPACT_WIDE 1
#define IMPACT_TARGET_256 __attribute__((target("avx2"), flatten))
#define IMPACT_TARGET_512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq"), flatten))
#else
#define IMPACT_WIDE 0
#endif

namespace impact::detail {

enum class Registers { kNarrow, k256, k512 };

/// The widest that kernels are compiled for and the machine has.
[[nodiscard]] inline Registers registers() {
#if IMPACT_WIDE
  static const Registers widest = [] {
    const bool wider =
        __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
        __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
    if (wider) return Registers::k512;
    return __builtin_cpu_supports("avx2") != 0 ? Registers::k256 : Registers::kNarrow;
  }();
  return widest;
#else
  return Registers::kNarrow;
#endif
}

}  // namespace impact::detail
