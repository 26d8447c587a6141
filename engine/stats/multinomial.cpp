#include "engine/stats/multinomial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/multinomial_fit.h"
#include "engine/stats/row_states.h"

namespace impact {
namespace {

using detail::MultinomialMaximum;
using detail::MultinomialProblem;
using Eigen::Index;
using Eigen::MatrixXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
// A column belongs to a direction of separation if its part of it exceeds this share of the
// largest, both in standard deviations.
constexpr double kPartOfDirection = 1e-3;

void check(const MultinomialData& data, const MultinomialSpec& spec) {
  detail::require_se(spec.se, data.clusters, data.y.size());
  if (spec.se == SeType::kHc2 || spec.se == SeType::kHc3) {
    throw ArgumentError({.what = "a multinomial regression has no leverages",
                         .where = "se",
                         .got = std::string(se_type_name(spec.se)),
                         .expected = "classical, HC0, HC1, CR0 or CR1"});
  }
  if (data.levels < 2 || data.levels > kMostLevels) {
    throw ArgumentError({.what = "the outcome of a multinomial regression has two levels or more",
                         .where = "levels",
                         .got = std::to_string(data.levels),
                         .expected = fmt::format("2 to {}", kMostLevels)});
  }
  if (!data.level_names.empty()) {
    require_length("level_names", data.level_names.size(), data.levels);
  }
  const auto in_range = [&](std::int32_t code) {
    return code < static_cast<std::int32_t>(data.levels);
  };
  if (!in_range(spec.reference) || spec.reference < 0) {
    throw ArgumentError({.what = "the reference is no level",
                         .where = "reference",
                         .got = std::to_string(spec.reference),
                         .expected = fmt::format("0 to {}", data.levels - 1)});
  }
  for (std::size_t i = 0; i < data.y.size(); ++i) {
    if (in_range(data.y[i])) continue;
    throw ArgumentError({.what = "a code of the outcome is no level",
                         .where = "row " + std::to_string(i + 1),
                         .got = std::to_string(data.y[i]),
                         .expected = fmt::format("0 to {}", data.levels - 1)});
  }
}

std::string level_word(const MultinomialData& data, std::size_t code) {
  return data.level_names.empty() ? fmt::format("level {}", code)
                                  : "'" + data.level_names[code] + "'";
}

// sum of weights of each level; ll of shares, or of equal chances without intercept.
double null_value(const MultinomialProblem& problem, bool intercept) {
  std::vector<double> sums(static_cast<std::size_t>(problem.others) + 1, 0.0);
  double total = 0.0;
  for (std::size_t i = 0; i < problem.rows.count(); ++i) {
    sums[problem.level[i]] += problem.weight(i);
    total += problem.weight(i);
  }
  if (!intercept) return -total * std::log(static_cast<double>(sums.size()));
  double value = 0.0;
  for (const double sum : sums) value += sum * std::log(sum / total);
  return value;
}

// Numbers of gamma as those of the columns as given, in the places of all levels and columns.
// `present` are the places of the levels in use, `kept` those of the columns.
void place(const MultinomialProblem& problem, const MultinomialMaximum& maximum,
           const MatrixXd& of_gamma, const std::vector<std::size_t>& present,
           const std::vector<std::size_t>& kept, std::size_t columns, MultinomialFit& fit) {
  const Index k = problem.columns();
  const MatrixXd& c = problem.contrast;
  const MatrixXd beta = c.transpose() * maximum.gamma;
  // A direction's part in a column, in standard deviations of the column.
  MatrixXd part = MatrixXd::Zero(k, problem.others);
  if (maximum.direction.size() > 0) {
    part = (c.transpose() * maximum.direction).cwiseAbs();
    const double root_n = std::sqrt(static_cast<double>(problem.rows.count()));
    for (Index a = 0; a < k; ++a) part.row(a) *= problem.triangle.col(a).norm() / root_n;
    part /= part.maxCoeff();
  }
  const std::size_t size = fit.coefficient.size();
  const auto gone = [&](Index a, Index level) { return part(a, level) > kPartOfDirection; };
  for (Index la = 0; la < problem.others; ++la) {
    for (Index lb = 0; lb < problem.others; ++lb) {
      const MatrixXd block = c.transpose() * of_gamma.block(la * k, lb * k, k, k) * c;
      for (Index a = 0; a < k; ++a) {
        const std::size_t at =
            present[static_cast<std::size_t>(la)] * columns + kept[static_cast<std::size_t>(a)];
        if (gone(a, la)) continue;
        for (Index b = 0; b < k; ++b) {
          if (gone(b, lb)) continue;
          const std::size_t to =
              present[static_cast<std::size_t>(lb)] * columns + kept[static_cast<std::size_t>(b)];
          fit.covariance[to * size + at] = block(a, b);
        }
        if (la != lb) continue;
        fit.coefficient[at] = beta(a, la);
        fit.std_error[at] = std::sqrt(block(a, a) < 0.0 ? 0.0 : block(a, a));
      }
    }
  }
}

}  // namespace

MultinomialFit multinomial(const MultinomialData& data, const MultinomialSpec& spec,
                           const Context& context) {
  check(data, spec);
  std::vector<double> outcome(data.y.begin(), data.y.end());
  for (double& code : outcome) code = code < 0.0 ? kNaN : code;
  MultinomialProblem problem{.rows = detail::regression_rows({.x = data.x,
                                                              .columns = data.columns,
                                                              .y = outcome,
                                                              .weights = data.weights,
                                                              .clusters = data.clusters,
                                                              .names = data.names})};
  detail::RegressionRows& rows = problem.rows;
  MultinomialFit fit;
  fit.se = spec.se;
  fit.n = std::llround(rows.total(spec.frequency));
  fit.clusters = static_cast<std::int64_t>(detail::group_rows(rows.clusters).count());
  for (std::size_t code = 0; code < data.levels; ++code) {
    if (static_cast<std::int32_t>(code) != spec.reference) {
      fit.level.push_back(static_cast<std::int32_t>(code));
    }
  }
  const std::size_t size = fit.level.size() * data.columns;
  fit.coefficient.assign(size, kNaN);
  fit.std_error.assign(size, kNaN);
  fit.covariance.assign(size * size, kNaN);
  const auto say = [&](std::string text) {
    if (spec.explain && !text.empty()) fit.warnings.push_back(std::move(text));
  };
  if (spec.explain) detail::warn_left_out(fit.warnings, rows.missing, rows.infinite);

  // Levels in use: the reference is 0, the others follow in code order.
  std::vector<std::size_t> rank_of(data.levels, 0);
  std::vector<std::size_t> present;
  std::vector<std::uint8_t> occurs(data.levels, 0);
  for (const double code : rows.y) occurs[static_cast<std::size_t>(code)] = 1;
  std::vector<std::string> absent;
  for (std::size_t a = 0; a < fit.level.size(); ++a) {
    const auto code = static_cast<std::size_t>(fit.level[a]);
    if (occurs[code] == 0) {
      absent.push_back(level_word(data, code));
    } else {
      present.push_back(a);
      rank_of[code] = present.size();
    }
  }
  if (rows.count() == 0 || data.columns == 0) {
    say(rows.count() == 0 ? "no row is left to fit" : "no column to fit");
    return fit;
  }
  if (!absent.empty()) say(fmt::format("{} occur(s) in no row", list_words(absent)));
  if (present.empty() || occurs[static_cast<std::size_t>(spec.reference)] == 0) {
    say(present.empty() ? "the outcome has one level only: nothing to estimate"
                        : "the reference level occurs in no row: nothing to compare with");
    return fit;
  }
  for (const double code : rows.y) {
    problem.level.push_back(rank_of[static_cast<std::size_t>(code)]);
  }
  problem.others = static_cast<Index>(present.size());

  const detail::IndependentColumns independent = detail::independent_columns(rows, context);
  const std::vector<std::size_t>& kept = independent.kept;
  for (std::size_t k = 0; k < data.columns; ++k) {
    if (std::ranges::find(kept, k) == kept.end()) fit.dropped.push_back(k);
  }
  if (!fit.dropped.empty()) {
    rows.keep(std::vector<std::uint8_t>(rows.count(), 1), kept);
    say(fmt::format("{} left out: linear combination(s) of earlier columns",
                    detail::column_words(data.names, fit.dropped)));
  }
  if (spec.explain) detail::warn_almost_dependent(fit.warnings, data.names, independent);
  detail::Model model{.rows = rows.count(),
                      .columns = rows.columns,
                      .x = rows.x.data(),
                      .y = rows.y.data(),
                      .weights = rows.weights.empty() ? nullptr : rows.weights.data()};
  detail::centre(model, context);
  const detail::Solution solution = detail::solve(model, context);
  const auto k = static_cast<Index>(solution.kept.size());
  problem.shift = model.shift;
  problem.triangle = Eigen::Map<const MatrixXd>(solution.triangle.data(), k, k);
  problem.contrast = Eigen::Map<const MatrixXd>(solution.contrast.data(), k, k);

  const MultinomialMaximum maximum = detail::maximise(problem, spec.most_iterations, context);
  fit.iterations = maximum.iterations;
  fit.converged = maximum.converged || maximum.everything;
  fit.separated = maximum.direction.size() > 0;
  fit.parameters = k * problem.others;
  fit.log_likelihood = maximum.everything ? 0.0 : maximum.at.value;
  fit.null_log_likelihood = null_value(problem, model.intercept);
  fit.deviance = -2.0 * fit.log_likelihood;
  const auto parameters = static_cast<double>(fit.parameters);
  fit.aic = fit.deviance + 2.0 * parameters;
  fit.bic = fit.deviance + std::log(static_cast<double>(fit.n)) * parameters;
  fit.mcfadden = 1.0 - fit.log_likelihood / fit.null_log_likelihood;
  if (maximum.everything) {
    say("complete separation: a combination of the columns predicts every outcome perfectly, so "
        "that no estimate is finite; look for a column that encodes the outcome");
    return fit;
  }
  place(problem, maximum, detail::multinomial_covariance(problem, maximum, spec, context), present,
        kept, data.columns, fit);
  if (fit.separated) {
    std::vector<std::size_t> columns;
    for (std::size_t c = 0; c < data.columns; ++c) {
      bool gone = false;
      for (const std::size_t a : present)
        gone = gone || std::isnan(fit.coefficient[a * data.columns + c]);
      if (gone && std::ranges::find(kept, c) != kept.end()) columns.push_back(c);
    }
    say(
        fmt::format("separation: {} rule(s) out some level(s) perfectly, so that no finite "
                    "estimate exists for them",
                    detail::column_words(data.names, columns)));
  }
  if (!fit.converged) {
    say(fmt::format("not converged after {} iterations: do not use", fit.iterations));
  }
  if (spec.explain) detail::warn_clusters(fit.warnings, fit.se, fit.clusters);
  return fit;
}

std::vector<Estimate> to_estimates(const MultinomialFit& fit, std::span<const std::string> names,
                                   std::span<const std::string> level_names, double conf_level) {
  require_length("level_names", level_names.size(), fit.level.size() + 1);
  require_length("names", names.size() * fit.level.size(), fit.coefficient.size());
  std::vector<Estimate> estimates;
  for (std::size_t i = 0; i < fit.coefficient.size(); ++i) {
    if (std::isnan(fit.coefficient[i])) continue;
    Estimate& row = estimates.emplace_back();
    row.term = level_names[static_cast<std::size_t>(fit.level[i / names.size()])] + ":" +
               names[i % names.size()];
    row.method = "multinomial";
    row.se_type = se_type_name(fit.se);
    row.warnings = fit.warnings;
    complete(row,
             {fit.coefficient[i], fit.std_error[i], std::numeric_limits<double>::infinity(), fit.n},
             conf_level);
  }
  return estimates;
}

}  // namespace impact
