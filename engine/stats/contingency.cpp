#include "engine/stats/contingency.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>
#include <boost/math/special_functions/beta.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/stats/count_table.h"
#include "engine/stats/distribution.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/noncentrality_limits.h"
#include "engine/stats/sample.h"

namespace impact {
namespace detail {

DenseTable dense_table(const CountTable& table, Estimate& row) {
  if (table.counts.size() != table.rows * table.columns) {
    throw ArgumentError({.what = "a table has rows times columns counts",
                         .where = "counts",
                         .got = std::to_string(table.counts.size()),
                         .expected = std::to_string(table.rows * table.columns)});
  }
  std::vector<std::int64_t> row_sum(table.rows, 0), column_sum(table.columns, 0);
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    if (table.counts[i] < 0) {
      throw ArgumentError({.what = "a count is not negative",
                           .where = "count " + std::to_string(i + 1),
                           .got = std::to_string(table.counts[i]),
                           .expected = "0 or more"});
    }
    row_sum[i / table.columns] += table.counts[i];
    column_sum[i % table.columns] += table.counts[i];
  }
  DenseTable dense;
  for (const std::int64_t sum : row_sum) {
    row.n += sum;
    if (sum > 0) dense.row_sum.push_back(sum);
  }
  for (const std::int64_t sum : column_sum) {
    if (sum > 0) dense.column_sum.push_back(sum);
  }
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    if (row_sum[i / table.columns] > 0 && column_sum[i % table.columns] > 0) {
      dense.counts.push_back(table.counts[i]);
    }
  }
  const std::size_t empty =
      table.rows - dense.row_sum.size() + table.columns - dense.column_sum.size();
  if (row.n == 0) {
    row.warnings.emplace_back("there are no counts");
  } else if (dense.row_sum.size() < 2 || dense.column_sum.size() < 2) {
    row.warnings.emplace_back("fewer than two rows or columns have counts: there is no test");
  } else if (empty > 0) {
    row.warnings.push_back(
        plural(static_cast<std::int64_t>(empty), "row or column is", "rows or columns are") +
        " empty and left out");
  }
  return dense;
}

}  // namespace detail

namespace {

// sum (|o - e| - correction)^2 / e; equal terms in any order give equal bits.
double pearson(const detail::DenseTable& table, double n, double correction, double& least) {
  ExactSum sum;
  const std::size_t columns = table.column_sum.size();
  least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < table.counts.size(); ++i) {
    const double expected = static_cast<double>(table.row_sum[i / columns]) *
                            static_cast<double>(table.column_sum[i % columns]) / n;
    const double distance = std::abs(static_cast<double>(table.counts[i]) - expected);
    const double moved = distance - std::min(correction, distance);
    sum.add(moved * moved / expected);
    least = std::min(least, expected);
  }
  return sum.round();
}

void warn_small(Estimate& row, double least) {
  if (least < 5.0) {
    row.warnings.push_back("the smallest expected count is " + format_double(least) +
                           ", below 5: the chi-squared distribution is a rough approximation");
  }
}

Estimate start(const char* method, const CountTestSpec& spec) {
  check_conf_level(spec.conf_level);
  Estimate row;
  row.term = spec.term;
  row.method = method;
  return row;
}

// sqrt(lambda / unit) for the limits lambda of the noncentrality of X2; row.df is set.
void effect_limits(Estimate& row, double x2, double unit, const CountTestSpec& spec) {
  const NoncentralityLimits limits = noncentral_chi2_limits(x2, row.df, spec.conf_level);
  row.conf_low = std::sqrt(limits.low / unit);
  row.conf_high = std::sqrt(limits.high / unit);
  warn_point(limits, row.warnings);
}

void require_square(const CountTable& table, bool two_by_two) {
  if (table.rows == table.columns && table.rows >= 2 && (!two_by_two || table.rows == 2)) return;
  throw ArgumentError(
      {.what = two_by_two ? "this takes a 2 x 2 table" : "symmetry is a question of square tables",
       .where = "table",
       .got = std::to_string(table.rows) + " x " + std::to_string(table.columns)});
}

// b / c and the interval p / (1 - p) of Clopper & Pearson's for p = b / (b + c).
void discordant_odds(Estimate& row, double b, double c, const CountTestSpec& spec) {
  const double tail = 0.5 - 0.5 * spec.conf_level;
  const double infinity = std::numeric_limits<double>::infinity();
  const auto odds = [](double p) { return p / (1.0 - p); };
  row.estimate = b / c;
  row.conf_low = b == 0.0 ? 0.0 : odds(boost::math::ibeta_inv(b, c + 1.0, tail));
  row.conf_high = c == 0.0 ? infinity : odds(boost::math::ibetac_inv(b + 1.0, c, tail));
}

}  // namespace

Estimate chi_square_test(const CountTable& table, const CountTestSpec& spec) {
  Estimate row = start("chi_square", spec);
  const detail::DenseTable dense = detail::dense_table(table, row);
  const std::size_t smaller = std::min(dense.row_sum.size(), dense.column_sum.size());
  // Yates' correction belongs to tables that are 2 x 2 once empty rows are gone.
  const bool yates = spec.continuity && dense.counts.size() == 4 && smaller == 2;
  row.se_type = yates ? "yates" : "pearson";
  if (smaller < 2) return row;
  const auto n = static_cast<double>(row.n);
  double least = 0.0;
  const double plain = pearson(dense, n, 0.0, least);
  row.statistic = yates ? pearson(dense, n, 0.5, least) : plain;
  row.df = static_cast<double>((dense.row_sum.size() - 1) * (dense.column_sum.size() - 1));
  row.p_value = chi2_upper(row.statistic, row.df);
  const double unit = n * (static_cast<double>(smaller) - 1.0);
  row.estimate = std::sqrt(plain / unit);
  effect_limits(row, plain, unit, spec);
  row.conf_high = std::min(row.conf_high, 1.0);
  warn_small(row, least);
  return row;
}

Estimate cramers_v(const CountTable& table, const CountTestSpec& spec) {
  CountTestSpec plain = spec;
  plain.continuity = false;
  Estimate row = chi_square_test(table, plain);
  row.method = "cramers_v";
  row.se_type = "bergsma";
  if (std::isnan(row.statistic)) return row;
  Estimate scratch;
  const detail::DenseTable dense = detail::dense_table(table, scratch);
  const double n1 = static_cast<double>(row.n) - 1.0;
  const auto r = static_cast<double>(dense.row_sum.size());
  const auto c = static_cast<double>(dense.column_sum.size());
  const double f =
      std::max(0.0, row.statistic / static_cast<double>(row.n) - (r - 1.0) * (c - 1.0) / n1);
  const double k = std::min(r - (r - 1.0) * (r - 1.0) / n1, c - (c - 1.0) * (c - 1.0) / n1);
  row.estimate = std::sqrt(f / (k - 1.0));
  if (!std::isfinite(row.estimate)) {
    row.estimate = std::numeric_limits<double>::quiet_NaN();
    row.warnings.emplace_back("too few counts for the correction of the bias");
  }
  return row;
}

Estimate phi_coefficient(const CountTable& table, const CountTestSpec& spec) {
  require_square(table, true);
  Estimate row = start("phi", spec);
  row.se_type = "noncentral";
  const detail::DenseTable dense = detail::dense_table(table, row);
  if (dense.counts.size() != 4) return row;
  const auto count = [&](std::size_t i) { return static_cast<double>(dense.counts[i]); };
  // Roots first: the product of four margins may overflow.
  double scale = 1.0;
  for (const auto* sums : {&dense.row_sum, &dense.column_sum}) {
    for (const std::int64_t sum : *sums) scale *= std::sqrt(static_cast<double>(sum));
  }
  const auto n = static_cast<double>(row.n);
  row.estimate = (count(0) * count(3) - count(1) * count(2)) / scale;
  row.statistic = std::sqrt(n) * row.estimate;
  row.df = std::numeric_limits<double>::infinity();
  row.p_value = t_two_sided(row.statistic, row.df);
  const double margin = t_quantile(0.5 + 0.5 * spec.conf_level, row.df) / std::sqrt(n);
  row.conf_low = std::max(-1.0, row.estimate - margin);
  row.conf_high = std::min(1.0, row.estimate + margin);
  return row;
}

Estimate goodness_of_fit_test(std::span<const std::int64_t> counts,
                              std::span<const double> probabilities, const CountTestSpec& spec) {
  Estimate row = start("goodness_of_fit", spec);
  row.se_type = "pearson";
  if (!probabilities.empty()) require_length("probabilities", probabilities.size(), counts.size());
  ExactSum scale;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    const double p = probabilities[i];
    if (!(p >= 0.0) || std::isinf(p)) {
      throw ArgumentError({.what = "a probability is not negative",
                           .where = "probability " + std::to_string(i + 1),
                           .got = format_double(p)});
    }
    scale.add(p);
  }
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] < 0) {
      throw ArgumentError({.what = "a count is not negative",
                           .where = "count " + std::to_string(i + 1),
                           .got = std::to_string(counts[i]),
                           .expected = "0 or more"});
    }
    row.n += counts[i];
  }
  const auto n = static_cast<double>(row.n);
  double cells = 0.0;
  double least = std::numeric_limits<double>::infinity();
  bool impossible = false;
  ExactSum sum;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double p = probabilities.empty() ? 1.0 / static_cast<double>(counts.size())
                                           : probabilities[i] / scale.round();
    const auto count = static_cast<double>(counts[i]);
    if (!(p > 0.0)) {
      impossible = impossible || count > 0.0;
      continue;
    }
    cells += 1.0;
    least = std::min(least, n * p);
    sum.add((count - n * p) * (count - n * p) / (n * p));
  }
  if (row.n == 0) {
    row.warnings.emplace_back("there are no counts");
    return row;
  }
  if (cells < 2.0) {
    row.warnings.emplace_back("fewer than two outcomes are possible: there is no test");
    return row;
  }
  if (impossible) row.warnings.emplace_back("something was counted that has probability 0");
  row.statistic = impossible ? std::numeric_limits<double>::infinity() : sum.round();
  row.df = cells - 1.0;
  row.p_value = chi2_upper(row.statistic, row.df);
  row.estimate = std::sqrt(row.statistic / n);
  effect_limits(row, row.statistic, n, spec);
  warn_small(row, least);
  return row;
}

Estimate mcnemar_test(const CountTable& table, const CountTestSpec& spec) {
  require_square(table, false);
  Estimate row = start("mcnemar", spec);
  row.null_value = 1.0;
  Estimate counted;
  (void)detail::dense_table(table, counted);
  row.n = counted.n;
  const std::size_t k = table.rows;
  const bool corrected = spec.continuity && k == 2;
  row.se_type = corrected ? "corrected" : "plain";
  ExactSum sum;
  double df = 0.0;
  for (std::size_t i = 0; i < k; ++i) {
    for (std::size_t j = i + 1; j < k; ++j) {
      const auto b = static_cast<double>(table.counts[i * k + j]);
      const auto c = static_cast<double>(table.counts[j * k + i]);
      if (b + c == 0.0) continue;
      const double distance = std::abs(b - c);
      const double moved = corrected ? std::max(0.0, distance - 1.0) : distance;
      sum.add(moved * moved / (b + c));
      df += 1.0;
      if (k == 2) discordant_odds(row, b, c, spec);
    }
  }
  if (df == 0.0) {
    row.warnings.emplace_back("no pair changed: there is nothing to compare");
    return row;
  }
  if (df < 0.5 * static_cast<double>(k * (k - 1))) {
    row.warnings.emplace_back("pairs of cells without counts are left out");
  }
  row.statistic = sum.round();
  row.df = df;
  row.p_value = chi2_upper(row.statistic, row.df);
  return row;
}

// Twice the smaller tail of Binomial(b + c, 1/2), which is symmetric.
Estimate mcnemar_exact_test(const CountTable& table, const CountTestSpec& spec) {
  require_square(table, true);
  Estimate row = start("mcnemar", spec);
  row.null_value = 1.0;
  row.se_type = "exact";
  Estimate counted;
  (void)detail::dense_table(table, counted);
  row.n = counted.n;
  const auto b = static_cast<double>(table.counts[1]);
  const auto c = static_cast<double>(table.counts[2]);
  if (b + c == 0.0) {
    row.warnings.emplace_back("no pair changed: there is nothing to compare");
    return row;
  }
  discordant_odds(row, b, c, spec);
  row.statistic = b;
  const double less = std::min(b, c);
  row.p_value =
      b == c ? 1.0 : std::min(1.0, 2.0 * boost::math::ibetac(less + 1.0, b + c - less, 0.5));
  return row;
}

}  // namespace impact
