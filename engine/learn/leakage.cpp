#include "engine/learn/leakage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/roc.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr std::int64_t kSpareRows = 10;
constexpr std::int64_t kFewInClass = 10;
// Fewer distinct rows than this share of all: the columns repeat because they are coarse.
constexpr double kCoarse = 0.1;

// Rows called positive by a rule, by their class.
struct Called {
  std::int64_t positives = 0;
  std::int64_t negatives = 0;
};

// "9998", "0.05": numbers in a rule are for people.
std::string short_number(double value) { return fmt::format("{}", value); }

struct Best {
  double merit = -std::numeric_limits<double>::infinity();
  Called called = {};
  std::string rule = {};
};

// Sum or product as a text: "2 a - b + 3", "a b^-1".
std::string sum_text(const std::vector<RelationTerm>& terms, double constant) {
  std::string text;
  const auto add = [&](double factor, const std::string& name) {
    const double size = std::abs(factor);
    text += text.empty() ? (factor < 0.0 ? "-" : "") : (factor < 0.0 ? " - " : " + ");
    if (name.empty()) {
      text += fmt::format("{:.6g}", size);
    } else {
      text += fmt::format("{:.6g}", size) == "1" ? name : fmt::format("{:.6g} {}", size, name);
    }
  };
  for (const RelationTerm& term : terms) add(term.factor, term.column);
  if (constant != 0.0 || text.empty()) add(constant, "");
  return text;
}

std::string product_text(const std::vector<RelationTerm>& terms, double constant) {
  std::string text = fmt::format("{:.6g}", constant);
  if (text == "1" && !terms.empty()) text.clear();
  for (const RelationTerm& term : terms) {
    const std::string power = fmt::format("{:.6g}", std::abs(term.factor));
    const std::string factor =
        power == "1" ? term.column : fmt::format("{}^{}", term.column, power);
    if (term.factor < 0.0) {
      text += (text.empty() ? "1 / " : " / ") + factor;
    } else {
      text += (text.empty() ? "" : " * ") + factor;
    }
  }
  return text;
}

// A fit of y on columns that reproduces it: b, constant and the largest difference.
struct LinearRelation {
  bool found = false;
  std::vector<std::size_t> columns = {};
  std::vector<double> factor = {};
  double constant = 0.0;
  double largest = 0.0;
};

double sd_of(std::span<const double> values) {
  ExactMoments moments;
  for (const double v : values) moments.add(v);
  return std::sqrt(moments.variance(1));
}

// Least squares, small terms dropped, least squares again; then every row is compared.
LinearRelation relation(std::span<const double> y, const std::vector<std::vector<double>>& x,
                        double tolerance) {
  const std::size_t n = y.size();
  const double limit = tolerance * sd_of(y);
  LinearRelation result;
  result.columns.resize(x.size());
  std::iota(result.columns.begin(), result.columns.end(), std::size_t{0});
  for (int round = 0; round < 2; ++round) {
    std::vector<double> columns(n, 1.0);
    for (const auto j : result.columns) columns.insert(columns.end(), x[j].begin(), x[j].end());
    const LinearFit fit = linear({.x = columns, .columns = result.columns.size() + 1, .y = y},
                                 {.se = SeType::kClassical, .explain = false});
    result.constant = fit.coefficient[0];
    result.factor.clear();
    std::vector<std::size_t> kept;
    for (std::size_t k = 0; k < result.columns.size(); ++k) {
      const double b = fit.coefficient[k + 1];
      if (std::isnan(b) || std::abs(b) * sd_of(x[result.columns[k]]) <= limit) continue;
      kept.push_back(result.columns[k]);
      result.factor.push_back(b);
    }
    result.columns = kept;
  }
  for (std::size_t i = 0; i < n; ++i) {
    double value = result.constant;
    for (std::size_t k = 0; k < result.columns.size(); ++k) {
      value += result.factor[k] * x[result.columns[k]][i];
    }
    const double difference = std::abs(y[i] - value);
    if (!(difference <= result.largest)) result.largest = difference;
  }
  if (std::abs(result.constant) <= limit) result.constant = 0.0;
  result.found = result.largest <= limit && !result.columns.empty();
  return result;
}

// Columns of the rows where everything is finite.
struct Rows {
  std::vector<double> y;
  std::vector<std::vector<double>> x;
  std::vector<std::size_t> columns;  // whose they are
};

// Of the rows that `counts` admits, through `scale` (the identity or the logarithm).
template <class Counts, class Scale>
Rows collect(std::span<const double> source, const FeatureColumns& features,
             const std::vector<std::size_t>& candidates, Counts&& counts, Scale&& scale,
             ExactRelation& result) {
  std::vector<std::size_t> admitted;
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (std::isfinite(source[i]) && counts(source[i])) admitted.push_back(i);
  }
  Rows rows;
  std::vector<std::string> sparse;
  for (const auto j : candidates) {
    const auto column = features.column(j);
    const auto there = std::count_if(admitted.begin(), admitted.end(),
                                     [&](std::size_t i) { return std::isfinite(column[i]); });
    if (2 * static_cast<std::size_t>(there) < admitted.size()) {
      sparse.push_back(features.name(j));
    } else {
      rows.columns.push_back(j);
    }
  }
  if (!sparse.empty()) {
    result.warnings.push_back("missing in more than half of the rows, so not looked at: " +
                              list_words(sparse));
  }
  rows.x.resize(rows.columns.size());
  for (const auto i : admitted) {
    const auto there = [&](std::size_t j) { return std::isfinite(features.column(j)[i]); };
    if (!std::all_of(rows.columns.begin(), rows.columns.end(), there)) continue;
    rows.y.push_back(scale(source[i]));
    for (std::size_t k = 0; k < rows.columns.size(); ++k) {
      rows.x[k].push_back(scale(features.column(rows.columns[k])[i]));
    }
  }
  return rows;
}

bool enough(const Rows& rows, ExactRelation& result) {
  result.n = static_cast<std::int64_t>(rows.y.size());
  if (result.n < static_cast<std::int64_t>(rows.x.size()) + 1 + kSpareRows) {
    result.warnings.push_back(
        fmt::format("{} complete rows are too few to tell a relation of {} columns from chance",
                    result.n, rows.x.size()));
    return false;
  }
  if (sd_of(rows.y) > 0.0) return true;
  result.warnings.emplace_back("the label's source is constant");
  return false;
}

}  // namespace

std::vector<ColumnRule> single_column_rules(const FeatureColumns& features,
                                            std::span<const std::int32_t> label,
                                            const SingleColumnSpec& spec) {
  check_features(features, label.size());
  if (!(spec.limit > 0.5 && spec.limit <= 1.0)) {
    throw ArgumentError({.what = "chance alone reaches this limit",
                         .where = "limit",
                         .got = format_double(spec.limit),
                         .expected = "above 0.5, at most 1"});
  }
  std::int64_t positives = 0;
  std::int64_t n = 0;
  for (const auto y : label) {
    if (y >= 0) ++n;
    if (y == 1) ++positives;
  }
  const std::int64_t negatives = n - positives;
  std::vector<ColumnRule> rules;
  for (std::size_t j = 0; j < features.columns; ++j) {
    ColumnRule& row = rules.emplace_back();
    row.column = features.name(j);
    row.n = n;
    const ScoredLabels data = {.score = features.column(j), .label = label};
    const detail::RankedScores ranked = detail::rank_scores(data);
    if (positives == 0 || negatives == 0) continue;
    Best best;
    const auto consider = [&](const Called& called, const auto& rule) {
      // recall + specificity - 1 without fractions, so that rounding does not part what is equal.
      const double merit = static_cast<double>(called.positives) * static_cast<double>(negatives) -
                           static_cast<double>(called.negatives) * static_cast<double>(positives);
      if (merit <= best.merit) return;
      best = {merit, called, rule()};
    };
    // Cuts lie between neighbouring scores, at the lower one. A missing number fulfils neither.
    for (const char* sign : {">", "<="}) {
      const bool above = sign[0] == '>';
      Called so_far;
      for (std::size_t g = 0; g + 1 < ranked.groups.size(); ++g) {
        so_far.positives += ranked.groups[g].positive_rows;
        so_far.negatives += ranked.groups[g].negative_rows;
        const Called called = above ? so_far
                                    : Called{ranked.positive_rows - so_far.positives,
                                             ranked.negative_rows - so_far.negatives};
        consider(called, [&] {
          return fmt::format("{} {} {}", row.column, sign,
                             short_number(ranked.groups[g + 1].score));
        });
      }
    }
    const Called there = {ranked.positive_rows, ranked.negative_rows};
    const Called gone = {positives - there.positives, negatives - there.negatives};
    if (ranked.n() < n) {
      consider(gone, [&] { return row.column + " is missing"; });
      consider(there, [&] { return row.column + " is not missing"; });
    }
    if (ranked.both_classes()) {
      const double area = roc_curve(data).auc;
      row.auc = std::max(area, 1.0 - area);
    }
    if (best.rule.empty()) continue;  // one value in all rows
    row.rule = best.rule;
    const auto tp = best.called.positives;
    const auto fp = best.called.negatives;
    row.errors = fp + positives - tp;
    const auto share = [](std::int64_t part, std::int64_t whole) {
      return static_cast<double>(part) / static_cast<double>(whole);
    };
    row.accuracy = share(n - row.errors, n);
    row.precision = share(tp, tp + fp);
    row.recall = share(tp, positives);
    row.balanced_accuracy = 0.5 * (row.recall + share(negatives - fp, negatives));
    // The AUC knows nothing of rows without the number; it speaks for the column if most have it.
    const bool by_auc = row.auc >= spec.limit && 2 * ranked.n() >= n;
    row.alarm = std::min(positives, negatives) >= kFewInClass &&
                (by_auc || row.balanced_accuracy >= spec.limit);
    if (!row.alarm) continue;
    row.text = fmt::format(
        "one column alone separates the classes: {}: precision {:.3f}, recall {:.3f}, {} of {} "
        "rows wrong (AUC {:.4f})",
        row.rule, row.precision, row.recall, row.errors, n, row.auc);
  }
  return rules;
}

ExactRelation find_exact_sum(std::span<const double> source, const FeatureColumns& features,
                             const RelationSpec& spec) {
  check_features(features, source.size());
  ExactRelation result;
  std::vector<std::size_t> all(features.columns);
  std::iota(all.begin(), all.end(), std::size_t{0});
  const Rows rows = collect(
      source, features, all, [](double) { return true; }, [](double v) { return v; }, result);
  if (!enough(rows, result)) return result;
  const LinearRelation found = relation(rows.y, rows.x, spec.tolerance);
  result.largest_difference = found.largest;
  if (!found.found) return result;
  result.alarm = true;
  result.constant = found.constant;
  for (std::size_t k = 0; k < found.columns.size(); ++k) {
    result.terms.push_back({features.name(rows.columns[found.columns[k]]), found.factor[k]});
  }
  result.text = fmt::format(
      "the label's source is a sum of features: {} in all {} complete rows (largest "
      "difference {:.1e})",
      sum_text(result.terms, result.constant), result.n, result.largest_difference);
  return result;
}

ExactRelation find_exact_product(std::span<const double> source, const FeatureColumns& features,
                                 const RelationSpec& spec) {
  check_features(features, source.size());
  ExactRelation result;
  // A factor of a positive product is not zero; negative ones are not looked for.
  std::vector<std::size_t> candidates;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    bool positive = true;
    for (std::size_t i = 0; i < source.size(); ++i) {
      positive = positive && !(source[i] > 0.0 && column[i] <= 0.0);
    }
    if (positive) candidates.push_back(j);
  }
  if (candidates.empty()) {
    result.warnings.emplace_back("no column is positive wherever the label's source is");
    return result;
  }
  const Rows rows = collect(
      source, features, candidates, [](double v) { return v > 0.0; },
      [](double v) { return std::log(v); }, result);
  if (!enough(rows, result)) return result;
  // A difference of logarithms is a relative difference.
  const double tolerance = spec.tolerance / std::max(1.0, sd_of(rows.y));
  const LinearRelation found = relation(rows.y, rows.x, tolerance);
  result.largest_difference = std::expm1(found.largest);
  if (!found.found) return result;
  result.alarm = true;
  result.constant = std::exp(found.constant);
  for (std::size_t k = 0; k < found.columns.size(); ++k) {
    result.terms.push_back({features.name(rows.columns[found.columns[k]]), found.factor[k]});
  }
  result.text = fmt::format(
      "the label's source is a product of features: {} in all {} rows where it is positive "
      "(largest relative difference {:.1e})",
      product_text(result.terms, result.constant), result.n, result.largest_difference);
  return result;
}

FoldTwins find_fold_twins(const FeatureColumns& features, const Folds& folds, double limit) {
  check_features(features, folds.rows);
  FoldTwins result;
  result.n = static_cast<std::int64_t>(folds.rows);
  if (folds.rows == 0 || features.columns == 0) return result;
  std::vector<std::uint32_t> order(folds.rows);
  std::iota(order.begin(), order.end(), 0U);
  // -1, 0, 1; NaN after all numbers and equal to itself.
  const auto compare = [&](std::uint32_t a, std::uint32_t b) {
    for (std::size_t j = 0; j < features.columns; ++j) {
      const double u = features.column(j)[a];
      const double v = features.column(j)[b];
      if (u < v || (std::isnan(v) && !std::isnan(u))) return -1;
      if (u > v || (std::isnan(u) && !std::isnan(v))) return 1;
    }
    return 0;
  };
  std::sort(order.begin(), order.end(), [&](auto a, auto b) {
    const int sign = compare(a, b);
    return sign != 0 ? sign < 0 : a < b;
  });
  std::uint32_t first = 0;
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    ++result.distinct;
    bool crosses = false;
    std::uint32_t other = 0;
    for (end = begin; end < order.size() && compare(order[begin], order[end]) == 0; ++end) {
      if (!crosses && folds.at(order[end]) != folds.at(order[begin])) {
        crosses = true;
        other = order[end];
      }
    }
    if (!crosses) continue;
    // Each of them has a twin elsewhere: the first one's fold differs from the other's.
    if (result.rows == 0 || order[begin] < first) {
      first = order[begin];
      result.example[0] = first;
      result.example[1] = other;
    }
    result.rows += static_cast<std::int64_t>(end - begin);
  }
  result.share = static_cast<double>(result.rows) / static_cast<double>(result.n);
  const bool coarse =
      static_cast<double>(result.distinct) < kCoarse * static_cast<double>(result.n);
  result.alarm = result.share >= limit && !coarse;
  if (result.alarm) {
    result.text = fmt::format(
        "{} of {} rows have an exact twin in another fold (rows {} and {}): a model is judged on "
        "rows it has seen; draw the folds with the twins in one group",
        result.rows, result.n, result.example[0] + 1, result.example[1] + 1);
  }
  return result;
}

}  // namespace impact
