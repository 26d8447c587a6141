#pragma once

/// Kernels that are worth compiling twice: for the fixed instruction set, and for wider registers
/// where the machine has them. Both do the same operations in the same order, so the bits agree;
/// only vector width differs. Nothing here may contract or reassociate.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define IMPACT_WIDE 1
#define IMPACT_WIDE_TARGET __attribute__((target("avx2"), flatten))
#else
#define IMPACT_WIDE 0
#endif

namespace impact::detail {

/// The machine runs what IMPACT_WIDE_TARGET compiled.
[[nodiscard]] inline bool wide_registers() {
#if IMPACT_WIDE
  static const bool wide = __builtin_cpu_supports("avx2") != 0;
  return wide;
#else
  return false;
#endif
}

}  // namespace impact::detail
