#include "engine/learn/perceptron_kernels.h"

#include <cmath>
#include <cstring>
#include <type_traits>

#include "engine/core/wide.h"

#if IMPACT_WIDE
#include <immintrin.h>
#endif

namespace impact::detail {
namespace {

// Vectors of a register, and how many rows and vectors of c a product keeps in registers: enough
// sums that none waits for itself, few enough that all have a register.
template <class T, std::size_t size, std::size_t rows, std::size_t vectors>
struct Width {
  typedef T Vector __attribute__((vector_size(size)));
  typedef std::uint32_t Words __attribute__((vector_size(size)));
  static constexpr std::size_t kLanes = size / sizeof(T);
  static constexpr std::size_t kRows = rows;
  static constexpr std::size_t kVectors = vectors;
};

template <class T>
struct Narrow : Width<T, 16, 2, 4> {
  using Vector = typename Width<T, 16, 2, 4>::Vector;
  static void root(Vector& x) {
#if IMPACT_WIDE
    if constexpr (std::is_same_v<T, float>) {
      x = Vector(_mm_sqrt_ps(__m128(x)));
    } else {
      x = Vector(_mm_sqrt_pd(__m128d(x)));
    }
#else
    for (std::size_t i = 0; i < Narrow::kLanes; ++i) x[i] = std::sqrt(x[i]);
#endif
  }
};

#if IMPACT_WIDE
template <class T>
struct Wide256 : Width<T, 32, 4, 2> {
  using Vector = typename Width<T, 32, 4, 2>::Vector;
  __attribute__((target("avx2"))) static void root(Vector& x) {
    if constexpr (std::is_same_v<T, float>) {
      x = Vector(_mm256_sqrt_ps(__m256(x)));
    } else {
      x = Vector(_mm256_sqrt_pd(__m256d(x)));
    }
  }
};

template <class T>
struct Wide512 : Width<T, 64, 4, 4> {
  using Vector = typename Width<T, 64, 4, 4>::Vector;
  __attribute__((target("avx512f"))) static void root(Vector& x) {
    // Without a mask this is made of an uninitialised register, of which compilers warn.
    if constexpr (std::is_same_v<T, float>) {
      x = Vector(_mm512_maskz_sqrt_ps(0xFFFFU, __m512(x)));
    } else {
      x = Vector(_mm512_maskz_sqrt_pd(0xFFU, __m512d(x)));
    }
  }
};
#endif

// m rows by n vectors of c: a value of a is spread over a register and times n vectors of b.
template <class W, std::size_t m, std::size_t n, class T>
__attribute__((always_inline)) inline void block(const Product<T>& p, std::size_t i,
                                                 std::size_t j) {
  using Vector = typename W::Vector;
  Vector sum[m][n];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < n; ++v) {
    Vector first = {};
    if (p.start != nullptr) std::memcpy(&first, p.start + j + v * W::kLanes, sizeof(first));
#pragma GCC unroll 8
    for (std::size_t u = 0; u < m; ++u) sum[u][v] = first;
  }
  const T* a = p.a + i * p.a_row;
  const T* b = p.b + j;
  for (std::size_t k = 0; k < p.inner; ++k, a += p.a_inner, b += p.b_row) {
    Vector y[n];
#pragma GCC unroll 8
    for (std::size_t v = 0; v < n; ++v) std::memcpy(&y[v], b + v * W::kLanes, sizeof(Vector));
#pragma GCC unroll 8
    for (std::size_t u = 0; u < m; ++u) {
      const T x = a[u * p.a_row];
#pragma GCC unroll 8
      for (std::size_t v = 0; v < n; ++v) sum[u][v] += x * y[v];
    }
  }
#pragma GCC unroll 8
  for (std::size_t u = 0; u < m; ++u) {
    T* c = p.c + (i + u) * p.c_row + j;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < n; ++v) std::memcpy(c + v * W::kLanes, &sum[u][v], sizeof(Vector));
  }
}

template <class W, std::size_t n, class T>
__attribute__((always_inline)) inline void panel(const Product<T>& p, std::size_t j) {
  std::size_t i = 0;
  for (; i + W::kRows <= p.rows; i += W::kRows) block<W, W::kRows, n>(p, i, j);
  for (; i < p.rows; ++i) block<W, 1, n>(p, i, j);
}

template <class W, class T>
__attribute__((always_inline)) inline void multiply(const Product<T>& p) {
  std::size_t j = 0;
  for (; j + W::kVectors * W::kLanes <= p.columns; j += W::kVectors * W::kLanes) {
    panel<W, W::kVectors>(p, j);
  }
  for (; j < p.columns; j += W::kLanes) panel<W, 1>(p, j);
}

template <class W, class T>
__attribute__((always_inline)) inline void add(std::size_t n, const T* x, T* y) {
  using Vector = typename W::Vector;
  for (std::size_t i = 0; i < n; i += W::kLanes) {
    Vector a, b;
    std::memcpy(&a, x + i, sizeof(a));
    std::memcpy(&b, y + i, sizeof(b));
    b += a;
    std::memcpy(y + i, &b, sizeof(b));
  }
}

template <class W, class T>
__attribute__((always_inline)) inline void relu(std::size_t n, T* x) {
  using Vector = typename W::Vector;
  const Vector zero = {};
  for (std::size_t i = 0; i < n; i += W::kLanes) {
    Vector a;
    std::memcpy(&a, x + i, sizeof(a));
    a = a <= zero ? zero : a;
    std::memcpy(x + i, &a, sizeof(a));
  }
}

template <class W, class T>
__attribute__((always_inline)) inline void relu_slope(std::size_t n, const T* h, T scale, T* d) {
  using Vector = typename W::Vector;
  const Vector zero = {};
  for (std::size_t i = 0; i < n; i += W::kLanes) {
    Vector a, b;
    std::memcpy(&a, h + i, sizeof(a));
    std::memcpy(&b, d + i, sizeof(b));
    b = a > zero ? b * scale : zero;
    std::memcpy(d + i, &b, sizeof(b));
  }
}

template <class W, class T>
__attribute__((always_inline)) inline void drop(std::size_t n, const std::uint32_t* words,
                                                std::uint32_t threshold, T scale, T* x) {
  if constexpr (std::is_same_v<T, float>) {
    using Vector = typename W::Vector;
    using Words = typename W::Words;
    const Vector zero = {};
    for (std::size_t i = 0; i < n; i += W::kLanes) {
      const std::size_t place = i % 32;
      Words draw;
      std::memcpy(&draw, words + i / 32 * 16 + place % 16, sizeof(draw));
      draw = place < 16 ? draw & 0xFFFFU : draw >> 16U;
      Vector a;
      std::memcpy(&a, x + i, sizeof(a));
      a = draw >= threshold ? a * scale : zero;
      std::memcpy(x + i, &a, sizeof(a));
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      const std::uint32_t word = words[i / 32 * 16 + i % 16];
      const std::uint32_t draw = i % 32 < 16 ? word & 0xFFFFU : word >> 16U;
      x[i] = draw >= threshold ? x[i] * scale : T{0};
    }
  }
}

template <class W, class T>
__attribute__((always_inline)) inline void adam(std::size_t n, const AdamStep<T>& s,
                                                const T* gradient, T* m, T* v, T* p) {
  using Vector = typename W::Vector;
  for (std::size_t i = 0; i < n; i += W::kLanes) {
    Vector g, first, second, value;
    std::memcpy(&g, gradient + i, sizeof(g));
    std::memcpy(&first, m + i, sizeof(g));
    std::memcpy(&second, v + i, sizeof(g));
    std::memcpy(&value, p + i, sizeof(g));
    g = g * s.clip + value * s.coupled;
    value *= s.decoupled;
    first = first * s.beta1 + g * s.rest1;
    second = second * s.beta2 + g * g * s.rest2;
    Vector root = second;
    W::root(root);
    value -= s.size * first / (root / s.root + s.eps);
    std::memcpy(m + i, &first, sizeof(g));
    std::memcpy(v + i, &second, sizeof(g));
    std::memcpy(p + i, &value, sizeof(g));
  }
}

// The same six loops for each width.
#define IMPACT_PERCEPTRON_KERNELS(Name, Width, Target)                                             \
  template <class T>                                                                               \
  struct Name {                                                                                    \
    using W = Width<T>;                                                                            \
    Target static void multiply_(const Product<T>& p) { multiply<W>(p); }                          \
    Target static void add_(std::size_t n, const T* x, T* y) { add<W>(n, x, y); }                  \
    Target static void relu_(std::size_t n, T* x) { relu<W>(n, x); }                               \
    Target static void slope_(std::size_t n, const T* h, T s, T* d) { relu_slope<W>(n, h, s, d); } \
    Target static void drop_(std::size_t n, const std::uint32_t* w, std::uint32_t t, T s, T* x) {  \
      drop<W>(n, w, t, s, x);                                                                      \
    }                                                                                              \
    Target static void adam_(std::size_t n, const AdamStep<T>& s, const T* g, T* m, T* v, T* p) {  \
      adam<W>(n, s, g, m, v, p);                                                                   \
    }                                                                                              \
    static constexpr PerceptronKernels<T> kAll = {multiply_, add_, relu_, slope_, drop_, adam_};   \
  }

#define IMPACT_TARGET_ANY
IMPACT_PERCEPTRON_KERNELS(NarrowKernels, Narrow, IMPACT_TARGET_ANY);
#if IMPACT_WIDE
IMPACT_PERCEPTRON_KERNELS(Kernels256, Wide256, IMPACT_TARGET_256);
IMPACT_PERCEPTRON_KERNELS(Kernels512, Wide512, IMPACT_TARGET_512);
#endif
#undef IMPACT_TARGET_ANY
#undef IMPACT_PERCEPTRON_KERNELS

}  // namespace

template <class T>
const PerceptronKernels<T>& narrow_perceptron_kernels() {
  return NarrowKernels<T>::kAll;
}

template <class T>
const PerceptronKernels<T>& perceptron_kernels() {
#if IMPACT_WIDE
  switch (registers()) {
    case Registers::k512: return Kernels512<T>::kAll;
    case Registers::k256: return Kernels256<T>::kAll;
    case Registers::kNarrow: break;
  }
#endif
  return narrow_perceptron_kernels<T>();
}

template const PerceptronKernels<float>& perceptron_kernels<float>();
template const PerceptronKernels<double>& perceptron_kernels<double>();
template const PerceptronKernels<float>& narrow_perceptron_kernels<float>();
template const PerceptronKernels<double>& narrow_perceptron_kernels<double>();

}  // namespace impact::detail
