#include "engine/learn/classification.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/learn/left_out.h"
#include "engine/stats/inference.h"

namespace impact {
namespace {

void check_matrix(const ConfusionMatrix& m) {
  for (const double count :
       {m.true_positive, m.false_positive, m.true_negative, m.false_negative, m.weight_squares}) {
    if (count >= 0.0 && std::isfinite(count)) continue;
    throw ArgumentError({.what = "a confusion matrix holds finite counts",
                         .got = format_double(count),
                         .expected = "0 or more"});
  }
}

}  // namespace

namespace detail {

// (p + z^2/2n -+ z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n); an end at 0 or 1 is exact.
ShareLimits wilson_limits(double p, double n, double conf_level) {
  const double z = normal_quantile(0.5 + 0.5 * conf_level);
  const double half = z * z / (2.0 * n);
  const double root = z * std::sqrt(p * (1.0 - p) / n + half / (2.0 * n));
  const double scale = 1.0 + 2.0 * half;
  return {.low = p == 0.0 ? 0.0 : std::max(0.0, (p + half - root) / scale),
          .high = p == 1.0 ? 1.0 : std::min(1.0, (p + half + root) / scale)};
}

}  // namespace detail

ConfusionMatrix confusion_matrix(const ScoredLabels& data, double threshold) {
  if (std::isnan(threshold)) {
    throw ArgumentError({.what = "the threshold is not a number",
                         .where = "threshold",
                         .hint = "no threshold fulfils the rule that was to choose it"});
  }
  const detail::UsedRows used = detail::used_rows(data);
  ExactSum cell[2][2];
  ExactSum squares;
  for (const auto i : used.rows) {
    const double weight = data.weights.empty() ? 1.0 : data.weights[i];
    cell[data.score[i] >= threshold ? 1 : 0][data.label[i]].add(weight);
    squares.add(weight * weight);
  }
  return {.true_positive = cell[1][1].round(),
          .false_positive = cell[1][0].round(),
          .true_negative = cell[0][0].round(),
          .false_negative = cell[0][1].round(),
          .weight_squares = squares.round(),
          .n = static_cast<std::int64_t>(used.rows.size()),
          .missing = used.missing,
          .unpredicted = used.unpredicted};
}

ConfusionMatrix confusion_matrix(std::span<const std::int32_t> called,
                                 std::span<const std::int32_t> label,
                                 std::span<const double> weights) {
  std::vector<double> score(called.size());
  std::transform(called.begin(), called.end(), score.begin(),
                 [](std::int32_t c) { return c < 0 ? NAN : static_cast<double>(c); });
  return confusion_matrix({.score = score, .label = label, .weights = weights}, 0.5);
}

std::vector<Estimate> classification_scores(const ConfusionMatrix& matrix,
                                            const ClassificationSpec& spec) {
  check_matrix(matrix);
  check_conf_level(spec.conf_level);
  if (!(spec.beta > 0.0 && std::isfinite(spec.beta))) {
    throw ArgumentError({.what = "beta weighs recall against precision",
                         .where = "beta",
                         .got = format_double(spec.beta),
                         .expected = "a number above 0, for example 2"});
  }
  const auto [tp, fp, tn, fn] = std::tuple(matrix.true_positive, matrix.false_positive,
                                           matrix.true_negative, matrix.false_negative);
  const double all = matrix.total();
  // Weighted rows count as sum w / (sum w^2 / sum w) rows of one weight.
  const double row_weight = all > 0.0 ? matrix.weight_squares / all : 1.0;

  std::vector<Estimate> rows;
  const auto start = [&](const char* term) -> Estimate& {
    Estimate& row = rows.emplace_back();
    row.term = term;
    row.n = matrix.n;
    row.method = "confusion_matrix";
    detail::warn_unjudged(row.warnings, matrix.missing, matrix.unpredicted);
    return row;
  };
  const auto ratio = [](Estimate& row, double part, double whole, const char* why) {
    if (whole > 0.0) {
      row.estimate = part / whole;
    } else {
      row.warnings.emplace_back(why);
    }
  };
  // By value: rows moves as it grows.
  const auto share = [&](const char* term, double part, double whole, const char* why) {
    Estimate& row = start(term);
    ratio(row, part, whole, why);
    if (whole > 0.0) {
      row.se_type = "wilson";
      const double n = whole / row_weight;
      row.std_error = std::sqrt(row.estimate * (1.0 - row.estimate) / n);
      const auto limits = detail::wilson_limits(row.estimate, n, spec.conf_level);
      row.conf_low = limits.low;
      row.conf_high = limits.high;
    }
    return row;
  };
  // The scores below do not change when all counts are multiplied, so sum count_i g_i = 0 for the
  // derivatives g by TP, FP, TN, FN, and the multinomial variance is sum count_i g_i^2 (counts of
  // weight 1).
  const auto delta = [&](const std::array<double, 4>& g, double least, Estimate& row) {
    if (std::isnan(row.estimate)) return;
    const double variance =
        tp * g[0] * g[0] + fp * g[1] * g[1] + tn * g[2] * g[2] + fn * g[3] * g[3];
    row.std_error = std::sqrt(variance * row_weight);
    row.se_type = "delta";
    const double z = normal_quantile(0.5 + 0.5 * spec.conf_level);
    row.conf_low = std::max(least, row.estimate - z * row.std_error);
    row.conf_high = std::min(1.0, row.estimate + z * row.std_error);
  };
  constexpr const char* kNoRow = "there is no row";
  constexpr const char* kNoPositive = "there is no positive row";
  constexpr const char* kNoNegative = "there is no negative row";

  share("accuracy", tp + tn, all, kNoRow);
  start("balanced_accuracy");
  const std::size_t balanced = rows.size() - 1;
  share("precision", tp, tp + fp, "no row was called positive");
  const Estimate recall = share("recall", tp, tp + fn, kNoPositive);
  const Estimate specificity = share("specificity", tn, tn + fp, kNoNegative);
  share("negative_value", tn, tn + fn, "no row was called negative");
  share("prevalence", tp + fn, all, kNoRow);

  // Limits of a mean of two shares: each end is as far as the two ends together, in quadrature.
  if (tp + fn > 0.0 && tn + fp > 0.0) {
    Estimate& row = rows[balanced];
    row.estimate = 0.5 * (recall.estimate + specificity.estimate);
    row.std_error = 0.5 * std::hypot(recall.std_error, specificity.std_error);
    row.conf_low = row.estimate - 0.5 * std::hypot(recall.estimate - recall.conf_low,
                                                   specificity.estimate - specificity.conf_low);
    row.conf_high = row.estimate + 0.5 * std::hypot(recall.conf_high - recall.estimate,
                                                    specificity.conf_high - specificity.estimate);
    row.se_type = "wilson";
  } else {
    rows[balanced].warnings.emplace_back(tp + fn > 0.0 ? kNoNegative : kNoPositive);
  }

  constexpr const char* kNothing = "no row is positive and none was called positive";
  Estimate& f1 = start("f1");
  ratio(f1, 2.0 * tp, 2.0 * tp + fp + fn, kNothing);
  if (tp + fp + fn > 0.0) {
    const double hits = tp + fp + fn;
    const auto limits = detail::wilson_limits(tp / hits, hits / row_weight, spec.conf_level);
    f1.conf_low = 2.0 * limits.low / (1.0 + limits.low);
    f1.conf_high = 2.0 * limits.high / (1.0 + limits.high);
    f1.se_type = "wilson";
  }
  if (spec.beta != 1.0) {
    // U / V, U = (1 + b^2) TP, V = U + b^2 FN + FP.
    const double b = spec.beta * spec.beta;
    const double v = (1.0 + b) * tp + b * fn + fp;
    Estimate& row = start("f_beta");
    ratio(row, (1.0 + b) * tp, v, kNothing);
    const double f = row.estimate;
    delta({(1.0 + b) * (1.0 - f) / v, -f / v, 0.0, -b * f / v}, 0.0, row);
  }
  // M / sqrt(R), M = TP TN - FP FN, R the product of the margins: dM / sqrt(R) - mcc dlog(R) / 2.
  // Roots one by one: the product of four margins overflows for large weights.
  const double m = tp * tn - fp * fn;
  const double root =
      std::sqrt(tp + fp) * std::sqrt(tp + fn) * std::sqrt(tn + fp) * std::sqrt(tn + fn);
  Estimate& mcc = start("mcc");
  ratio(mcc, m, root, "rows of one class only, or all called the same");
  const double half = 0.5 * mcc.estimate;
  delta({tn / root - half * (1.0 / (tp + fp) + 1.0 / (tp + fn)),
         -fn / root - half * (1.0 / (tp + fp) + 1.0 / (tn + fp)),
         tp / root - half * (1.0 / (tn + fp) + 1.0 / (tn + fn)),
         -fp / root - half * (1.0 / (tp + fn) + 1.0 / (tn + fn))},
        -1.0, mcc);
  // Chance agreement c = ((TP+FP)(TP+FN) + (TN+FN)(TN+FP)) / all^2, so that
  // kappa = 2 M / D, D = (TP+FP)(TN+FP) + (TP+FN)(TN+FN).
  const double d = (tp + fp) * (tn + fp) + (tp + fn) * (tn + fn);
  Estimate& kappa = start("kappa");
  ratio(kappa, 2.0 * m, d, "all rows are of one class and all were called so");
  const double k = kappa.estimate;
  delta({(2.0 * tn - k * (fp + 2.0 * tn + fn)) / d, (-2.0 * fn - k * (tp + 2.0 * fp + tn)) / d,
         (2.0 * tp - k * (2.0 * tp + fp + fn)) / d, (-2.0 * fp - k * (tp + 2.0 * fn + tn)) / d},
        -1.0, kappa);
  return rows;
}

}  // namespace impact
