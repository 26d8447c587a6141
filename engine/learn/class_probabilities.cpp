#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/left_out.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/learn/pick.h"
#include "engine/learn/ranking_scores.h"
#include "engine/learn/roc.h"
#include "engine/learn/row_means.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

using detail::RowMeans;

constexpr double kSumTolerance = 1e-6;

struct Known {
  std::vector<std::uint32_t> rows;
  RowMeans means;
};

// Place of a class among those of its row by probability, the first at 0; of equals the first.
std::size_t place(std::span<const double> row, std::size_t one) {
  std::size_t before = 0;
  for (std::size_t k = 0; k < row.size(); ++k) {
    if (row[k] > row[one] || (row[k] == row[one] && k < one)) ++before;
  }
  return before;
}

// The mean of areas has the mean of their influences. Without weights each part of a row's
// influence is stretched so that a single area has DeLong's variance with its m - 1 and n - 1.
void set_macro_auc(Estimate& row, const ClassProbabilities& data, const Known& known,
                   double conf_level) {
  const std::size_t n = known.rows.size();
  const std::vector<double> weights = detail::pick(data.weights, known.rows);
  std::vector<double> influence(n, 0.0), score(n);
  std::vector<std::int32_t> label(n);
  double sum = 0.0;
  double count = 0.0;
  bool single = false;
  for (std::size_t k = 0; k < data.classes; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t source = known.rows[i];
      score[i] = data.probability[source * data.classes + k];
      label[i] = static_cast<std::size_t>(data.label[source]) == k ? 1 : 0;
    }
    const ScoredLabels one{.score = score, .label = label, .weights = weights};
    const detail::RankedScores ranked = detail::rank_scores(one);
    if (!ranked.both_classes()) continue;
    const double area = roc_curve(one).auc;
    sum += area;
    count += 1.0;
    single = single || ranked.positive_rows < 2 || ranked.negative_rows < 2;
    const auto of_rows = detail::auc_influence(ranked, label, area);
    const auto stretch = [n](std::int64_t m) {
      const auto rows = static_cast<double>(m), all = static_cast<double>(n);
      return std::sqrt(rows / (rows - 1.0) * (all - 1.0) / all);
    };
    const double factor[2] = {stretch(ranked.negative_rows), stretch(ranked.positive_rows)};
    for (std::size_t i = 0; i < n; ++i) {
      const auto at = ranked.rows[i];
      influence[at] += factor[label[at]] * of_rows[i];
    }
  }
  if (count < static_cast<double>(data.classes)) {
    row.warnings.push_back(
        fmt::format("{} of {} classes have rows and others against them: the mean is theirs", count,
                    data.classes));
  }
  if (count == 0.0) return;
  row.estimate = sum / count;
  row.null_value = 0.5;
  row.se_type = "delong";
  if (single) {
    row.warnings.emplace_back("a class with one row has no variance: no standard error");
    return;
  }
  for (double& part : influence) part /= count;
  detail::set_score(row, row.estimate, known.means.std_error(influence), conf_level,
                    {.least = 0.0, .most = 1.0});
}

}  // namespace

detail::UsedRows detail::used_class_rows(const ClassProbabilities& data) {
  if (data.classes < 2) {
    throw ArgumentError({.what = "there are two classes at least",
                         .where = "classes",
                         .got = std::to_string(data.classes)});
  }
  const std::size_t n = data.label.size();
  require_length("probability", data.probability.size(), n * data.classes);
  require_optional_length("weights", data.weights.size(), n);
  require_weights(data.weights);
  UsedRows used;
  for (std::size_t i = 0; i < n; ++i) {
    if (data.label[i] >= 0 && static_cast<std::size_t>(data.label[i]) >= data.classes) {
      throw ArgumentError({.what = "there is no such class",
                           .where = fmt::format("label, row {}", i + 1),
                           .got = std::to_string(data.label[i]),
                           .expected = fmt::format("below {}", data.classes)});
    }
    const auto row = data.probability.subspan(i * data.classes, data.classes);
    const double weight = data.weights.empty() ? 1.0 : data.weights[i];
    const bool missing = std::ranges::any_of(row, [](double p) { return std::isnan(p); });
    if (missing || data.label[i] < 0 || std::isnan(weight)) {
      ++(data.label[i] < 0 || std::isnan(weight) ? used.missing : used.unpredicted);
      continue;
    }
    double sum = 0.0;
    for (const double p : row) {
      sum += p;
      if (p >= 0.0 && p <= 1.0) continue;
      throw ArgumentError({.what = "a probability lies between 0 and 1",
                           .where = fmt::format("row {}", i + 1),
                           .got = format_double(p)});
    }
    if (std::abs(sum - 1.0) > kSumTolerance) {
      throw ArgumentError({.what = "the probabilities of a row sum to 1",
                           .where = fmt::format("row {}", i + 1),
                           .got = format_double(sum),
                           .hint = "one probability for each class, row by row"});
    }
    if (weight > 0.0) used.rows.push_back(static_cast<std::uint32_t>(i));
  }
  return used;
}

std::vector<std::int32_t> most_probable(std::span<const double> probability, std::size_t classes) {
  if (classes == 0 || probability.size() % classes != 0) {
    throw ArgumentError({.what = "the probabilities are not a whole number of rows",
                         .got = std::to_string(probability.size()),
                         .expected = fmt::format("a multiple of {}", classes)});
  }
  std::vector<std::int32_t> called;
  for (std::size_t begin = 0; begin < probability.size(); begin += classes) {
    const auto row = probability.subspan(begin, classes);
    const bool missing = std::ranges::any_of(row, [](double p) { return std::isnan(p); });
    called.push_back(
        missing ? -1 : static_cast<std::int32_t>(std::ranges::max_element(row) - row.begin()));
  }
  return called;
}

std::vector<Estimate> class_probability_scores(const ClassProbabilities& data,
                                               const ClassProbabilitySpec& spec) {
  check_conf_level(spec.conf_level);
  detail::UsedRows used = detail::used_class_rows(data);
  for (const std::size_t k : spec.top) {
    if (k >= 1 && k <= data.classes) continue;
    throw ArgumentError({.what = "there are not so many classes to be among",
                         .where = "top",
                         .got = std::to_string(k),
                         .expected = fmt::format("1 to {}", data.classes)});
  }
  const std::size_t n = used.rows.size();
  std::vector<double> weights = detail::pick(data.weights, used.rows);
  const Known known{std::move(used.rows), RowMeans(n, std::move(weights))};
  std::vector<Estimate> rows;
  const auto start = [&](std::string term) -> Estimate* {
    Estimate& row = rows.emplace_back();
    row.term = std::move(term);
    row.method = "class_probabilities";
    row.n = static_cast<std::int64_t>(n);
    detail::warn_unjudged(row.warnings, used.missing, used.unpredicted);
    if (n == 0) row.warnings.emplace_back("there is no row");
    return n == 0 ? nullptr : &row;
  };
  const auto of_row = [&](std::size_t i) {
    return data.probability.subspan(known.rows[i] * data.classes, data.classes);
  };
  const auto label = [&](std::size_t i) {
    return static_cast<std::size_t>(data.label[known.rows[i]]);
  };
  const auto mean = [&](const char* term, double most, auto&& loss) {
    Estimate* row = start(term);
    if (row == nullptr) return;
    std::vector<double> losses(n);
    for (std::size_t i = 0; i < n; ++i) losses[i] = loss(of_row(i), label(i));
    const double value = known.means.mean(losses);
    if (std::isinf(value)) {
      row->estimate = value;
      row->warnings.emplace_back("a row was given probability 0 for what it is: infinite loss");
      return;
    }
    for (double& l : losses) l -= value;
    row->se_type = "mean";
    detail::set_score(*row, value, known.means.std_error(losses), spec.conf_level,
                      {.least = 0.0, .most = most});
  };
  mean("log_loss", std::numeric_limits<double>::infinity(),
       [](std::span<const double> p, std::size_t k) { return 0.0 - std::log(p[k]); });
  mean("brier_score", 2.0, [](std::span<const double> p, std::size_t k) {
    double sum = 0.0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      const double d = p[c] - (c == k ? 1.0 : 0.0);
      sum += d * d;
    }
    return sum;
  });
  if (Estimate* row = start("macro_auc")) set_macro_auc(*row, data, known, spec.conf_level);
  for (const std::size_t k : spec.top) {
    Estimate* row = start(fmt::format("top_{}_accuracy", k));
    if (row == nullptr) continue;
    std::vector<double> hit(n);
    for (std::size_t i = 0; i < n; ++i) hit[i] = place(of_row(i), label(i)) < k ? 1.0 : 0.0;
    row->estimate = known.means.mean(hit);
    const double rows_alike = known.means.effective_rows();
    row->se_type = "wilson";
    row->std_error = std::sqrt(row->estimate * (1.0 - row->estimate) / rows_alike);
    const auto limits = detail::wilson_limits(row->estimate, rows_alike, spec.conf_level);
    row->conf_low = limits.low;
    row->conf_high = limits.high;
  }
  return rows;
}

}  // namespace impact
