#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace impact {

/// How the width of a histogram's bins is chosen; s the sd, IQR the interquartile range (type 7):
enum class BinRule {
  kFreedmanDiaconis,  ///< 2 IQR n^(-1/3) (1981); Scott's where the IQR is 0.
  kScott,             ///< 3.49 s n^(-1/3) (1979).
  kSturges,           ///< range / ceil(log2(n) + 1) (1926).
};

struct BinSpec {
  BinRule rule = BinRule::kFreedmanDiaconis;
  std::size_t count = 0;  ///< That many bins of equal width over the range; 0: by width or rule.
  double width = 0.0;     ///< Bins of that width, edges at its multiples; 0: by rule.
  bool nice = true;    ///< By rule only: a width of 1, 2, 2.5 or 5 times a power of ten, edges at
                       ///< its multiples.
  bool whole = false;  ///< The values are integers: no width below 1, whole widths.
  std::size_t most = 200;  ///< More bins than that are never made; the width grows instead.
};

/// Width a rule gives for values in increasing order; 0 where all are one value or there is none.
[[nodiscard]] double bin_width(std::span<const double> sorted, BinRule rule);

/// Edges of the bins that cover finite values in increasing order, increasing, at least two; empty
/// for no values. One distinct value gets one bin around it.
[[nodiscard]] std::vector<double> bin_edges(std::span<const double> sorted, const BinSpec& spec);

/// Values in each bin: [edge, next edge), the last bin takes its upper edge too. Values outside
/// count nowhere.
[[nodiscard]] std::vector<std::int64_t> bin_counts(std::span<const double> sorted,
                                                   std::span<const double> edges);

/// Next width of the form {1, 2, 2.5, 5} x 10^k that is not below `width`, up to rounding.
[[nodiscard]] double nice_width(double width);

}  // namespace impact
