#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace impact {

/// Philox4x32-10: ten rounds of the bijection keyed by `key` applied to `counter`.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
[[nodiscard]] std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                                      std::array<std::uint32_t, 2> key);

/// The seed tree. A key names a stream; it is a hash, so no two nodes share one by accident.
struct StreamKey {
  std::uint64_t value = 0;
  /// Key of the study itself.
  [[nodiscard]] static StreamKey root(std::int64_t seed);
  /// Key of a named child: first 64 bits of SHA-256 over (parent, name). Same on every machine.
  [[nodiscard]] StreamKey child(std::string_view name) const;
  bool operator==(const StreamKey&) const = default;
};

/// A stream of random numbers: (key, unit) select it, an inner counter walks it. Seed one per unit
/// of work (row, tree, fold, draw), never one per thread. Cheap to make and copy; not thread-safe.
/// Integer results are the same on every machine; doubles are the same wherever IEEE arithmetic
/// and libm's log agree (below 1e-15 relative otherwise).
class Stream {
 public:
  explicit Stream(StreamKey key, std::uint64_t unit = 0);

  [[nodiscard]] std::uint32_t next_u32();
  [[nodiscard]] std::uint64_t next_u64();  ///< Two u32, first one is the low half.
  /// Uniform on [0, 1): 53 random bits, k / 2^53.
  [[nodiscard]] double uniform();
  /// Uniform on (0, 1): (k + 1/2) / 2^53, for inverse-distribution methods.
  [[nodiscard]] double uniform_open();
  [[nodiscard]] double uniform(double low, double high);
  /// Uniform integer in [0, n), unbiased (Lemire 2019, integer arithmetic only). n >= 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t n);
  /// Uniform integer in [low, high], both ends included; the full 64-bit range is allowed.
  [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high);
  [[nodiscard]] bool bernoulli(double p);
  /// Standard normal by inversion of one uniform (Wichura 1988, AS 241 PPND16).
  [[nodiscard]] double normal();
  [[nodiscard]] double normal(double mean, double sd);
  [[nodiscard]] double exponential(double mean);
  [[nodiscard]] double lognormal(double mean_log, double sd_log);
  /// Gamma with shape k > 0 and scale 1 (Marsaglia & Tsang 2000).
  [[nodiscard]] double gamma(double shape);
  [[nodiscard]] double beta(double a, double b);
  /// Poisson: inversion below mean 10, PTRS (Hörmann 1993) above. mean in [0, 1e9].
  [[nodiscard]] std::int64_t poisson(double mean);
  /// Index drawn with probability proportional to weights (>= 0, finite, sum > 0).
  [[nodiscard]] std::size_t categorical(std::span<const double> weights);
  /// Fisher-Yates from the last element down, with below(): a uniform permutation of 0..n-1.
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t n);
  /// k distinct indices of 0..n-1 in random order. k <= n.
  [[nodiscard]] std::vector<std::size_t> sample(std::size_t n, std::size_t k);
  /// In-place Fisher-Yates of any random-access range.
  template <class Range>
  void shuffle(Range& range) {
    for (std::size_t i = range.size(); i > 1; --i) {
      std::swap(range[i - 1], range[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  void refill();
  std::array<std::uint32_t, 2> key_;
  std::uint64_t unit_;
  std::uint64_t block_ = 0;
  std::array<std::uint32_t, 4> buffer_{};
  unsigned used_ = 4;
};

/// Inverse of the standard normal distribution function, |relative error| < 1e-15 on (0, 1).
/// Source: Wichura, Algorithm AS 241, Applied Statistics 37 (1988) 477-484.
[[nodiscard]] double normal_quantile(double p);

}  // namespace impact
