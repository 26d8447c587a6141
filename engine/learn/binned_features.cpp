#include "engine/learn/binned_features.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/sorting.h"

namespace impact {
namespace {

// Bins of increasing values: each takes whole groups of equal values until it holds its share of
// the rows that are left.
void fill_bins(const std::vector<double>& sorted, std::size_t bins,
               BinnedFeatures::Column& column) {
  std::size_t distinct = sorted.empty() ? 0 : 1;
  for (std::size_t i = 1; i < sorted.size(); ++i) distinct += sorted[i] != sorted[i - 1] ? 1 : 0;
  const bool exact = distinct <= bins;
  std::size_t begin = 0;
  while (begin < sorted.size()) {
    const std::size_t share = (sorted.size() - begin) / (bins - column.low.size());
    std::size_t end = begin + (exact ? 1 : std::max<std::size_t>(share, 1));
    while (end < sorted.size() && sorted[end] == sorted[end - 1]) ++end;
    column.low.push_back(sorted[begin]);
    column.high.push_back(sorted[end - 1]);
    begin = end;
  }
}

// First bin whose greatest value is not below x; 256 places in eight steps.
std::uint8_t bin_of(const std::vector<double>& high, double x) {
  const auto at = std::lower_bound(high.begin(), high.end() - 1, x);
  return static_cast<std::uint8_t>(at - high.begin());
}

// Halfway from a to the greater b, but not b itself.
double middle(double a, double b) {
  const double half = a + 0.5 * (b - a);
  return half >= a && half < b ? half : a;
}

}  // namespace

BinnedFeatures::Cut BinnedFeatures::cut(std::size_t j, std::size_t a, std::size_t b,
                                        double wish) const {
  const Column& c = column[j];
  if (!(wish >= c.high[a] && wish < c.low[b])) wish = c.high[a];
  const auto above = std::upper_bound(c.high.begin() + static_cast<std::ptrdiff_t>(a),
                                      c.high.begin() + static_cast<std::ptrdiff_t>(b), wish);
  const auto last = static_cast<std::size_t>(above - c.high.begin()) - 1;
  if (c.low[last + 1] <= wish) wish = middle(c.high[last], c.low[last + 1]);
  return {.threshold = wish, .last = static_cast<std::uint8_t>(last)};
}

BinnedFeatures::Cut BinnedFeatures::cut(std::size_t j, std::size_t a, std::size_t b) const {
  return cut(j, a, b, middle(column[j].high[a], column[j].low[b]));
}

BinnedFeatures bin_features(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                            const Context& context) {
  const std::size_t n = rows.size();
  for (const auto row : rows) {
    if (row >= features.rows()) {
      throw ArgumentError({.what = "there is no such row",
                           .where = "rows",
                           .got = std::to_string(row),
                           .expected = "less than " + std::to_string(features.rows())});
    }
  }
  BinnedFeatures binned;
  binned.rows = n;
  binned.column.resize(features.columns);
  binned.code.resize(n * features.columns);
  run_tasks(context, features.columns, [&](std::size_t j) {
    const std::span<const double> x = features.column(j);
    std::vector<double> sorted;
    sorted.reserve(n);
    for (const auto row : rows) {
      if (!std::isnan(x[row])) sorted.push_back(x[row] + 0.0);  // -0 becomes 0
    }
    BinnedFeatures::Column& column = binned.column[j];
    column.missing = sorted.size() < n;
    detail::sort_numbers(sorted);
    fill_bins(sorted, BinnedFeatures::kBins - (column.missing ? 1 : 0), column);
  });
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t j = 0; j < features.columns; ++j) {
      const std::span<const double> x = features.column(j);
      const BinnedFeatures::Codes codes = binned.codes(j);
      std::uint8_t* const to = binned.code.data() + (codes.first - binned.code.data());
      for (std::size_t i = begin; i < end; ++i) {
        const double value = x[rows[i]];
        to[i * codes.stride] =
            std::isnan(value) ? BinnedFeatures::kMissing : bin_of(binned.column[j].high, value);
      }
    }
  });
  return binned;
}

}  // namespace impact
