#include "engine/learn/regression_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/rng.h"
#include "engine/learn/left_out.h"
#include "engine/learn/row_means.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void check(const PredictedNumbers& data, const RegressionScoreSpec& spec) {
  check_conf_level(spec.conf_level);
  require_length("prediction", data.prediction.size(), data.outcome.size());
  require_optional_length("weights", data.weights.size(), data.outcome.size());
  require_weights(data.weights);
  for (const double q : spec.quantiles) {
    if (q > 0.0 && q < 1.0) continue;
    throw ArgumentError({.what = "the level of a quantile lies between 0 and 1",
                         .where = "quantiles",
                         .got = format_double(q),
                         .expected = "for example 0.9"});
  }
  for (const double p : spec.deviance_powers) {
    if (std::isfinite(p) && !(p > 0.0 && p < 1.0)) continue;
    throw ArgumentError({.what = "there is no Tweedie family with this power of the variance",
                         .where = "deviance_powers",
                         .got = format_double(p),
                         .expected = "at most 0, or 1 and more: 0 normal, 1 Poisson, 2 gamma"});
  }
}

std::string family(double power) {
  if (power == 0.0) return "normal";
  if (power == 1.0) return "poisson";
  if (power == 2.0) return "gamma";
  return fmt::format("tweedie({})", power);
}

// Makes the rows of the result from the rows that count.
class Scores {
 public:
  Scores(const PredictedNumbers& data, const RegressionScoreSpec& spec) : spec_(spec) {
    std::vector<double> weights;
    for (std::size_t i = 0; i < data.outcome.size(); ++i) {
      const double w = data.weights.empty() ? 1.0 : data.weights[i];
      if (std::isnan(data.outcome[i]) || std::isnan(w)) {
        ++missing_;
      } else if (std::isnan(data.prediction[i])) {
        ++unpredicted_;
      } else if (w > 0.0) {
        y_.push_back(data.outcome[i]);
        f_.push_back(data.prediction[i]);
        if (!data.weights.empty()) weights.push_back(w);
      }
    }
    means_ = detail::RowMeans(y_.size(), std::move(weights));
    infinite_ = std::ranges::count_if(y_, [](double v) { return std::isinf(v); }) +
                std::ranges::count_if(f_, [](double v) { return std::isinf(v); });
  }

  std::vector<Estimate> all() {
    const std::vector<double> error = each([](double y, double f) { return f - y; });
    const std::vector<double> square = each([](double y, double f) { return (f - y) * (f - y); });
    const std::vector<double> size = each([](double y, double f) { return std::abs(f - y); });
    const double centre = means_.mean(y_);
    const std::vector<double> spread =
        each([&](double y, double) { return (y - centre) * (y - centre); });
    constexpr const char* kEqual = "all outcomes are equal: there is nothing to explain";

    explained("r2", square, spread, kEqual);
    if (spec_.predictors >= 0) adjusted();
    const double mean_error = means_.mean(error);
    explained("explained_variance",
              each([&](double y, double f) { return (f - y - mean_error) * (f - y - mean_error); }),
              spread, kEqual);
    root_mean_square(square);
    mean("mae", size);
    median(size);
    percentage();
    mean("smape", each([](double y, double f) {
           const double sum = std::abs(y) + std::abs(f);
           return sum == 0.0 ? 0.0 : 2.0 * std::abs(f - y) / sum;
         }));
    wape(size);
    bias(error, mean_error);
    if (Estimate* row = start("max_error")) {
      row->estimate = *std::ranges::max_element(size);
      row->warnings.emplace_back("the largest error of more rows is larger: no interval");
    }
    for (const double q : spec_.quantiles) {
      mean(fmt::format("pinball({})", q),
           each([q](double y, double f) { return std::max(q * (y - f), (q - 1.0) * (y - f)); }));
    }
    for (const double power : spec_.deviance_powers) deviance(power, centre);
    return std::move(rows_);
  }

 private:
  template <class Term>
  std::vector<double> each(Term&& term) const {
    std::vector<double> values(y_.size());
    for (std::size_t i = 0; i < y_.size(); ++i) values[i] = term(y_[i], f_[i]);
    return values;
  }

  // A row with its number of rows and what everybody should know; null where nothing can follow.
  Estimate* start(std::string term) {
    Estimate& row = rows_.emplace_back();
    row.term = std::move(term);
    row.method = "regression_scores";
    row.n = static_cast<std::int64_t>(y_.size());
    detail::warn_unjudged(row.warnings, missing_, unpredicted_);
    if (y_.empty()) row.warnings.emplace_back("there is no row");
    detail::warn_infinite(row.warnings, infinite_);
    return y_.empty() || infinite_ > 0 ? nullptr : &row;
  }

  void set(Estimate& row, double estimate, const std::vector<double>& influence,
           const char* se_type, const detail::ScoreRange& range) const {
    row.se_type = se_type;
    detail::set_score(row, estimate, means_.std_error(influence), spec_.conf_level, range);
  }

  void mean(std::string term, std::vector<double> loss) {
    Estimate* row = start(std::move(term));
    if (row == nullptr) return;
    const double value = means_.mean(loss);
    for (double& l : loss) l -= value;
    set(*row, value, loss, "mean", {.least = 0.0});
  }

  // 1 - A / B, A and B means of a and b, has influence -(a - (A / B) b) / B: means that a and b
  // contain (of y, of e) minimise them, so they add nothing of first order.
  void explained(std::string term, const std::vector<double>& a, const std::vector<double>& b,
                 const char* why) {
    Estimate* row = start(std::move(term));
    if (row == nullptr) return;
    const double whole = means_.mean(b);
    if (!(whole > 0.0)) {
      row->warnings.emplace_back(why);
      return;
    }
    const double ratio = means_.mean(a) / whole;
    std::vector<double> influence(a.size());
    for (std::size_t i = 0; i < a.size(); ++i) influence[i] = (ratio * b[i] - a[i]) / whole;
    set(*row, 1.0 - ratio, influence, "delta", {.most = 1.0});
  }

  // r2 moved and stretched.
  void adjusted() {
    const Estimate r2 = rows_.back();
    Estimate* row = start("adjusted_r2");
    if (row == nullptr || std::isnan(r2.estimate)) {
      rows_.back().warnings = r2.warnings;
      return;
    }
    const auto n = static_cast<double>(y_.size());
    const double left = n - static_cast<double>(spec_.predictors) - 1.0;
    if (!(left > 0.0)) {
      row->warnings.push_back(
          fmt::format("{} rows are too few for {} predictors", y_.size(), spec_.predictors));
      return;
    }
    const double factor = (n - 1.0) / left;
    row->se_type = "delta";
    detail::set_score(*row, 1.0 - (1.0 - r2.estimate) * factor, r2.std_error * factor,
                      spec_.conf_level, {.most = 1.0});
  }

  void root_mean_square(const std::vector<double>& square) {
    Estimate* row = start("rmse");
    if (row == nullptr) return;
    const double value = means_.mean(square);
    std::vector<double> influence = square;
    for (double& s : influence) s -= value;
    set(*row, value, influence, "delta", {.least = 0.0});
    row->estimate = std::sqrt(value);
    row->std_error = value > 0.0 ? row->std_error / (2.0 * row->estimate) : row->std_error;
    row->conf_low = std::sqrt(row->conf_low);
    row->conf_high = std::sqrt(row->conf_high);
  }

  void median(const std::vector<double>& size) {
    Estimate* row = start("median_ae");
    if (row == nullptr) return;
    std::vector<double> weights(size.size());
    for (std::size_t i = 0; i < size.size(); ++i) weights[i] = means_.weight(i);
    row->estimate = weighted_quantile(size, weights, 0.5).value;
    if (size.size() < 2) {
      row->warnings.emplace_back("one row has no variance: no standard error");
      return;
    }
    const double z = normal_quantile(0.5 + 0.5 * spec_.conf_level);
    const double half = 0.5 * z / std::sqrt(means_.effective_rows());
    row->se_type = "woodruff";
    if (half >= 0.5) {
      row->conf_low = *std::ranges::min_element(size);
      row->conf_high = *std::ranges::max_element(size);
      row->warnings.emplace_back("too few rows for this level: the interval is their whole range");
    } else {
      row->conf_low = weighted_quantile(size, weights, 0.5 - half).value;
      row->conf_high = weighted_quantile(size, weights, 0.5 + half).value;
    }
    row->std_error = (row->conf_high - row->conf_low) / (2.0 * z);
    row->df = std::numeric_limits<double>::infinity();
  }

  // Mean of |e / y| over rows with y != 0 is a ratio of means: influence 1[y != 0] (t - mape) /
  // share.
  void percentage() {
    Estimate* row = start("mape");
    if (row == nullptr) return;
    const std::vector<double> used = each([](double y, double) { return y == 0.0 ? 0.0 : 1.0; });
    std::vector<double> term =
        each([](double y, double f) { return y == 0.0 ? 0.0 : std::abs((f - y) / y); });
    const auto zeros = std::ranges::count(used, 0.0);
    if (zeros > 0) {
      row->warnings.push_back(
          fmt::format("{} left out: an error has no percentage of 0",
                      detail::plural(zeros, "row with outcome 0 was", "rows with outcome 0 were")));
    }
    row->n -= zeros;
    const double share = means_.mean(used);
    if (row->n == 0) return;
    const double value = means_.mean(term) / share;
    for (std::size_t i = 0; i < term.size(); ++i) {
      term[i] = (term[i] - used[i] * value) / share;
    }
    set(*row, value, term, "mean", {.least = 0.0});
  }

  // A / B has influence (a - (A / B) b) / B.
  void wape(const std::vector<double>& size) {
    Estimate* row = start("wape");
    if (row == nullptr) return;
    const std::vector<double> whole = each([](double y, double) { return std::abs(y); });
    const double sum = means_.mean(whole);
    if (!(sum > 0.0)) {
      row->warnings.emplace_back("all outcomes are 0: errors have no percentage of them");
      return;
    }
    const double value = means_.mean(size) / sum;
    std::vector<double> influence(size.size());
    for (std::size_t i = 0; i < size.size(); ++i) influence[i] = (size[i] - value * whole[i]) / sum;
    set(*row, value, influence, "delta", {.least = 0.0});
  }

  void bias(std::vector<double> error, double mean_error) {
    Estimate* row = start("bias");
    if (row == nullptr) return;
    for (double& e : error) e -= mean_error;
    set(*row, mean_error, error, "mean", {});
    if (std::isnan(row->std_error)) return;
    const Inference test = infer(row->estimate, row->std_error, row->df, spec_.conf_level);
    row->statistic = test.statistic;
    row->p_value = test.p_value;
  }

  void deviance(double power, double centre) {
    const std::vector<double> loss =
        each([power](double y, double f) { return tweedie_deviance(y, f, power); });
    const auto outside = std::ranges::count_if(loss, [](double d) { return std::isnan(d); });
    const std::string name = family(power);
    if (outside > 0 && infinite_ == 0) {
      for (const char* score : {"deviance_", "d2_"}) {
        Estimate* row = start(score + name);
        row->warnings.push_back(
            fmt::format("{} of {} outside of what the {} deviance is defined for", outside,
                        y_.size(), name) +
            (power >= 2.0  ? ": predictions and outcomes above 0"
             : power > 0.0 ? ": predictions above 0, outcomes of 0 or more"
                           : ": predictions above 0"));
      }
      return;
    }
    mean("deviance_" + name, loss);
    const std::vector<double> null_loss =
        each([&](double y, double) { return tweedie_deviance(y, centre, power); });
    const bool defined = std::ranges::none_of(null_loss, [](double d) { return std::isnan(d); });
    explained("d2_" + name, loss, null_loss,
              defined ? "all outcomes are equal: there is nothing to explain"
                      : "the mean of the outcomes is not above 0: it has no such deviance");
  }

  const RegressionScoreSpec& spec_;
  std::vector<double> y_;
  std::vector<double> f_;
  detail::RowMeans means_{0, {}};
  std::int64_t missing_ = 0;
  std::int64_t unpredicted_ = 0;
  std::int64_t infinite_ = 0;
  std::vector<Estimate> rows_;
};

}  // namespace

double tweedie_deviance(double y, double m, double p) {
  if (p == 0.0) return (y - m) * (y - m);
  if (!(m > 0.0)) return kNaN;
  if (p == 1.0) {
    if (!(y >= 0.0)) return kNaN;
    return 2.0 * ((y == 0.0 ? 0.0 : y * std::log(y / m)) - y + m);
  }
  if (p == 2.0) {
    if (!(y > 0.0)) return kNaN;
    return 2.0 * (std::log(m / y) + y / m - 1.0);
  }
  if ((p > 2.0 && !(y > 0.0)) || (p > 1.0 && !(y >= 0.0)) || (p > 0.0 && p < 1.0)) return kNaN;
  return 2.0 * (std::pow(std::max(y, 0.0), 2.0 - p) / ((1.0 - p) * (2.0 - p)) -
                y * std::pow(m, 1.0 - p) / (1.0 - p) + std::pow(m, 2.0 - p) / (2.0 - p));
}

std::vector<Estimate> regression_scores(const PredictedNumbers& data,
                                        const RegressionScoreSpec& spec) {
  check(data, spec);
  return Scores(data, spec).all();
}

}  // namespace impact
