#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <vector>

/// The inner loops of perceptrons, in float and double, compiled for several widths of vector
/// registers. A sum runs over its terms in order in one lane, so the width does not change a bit.
/// Eigen's products would be bound to the narrow registers of the fixed instruction set.
namespace impact::detail {

/// Rows of units are padded with zeros to multiples of this, and `n` below is such a multiple.
inline constexpr std::size_t kUnitPad = 16;
[[nodiscard]] constexpr std::size_t padded_units(std::size_t n) {
  return (n + kUnitPad - 1) / kUnitPad * kUnitPad;
}

/// Begins at a multiple of the widest register.
template <class T>
struct WideAllocator {
  using value_type = T;
  WideAllocator() = default;
  template <class U>
  explicit WideAllocator(const WideAllocator<U>& /*other*/) {}
  [[nodiscard]] T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{64}));
  }
  void deallocate(T* p, std::size_t /*n*/) { ::operator delete (p, std::align_val_t{64}); }
  bool operator==(const WideAllocator&) const = default;
};
template <class T>
using WideVector = std::vector<T, WideAllocator<T>>;

/// c[i, j] = start[j] + sum_k a[i, k] b[k, j], k in increasing order. columns: padded.
template <class T>
struct Product {
  std::size_t rows = 0, inner = 0, columns = 0;
  const T* a = nullptr;
  std::size_t a_row = 0, a_inner = 0;  ///< Steps from an i, and from a k, to the next.
  const T* b = nullptr;
  std::size_t b_row = 0;
  const T* start = nullptr;  ///< None: zeros.
  T* c = nullptr;
  std::size_t c_row = 0;
};

/// Adam's step of parameters with the corrections for the early steps made beforehand.
template <class T>
struct AdamStep {
  T beta1 = 0, beta2 = 0, rest1 = 0, rest2 = 0;  ///< rest = 1 - beta.
  T size = 0;                                    ///< learning rate / (1 - beta1^t)
  T root = 0;                                    ///< sqrt(1 - beta2^t)
  T eps = 0;
  T coupled = 0;    ///< Weight decay added to the gradient.
  T decoupled = 1;  ///< Factor of the parameters.
  T clip = 1;       ///< Factor of the gradient.
};

template <class T>
struct PerceptronKernels {
  void (*multiply)(const Product<T>& product);
  /// y += x
  void (*add)(std::size_t n, const T* x, T* y);
  /// x = max(x, 0); NaN stays.
  void (*relu)(std::size_t n, T* x);
  /// d = h > 0 ? d scale : 0
  void (*relu_slope)(std::size_t n, const T* h, T scale, T* d);
  /// x = draw >= threshold ? x scale : 0; the draws of 32 neighbours are the low halves, then the
  /// high halves of 16 words.
  void (*drop)(std::size_t n, const std::uint32_t* words, std::uint32_t threshold, T scale, T* x);
  /// m = beta1 m + rest1 g, v = beta2 v + rest2 g^2, p -= size m / (sqrt(v) / root + eps)
  void (*adam)(std::size_t n, const AdamStep<T>& step, const T* gradient, T* m, T* v, T* p);
};

/// For the machine at hand. T: float, double.
template <class T>
[[nodiscard]] const PerceptronKernels<T>& perceptron_kernels();

/// For the fixed instruction set.
template <class T>
[[nodiscard]] const PerceptronKernels<T>& narrow_perceptron_kernels();

}  // namespace impact::detail
