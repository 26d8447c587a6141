#include "engine/learn/conformal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/left_out.h"
#include "engine/learn/row_means.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// ceil((n + 1) level), where the product of a decimal level may round up over a whole number.
std::size_t rank(std::size_t n, double level) {
  const double product = static_cast<double>(n + 1) * level;
  return static_cast<std::size_t>(std::ceil(product * (1.0 - 1e-12)));
}

// The k-th smallest, k from 1; values are moved about.
double smallest(std::vector<double>& values, std::size_t k) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void warn_few(std::vector<std::string>& warnings, std::size_t n, double level) {
  warnings.push_back(fmt::format(
      "{} calibration rows are too few for a level of {}: intervals and sets without an end", n,
      level));
}

void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void check_scale(std::span<const double> scale, const char* where) {
  for (const double s : scale) {
    if (s > 0.0 || std::isnan(s)) continue;
    throw ArgumentError(
        {.what = "the scale of residuals is above 0", .where = where, .got = format_double(s)});
  }
}

// Scores of the classes of one row, the share `u` of a class's own probability.
void class_scores(std::span<const double> p, ClassSetScore kind, double u,
                  std::vector<double>& score) {
  score.assign(p.size(), 0.0);
  if (kind == ClassSetScore::kLeastAmbiguous) {
    for (std::size_t k = 0; k < p.size(); ++k) score[k] = 1.0 - p[k];
    return;
  }
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](auto a, auto b) { return p[a] > p[b]; });
  double before = 0.0;
  for (const std::size_t k : order) {
    score[k] = before + u * p[k];
    before += p[k];
  }
}

// Rows that are not judged.
struct Gone {
  std::int64_t missing = 0;
  std::int64_t unpredicted = 0;
};

Estimate start(const char* term, const char* method, std::int64_t n, const Gone& gone) {
  Estimate row;
  row.term = term;
  row.method = method;
  row.n = n;
  detail::warn_unjudged(row.warnings, gone.missing, gone.unpredicted);
  if (n == 0) row.warnings.emplace_back("there is no row");
  return row;
}

Estimate coverage(const std::vector<double>& inside, const char* method, const Gone& gone,
                  double nominal, double conf_level) {
  const auto n = static_cast<std::int64_t>(inside.size());
  Estimate row = start("coverage", method, n, gone);
  row.null_value = nominal;
  if (n == 0) return row;
  const detail::RowMeans means(inside.size(), {});
  row.estimate = means.mean(inside);
  row.se_type = "wilson";
  row.std_error = std::sqrt(row.estimate * (1.0 - row.estimate) / static_cast<double>(n));
  const auto limits = detail::wilson_limits(row.estimate, static_cast<double>(n), conf_level);
  row.conf_low = limits.low;
  row.conf_high = limits.high;
  return row;
}

Estimate mean_row(const char* term, const char* method, std::vector<double> values,
                  const Gone& gone, double conf_level) {
  Estimate row = start(term, method, static_cast<std::int64_t>(values.size()), gone);
  if (values.empty()) return row;
  const detail::RowMeans means(values.size(), {});
  const double mean = means.mean(values);
  if (!std::isfinite(mean)) {
    row.estimate = mean;
    row.warnings.emplace_back("an interval has no end: an infinite mean has no error");
    return row;
  }
  for (double& v : values) v -= mean;
  row.se_type = "mean";
  detail::set_score(row, mean, means.std_error(values), conf_level);
  return row;
}

}  // namespace

ConformalQuantile conformal_quantile(std::span<const double> scores, double conf_level) {
  check_conf_level(conf_level);
  std::vector<double> known;
  std::ranges::copy_if(scores, std::back_inserter(known), [](double s) { return !std::isnan(s); });
  ConformalQuantile result;
  result.n = static_cast<std::int64_t>(known.size());
  detail::warn_missing(result.warnings, static_cast<std::int64_t>(scores.size()) - result.n);
  const std::size_t k = rank(known.size(), conf_level);
  if (k > known.size()) {
    warn_few(result.warnings, known.size(), conf_level);
  } else {
    result.value = smallest(known, k);
  }
  return result;
}

ConformalIntervals split_conformal(std::span<const double> residual,
                                   std::span<const double> prediction,
                                   const SplitConformalSpec& spec) {
  check_conf_level(spec.conf_level);
  const bool scaled = !spec.scale.empty() || !spec.calibration_scale.empty();
  if (scaled) {
    require_length("calibration_scale", spec.calibration_scale.size(), residual.size());
    require_length("scale", spec.scale.size(), prediction.size());
    check_scale(spec.calibration_scale, "calibration_scale");
    check_scale(spec.scale, "scale");
  }
  const auto quantile = [&](double sign, bool either, double level) {
    std::vector<double> scores(residual.size());
    for (std::size_t i = 0; i < residual.size(); ++i) {
      const double r = scaled ? residual[i] / spec.calibration_scale[i] : residual[i];
      scores[i] = either ? std::abs(r) : sign * r;
    }
    return conformal_quantile(scores, level);
  };
  const double each = 0.5 + 0.5 * spec.conf_level;
  const ConformalQuantile above =
      spec.symmetric ? quantile(1.0, true, spec.conf_level) : quantile(1.0, false, each);
  const ConformalQuantile below = spec.symmetric ? above : quantile(-1.0, false, each);
  ConformalIntervals result{.warnings = above.warnings};
  for (std::size_t i = 0; i < prediction.size(); ++i) {
    const double s = scaled ? spec.scale[i] : 1.0;
    result.low.push_back(prediction[i] - s * below.value);
    result.high.push_back(prediction[i] + s * above.value);
  }
  return result;
}

ConformalIntervals conformalised_quantiles(const QuantilePredictions& calibration,
                                           std::span<const double> outcome,
                                           const QuantilePredictions& rows, double conf_level) {
  require_length("low", calibration.low.size(), outcome.size());
  require_length("high", calibration.high.size(), outcome.size());
  require_length("high of the rows", rows.high.size(), rows.low.size());
  std::vector<double> scores(outcome.size());
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    const double below = calibration.low[i] - outcome[i];
    const double above = outcome[i] - calibration.high[i];
    scores[i] = std::isnan(below) || std::isnan(above) ? kNaN : std::max(below, above);
  }
  const ConformalQuantile q = conformal_quantile(scores, conf_level);
  ConformalIntervals result{.warnings = q.warnings};
  std::int64_t crossed = 0;
  for (std::size_t i = 0; i < rows.low.size(); ++i) {
    result.low.push_back(rows.low[i] - q.value);
    result.high.push_back(rows.high[i] + q.value);
    if (result.low.back() > result.high.back()) ++crossed;
  }
  if (crossed > 0) {
    result.warnings.push_back(fmt::format("the ends of {} of {} intervals cross: they hold nothing",
                                          crossed, rows.low.size()));
  }
  return result;
}

ConformalIntervals cv_plus(std::span<const double> residual, std::span<const std::int32_t> fold,
                           std::span<const double> prediction, std::size_t folds,
                           double conf_level) {
  check_conf_level(conf_level);
  require_length("fold", fold.size(), residual.size());
  if (folds == 0 || prediction.size() % folds != 0) {
    throw ArgumentError({.what = "the predictions are not a whole number of rows",
                         .got = std::to_string(prediction.size()),
                         .expected = fmt::format("a multiple of {}", folds)});
  }
  std::vector<std::size_t> of;
  std::vector<double> size;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    if (fold[i] >= 0 && static_cast<std::size_t>(fold[i]) >= folds) {
      throw ArgumentError({.what = "there is no such fold",
                           .where = fmt::format("row {}", i + 1),
                           .got = std::to_string(fold[i]),
                           .expected = fmt::format("below {}", folds)});
    }
    if (fold[i] < 0 || std::isnan(residual[i])) continue;
    of.push_back(static_cast<std::size_t>(fold[i]));
    size.push_back(std::abs(residual[i]));
  }
  ConformalIntervals result;
  const std::size_t n = size.size();
  detail::warn_missing(result.warnings, static_cast<std::int64_t>(residual.size() - n));
  const std::size_t upper = rank(n, conf_level);
  const std::size_t lower = n + 1 - upper;
  if (upper > n) warn_few(result.warnings, n, conf_level);
  std::vector<double> low(n), high(n);
  for (std::size_t begin = 0; begin < prediction.size(); begin += folds) {
    const auto m = prediction.subspan(begin, folds);
    const bool missing = std::ranges::any_of(m, [](double p) { return std::isnan(p); });
    if (missing || upper > n) {
      result.low.push_back(missing ? kNaN : -kInfinity);
      result.high.push_back(missing ? kNaN : kInfinity);
      continue;
    }
    for (std::size_t i = 0; i < n; ++i) {
      low[i] = m[of[i]] - size[i];
      high[i] = m[of[i]] + size[i];
    }
    result.low.push_back(smallest(low, lower));
    result.high.push_back(smallest(high, upper));
  }
  return result;
}

ClassSets conformal_class_sets(const ClassProbabilities& calibration,
                               std::span<const double> probability, const ClassSetSpec& spec) {
  check_conf_level(spec.conf_level);
  const detail::UsedRows used = detail::used_class_rows(calibration);
  const std::size_t classes = calibration.classes;
  if (!calibration.weights.empty()) {
    throw ArgumentError(
        {.what = "calibration rows count alike: sets have no weights", .where = "weights"});
  }
  if (probability.size() % classes != 0) {
    throw ArgumentError({.what = "the probabilities are not a whole number of rows",
                         .got = std::to_string(probability.size()),
                         .expected = fmt::format("a multiple of {}", classes)});
  }
  const auto share = [&](StreamKey key, std::size_t row) {
    return spec.score == ClassSetScore::kAdaptive ? Stream(key, row).uniform() : 0.0;
  };
  ClassSets result{.classes = classes};
  detail::warn_unjudged(result.warnings, used.missing, used.unpredicted);
  std::vector<double> scores, of_row;
  const StreamKey own = spec.key.child("calibration");
  for (const auto row : used.rows) {
    class_scores(calibration.probability.subspan(row * classes, classes), spec.score,
                 share(own, row), of_row);
    scores.push_back(of_row[static_cast<std::size_t>(calibration.label[row])]);
  }
  const ConformalQuantile q = conformal_quantile(scores, spec.conf_level);
  append(result.warnings, q.warnings);
  result.quantile = q.value;
  const StreamKey new_rows = spec.key.child("rows");
  std::int64_t empty = 0;
  for (std::size_t row = 0; row * classes < probability.size(); ++row) {
    class_scores(probability.subspan(row * classes, classes), spec.score, share(new_rows, row),
                 of_row);
    bool any = false;
    for (const double s : of_row) {
      const bool in = !(s > q.value);  // NaN is in: nothing is known
      result.holds.push_back(in ? 1 : 0);
      any = any || in;
    }
    if (!any) ++empty;
  }
  if (empty > 0) {
    result.warnings.push_back(fmt::format("{} of {} sets are empty: rows unlike any class", empty,
                                          probability.size() / classes));
  }
  return result;
}

std::vector<Estimate> interval_scores(std::span<const double> outcome, std::span<const double> low,
                                      std::span<const double> high, double nominal,
                                      double conf_level) {
  check_conf_level(conf_level);
  check_conf_level(nominal);
  require_length("low", low.size(), outcome.size());
  require_length("high", high.size(), outcome.size());
  std::vector<double> inside, width, score;
  Gone gone;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (std::isnan(outcome[i]) || std::isnan(low[i]) || std::isnan(high[i])) {
      ++(std::isnan(outcome[i]) ? gone.missing : gone.unpredicted);
      continue;
    }
    const double miss = std::max({low[i] - outcome[i], 0.0, outcome[i] - high[i]});
    inside.push_back(miss == 0.0 ? 1.0 : 0.0);
    width.push_back(high[i] - low[i]);
    score.push_back(width.back() + 2.0 / (1.0 - nominal) * miss);
  }
  constexpr const char* kMethod = "interval_scores";
  return {coverage(inside, kMethod, gone, nominal, conf_level),
          mean_row("mean_width", kMethod, width, gone, conf_level),
          mean_row("interval_score", kMethod, score, gone, conf_level)};
}

std::vector<Estimate> class_set_scores(const ClassSets& sets, std::span<const std::int32_t> label,
                                       double nominal, double conf_level) {
  check_conf_level(conf_level);
  check_conf_level(nominal);
  require_length("sets", sets.holds.size(), label.size() * sets.classes);
  std::vector<double> inside, size;
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (label[i] < 0) continue;
    const auto set = std::span(sets.holds).subspan(i * sets.classes, sets.classes);
    const auto own = static_cast<std::size_t>(label[i]);
    inside.push_back(own < sets.classes && set[own] == 1 ? 1.0 : 0.0);
    size.push_back(static_cast<double>(std::ranges::count(set, std::uint8_t{1})));
  }
  constexpr const char* kMethod = "class_set_scores";
  const Gone gone{.missing = static_cast<std::int64_t>(label.size() - inside.size())};
  return {coverage(inside, kMethod, gone, nominal, conf_level),
          mean_row("mean_size", kMethod, size, gone, conf_level)};
}

}  // namespace impact
