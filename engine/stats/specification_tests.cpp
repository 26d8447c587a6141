#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/distribution.h"
#include "engine/stats/regression_diagnostics.h"
#include "engine/stats/row_states.h"
#include "engine/stats/sample.h"
#include "engine/stats/solved.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostCells = std::size_t{1} << 28U;
// A Wald test whose covariance is this close to singular in standard units is none.
constexpr double kSingular = 1e-12;

Estimate start(const char* method, const detail::Solved& solved) {
  Estimate row;
  row.term = "residuals";
  row.method = method;
  row.n = static_cast<std::int64_t>(solved.n());
  detail::warn_left_out(row.warnings, solved.rows.missing, solved.rows.infinite);
  return row;
}

// Whether the residuals can tell anything; a sentence if not.
bool usable(const detail::Solved& solved, double squares, Estimate& row) {
  if (solved.n() <= solved.rank()) {
    row.warnings.emplace_back("the fit leaves no residual to look at");
    return false;
  }
  if (squares > 0.0) return true;
  row.warnings.emplace_back("the fit is perfect: there is no residual to look at");
  return false;
}

// Residuals times the root of their weight.
std::vector<double> residuals(const detail::Solved& solved, const Context& context) {
  std::vector<double> e(solved.n());
  for_chunks(context, solved.n(), kChunkRows, [&](std::size_t begin, std::size_t end) {
    detail::each_block(solved, begin, end, [&](const detail::Block& block) {
      std::copy_n(block.residual.begin(), block.count,
                  e.begin() + static_cast<std::ptrdiff_t>(block.begin));
    });
  });
  return e;
}

// Fitted values, centred if there is an intercept, and brought to size one: their powers then span
// what those of the fitted values do, together with the columns, and no digit is lost.
std::vector<double> scaled_fit(const detail::Solved& solved, std::span<const double> e) {
  const detail::Model& model = solved.model;
  std::vector<double> fitted(solved.n());
  double squares = 0.0;
  for (std::size_t i = 0; i < fitted.size(); ++i) {
    const double root = model.weights == nullptr ? 1.0 : std::sqrt(model.weights[i]);
    fitted[i] = (model.y[i] - model.shift_y) - e[i] / root;
    squares += fitted[i] * fitted[i];
  }
  const double scale = std::sqrt(squares / static_cast<double>(fitted.size()));
  for (double& value : fitted) value /= scale;
  return fitted;
}

// n R^2 of the regression of e^2 - e'e / n on `x`, or half the explained squares over the variance.
void score_test(Estimate& row, std::span<const double> x, std::span<const double> e, double squares,
                bool normal, const Context& context) {
  const std::size_t n = e.size();
  const auto size = static_cast<double>(n);
  const double variance = squares / size;
  std::vector<double> outcome(n);
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    outcome[i] = e[i] * e[i] / variance - 1.0;
    total += outcome[i] * outcome[i];
  }
  const LinearFit fit = linear({.x = x, .columns = x.size() / n, .y = outcome},
                               {.se = SeType::kClassical, .explain = false}, context);
  if (fit.n <= fit.rank || fit.rank < 2) {
    row.warnings.emplace_back(fit.rank < 2 ? "the regressors do not vary: nothing to compare with"
                                           : "too few rows for a regression of the squares");
    return;
  }
  const double left = fit.residual_sd * fit.residual_sd * static_cast<double>(fit.n - fit.rank);
  row.estimate = std::max(0.0, 1.0 - left / total);
  row.statistic = normal ? 0.5 * row.estimate * total : size * row.estimate;
  row.df = static_cast<double>(fit.rank - 1);
  row.p_value = chi2_upper(row.statistic, row.df);
}

}  // namespace

Estimate breusch_pagan_test(const LinearData& data, bool normal, const Context& context) {
  const detail::Solved solved = detail::solve_rows(data, false, context);
  Estimate row = start("breusch_pagan", solved);
  row.se_type = normal ? "normal" : "koenker";
  const std::vector<double> e = residuals(solved, context);
  const double squares = detail::residual_squares(solved, context);
  if (usable(solved, squares, row)) score_test(row, solved.rows.x, e, squares, normal, context);
  return row;
}

Estimate white_test(const LinearData& data, bool fitted, const Context& context) {
  const detail::Solved solved = detail::solve_rows(data, false, context);
  Estimate row = start("white", solved);
  row.se_type = fitted ? "fitted" : "full";
  const std::vector<double> e = residuals(solved, context);
  const double squares = detail::residual_squares(solved, context);
  if (!usable(solved, squares, row)) return row;
  const std::size_t n = solved.n();
  std::vector<double> x(n, 1.0);
  if (fitted) {
    const std::vector<double> f = scaled_fit(solved, e);
    x.insert(x.end(), f.begin(), f.end());
    for (const double value : f) x.push_back(value * value);
  } else {
    std::vector<std::size_t> kept = solved.solution.kept;
    if (solved.model.intercept && !kept.empty()) kept.erase(kept.begin());
    const std::size_t columns = 1 + kept.size() + kept.size() * (kept.size() + 1) / 2;
    if (columns * n > kMostCells) {
      throw ResourceError({.what = "too many squares and products for White's test",
                           .got = std::to_string(columns) + " columns of " + std::to_string(n),
                           .expected = "at most 2^28 cells",
                           .hint = "the form with fitted values needs three columns"});
    }
    x.reserve(columns * n);
    // About their means the columns span the same, and lose no digit when squared.
    for (const std::size_t k : kept) {
      for (std::size_t i = 0; i < n; ++i) {
        x.push_back(solved.model.x[k * n + i] - solved.model.shift[k]);
      }
    }
    for (std::size_t a = 1; a <= kept.size(); ++a) {
      for (std::size_t b = a; b <= kept.size(); ++b) {
        for (std::size_t i = 0; i < n; ++i) x.push_back(x[a * n + i] * x[b * n + i]);
      }
    }
  }
  score_test(row, x, e, squares, false, context);
  return row;
}

namespace {

// With D taking first differences and A = D'D, of the rows of Q and of e:
struct Differences {
  double squares = 0.0;   // e'A e
  double products = 0.0;  // sum e_t e_(t-1)
  MatrixXd first = {};    // Q'A Q
  double second = 0.0;    // trace Q'A A Q

  void merge(const Differences& other) {
    squares += other.squares;
    products += other.products;
    first += other.first;
    second += other.second;
  }
};

// Rows [begin, end) and their neighbours on both sides.
Differences differences(const detail::Solved& solved, std::size_t begin, std::size_t end) {
  const std::size_t from = begin - std::min<std::size_t>(begin, 1);
  const std::size_t to = std::min(end + 1, solved.n());
  const auto r = static_cast<Index>(solved.rank());
  MatrixXd q(static_cast<Index>(to - from), r);
  VectorXd e(static_cast<Index>(to - from));
  detail::each_block(solved, from, to, [&](const detail::Block& block) {
    const auto at = static_cast<Index>(block.begin - from);
    const auto count = static_cast<Index>(block.count);
    for (Index k = 0; k < r; ++k) {
      const double* column = block.q.data() + static_cast<std::size_t>(k) * block.stride;
      q.col(k).segment(at, count) = Eigen::Map<const VectorXd>(column, count);
    }
    e.segment(at, count) = Eigen::Map<const VectorXd>(block.residual.data(), count);
  });
  Differences sums;
  sums.first = MatrixXd::Zero(r, r);
  VectorXd back(r), turn(r);
  for (std::size_t t = begin; t < end; ++t) {
    const auto i = static_cast<Index>(t - from);
    turn.setZero();
    if (t > 0) {
      back = q.row(i) - q.row(i - 1);
      sums.first.noalias() += back * back.transpose();
      turn += back;
      sums.squares += (e[i] - e[i - 1]) * (e[i] - e[i - 1]);
      sums.products += e[i] * e[i - 1];
    }
    if (t + 1 < solved.n()) turn += (q.row(i) - q.row(i + 1)).transpose();
    sums.second += turn.squaredNorm();
  }
  return sums;
}

}  // namespace

// d = e'A e / e'e with e = M u, M = I - QQ': with m = n - k,
//   mean = tr(MA) / m, var = 2 (m tr(MAMA) - tr(MA)^2) / (m^2 (m + 2)),
//   tr(MA) = 2 (n - 1) - tr(Q'AQ), tr(MAMA) = 2 (3n - 4) - 2 tr(Q'AAQ) + tr((Q'AQ)^2).
Estimate durbin_watson_test(const LinearData& data, const Context& context) {
  const detail::Solved solved = detail::solve_rows(data, true, context);
  Estimate row = start("durbin_watson", solved);
  row.se_type = "normal";
  const double squares = detail::residual_squares(solved, context);
  if (!usable(solved, squares, row)) return row;
  if (solved.rows.ties > 0) {
    row.warnings.push_back(detail::plural(solved.rows.ties, "row has", "rows have") +
                           " the time of an earlier one and follow it in the order of the data");
  }
  if (solved.rows.gaps > 0) {
    row.warnings.push_back("the time has " + detail::plural(solved.rows.gaps, "gap", "gaps") +
                           ": the rows on both sides count as neighbours");
  }
  const Differences sums = reduce_chunks<Differences>(
      context, solved.n(), kChunkRows,
      [&](std::size_t begin, std::size_t end) { return differences(solved, begin, end); },
      [](Differences& into, const Differences& from) { into.merge(from); });
  const auto n = static_cast<double>(solved.n());
  const double m = n - static_cast<double>(solved.rank());
  const double once = 2.0 * (n - 1.0) - sums.first.trace();
  const double twice = 2.0 * (3.0 * n - 4.0) - 2.0 * sums.second + sums.first.squaredNorm();
  const double variance = 2.0 * (m * twice - once * once) / (m * m * (m + 2.0));
  row.statistic = sums.squares / squares;
  row.estimate = sums.products / squares;
  row.df = std::numeric_limits<double>::infinity();
  if (variance > 0.0) {
    row.p_value = t_two_sided((row.statistic - once / m) / std::sqrt(variance), row.df);
  } else {
    row.warnings.emplace_back("too few rows for a test");
  }
  return row;
}

FTest reset_test(const LinearData& data, int highest, const Context& context) {
  if (highest < 2) {
    throw ArgumentError({.what = "RESET adds powers from the second on",
                         .where = "highest",
                         .got = std::to_string(highest),
                         .expected = "2 or more"});
  }
  const detail::Solved solved = detail::solve_rows(data, false, context);
  FTest result;
  Estimate& row = result.row = start("reset", solved);
  row.se_type = "classical";
  const std::vector<double> e = residuals(solved, context);
  const double squares = detail::residual_squares(solved, context);
  if (!usable(solved, squares, row)) return result;
  const std::vector<double> fitted = scaled_fit(solved, e);
  std::vector<double> x(solved.rows.x.begin(), solved.rows.x.end());
  std::vector<double> power = fitted;
  for (int k = 2; k <= highest; ++k) {
    for (std::size_t i = 0; i < power.size(); ++i) power[i] *= fitted[i];
    x.insert(x.end(), power.begin(), power.end());
  }
  const LinearFit fit = linear({.x = x,
                                .columns = x.size() / solved.n(),
                                .y = solved.rows.y,
                                .weights = solved.rows.weights},
                               {.se = SeType::kClassical, .explain = false}, context);
  row.df = static_cast<double>(fit.rank) - static_cast<double>(solved.rank());
  result.df2 = static_cast<double>(fit.n - fit.rank);
  if (row.df < static_cast<double>(highest - 1)) {
    row.warnings.emplace_back(
        row.df > 0.0 ? "powers that repeat the columns are left out"
                     : "the fitted values take too few values: their powers repeat the columns");
  }
  if (!(row.df > 0.0) || !(result.df2 > 0.0)) return result;
  const double left = fit.residual_sd * fit.residual_sd * result.df2;
  row.estimate = std::max(0.0, 1.0 - left / squares);
  row.statistic = std::max(0.0, squares - left) / row.df / (left / result.df2);
  row.p_value = f_upper(row.statistic, row.df, result.df2);
  return result;
}

Estimate jarque_bera_test(std::span<const double> residuals) {
  const Descriptive skewness = sample_skewness(residuals, MomentType::kPopulation);
  const Descriptive kurtosis = sample_kurtosis(residuals, MomentType::kPopulation);
  Estimate row;
  row.term = "residuals";
  row.method = "jarque_bera";
  row.se_type = "limit";
  row.n = skewness.n;
  row.warnings = skewness.warnings;
  if (row.warnings.empty()) row.warnings = kurtosis.warnings;
  row.estimate = skewness.value * skewness.value / 6.0 + kurtosis.value * kurtosis.value / 24.0;
  row.statistic = static_cast<double>(row.n) * row.estimate;
  row.df = 2.0;
  row.p_value = chi2_upper(row.statistic, row.df);
  return row;
}

ModelFit model_fit(const LinearFit& fit) {
  ModelFit result;
  const double rest =
      static_cast<double>(fit.n - (fit.about_mean ? 1 : 0)) / static_cast<double>(fit.n - fit.rank);
  result.r_squared = fit.r_squared;
  result.adjusted_r_squared = fit.n > fit.rank ? 1.0 - (1.0 - fit.r_squared) * rest : kNaN;
  Estimate& row = result.test.row;
  row.term = "model";
  row.method = "wald";
  row.se_type = se_type_name(fit.se);
  row.n = fit.n;
  row.estimate = fit.r_squared;
  row.warnings = fit.warnings;
  std::vector<std::size_t> tested;
  for (std::size_t k = fit.intercept ? 1 : 0; k < fit.coefficient.size(); ++k) {
    if (!std::isnan(fit.coefficient[k])) tested.push_back(k);
  }
  const auto q = static_cast<Index>(tested.size());
  row.df = static_cast<double>(q);
  const std::int64_t clusters =
      fit.second_clusters > 0 ? std::min(fit.clusters, fit.second_clusters) : fit.clusters;
  result.test.df2 = static_cast<double>(clustered(fit.se) ? clusters - 1 : fit.n - fit.rank);
  if (q == 0) {
    row.warnings.emplace_back("the model has no coefficient but the intercept: nothing to test");
    return result;
  }
  // In standard units, so that the units of the coefficients do not decide what is singular.
  VectorXd z(q);
  MatrixXd correlation(q, q);
  for (Index a = 0; a < q; ++a) {
    const std::size_t k = tested[static_cast<std::size_t>(a)];
    z[a] = fit.coefficient[k] / fit.std_error[k];
    for (Index b = 0; b < q; ++b) {
      const std::size_t m = tested[static_cast<std::size_t>(b)];
      correlation(a, b) =
          fit.covariance[m * fit.coefficient.size() + k] / (fit.std_error[k] * fit.std_error[m]);
    }
  }
  if (!z.allFinite() || !correlation.allFinite()) {
    row.warnings.emplace_back("a standard error is missing or zero: no test of the model");
    return result;
  }
  const Eigen::LDLT<MatrixXd> factor(correlation);
  if (!(factor.vectorD().minCoeff() > kSingular)) {
    row.warnings.emplace_back(
        "the covariance of the coefficients is singular (fewer clusters than coefficients?): no "
        "test of the model");
    return result;
  }
  row.statistic = z.dot(factor.solve(z)) / row.df;
  row.p_value = f_upper(row.statistic, row.df, result.test.df2);
  return result;
}

}  // namespace impact
