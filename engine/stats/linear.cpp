#include "engine/stats/linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/stats/groups.h"
#include "engine/stats/inference.h"
#include "engine/stats/least_squares.h"
#include "engine/stats/lengths.h"
#include "engine/stats/linear_rows.h"
#include "engine/stats/newey_west.h"
#include "engine/stats/row_states.h"
#include "engine/stats/sample.h"
#include "engine/stats/sandwich.h"

namespace impact {
namespace {

using detail::CompleteRows;
using detail::Factor;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 9> kSeNames = {"classical", "HC0", "HC1", "HC2", "HC3",
                                                      "CR0",       "CR1", "CR2", "NW"};
// CR2 decomposes a matrix with a row for each dummy in every cluster.
constexpr std::size_t kMostClusterDummies = 500;
// Numbers that dummies may take: one gigabyte.
constexpr std::size_t kMostDummyCells = std::size_t{1} << 27U;
// CR0 and CR1 are too small on average below this (Cameron, Gelbach & Miller 2008).
constexpr std::int64_t kManyClusters = 30;
// Below this the t distribution no longer describes a CR2 statistic (Tipton 2015).
constexpr double kFewDf = 4.0;
// A kept column with less than this of its own is worth a warning.
constexpr double kAlmostDependent = 1e-7;

// Whether every level of the factor lies in one cluster.
bool nested(const Factor& factor, std::span<const std::int32_t> clusters) {
  std::vector<std::int32_t> home(factor.levels, -1);
  for (std::size_t i = 0; i < clusters.size(); ++i) {
    std::int32_t& cluster = home[static_cast<std::size_t>(factor.codes[i])];
    if (cluster == -1) cluster = clusters[i];
    if (cluster != clusters[i]) return false;
  }
  return true;
}

// How absorbed factors are dealt with.
struct Plan {
  bool sweep = true;
  bool unavailable = false;  // no standard errors
};

// Within clusters that hold whole levels, a swept factor changes no CR2: its directions are those
// that the cluster fits by itself, and orthogonal to the swept columns (Pustejovsky & Tipton 2018,
// theorem 2). Elsewhere, and with weights, CR2 needs the dummies.
Plan make_plan(const CompleteRows& rows, SeType se) {
  Plan plan;
  if (rows.factors.empty()) return plan;
  if (se == SeType::kCr2) {
    const Factor& largest = rows.factors[detail::swept_factor(rows.factors)];
    plan.sweep = rows.weights.empty() && nested(largest, rows.clusters);
    if (!plan.sweep && detail::dummy_count(rows.factors, false) > kMostClusterDummies) {
      plan = {.sweep = true, .unavailable = true};
    }
  }
  const std::size_t dummies = detail::dummy_count(rows.factors, plan.sweep);
  if (dummies > kMostDummies || dummies * rows.y.size() > kMostDummyCells) {
    throw ResourceError(
        {.what = "too many levels in the absorbed factors beside the largest",
         .where = "absorbed",
         .got = fmt::format("{} levels, {} rows", dummies, rows.y.size()),
         .expected = fmt::format("at most {} levels and {} cells", kMostDummies, kMostDummyCells)});
  }
  return plan;
}

std::string column_name(const LinearData& data, std::size_t k) {
  return data.names.empty() ? fmt::format("column {}", k + 1) : "'" + data.names[k] + "'";
}

std::string join(const LinearData& data, const std::vector<std::size_t>& columns) {
  std::vector<std::string> names;
  for (const std::size_t k : columns) names.push_back(column_name(data, k));
  return list_words(names);
}

// sum w (y - mean)^2 about the weighted mean, or about zero.
double total_squares(const CompleteRows& rows, bool about_mean) {
  const auto weight = [&](std::size_t i) { return rows.weights.empty() ? 1.0 : rows.weights[i]; };
  double mean = 0.0;
  double total = 0.0;
  for (std::size_t i = 0; about_mean && i < rows.y.size(); ++i) {
    mean += weight(i) * rows.y[i];
    total += weight(i);
  }
  if (about_mean) mean /= total;
  double squares = 0.0;
  for (std::size_t i = 0; i < rows.y.size(); ++i) {
    squares += weight(i) * (rows.y[i] - mean) * (rows.y[i] - mean);
  }
  return squares;
}

// Everything that a warning may speak of.
struct Findings {
  const CompleteRows* rows;
  const detail::Solution* solution;
  const detail::Sandwich* sandwich;
  std::size_t dummies;
  bool unavailable;
  bool perfect;
};

void explain_time(const CompleteRows& rows, std::vector<std::string>& warnings) {
  if (rows.ties > 0) {
    warnings.push_back(detail::plural(rows.ties, "row has", "rows have") +
                       " the time of an earlier one: NW takes them one after another, in the order "
                       "of the data");
  }
  if (rows.gaps > 0) {
    warnings.push_back("the time has " + detail::plural(rows.gaps, "gap", "gaps") +
                       ": NW takes the rows on both sides as neighbours");
  }
}

void explain_variance(const LinearData& data, const Findings& found, LinearFit& fit) {
  auto& warnings = fit.warnings;
  if (fit.n <= fit.rank) {
    warnings.push_back(
        fmt::format("{} rows for {} coefficients leave nothing to estimate the "
                    "error from: no standard errors",
                    fit.n, fit.rank));
    return;
  }
  if (found.unavailable) {
    warnings.push_back(fmt::format(
        "CR2 is not available for an absorbed factor of more than {} levels unless each level lies "
        "in one cluster and there are no weights: take CR1",
        kMostClusterDummies));
  }
  if (found.perfect) {
    warnings.emplace_back("the fit is perfect up to rounding: standard errors mean nothing");
  }
  std::vector<std::size_t> undefined;
  for (std::size_t k = 0, c = 0; k < data.columns; ++k) {
    if (std::ranges::find(fit.dropped, k) != fit.dropped.end()) continue;
    if (!found.sandwich->undefined.empty() && found.sandwich->undefined[c] != 0) {
      undefined.push_back(k);
    }
    ++c;
  }
  if (!undefined.empty()) {
    warnings.push_back(fmt::format(
        "{} row(s) have leverage 1, so {} is undefined for {}: take HC1 or drop what only they "
        "determine",
        found.sandwich->full_leverage, se_type_name(fit.se), join(data, undefined)));
  }
  if (fit.se == SeType::kNeweyWest) explain_time(*found.rows, warnings);
  if (!clustered(fit.se)) return;
  const bool two_way = fit.second_clusters > 0;
  const std::int64_t fewest = two_way ? std::min(fit.clusters, fit.second_clusters) : fit.clusters;
  if (fewest < 2) {
    warnings.emplace_back("a single cluster: no standard errors");
  } else if (fewest < kFewClusters) {
    warnings.push_back(
        fmt::format("{} clusters only: inference from so few is approximate at "
                    "best",
                    fewest));
  }
  if (fit.se != SeType::kCr2 && fewest > 1 && fewest < kManyClusters) {
    warnings.push_back(fmt::format("{} is too small on average with {} clusters{}",
                                   se_type_name(fit.se), fewest,
                                   two_way ? "" : ": CR2 corrects it"));
  }
  if (found.sandwich->repaired) {
    warnings.emplace_back(
        "the two-way covariance was not positive semi-definite: its negative eigenvalues were set "
        "to zero");
  }
}

void explain(const LinearData& data, const Findings& found, LinearFit& fit) {
  auto& warnings = fit.warnings;
  detail::warn_left_out(warnings, found.rows->missing, found.rows->infinite);
  if (fit.n == 0) {
    warnings.emplace_back("no row is left to fit");
    return;
  }
  if (!fit.dropped.empty()) {
    warnings.push_back(fmt::format("{} left out: linear combination(s) of earlier columns{}",
                                   join(data, fit.dropped),
                                   data.absorbed.empty() ? "" : " and absorbed levels"));
  }
  const std::size_t least = found.solution->least_own;
  if (found.solution->own_share < kAlmostDependent && least >= found.dummies) {
    warnings.push_back(fmt::format(
        "{} is almost a linear combination of earlier columns (its own part is {:.1e} of it): its "
        "coefficient rests on the last digits of the data",
        column_name(data, least - found.dummies), found.solution->own_share));
  }
  explain_variance(data, found, fit);
}

// Sorts the numbers of the kept columns into the places of all.
void fill(const LinearData& data, const detail::Solution& solution,
          const detail::Sandwich& sandwich, std::size_t dummies, LinearFit& fit) {
  const std::size_t columns = data.columns;
  std::vector<std::size_t> reported;
  std::size_t at = 0;
  for (const std::size_t k : solution.kept) {
    if (k >= dummies) {
      reported.push_back(k - dummies);
      fit.coefficient[k - dummies] = solution.coefficient[at];
    }
    ++at;
  }
  for (std::size_t a = 0; a < reported.size(); ++a) {
    for (std::size_t b = 0; b < reported.size(); ++b) {
      fit.covariance[reported[b] * columns + reported[a]] =
          sandwich.covariance[b * reported.size() + a];
    }
    const double variance = sandwich.covariance[a * reported.size() + a];
    fit.std_error[reported[a]] = std::sqrt(variance < 0.0 ? 0.0 : variance);
    fit.df[reported[a]] = sandwich.df[a];
  }
  for (std::size_t k = 0; k < columns; ++k) {
    if (std::ranges::find(reported, k) == reported.end()) fit.dropped.push_back(k);
  }
}

}  // namespace

std::string_view se_type_name(SeType type) { return kSeNames[static_cast<std::size_t>(type)]; }

SeType parse_se_type(std::string_view name) {
  return parse_choice<SeType>(kSeNames, name, "kind of standard error", "se");
}

bool clustered(SeType type) {
  return type == SeType::kCr0 || type == SeType::kCr1 || type == SeType::kCr2;
}

LinearFit linear(const LinearData& data, const LinearSpec& spec, const Context& context) {
  detail::check_linear(data, spec);
  const CompleteRows rows = detail::complete_rows(data, spec.se == SeType::kNeweyWest);
  const Plan plan = make_plan(rows, spec.se);
  LinearFit fit;
  fit.se = spec.se;
  fit.n = static_cast<std::int64_t>(rows.y.size());
  fit.coefficient.assign(data.columns, kNaN);
  fit.std_error.assign(data.columns, kNaN);
  fit.df.assign(data.columns, kNaN);
  fit.covariance.assign(data.columns * data.columns, kNaN);

  std::optional<detail::Absorbed> absorbed;
  if (!rows.factors.empty() && fit.n > 0) {
    absorbed = detail::absorb(rows.x, data.columns, rows.y, rows.weights, rows.factors, plan.sweep,
                              context);
  }
  const std::size_t dummies = absorbed ? absorbed->dummies : 0;
  detail::Model model{.rows = rows.y.size(),
                      .columns = data.columns + dummies,
                      .x = absorbed ? absorbed->x.data() : rows.x.data(),
                      .y = absorbed ? absorbed->y.data() : rows.y.data(),
                      .weights = rows.weights.empty() ? nullptr : rows.weights.data()};
  detail::centre(model, context);
  if (absorbed) model.size = absorbed->size;
  const detail::Solution solution = detail::solve(model, context);

  const detail::Groups clusters = detail::group_rows(rows.clusters);
  const detail::Groups second = detail::group_rows(rows.second_clusters);
  const bool two_way = !rows.second_clusters.empty();
  const detail::Groups shared = two_way && !spec.two_way_by_row
                                    ? detail::group_rows(rows.clusters, rows.second_clusters)
                                    : detail::Groups{};
  fit.clusters = static_cast<std::int64_t>(clusters.count());
  fit.second_clusters = static_cast<std::int64_t>(second.count());
  fit.rank = static_cast<std::int64_t>(solution.kept.size() + (absorbed ? absorbed->levels : 0));
  const auto is_dummy = [&](std::size_t k) { return k < dummies; };
  const auto nuisance = static_cast<std::size_t>(std::ranges::count_if(solution.kept, is_dummy));
  if (spec.se == SeType::kNeweyWest) {
    const std::int64_t most = std::max<std::int64_t>(fit.n - 1, 0);
    fit.lag = spec.lag ? std::min(*spec.lag, most)
                       : detail::newey_west_lag(model, solution, nuisance, context);
  }
  const detail::Sandwich sandwich = detail::sandwich(
      model, solution,
      {.se = plan.unavailable ? SeType::kCr0 : spec.se,
       .nuisance = nuisance,
       .rank = static_cast<double>(fit.rank),
       .absorbed = absorbed && !absorbed->leverage.empty() ? absorbed->leverage.data() : nullptr,
       .clusters = clustered(spec.se) ? &clusters : nullptr,
       .second = two_way ? &second : nullptr,
       .shared = two_way && !spec.two_way_by_row ? &shared : nullptr,
       .two_way = spec.two_way,
       .lag = fit.lag,
       .small_sample = spec.small_sample},
      context);
  fill(data, solution, sandwich, dummies, fit);
  if (plan.unavailable) {
    std::ranges::fill(fit.std_error, kNaN);
    std::ranges::fill(fit.df, kNaN);
    std::ranges::fill(fit.covariance, kNaN);
  }

  fit.intercept = model.intercept && !absorbed;
  fit.about_mean = model.intercept || absorbed;
  const double total = total_squares(rows, fit.about_mean);
  const auto spare = static_cast<double>(fit.n - fit.rank);
  fit.r_squared = total > 0.0 ? 1.0 - sandwich.residual_squares / total : kNaN;
  fit.residual_sd = spare > 0.0 ? std::sqrt(sandwich.residual_squares / spare) : kNaN;
  if (spec.explain) {
    // Rounding of the outcome itself, or of a spread that is fitted to the last digit.
    const double rounding = 8.0 * std::numeric_limits<double>::epsilon();
    const bool perfect = sandwich.residual_squares <=
                         std::max(1e-24 * total, rounding * rounding * total_squares(rows, false));
    explain(data,
            {.rows = &rows,
             .solution = &solution,
             .sandwich = &sandwich,
             .dummies = dummies,
             .unavailable = plan.unavailable,
             .perfect = perfect},
            fit);
  }
  return fit;
}

std::vector<Estimate> to_estimates(const LinearFit& fit, std::span<const std::string> names,
                                   std::string_view method, double conf_level) {
  require_length("names", names.size(), fit.coefficient.size());
  std::vector<Estimate> estimates;
  for (std::size_t k = 0; k < fit.coefficient.size(); ++k) {
    if (std::isnan(fit.coefficient[k])) continue;
    Estimate& row = estimates.emplace_back();
    row.term = names[k];
    row.method = method;
    row.se_type = se_type_name(fit.se);
    row.warnings = fit.warnings;
    complete(row, {fit.coefficient[k], fit.std_error[k], fit.df[k], fit.n}, conf_level);
    if (fit.se == SeType::kCr2 && row.df < kFewDf) {
      row.warnings.push_back(
          fmt::format("{:.2g} degrees of freedom: few clusters determine this coefficient, and its "
                      "p-value is unreliable below {}",
                      row.df, kFewDf));
    }
  }
  return estimates;
}

}  // namespace impact
