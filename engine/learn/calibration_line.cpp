#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "engine/core/rng.h"
#include "engine/learn/calibration.h"
#include "engine/learn/left_out.h"
#include "engine/learn/pick.h"
#include "engine/learn/row_means.h"
#include "engine/stats/glm.h"
#include "engine/stats/inference.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Statistic and p-value of estimate = null_value.
void test(Estimate& row, double estimate, double std_error, double null_value, double conf_level) {
  row.estimate = estimate;
  row.std_error = std_error;
  row.null_value = null_value;
  row.df = kInfinity;
  const Inference interval = infer(estimate, std_error, kInfinity, conf_level);
  const Inference against = infer(estimate - null_value, std_error, kInfinity, conf_level);
  row.conf_low = interval.conf_low;
  row.conf_high = interval.conf_high;
  row.statistic = against.statistic;
  row.p_value = against.p_value;
}

}  // namespace

std::vector<Estimate> calibration_line(const ScoredLabels& data, double conf_level) {
  check_conf_level(conf_level);
  const detail::UsedRows used = detail::used_probabilities(data);
  std::vector<double> x, y, weights, logit;
  for (const auto i : used.rows) {
    const double p = data.score[i];
    if (p <= 0.0 || p >= 1.0) continue;
    logit.push_back(std::log(p) - std::log1p(-p));
    y.push_back(data.label[i]);
    if (!data.weights.empty()) weights.push_back(data.weights[i]);
  }
  x.assign(logit.size(), 1.0);
  x.insert(x.end(), logit.begin(), logit.end());
  const auto certain = static_cast<std::int64_t>(used.rows.size() - logit.size());
  GlmSpec spec;
  spec.se = weights.empty() ? SeType::kClassical : SeType::kHc0;
  std::vector<Estimate> rows;
  const auto start = [&](const char* term, const char* method) -> Estimate& {
    Estimate& row = rows.emplace_back();
    row.term = term;
    row.method = method;
    row.n = static_cast<std::int64_t>(used.rows.size());
    detail::warn_unjudged(row.warnings, used.missing, used.unpredicted);
    if (row.n == 0) row.warnings.emplace_back("there is no row");
    return row;
  };
  const auto fitted = [&](const char* term, const GlmFit* fit, std::size_t at, double null_value) {
    Estimate& row = start(term, "logistic_recalibration");
    row.n = static_cast<std::int64_t>(logit.size());
    row.se_type = weights.empty() ? "classical" : "HC0";
    if (certain > 0) {
      row.warnings.push_back(
          fmt::format("{} left out: there is no logit of 0 and 1",
                      detail::plural(certain, "certain row was", "certain rows were")));
    }
    if (fit == nullptr) return;
    row.warnings.insert(row.warnings.end(), fit->warnings.begin(), fit->warnings.end());
    // A fit that has not converged is no result.
    if (!fit->converged || std::isnan(fit->coefficient[at])) return;
    test(row, fit->coefficient[at], fit->std_error[at], null_value, conf_level);
  };
  if (logit.empty()) {
    for (const char* term :
         {"calibration_slope", "calibration_intercept", "calibration_in_the_large"}) {
      fitted(term, nullptr, 0, 0.0);
    }
  } else {
    const std::vector<std::string> names = {"(intercept)", "logit"};
    const GlmFit line =
        glm({.x = x, .columns = 2, .y = y, .weights = weights, .names = names}, spec);
    const GlmFit level = glm({.x = std::span<const double>(x).first(logit.size()),
                              .columns = 1,
                              .y = y,
                              .weights = weights,
                              .offset = logit,
                              .names = std::span<const std::string>(names).first(1)},
                             spec);
    fitted("calibration_slope", &line, 1, 1.0);
    fitted("calibration_intercept", &line, 0, 0.0);
    fitted("calibration_in_the_large", &level, 0, 0.0);
  }

  // log(O / E) has influence y / O - p / E.
  const std::size_t n = used.rows.size();
  const detail::RowMeans means(n, detail::pick(data.weights, used.rows));
  const std::vector<double> p = detail::pick(data.score, used.rows);
  std::vector<double> happened(n), influence(n);
  for (std::size_t i = 0; i < n; ++i) happened[i] = data.label[used.rows[i]];
  Estimate& ratio = start("calibration_ratio", "calibration_ratio");
  ratio.null_value = 1.0;
  if (n > 0) {
    const double observed = means.mean(happened);
    const double expected = means.mean(p);
    if (!(observed > 0.0 && expected > 0.0)) {
      ratio.warnings.emplace_back("nothing happened, or nothing was expected: no ratio");
    } else {
      for (std::size_t i = 0; i < n; ++i) influence[i] = happened[i] / observed - p[i] / expected;
      const double se = means.std_error(influence);
      ratio.estimate = observed / expected;
      ratio.std_error = ratio.estimate * se;
      ratio.se_type = "delta";
      ratio.df = kInfinity;
      const Inference logarithm = infer(std::log(ratio.estimate), se, kInfinity, conf_level);
      ratio.statistic = logarithm.statistic;
      ratio.p_value = logarithm.p_value;
      ratio.conf_low = std::exp(logarithm.conf_low);
      ratio.conf_high = std::exp(logarithm.conf_high);
    }
  }

  // Under calibration, y - p has variance p (1 - p) given p: z = sum w (y - p)(1 - 2p) over the
  // root of sum w^2 (1 - 2p)^2 p (1 - p). Dividing both by sum w (1 - 2p)^2 makes an estimate of
  // it.
  Estimate& z = start("spiegelhalter", "spiegelhalter");
  if (n > 0) {
    std::vector<double> distance(n), variance(n), scale(n);
    for (std::size_t i = 0; i < n; ++i) {
      const double lean = 1.0 - 2.0 * p[i];
      distance[i] = (happened[i] - p[i]) * lean;
      variance[i] = means.weight(i) * lean * lean * p[i] * (1.0 - p[i]);
      scale[i] = lean * lean;
    }
    const double size = means.mean(scale);
    const double error = std::sqrt(means.mean(variance) / means.total());
    if (size > 0.0 && error > 0.0) {
      z.se_type = "binomial";
      test(z, means.mean(distance) / size, error / size, 0.0, conf_level);
    } else {
      z.warnings.emplace_back("all probabilities are 0, 1/2 or 1: no test");
    }
  }
  return rows;
}

}  // namespace impact
