#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// Philox4x32-10: ten rounds of the bijection keyed by `key` applied to `counter`.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

/// The seed tree. A key names a stream; it is a hash, so no two nodes share one by accident.
struct StreamKey {
  std::uint64_t value = 0;
  /// Key of the study itself: first 64 bits of SHA-256 over "impactlytics/seed/1:" and the seed as
  /// eight big-endian bytes.
  [[nodiscard]] static StreamKey root(std::int64_t seed);
  /// Key of a named child: first 64 bits of SHA-256 over the parent as eight big-endian bytes and
  /// the name. Same on every machine.
  [[nodiscard]] StreamKey child(std::string_view name) const;
  bool operator==(const StreamKey&) const = default;
};

/// A stream of random numbers: (key, unit) select it, an inner counter walks it. Seed one per unit
/// of work (row, tree, fold, draw), never one per thread. Cheap to make and copy; not thread-safe.
/// Block b of the stream is philox4x32((b low, b high, unit low, unit high), (key low, key high)),
/// its four words handed out in order. Parameters out of range throw ArgumentError. Integer results
/// are the same on every machine; doubles are the same wherever IEEE arithmetic and libm's log
/// agree (below 1e-15 relative otherwise).
class Stream {
 public:
  explicit Stream(StreamKey key, std::uint64_t unit = 0);

  [[nodiscard]] std::uint32_t next_u32();
  [[nodiscard]] std::uint64_t next_u64();  ///< Two u32, first one is the low half.
  /// Uniform on [0, 1): 53 random bits, k / 2^53.
  [[nodiscard]] double uniform();
  /// Uniform on (0, 1): 52 random bits, (k + 1/2) / 2^52, exact and symmetric about 1/2; for
  /// methods that invert a distribution function.
  [[nodiscard]] double uniform_open();
  /// low + (high - low) * uniform(); rounding can reach high. low <= high, both finite.
  [[nodiscard]] double uniform(double low, double high);
  /// Uniform integer in [0, n), unbiased (Lemire 2019, integer arithmetic only). n >= 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t n);
  /// Uniform integer in [low, high], both ends included; the full 64-bit range is allowed.
  [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high);
  [[nodiscard]] bool bernoulli(double p);  ///< True with probability p in [0, 1].
  /// Standard normal by inversion of one uniform (Wichura 1988, AS 241 PPND16).
  [[nodiscard]] double normal();
  [[nodiscard]] double normal(double mean, double sd);             ///< sd >= 0.
  [[nodiscard]] double exponential(double mean);                   ///< By inversion; mean >= 0.
  [[nodiscard]] double lognormal(double mean_log, double sd_log);  ///< exp(normal(...)).
  /// Gamma with shape k > 0 and scale 1 (Marsaglia & Tsang 2000).
  [[nodiscard]] double gamma(double shape);
  /// Beta with shapes a, b > 0: ratio of gammas, Jöhnk (1964) when neither exceeds 1.
  [[nodiscard]] double beta(double a, double b);
  /// Poisson: inversion below mean 10, PTRS (Hörmann 1993) above. mean in [0, 1e9].
  [[nodiscard]] std::int64_t poisson(double mean);
  /// Index drawn with probability proportional to weights (>= 0, finite, sum > 0).
  [[nodiscard]] std::size_t categorical(std::span<const double> weights);
  /// Fisher-Yates from the last element down, with below(): a uniform permutation of 0..n-1.
  /// Throws Cancelled, as do sample() and shuffle().
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t n, const Context& context = {});
  /// k distinct indices of 0..n-1 in random order: the last k places of permutation(n), last first.
  /// k <= n; O(k) time and memory when k is small against n.
  [[nodiscard]] std::vector<std::size_t> sample(std::size_t n, std::size_t k,
                                                const Context& context = {});
  /// In-place Fisher-Yates of any random-access range, as permutation().
  template <class Range>
  void shuffle(Range& range, const Context& context = {}) {
    using std::swap;
    for (std::size_t i = range.size(); i > 1; --i) {
      if (i % kPollItems == 0) context.check();
      swap(range[i - 1], range[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  static constexpr std::size_t kPollItems = 4096;
  void refill();
  std::array<std::uint32_t, 2> key_;
  std::uint64_t unit_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> buffer_{};
  unsigned used_ = 4;
};

/// Inverse of the standard normal distribution function, |relative error| < 1e-15 on (0, 1);
/// -infinity at 0, infinity at 1, NaN elsewhere.
/// Source: Wichura, Algorithm AS 241, Applied Statistics 37 (1988) 477-484.
[[nodiscard]] double normal_quantile(double p);

}  // namespace impact
