#include "engine/learn/feature_scores.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <boost/math/special_functions/digamma.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/nearest_pairs.h"
#include "engine/stats/distribution.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNoise = 1e-10;

// The rows of one column that count.
struct Rows {
  std::vector<double> x = {};            // Numbers, or
  std::vector<std::int32_t> level = {};  // places of texts.
  std::vector<double> y = {};            // The outcome's numbers, or
  std::vector<std::int32_t> of = {};     // codes.
  std::vector<std::uint32_t> row = {};
};

// Σ ψ(values): equal values are counted first, so that neither order nor threads matter.
class DigammaSum {
 public:
  void add(std::size_t value) { ++counts_[value]; }
  [[nodiscard]] double mean(std::size_t n) const {
    double sum = 0.0;
    for (const auto& [value, count] : counts_) {
      sum += static_cast<double>(count) * boost::math::digamma(static_cast<double>(value));
    }
    return sum / static_cast<double>(n);
  }

 private:
  std::map<std::size_t, std::size_t> counts_ = {};
};

double digamma_of(std::size_t n) { return boost::math::digamma(static_cast<double>(n)); }

// Values in units of their sd; where some tie, with noise that parts them.
std::vector<double> parted(std::span<const double> values, std::span<const std::uint32_t> rows,
                           StreamKey key) {
  ExactMoments moments;
  for (const double v : values) moments.add(v);
  const double sd = std::sqrt(moments.variance(0));
  std::vector<double> out(values.begin(), values.end());
  if (sd > 0.0) {
    for (double& v : out) v /= sd;
  }
  std::vector<double> sorted = out;
  std::sort(sorted.begin(), sorted.end());
  if (std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end()) return out;
  ExactMean size;
  for (const double v : out) size.add(std::abs(v));
  const double scale = kNoise * std::max(1.0, size.mean());
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += scale * Stream(key, rows[i]).normal();
  return out;
}

double between_numbers(std::span<const double> x, std::span<const double> y, std::size_t k,
                       const Context& context) {
  const std::size_t n = x.size();
  const std::vector<double> radius = detail::neighbour_distances(x, y, k, context);
  DigammaSum sums;
  for (const std::span<const double> side : {x, y}) {
    std::vector<double> sorted(side.begin(), side.end());
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < n; ++i) {
      // Counts the row itself, as n_x + 1 does.
      sums.add(std::max<std::size_t>(detail::count_within(sorted, side[i], radius[i]), 1));
    }
  }
  return std::max(0.0, digamma_of(n) + digamma_of(k) - sums.mean(n));
}

double number_and_class(std::span<const double> x, std::span<const std::int32_t> code,
                        std::size_t k) {
  std::vector<std::pair<std::int32_t, double>> rows;
  rows.reserve(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) rows.emplace_back(code[i], x[i]);
  std::sort(rows.begin(), rows.end());
  // Rows class by class; classes of one row drop out.
  std::vector<double> value;
  std::vector<double> radius;
  DigammaSum neighbours, sizes, near;
  for (std::size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end].first == rows[begin].first) ++end;
    const std::size_t size = end - begin;
    if (size < 2) continue;
    const std::size_t at = value.size();
    for (std::size_t i = begin; i < end; ++i) value.push_back(rows[i].second);
    const std::size_t own = std::min(k, size - 1);
    const auto distances = detail::neighbour_distances(std::span(value).subspan(at), own);
    radius.insert(radius.end(), distances.begin(), distances.end());
    for (std::size_t i = 0; i < size; ++i) {
      neighbours.add(own);
      sizes.add(size);
    }
  }
  const std::size_t n = value.size();
  if (n == 0) return std::numeric_limits<double>::quiet_NaN();
  std::vector<double> sorted = value;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < n; ++i) {
    near.add(std::max<std::size_t>(detail::count_within(sorted, value[i], radius[i]), 1));
  }
  return std::max(0.0, digamma_of(n) + neighbours.mean(n) - sizes.mean(n) - near.mean(n));
}

double between_classes(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  std::map<std::pair<std::int32_t, std::int32_t>, double> both;
  std::map<std::int32_t, double> first, second;
  for (std::size_t i = 0; i < a.size(); ++i) {
    both[{a[i], b[i]}] += 1.0;
    first[a[i]] += 1.0;
    second[b[i]] += 1.0;
  }
  const auto n = static_cast<double>(a.size());
  double sum = 0.0;
  for (const auto& [pair, count] : both) {
    sum += count / n * std::log(n * count / (first[pair.first] * second[pair.second]));
  }
  return std::max(0.0, sum);
}

// Places of numbers among their different values.
std::vector<std::int32_t> places(std::span<const double> x) {
  std::vector<double> levels(x.begin(), x.end());
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  std::vector<std::int32_t> out;
  out.reserve(x.size());
  for (const double v : x) {
    out.push_back(static_cast<std::int32_t>(std::lower_bound(levels.begin(), levels.end(), v) -
                                            levels.begin()));
  }
  return out;
}

std::size_t different(std::span<const double> x, std::size_t most) {
  std::set<double> seen;
  for (const double v : x) {
    seen.insert(v);
    if (seen.size() > most) break;
  }
  return seen.size();
}

void mutual_information(const Feature& feature, Rows& rows, std::size_t classes,
                        const FeatureScoreSpec& spec, StreamKey key, const Context& context,
                        ColumnScore& out) {
  const std::size_t n = rows.row.size();
  const bool discrete =
      feature.text ||
      std::find(spec.discrete.begin(), spec.discrete.end(), feature.name) != spec.discrete.end() ||
      different(rows.x, spec.discrete_up_to) <= spec.discrete_up_to;
  const std::size_t k = spec.neighbours;
  if (discrete && !feature.text) rows.level = places(rows.x);
  if (discrete && classes > 0) {
    out.score = between_classes(rows.level, rows.of);
    return;
  }
  if (!discrete && classes == 0 && n <= k) {
    out.warnings.push_back("mutual information with " + std::to_string(k) + " neighbours needs " +
                           std::to_string(k + 1) + " rows or more");
    return;
  }
  const StreamKey own = key.child(feature.name);
  std::vector<double> x;
  std::vector<double> y;
  if (!discrete) x = parted(rows.x, rows.row, own.child("column"));
  if (classes == 0) y = parted(rows.y, rows.row, own.child("outcome"));
  if (discrete) {
    out.score = number_and_class(y, rows.level, k);
  } else if (classes > 0) {
    out.score = number_and_class(x, rows.of, k);
  } else {
    out.score = between_numbers(x, y, k, context);
  }
  if (std::isnan(out.score)) {
    out.warnings.emplace_back("no class has two rows or more: there is no mutual information");
  }
}

// F = (between / (k - 1)) / (within / (n - k)), sums about the means of the column and its classes.
void f_of_classes(const Rows& rows, std::size_t classes, ColumnScore& out) {
  std::vector<ExactMean> mean(classes);
  ExactMean all;
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    mean[static_cast<std::size_t>(rows.of[i])].add(rows.x[i]);
    all.add(rows.x[i]);
  }
  ExactSum between, within;
  std::size_t groups = 0;
  const double centre = all.mean();
  for (const ExactMean& own : mean) {
    if (own.count() == 0) continue;
    ++groups;
    const double gap = own.mean() - centre;
    between.add(static_cast<double>(own.count()) * gap * gap);
  }
  std::vector<double> own;
  for (const ExactMean& each : mean) own.push_back(each.mean());
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    const double gap = rows.x[i] - own[static_cast<std::size_t>(rows.of[i])];
    within.add(gap * gap);
  }
  if (groups < 2 || rows.x.size() <= groups) {
    out.warnings.emplace_back("F needs two classes and more rows than classes");
    return;
  }
  const auto df1 = static_cast<double>(groups - 1);
  const auto df2 = static_cast<double>(rows.x.size() - groups);
  out.score = (between.round() / df1) / (within.round() / df2);
  out.p_value = f_upper(out.score, df1, df2);
}

void f_of_numbers(const Rows& rows, ColumnScore& out) {
  const auto n = static_cast<double>(rows.x.size());
  if (rows.x.size() < 3) {
    out.warnings.emplace_back("F needs three rows or more");
    return;
  }
  ExactCoMoments moments;
  for (std::size_t i = 0; i < rows.x.size(); ++i) moments.add(rows.x[i], rows.y[i]);
  const double r = moments.correlation();
  if (std::isnan(r)) {
    out.warnings.emplace_back("the outcome is constant: there is no F");
    return;
  }
  out.score = r * r / ((1.0 - r) * (1.0 + r)) * (n - 2.0);
  out.p_value = f_upper(out.score, 1.0, n - 2.0);
}

void chi_squared(const Feature& feature, const Rows& rows, std::size_t classes, ColumnScore& out) {
  std::vector<ExactSum> observed(classes);
  std::vector<double> count(classes, 0.0);
  ExactSum total;
  std::int64_t negative = 0;
  for (std::size_t i = 0; i < rows.x.size(); ++i) {
    negative += rows.x[i] < 0.0 ? 1 : 0;
    observed[static_cast<std::size_t>(rows.of[i])].add(rows.x[i]);
    count[static_cast<std::size_t>(rows.of[i])] += 1.0;
    total.add(rows.x[i]);
  }
  if (negative > 0) {
    throw ArgumentError({.what = "chi2 compares counts, but a column has negative numbers",
                         .where = "'" + feature.name + "'",
                         .got = detail::plural(negative, "row is", "rows are") + " negative",
                         .expected = "numbers of 0 or more"});
  }
  const double sum = total.round();
  const auto groups = std::count_if(count.begin(), count.end(), [](double c) { return c > 0.0; });
  if (groups < 2 || !(sum > 0.0)) {
    out.warnings.emplace_back("chi2 needs two classes and counts above 0");
    return;
  }
  out.score = 0.0;
  for (std::size_t c = 0; c < classes; ++c) {
    if (count[c] == 0.0) continue;
    const double expected = sum * (count[c] / static_cast<double>(rows.x.size()));
    const double gap = observed[c].round() - expected;
    out.score += gap * gap / expected;
  }
  out.p_value = chi2_upper(out.score, static_cast<double>(groups - 1));
}

// The rows where column and outcome are there and finite.
Rows complete_rows(const Feature& feature, std::span<const double> outcome, std::size_t classes,
                   bool needs_outcome, ColumnScore& out) {
  Rows rows;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < feature.rows(); ++i) {
    const double x = feature.text ? 0.0 : feature.numbers[i];
    const double y = needs_outcome ? outcome[i] : 0.0;
    if (std::isnan(x) || std::isnan(y) || (feature.text && feature.codes[i] < 0)) {
      ++missing;
      continue;
    }
    if (std::isinf(x) || std::isinf(y)) {
      ++infinite;
      continue;
    }
    rows.row.push_back(static_cast<std::uint32_t>(i));
    if (feature.text) {
      rows.level.push_back(feature.codes[i]);
    } else {
      rows.x.push_back(x);
    }
    if (classes > 0 && needs_outcome) {
      rows.of.push_back(static_cast<std::int32_t>(y));
    } else {
      rows.y.push_back(y);
    }
  }
  out.n = static_cast<std::int64_t>(rows.row.size());
  if (missing > 0) {
    out.warnings.push_back(detail::plural(missing, "row was", "rows were") +
                           " left out because the column or the outcome is missing");
  }
  if (infinite > 0) {
    out.warnings.push_back(detail::plural(infinite, "row was", "rows were") +
                           " left out because of infinite numbers");
  }
  return rows;
}

bool constant(const Feature& feature, const Rows& rows) {
  if (feature.text) {
    return std::adjacent_find(rows.level.begin(), rows.level.end(), std::not_equal_to<>()) ==
           rows.level.end();
  }
  return std::adjacent_find(rows.x.begin(), rows.x.end(), std::not_equal_to<>()) == rows.x.end();
}

ColumnScore score_of(const Feature& feature, std::span<const double> outcome, std::size_t classes,
                     const FeatureScoreSpec& spec, StreamKey key, const Context& context) {
  ColumnScore out{.column = feature.name};
  const bool needs_outcome = spec.score != FeatureScore::kVariance;
  Rows rows = complete_rows(feature, outcome, classes, needs_outcome, out);
  if (out.n == 0) {
    out.warnings.emplace_back("no row is complete");
    return out;
  }
  if (spec.score == FeatureScore::kVariance) {
    ExactMoments moments;
    for (const double x : rows.x) moments.add(x);
    out.score = moments.variance(0);
  } else if (spec.score == FeatureScore::kChi2) {
    chi_squared(feature, rows, classes, out);
  } else if (constant(feature, rows)) {
    out.warnings.emplace_back("the column is constant");
    if (spec.score == FeatureScore::kMutualInformation) out.score = 0.0;
  } else if (spec.score == FeatureScore::kMutualInformation) {
    mutual_information(feature, rows, classes, spec, key, context, out);
  } else if (classes > 0) {
    f_of_classes(rows, classes, out);
  } else {
    f_of_numbers(rows, out);
  }
  return out;
}

void check(const FeatureTable& features, std::span<const double> outcome, std::size_t classes,
           const FeatureScoreSpec& spec) {
  if (spec.neighbours < 1) {
    throw ArgumentError({.what = "mutual information needs a neighbour",
                         .where = "neighbours",
                         .got = "0",
                         .expected = "1 or more"});
  }
  for (const std::string& name : spec.discrete) {
    if (features.find(name) < features.size()) continue;
    throw ArgumentError({.what = "no column '" + name + "' to take as discrete",
                         .where = "discrete",
                         .expected = list_words(features.names()),
                         .hint = did_you_mean(name, features.names())});
  }
  if (spec.score != FeatureScore::kMutualInformation) {
    for (std::size_t j = 0; j < features.size(); ++j) {
      if (!features[j].text) continue;
      throw ArgumentError({.what = "this score is of numbers, but a column holds texts",
                           .got = "'" + features[j].name + "'",
                           .expected = "columns of numbers",
                           .hint = "encode it first, or score by mutual information"});
    }
  }
  if (spec.score == FeatureScore::kVariance) return;
  if (features.size() > 0 && outcome.size() != features.rows()) {
    throw ArgumentError({.what = "the outcome and the columns differ in length",
                         .got = std::to_string(outcome.size()),
                         .expected = std::to_string(features.rows()) + " rows"});
  }
  if (spec.score == FeatureScore::kChi2 && classes == 0) {
    throw ArgumentError({.what = "chi2 compares classes, but the outcome is a number",
                         .expected = "an outcome of classes"});
  }
  for (const double y : outcome) {
    if (classes == 0 || std::isnan(y)) continue;
    if (y >= 0.0 && y < static_cast<double>(classes) && std::floor(y) == y) continue;
    throw ArgumentError({.what = "the outcome has a code that is no class",
                         .got = format_double(y),
                         .expected = "0 ... " + std::to_string(classes - 1)});
  }
}

}  // namespace

std::vector<ColumnScore> feature_scores(const FeatureTable& features,
                                        std::span<const double> outcome, std::size_t classes,
                                        const FeatureScoreSpec& spec, StreamKey key,
                                        const Context& context) {
  check(features, outcome, classes, spec);
  std::vector<ColumnScore> out(features.size());
  run_tasks(context, features.size(), [&](std::size_t j) {
    out[j] = score_of(features[j], outcome, classes, spec, key, context);
  });
  return out;
}

std::vector<std::size_t> ranked(std::span<const ColumnScore> scores) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const double first = scores[a].score;
    const double second = scores[b].score;
    if (std::isnan(first) || std::isnan(second)) return !std::isnan(first) && std::isnan(second);
    return first > second;
  });
  return order;
}

}  // namespace impact
