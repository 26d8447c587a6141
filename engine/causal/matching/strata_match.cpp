#include "engine/causal/matching/strata_match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/stats/groups.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

void check_values(const char* name, std::span<const double> values, int bins) {
  if (bins < 1) {
    throw ArgumentError(
        {.what = "'bins' is 1 or more", .where = "bins", .got = std::to_string(bins)});
  }
  if (values.empty() || !std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) {
    throw ArgumentError({.what = "bins need finite values", .where = name});
  }
}

void check(std::span<const std::int32_t> treated, std::span<const std::int32_t> stratum,
           EffectTarget target) {
  require_length("stratum", stratum.size(), treated.size());
  const auto ones = std::ranges::count(treated, 1);
  const auto zeros = std::ranges::count(treated, 0);
  if (ones + zeros != std::ssize(treated) || ones == 0 || zeros == 0) {
    throw ArgumentError({.what = "'treated' is 1 or 0, and both occur", .where = "treated"});
  }
  if (std::ranges::any_of(stratum, [](std::int32_t code) { return code < 0; })) {
    throw ArgumentError({.what = "codes are 0 or more", .where = "stratum"});
  }
  if (target != EffectTarget::kAll && target != EffectTarget::kTreated &&
      target != EffectTarget::kControls) {
    throw ArgumentError({.what = "strata know no such target",
                         .where = "target",
                         .got = std::string(effect_target_name(target)),
                         .expected = "ATE, ATT, ATC"});
  }
}

}  // namespace

MatchedSample strata_match(std::span<const std::int32_t> treated,
                           std::span<const std::int32_t> stratum, EffectTarget target) {
  check(treated, stratum, target);
  MatchedSample sample;
  sample.weight.assign(treated.size(), 0.0);
  sample.subclass.assign(treated.size(), -1);
  std::vector<std::int32_t> codes(stratum.begin(), stratum.end());
  detail::close_gaps(codes);
  const detail::Groups groups = detail::group_rows(codes);
  std::array<double, 2> used = {0.0, 0.0};
  std::array<double, 2> total = {0.0, 0.0};
  std::int32_t subclass = 0;
  std::int64_t left_out = 0;
  for (std::size_t s = 0; s < groups.count(); ++s) {
    std::array<double, 2> count = {0.0, 0.0};
    for (const std::uint32_t i : groups[s]) count.at(treated[i] != 0 ? 1 : 0) += 1.0;
    if (count[0] == 0.0 || count[1] == 0.0) {
      left_out += std::ssize(groups[s]);
      continue;
    }
    double whole = count[0] + count[1];
    if (target != EffectTarget::kAll) whole = count.at(target == EffectTarget::kTreated ? 1 : 0);
    for (const std::uint32_t i : groups[s]) {
      sample.weight[i] = whole / count.at(treated[i] != 0 ? 1 : 0);
      sample.subclass[i] = subclass;
    }
    for (const std::size_t arm : {0U, 1U}) {
      used.at(arm) += count.at(arm);
      total.at(arm) += whole;
    }
    ++subclass;
  }
  if (subclass == 0) {
    sample.broken.emplace_back("no stratum has rows of both arms");
    return sample;
  }
  std::array<double, 2> squares = {0.0, 0.0};
  for (std::size_t i = 0; i < treated.size(); ++i) {
    const std::size_t arm = treated[i] != 0 ? 1 : 0;
    sample.weight[i] *= used.at(arm) / total.at(arm);
    squares.at(arm) += sample.weight[i] * sample.weight[i];
  }
  sample.matched_controls = std::llround(used[0]);
  sample.matched_treated = std::llround(used[1]);
  sample.effective_controls = used[0] * used[0] / squares[0];
  sample.effective_treated = used[1] * used[1] / squares[1];
  sample.discarded = left_out;
  if (left_out != 0) {
    sample.warnings.push_back(fmt::format(
        "{} rows in strata without the other arm are left out: the effect is that on the others",
        left_out));
  }
  return sample;
}

std::vector<std::int32_t> equal_bins(std::span<const double> values, int bins) {
  check_values("values", values, bins);
  const auto [low, high] = std::ranges::minmax(values);
  std::vector<std::int32_t> out(values.size(), 0);
  if (!(high > low)) return out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double place = (values[i] - low) / (high - low) * bins;
    out[i] = std::min(static_cast<std::int32_t>(place), bins - 1);
  }
  return out;
}

// Row number r (from 0) of m in order of the score is in bin floor(r bins / m); a cut is the score
// of the first row of its bin, so that equal scores share one.
std::vector<std::int32_t> quantile_bins(std::span<const double> score,
                                        std::span<const std::int32_t> of, int bins) {
  check_values("score", score, bins);
  require_length("of", of.size(), score.size());
  std::vector<double> sorted;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (of[i] != 0) sorted.push_back(score[i]);
  }
  check_values("of", sorted, bins);
  std::ranges::sort(sorted);
  const auto count = static_cast<std::size_t>(bins);
  std::vector<double> cuts;
  for (std::size_t b = 1; b < count; ++b) {
    const std::size_t first = (b * sorted.size() + count - 1) / count;
    if (first < sorted.size()) cuts.push_back(sorted[first]);
  }
  std::vector<std::int32_t> out;
  out.reserve(score.size());
  for (const double value : score) {
    out.push_back(static_cast<std::int32_t>(std::ranges::upper_bound(cuts, value) - cuts.begin()));
  }
  return out;
}

std::vector<std::int32_t> cross_codes(std::span<const std::int32_t> first,
                                      std::span<const std::int32_t> second) {
  require_length("second", second.size(), first.size());
  const detail::Groups groups = detail::group_rows(first, second);
  std::vector<std::int32_t> out(first.size(), 0);
  for (std::size_t g = 0; g < groups.count(); ++g) {
    for (const std::uint32_t i : groups[g]) out[i] = static_cast<std::int32_t>(g);
  }
  return out;
}

}  // namespace impact
