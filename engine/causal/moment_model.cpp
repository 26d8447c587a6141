#include "engine/causal/moment_model.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <Eigen/Cholesky>
#include <fmt/format.h>

#include "engine/causal/tailored_loss.h"
#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/glm.h"
#include "engine/stats/linear.h"
#include "engine/stats/newton.h"
#include "engine/stats/regression_rows.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr std::array<std::string_view, 9> kNames = {
    "linear",          "logistic",         "probit",          "poisson",          "balance_all",
    "balance_treated", "balance_controls", "entropy_treated", "entropy_controls",
};
constexpr int kMostIterations = 200;
// Balance counts as reached when what is left is this small a part of what was to be balanced.
constexpr double kBalanced = 1e-8;

double weight_of(const MomentData& data, std::size_t i) {
  return data.weights.empty() ? 1.0 : data.weights[i];
}

void check(const MomentData& data, MomentFamily family) {
  const auto refuse = [](std::string what, std::string where, std::string got,
                         std::string expected) {
    throw ArgumentError({.what = std::move(what),
                         .where = std::move(where),
                         .got = std::move(got),
                         .expected = std::move(expected)});
  };
  const std::size_t n = data.y.size();
  if (data.x.size() != n * data.columns) {
    refuse("columns and outcome differ in length", "x", std::to_string(data.x.size()),
           std::to_string(n * data.columns));
  }
  if (!data.weights.empty() && data.weights.size() != n) {
    refuse("weights and outcome differ in length", "weights", std::to_string(data.weights.size()),
           std::to_string(n));
  }
  for (std::size_t i = 0; i < n; ++i) {
    const double w = weight_of(data, i);
    if (!(w >= 0.0) || std::isinf(w)) {
      refuse("a weight is a finite number of 0 or more", fmt::format("weights, row {}", i + 1),
             fmt::format("{}", w), "0 or more");
    }
    if (w == 0.0) continue;
    const double y = data.y[i];
    const bool binary = family != MomentFamily::kLinear && family != MomentFamily::kPoisson;
    const bool known = std::isfinite(y) && (!binary || (y >= 0.0 && y <= 1.0)) &&
                       (family != MomentFamily::kPoisson || y >= 0.0);
    if (!known) {
      refuse(fmt::format("an outcome that a {} model does not know", moment_family_name(family)),
             fmt::format("y, row {}", i + 1), fmt::format("{}", y),
             binary ? "0 to 1" : "a finite number");
    }
  }
  for (std::size_t k = 0; k < data.x.size(); ++k) {
    if (std::isfinite(data.x[k])) continue;
    refuse("a number of the model is missing or infinite",
           fmt::format("column {}, row {}", k / n + 1, k % n + 1), fmt::format("{}", data.x[k]),
           "finite numbers");
  }
}

void adopt_glm(const MomentData& data, MomentFamily family, MomentModel& model,
               const Context& context) {
  GlmSpec spec;
  spec.family = family == MomentFamily::kLogistic ? GlmFamily::kLogistic
                : family == MomentFamily::kProbit ? GlmFamily::kProbit
                                                  : GlmFamily::kPoisson;
  const GlmFit fit = glm({.x = data.x,
                          .columns = data.columns,
                          .y = data.y,
                          .weights = data.weights,
                          .names = data.names},
                         spec, context);
  model.coefficient = fit.coefficient;
  model.n = fit.n;
  model.converged = fit.converged;
  model.warnings = fit.warnings;
  if (!fit.separated.empty() || fit.perfect_rows > 0) {
    model.broken.push_back(
        fmt::format("{} separates the rows of the {} model perfectly: it has no finite answer",
                    fit.separated.empty() ? std::string("something")
                                          : detail::column_words(data.names, fit.separated),
                    moment_family_name(family)));
  } else if (!fit.converged) {
    model.broken.push_back(
        fmt::format("the {} model did not converge", moment_family_name(family)));
  }
}

void adopt_linear(const MomentData& data, MomentModel& model, const Context& context) {
  const LinearFit fit = linear({.x = data.x,
                                .columns = data.columns,
                                .y = data.y,
                                .weights = data.weights,
                                .names = data.names},
                               {.se = SeType::kClassical}, context);
  model.coefficient = fit.coefficient;
  model.n = fit.n;
  model.converged = fit.n > 0;
  model.warnings = fit.warnings;
  if (fit.n == 0) model.broken.emplace_back("the linear model has no row to fit");
}

// The maximum of the tailored loss. Where no weights balance, the loss rises for ever: Newton's
// steps do not end, or find a direction.
void adopt_tailored(const MomentData& data, MomentFamily family, MomentModel& model,
                    const Context& context) {
  const auto likelihood = detail::moment_likelihood(family);
  detail::RegressionRows rows = detail::regression_rows(
      {.x = data.x, .columns = data.columns, .y = data.y, .weights = data.weights}, context);
  model.n = static_cast<std::int64_t>(rows.count());
  double treated = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; i < rows.count(); ++i) {
    const double w = rows.weights.empty() ? 1.0 : rows.weights[i];
    treated += w * rows.y[i];
    total += w;
  }
  model.coefficient.assign(data.columns, std::numeric_limits<double>::quiet_NaN());
  if (!(treated > 0.0 && treated < total)) {
    model.broken.emplace_back("there are not both treated and controls to balance");
    return;
  }
  const detail::IndependentColumns independent = detail::independent_columns(rows, context);
  if (independent.kept.size() < data.columns) {
    std::vector<std::size_t> dropped;
    for (std::size_t k = 0; k < data.columns; ++k) {
      if (std::ranges::find(independent.kept, k) == independent.kept.end()) dropped.push_back(k);
    }
    model.warnings.push_back(fmt::format("{} left out: dependent on the columns before",
                                         detail::column_words(data.names, dropped)));
  }
  detail::warn_almost_dependent(model.warnings, data.names, independent);
  rows.keep(std::vector<std::uint8_t>(rows.count(), 1), independent.kept);
  const detail::EtaProblem problem = detail::eta_problem(rows, *likelihood, context);
  VectorXd start = VectorXd::Zero(static_cast<Index>(rows.columns));
  if (problem.intercept) start[0] = detail::moment_start(family, treated / total);
  const detail::Maximum maximum = detail::maximise(problem, start, kMostIterations, context);
  const std::vector<double> b = detail::as_given(problem, maximum.beta);
  for (std::size_t k = 0; k < b.size(); ++k) model.coefficient[independent.kept[k]] = b[k];
  model.converged = maximum.converged && maximum.perfect.empty();
}

// x'b of all rows.
std::vector<double> predictor(const MomentData& data, std::span<const double> b,
                              const Context& context) {
  const std::size_t n = data.y.size();
  std::vector<double> eta(n, 0.0);
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      if (b[k] == 0.0) continue;
      const double* column = data.x.data() + k * n;
      for (std::size_t i = begin; i < end; ++i) eta[i] += b[k] * column[i];
    }
  });
  return eta;
}

void evaluate_scores(const MomentData& data, MomentModel& model, const Context& context) {
  const std::size_t n = data.y.size();
  model.score.assign(n, 0.0);
  model.curvature.assign(n, 0.0);
  const auto likelihood = detail::moment_likelihood(model.family);
  for_chunks(context, n, kChunkRows, [&](std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    std::vector<double> value(count);
    if (likelihood) {
      likelihood->terms(data.y.data() + begin, model.eta.data() + begin, count, value.data(),
                        model.score.data() + begin, model.curvature.data() + begin);
    }
    for (std::size_t i = begin; i < end; ++i) {
      const double w = weight_of(data, i);
      if (!likelihood) {
        model.score[i] = data.y[i] - model.eta[i];
        model.curvature[i] = 1.0;
      }
      // A row that does not enter may have any outcome.
      model.score[i] = w == 0.0 ? 0.0 : w * model.score[i];
      model.curvature[i] = w == 0.0 ? 0.0 : w * model.curvature[i];
    }
  });
}

// Largest |sum g x| / sum |g x| over the columns.
double largest_imbalance(const MomentData& data, const MomentModel& model) {
  const std::size_t n = data.y.size();
  double largest = 0.0;
  for (const std::size_t k : model.kept) {
    const double* column = data.x.data() + k * n;
    double sum = 0.0;
    double size = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += model.score[i] * column[i];
      size += std::abs(model.score[i] * column[i]);
    }
    if (size > 0.0) largest = std::max(largest, std::abs(sum) / size);
  }
  return largest;
}

bool balances(MomentFamily family) { return family >= MomentFamily::kBalanceAll; }

// A = sum curvature x x' and X'c, of columns about their means where there is an intercept: t is
// the same for any such shift.
struct Sums {
  MatrixXd squares;
  VectorXd product;
};

}  // namespace

std::string_view moment_family_name(MomentFamily family) {
  return kNames[static_cast<std::size_t>(family)];
}

MomentFamily parse_outcome_family(std::string_view name) {
  constexpr std::array<std::string_view, 4> kOutcomes = {kNames[0], kNames[1], kNames[2],
                                                         kNames[3]};
  return parse_choice<MomentFamily>(kOutcomes, name, "regression", "outcome");
}

MomentModel fit_moments(const MomentData& data, MomentFamily family, const Context& context) {
  check(data, family);
  MomentModel model;
  model.family = family;
  if (family == MomentFamily::kLinear) {
    adopt_linear(data, model, context);
  } else if (balances(family)) {
    adopt_tailored(data, family, model, context);
  } else {
    adopt_glm(data, family, model, context);
  }
  for (std::size_t k = 0; k < data.columns; ++k) {
    double& b = model.coefficient[k];
    if (std::isfinite(b)) {
      model.kept.push_back(k);
    } else {
      b = 0.0;
    }
  }
  model.eta = predictor(data, model.coefficient, context);
  evaluate_scores(data, model, context);
  model.imbalance = largest_imbalance(data, model);
  if (balances(family) && model.broken.empty() &&
      !(model.converged && model.imbalance < kBalanced)) {
    model.converged = false;
    model.broken.emplace_back(
        "no weights balance the columns: the groups do not overlap in some of them");
  }
  return model;
}

void MomentModel::mean(std::span<double> value, std::span<double> slope) const {
  for (std::size_t i = 0; i < eta.size(); ++i) {
    switch (family) {
      case MomentFamily::kLinear:
        value[i] = eta[i];
        slope[i] = 1.0;
        break;
      case MomentFamily::kProbit:
        value[i] = 0.5 * std::erfc(-eta[i] * M_SQRT1_2);
        slope[i] = std::exp(-0.5 * eta[i] * eta[i]) * 0.5 * M_2_SQRTPI * M_SQRT1_2;
        break;
      case MomentFamily::kPoisson:
      case MomentFamily::kEntropyTreated:
      case MomentFamily::kEntropyControls: value[i] = slope[i] = std::exp(eta[i]); break;
      default: {
        const double p = 1.0 / (1.0 + std::exp(-eta[i]));
        value[i] = p;
        slope[i] = p * (1.0 / (1.0 + std::exp(eta[i])));
      }
    }
  }
}

std::vector<double> MomentModel::correct(const MomentData& data, std::span<const double> c,
                                         std::span<double> influence,
                                         const Context& context) const {
  const std::size_t rows = eta.size();
  const auto m = static_cast<Index>(kept.size());
  std::vector<double> shift(kept.size(), 0.0);
  const bool intercept =
      !kept.empty() &&
      std::all_of(data.x.begin() + static_cast<std::ptrdiff_t>(kept[0] * rows),
                  data.x.begin() + static_cast<std::ptrdiff_t>((kept[0] + 1) * rows),
                  [](double x) { return x == 1.0; });
  for (std::size_t k = intercept ? 1 : kept.size(); k < kept.size(); ++k) {
    const double* column = data.x.data() + kept[k] * rows;
    double sum = 0.0;
    for (std::size_t i = 0; i < rows; ++i) sum += column[i];
    shift[k] = sum / static_cast<double>(rows);
  }
  const Sums sums = reduce_chunks<Sums>(
      context, rows, kChunkRows,
      [&](std::size_t begin, std::size_t end) {
        const auto count = static_cast<Index>(end - begin);
        MatrixXd block(count, m);
        MatrixXd scaled(count, m);
        for (Index k = 0; k < m; ++k) {
          const auto at = static_cast<std::size_t>(k);
          const double* column = data.x.data() + kept[at] * rows + begin;
          for (Index i = 0; i < count; ++i) {
            const double x = column[i] - shift[at];
            block(i, k) = x;
            scaled(i, k) = x * curvature[begin + static_cast<std::size_t>(i)];
          }
        }
        const Eigen::Map<const VectorXd> part(c.data() + begin, count);
        return Sums{block.transpose() * scaled, block.transpose() * part};
      },
      [](Sums& into, const Sums& from) {
        into.squares += from.squares;
        into.product += from.product;
      });
  std::vector<double> t(rows, 0.0);
  if (m == 0) return t;
  const VectorXd v = sums.squares.ldlt().solve(sums.product);
  for_chunks(context, rows, kChunkRows, [&](std::size_t begin, std::size_t end) {
    for (Index k = 0; k < m; ++k) {
      const auto at = static_cast<std::size_t>(k);
      const double* column = data.x.data() + kept[at] * rows;
      for (std::size_t i = begin; i < end; ++i) t[i] += v[k] * (column[i] - shift[at]);
    }
    for (std::size_t i = begin; i < end; ++i) influence[i] += t[i] * score[i];
  });
  return t;
}

}  // namespace impact
