#include "engine/causal/matching/matching_estimate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/matching/arm_search.h"
#include "engine/causal/matching/score_adjustment.h"
#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kSearchRows = 512;  // Searches a task does.

void check_numbers(const char* what, std::span<const double> values) {
  const auto bad = std::ranges::find_if_not(values, [](double v) { return std::isfinite(v); });
  if (bad == values.end()) return;
  throw ArgumentError({.what = fmt::format("'{}' must be finite", what),
                       .where = fmt::format("element {}", bad - values.begin() + 1),
                       .got = format_double(*bad)});
}

void check_option(bool fine, const char* name, const std::string& got, const char* expected) {
  if (fine) return;
  throw ArgumentError({.what = fmt::format("'{}' is out of range", name),
                       .where = name,
                       .got = got,
                       .expected = expected});
}

void check(const MatchingData& data, const MatchingSpec& spec) {
  const std::size_t n = data.y.size();
  require_length("treated", data.treated.size(), n);
  require_length("x", data.x.size(), n * data.columns);
  require_length("x_adjust", data.x_adjust.size(), n * data.adjust_columns);
  require_length("x_treatment", data.x_treatment.size(), n * data.treatment_columns);
  require_optional_length("weights", data.weights.size(), n);
  require_optional_length("exact", data.exact.size(), n);
  require_optional_length("score", data.score.size(), n);
  check_numbers("y", data.y);
  check_numbers("x", data.x);
  check_numbers("x_adjust", data.x_adjust);
  check_numbers("score", data.score);
  for (const double w : data.weights) {
    check_option(w > 0.0 && std::isfinite(w), "weights", format_double(w), "above 0");
  }
  for (const std::int32_t code : data.exact) {
    check_option(code >= 0, "exact", std::to_string(code), "codes of 0 or more");
  }
  const auto treated = std::ranges::count(data.treated, 1);
  const auto controls = std::ranges::count(data.treated, 0);
  if (treated + controls != std::ssize(data.treated)) {
    throw ArgumentError({.what = "'treated' is 1 or 0", .where = "treated"});
  }
  if (treated == 0 || controls == 0) {
    throw ArgumentError({.what = treated == 0 ? "no row is treated" : "no row is a control",
                         .where = "treated",
                         .expected = "rows of both arms"});
  }
  check_option(spec.target == EffectTarget::kAll || spec.target == EffectTarget::kTreated ||
                   spec.target == EffectTarget::kControls,
               "target", std::string(effect_target_name(spec.target)), "ATE, ATT, ATC");
  check_option(spec.matches >= 1, "matches", std::to_string(spec.matches), "1 or more");
  check_option(spec.variance_matches >= 1, "variance_matches",
               std::to_string(spec.variance_matches), "1 or more");
  check_option(spec.caliper >= 0.0, "caliper", format_double(spec.caliper), "0 or more");
  check_option(spec.tie_tolerance >= 0.0 && spec.tie_tolerance < 1.0, "tie_tolerance",
               format_double(spec.tie_tolerance), "0 or more, below 1");
  if (!spec.column_calipers.empty()) {
    require_length("column_calipers", spec.column_calipers.size(), data.columns);
  }
  for (const double width : spec.column_calipers) {
    check_option(width >= 0.0, "column_calipers", format_double(width), "0 or more");
  }
  const bool by_score = spec.metric == MatchingMetric::kScore;
  if ((by_score || spec.caliper < kInfinity) && data.score.empty() && data.treatment_columns == 0) {
    throw ArgumentError({.what = "matching on a score needs one",
                         .where = "score",
                         .expected = "'score', or 'x_treatment' to estimate it"});
  }
  if (!by_score && data.columns == 0) {
    throw ArgumentError({.what = "nothing to match on", .where = "x", .expected = "columns"});
  }
}

/// Everything that the steps below hand on.
struct Work {
  const MatchingData& data;
  const MatchingSpec& spec;
  const Context& context;
  MatchingFit& fit;
  std::vector<std::vector<detail::Neighbour>> matches = {};  // Of rows of the target.
  std::vector<double> tau = {};                              // Of the rows matched.
  std::vector<double> target = {};                           // D_i.
  std::vector<double> own_square = {};                       // K'_i.
  double total = 0.0;                                        // N.

  [[nodiscard]] std::size_t rows() const { return data.y.size(); }
  [[nodiscard]] double weight(std::size_t i) const {
    return data.weights.empty() ? 1.0 : data.weights[i];
  }
  [[nodiscard]] int arm(std::size_t i) const { return data.treated[i] != 0 ? 1 : 0; }
  [[nodiscard]] bool wanted(std::size_t i) const {
    return spec.target == EffectTarget::kAll ||
           (spec.target == EffectTarget::kTreated) == (arm(i) == 1);
  }
};

void find_matches(Work& work, const detail::ArmSearch& search, double slack) {
  work.matches.resize(work.rows());
  const auto m = static_cast<std::size_t>(work.spec.matches);
  for_chunks(work.context, work.rows(), kSearchRows, [&](std::size_t begin, std::size_t end) {
    work.context.check();
    for (std::size_t i = begin; i < end; ++i) {
      if (!work.wanted(i)) continue;
      search.nearest(i, 1 - work.arm(i), m, slack, true, work.matches[i]);
      std::ranges::sort(work.matches[i], {}, &detail::Neighbour::row);
    }
  });
}

/// Shares, K and K'. Sums in row order of what does not depend on it but for rounding: exact.
void count_matches(Work& work) {
  const std::size_t n = work.rows();
  std::vector<ExactSum> used(n);
  std::vector<ExactSum> squares(n);
  ExactSum total;
  work.target.assign(n, 0.0);
  std::size_t short_rows = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (!work.wanted(i)) continue;
    const auto& found = work.matches[i];
    if (found.empty()) {
      work.fit.unmatched.push_back(static_cast<std::uint32_t>(i));
      continue;
    }
    if (found.size() < static_cast<std::size_t>(work.spec.matches)) ++short_rows;
    ExactSum sum;
    for (const auto& near : found) sum.add(work.weight(near.row));
    for (const auto& near : found) {
      const double share = work.weight(near.row) / sum.round();
      work.fit.matched.push_back({static_cast<std::uint32_t>(i), near.row, share});
      used[near.row].add(work.weight(i) * share);
      squares[near.row].add(work.weight(i) * share * (work.weight(i) * share));
    }
    work.target[i] = work.weight(i);
    total.add(work.weight(i));
  }
  work.total = total.round();
  work.fit.times_used.resize(n);
  work.own_square.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    work.fit.times_used[i] = used[i].round();
    work.own_square[i] = squares[i].round();
    if (work.target[i] > 0.0 || work.fit.times_used[i] > 0.0) ++work.fit.n;
  }
  if (!work.fit.unmatched.empty()) {
    work.fit.warnings.push_back(fmt::format(
        "{} {} no match within the calipers and exact cells and left: the effect is that on the "
        "others",
        work.fit.unmatched.size(), work.fit.unmatched.size() == 1 ? "row has" : "rows have"));
  }
  if (short_rows != 0) {
    work.fit.warnings.push_back(fmt::format("{} {} fewer than {} matches", short_rows,
                                            short_rows == 1 ? "row has" : "rows have",
                                            work.spec.matches));
  }
}

/// m(x) of the two arms, zeros without a correction.
std::array<std::vector<double>, 2> correction(Work& work) {
  std::array<std::vector<double>, 2> m;
  for (int arm = 0; arm < 2; ++arm) {
    auto& mean = m.at(static_cast<std::size_t>(arm));
    mean.assign(work.rows(), 0.0);
    std::vector<double> weights(work.rows(), 0.0);
    bool any = false;
    for (std::size_t j = 0; j < work.rows(); ++j) {
      if (work.arm(j) != arm) continue;
      weights[j] = work.fit.times_used[j];
      any = any || weights[j] > 0.0;
    }
    if (work.data.adjust_columns == 0 || !any) continue;
    const MomentModel model = fit_moments({.x = work.data.x_adjust,
                                           .columns = work.data.adjust_columns,
                                           .y = work.data.y,
                                           .weights = weights},
                                          MomentFamily::kLinear, work.context);
    mean = model.eta;
    for (const auto* list : {&model.warnings, &model.broken}) {
      for (const std::string& text : *list) {
        work.fit.warnings.push_back(fmt::format("bias correction among {}: {}",
                                                arm == 1 ? "the treated" : "controls", text));
      }
    }
  }
  return m;
}

/// tau_ij of every match, in the order of fit.matched; fills tau and the estimate.
std::vector<double> differences(Work& work) {
  const auto m = correction(work);
  std::vector<double> out;
  out.reserve(work.fit.matched.size());
  std::vector<ExactSum> tau(work.rows());
  for (const MatchedRow& pair : work.fit.matched) {
    const auto& mean = m.at(static_cast<std::size_t>(work.arm(pair.match)));
    const double other = work.data.y[pair.match] + (mean[pair.row] - mean[pair.match]);
    const double difference =
        work.arm(pair.row) == 1 ? work.data.y[pair.row] - other : other - work.data.y[pair.row];
    out.push_back(difference);
    tau[pair.row].add(pair.share * difference);
  }
  work.tau.resize(work.rows());
  ExactSum sum;
  for (std::size_t i = 0; i < work.rows(); ++i) {
    work.tau[i] = tau[i].round();
    sum.add(work.target[i] * work.tau[i]);
  }
  work.fit.effects[0].estimate = sum.round() / work.total;
  return out;
}

/// The outcome's variance in every row.
std::vector<double> outcome_variance(Work& work, const detail::ArmSearch& search, double slack,
                                     std::span<const double> difference) {
  const double tau = work.fit.effects[0].estimate;
  const bool robust = work.spec.variance == MatchingVariance::kSampleRobust ||
                      work.spec.variance == MatchingVariance::kPopulationRobust;
  if (!robust) {
    ExactSum sum;
    for (std::size_t k = 0; k < difference.size(); ++k) {
      const MatchedRow& pair = work.fit.matched[k];
      const double d = difference[k] - tau;
      sum.add(work.target[pair.row] * pair.share * d * d);
    }
    return std::vector<double>(work.rows(), sum.round() / (2.0 * work.total));
  }
  std::vector<double> out(work.rows(), 0.0);
  const auto j = static_cast<std::size_t>(work.spec.variance_matches);
  for_chunks(work.context, work.rows(), kSearchRows, [&](std::size_t begin, std::size_t end) {
    work.context.check();
    std::vector<detail::Neighbour> found;
    for (std::size_t i = begin; i < end; ++i) {
      if (work.target[i] == 0.0 && work.fit.times_used[i] == 0.0) continue;
      search.nearest(i, work.arm(i), j, slack, false, found);
      if (found.empty()) {
        out[i] = std::numeric_limits<double>::quiet_NaN();
        continue;
      }
      found.push_back({0.0, static_cast<std::uint32_t>(i)});
      ExactSum sum;
      ExactSum weights;
      for (const auto& near : found) {
        sum.add(work.weight(near.row) * work.data.y[near.row]);
        weights.add(work.weight(near.row));
      }
      const double mean = sum.round() / weights.round();
      ExactSum squares;
      for (const auto& near : found) {
        const double d = work.data.y[near.row] - mean;
        squares.add(work.weight(near.row) * d * d);
      }
      const auto count = static_cast<double>(found.size());
      out[i] = squares.round() / weights.round() * count / (count - 1.0);
    }
  });
  return out;
}

double variance(Work& work, std::span<const double> outcome) {
  const bool population = work.spec.variance == MatchingVariance::kPopulation ||
                          work.spec.variance == MatchingVariance::kPopulationRobust;
  const double tau = work.fit.effects[0].estimate;
  ExactSum sum;
  std::size_t alone = 0;
  for (std::size_t i = 0; i < work.rows(); ++i) {
    const double d = work.target[i];
    const double all = d + work.fit.times_used[i];
    if (all == 0.0) continue;
    const double between = d * (work.tau[i] - tau);
    if (population) sum.add(between * between);
    const double count = population ? all * all - d * d - work.own_square[i] : all * all;
    if (count == 0.0) continue;
    if (std::isnan(outcome[i])) {
      ++alone;
      continue;
    }
    sum.add(outcome[i] * count);
  }
  if (alone != 0) {
    work.fit.broken.push_back(
        fmt::format("{} {} no other of the same arm (and exact cell): the variance of the outcome "
                    "cannot be had from within arms",
                    alone, alone == 1 ? "row has" : "rows have"));
    return std::numeric_limits<double>::quiet_NaN();
  }
  return sum.round() / (work.total * work.total);
}

std::string variance_name(const MatchingSpec& spec) {
  switch (spec.variance) {
    case MatchingVariance::kSample: return "Abadie-Imbens, sample, one variance";
    case MatchingVariance::kPopulation: return "Abadie-Imbens, population, one variance";
    case MatchingVariance::kSampleRobust: return "Abadie-Imbens, sample, robust";
    case MatchingVariance::kPopulationRobust: break;
  }
  return "Abadie-Imbens, population, robust";
}

}  // namespace

MatchingFit matching_estimate(const MatchingData& data, const MatchingSpec& spec,
                              const Context& context) {
  check(data, spec);
  MatchingFit fit;
  fit.method = "matching";
  fit.effects.push_back({.term = std::string(effect_target_name(spec.target))});
  fit.se_type = variance_name(spec);
  const bool by_score = spec.metric == MatchingMetric::kScore;
  std::span<const double> score = data.score;
  MomentModel model;
  if (score.empty() && data.treatment_columns != 0 && (by_score || spec.caliper < kInfinity)) {
    const std::vector<double> arm(data.treated.begin(), data.treated.end());
    model = fit_moments({.x = data.x_treatment,
                         .columns = data.treatment_columns,
                         .y = arm,
                         .weights = data.weights,
                         .names = data.treatment_names},
                        MomentFamily::kLogistic, context);
    fit.broken = model.broken;
    fit.warnings = model.warnings;
    fit.score = model.eta;
    std::vector<double> slope(fit.score.size());
    if (!spec.linear_score) model.mean(fit.score, slope);
    if (!model.broken.empty()) return fit;
    score = fit.score;
  }
  const detail::MatchingSpace space = detail::matching_space(
      by_score ? score : data.x, by_score ? 1 : data.columns, data.treated, data.weights,
      by_score ? std::span<const std::string>() : data.names, spec.metric);
  fit.warnings.insert(fit.warnings.end(), space.warnings.begin(), space.warnings.end());
  if (space.columns == 0) {
    fit.broken.emplace_back("nothing to match on: no column varies");
    return fit;
  }
  detail::ArmSearch search(space.points, space.columns, data.treated, data.exact);
  const double slack = spec.tie_tolerance * space.size;
  if (spec.caliper < kInfinity) {
    const double width = spec.caliper * detail::plain_sd(score) + slack;
    search.calipers.push_back({.values = score, .width = width});
    if (by_score) search.limit = width;
  }
  for (std::size_t c = 0; c < spec.column_calipers.size(); ++c) {
    if (spec.column_calipers[c] == kInfinity) continue;
    const auto column = data.x.subspan(c * data.y.size(), data.y.size());
    const double sd = detail::plain_sd(column);
    search.calipers.push_back(
        {.values = column, .width = (spec.column_calipers[c] + spec.tie_tolerance) * sd});
  }
  Work work{.data = data, .spec = spec, .context = context, .fit = fit};
  find_matches(work, search, spec.ties ? slack : -1.0);
  count_matches(work);
  if (fit.matched.empty()) {
    fit.broken.emplace_back("nobody has a match within the calipers and exact cells");
    return fit;
  }
  const std::vector<double> difference = differences(work);
  double v = variance(work, outcome_variance(work, search, spec.ties ? slack : -1.0, difference));
  if (!model.coefficient.empty() && by_score && spec.stacked) {
    v += detail::score_adjustment({.y = data.y,
                                   .treated = data.treated,
                                   .x = data.x_treatment,
                                   .target = work.target,
                                   .effects = work.tau,
                                   .total = work.total,
                                   .effect = fit.effects[0].estimate,
                                   .which = spec.target,
                                   .neighbours = spec.variance_matches + 1,
                                   .slack = spec.ties ? slack : -1.0},
                                  model, search, context);
    fit.se_type.append(", estimated score");
    if (!(v > 0.0)) {
      fit.broken.emplace_back("the variance is not positive once the score counts as estimated");
    }
  } else if (by_score && !model.coefficient.empty()) {
    fit.nuisances = "score taken as known";
  } else if (!model.coefficient.empty()) {
    fit.warnings.emplace_back("the errors take the score of the caliper as known");
  }
  if (v >= 0.0) fit.std_error = std::sqrt(v);
  return fit;
}

std::vector<Estimate> to_estimates(const MatchingFit& fit, double conf_level) {
  check_conf_level(conf_level);
  std::vector<Estimate> rows;
  for (const Effect& effect : fit.effects) {
    Estimate row;
    row.term = effect.term;
    row.method = fit.method;
    row.se_type = fit.se_type;
    if (!fit.nuisances.empty()) row.se_type.append(", ").append(fit.nuisances);
    row.warnings = fit.broken;
    row.warnings.insert(row.warnings.end(), fit.warnings.begin(), fit.warnings.end());
    complete(row,
             {.estimate = effect.estimate, .std_error = fit.std_error, .df = kInfinity, .n = fit.n},
             conf_level);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace impact
