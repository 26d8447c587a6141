#include "engine/causal/matching/nearest_match.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <queue>
#include <fmt/format.h>

#include "engine/causal/matching/arm_search.h"
#include "engine/core/choice.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::array<std::string_view, 5> kOrders = {"largest", "smallest", "closest", "data",
                                                     "random"};
constexpr std::size_t kSearchRows = 512;  // Searches a task does.
constexpr std::size_t kPollRows = 4096;
constexpr double kCaliperAllowance = 1e-12;  // Rounding of a difference at the caliper's edge.

[[noreturn]] void refuse(const char* name, const char* what, const std::string& got = {}) {
  throw ArgumentError({.what = what, .where = name, .got = got});
}

void check(const NearestMatchData& data, const NearestMatchSpec& spec) {
  const std::size_t n = data.treated.size();
  require_optional_length("score", data.score.size(), n);
  require_length("x", data.x.size(), n * data.columns);
  require_optional_length("exact", data.exact.size(), n);
  require_optional_length("anti_exact", data.anti_exact.size(), n);
  for (const auto values : {data.score, data.x}) {
    if (!std::ranges::all_of(values, [](double v) { return std::isfinite(v); })) {
      refuse("score, x", "scores and matching columns must be finite");
    }
  }
  for (const auto codes : {data.exact, data.anti_exact}) {
    if (std::ranges::any_of(codes, [](std::int32_t code) { return code < 0; })) {
      refuse("exact", "codes are 0 or more");
    }
  }
  const auto treated = std::ranges::count(data.treated, 1);
  const auto controls = std::ranges::count(data.treated, 0);
  if (treated + controls != std::ssize(data.treated)) refuse("treated", "'treated' is 1 or 0");
  if (treated == 0 || controls == 0) refuse("treated", "rows of both arms are needed");
  if (spec.target != EffectTarget::kTreated && spec.target != EffectTarget::kControls) {
    refuse("target", "matches are for the treated or for the controls",
           std::string(effect_target_name(spec.target)));
  }
  if (spec.ratio < 1) refuse("ratio", "'ratio' is 1 or more", std::to_string(spec.ratio));
  if (!(spec.caliper >= 0.0)) refuse("caliper", "'caliper' is 0 or more");
  if (!spec.column_calipers.empty()) {
    require_length("column_calipers", spec.column_calipers.size(), data.columns);
  }
  for (const double width : spec.column_calipers) {
    if (!(width >= 0.0)) refuse("column_calipers", "calipers are 0 or more", format_double(width));
  }
  const bool by_score = spec.metric == MatchingMetric::kScore;
  if (data.score.empty() &&
      (by_score || spec.caliper < kInfinity || spec.discard != MatchDiscard::kNone)) {
    refuse("score", "matching on a score, a caliper and discarding need a score");
  }
  if (!by_score && data.columns == 0) refuse("x", "nothing to match on");
}

/// 1 for rows that the common support leaves out.
std::vector<char> discarded(const NearestMatchData& data, MatchDiscard discard) {
  std::vector<char> out(data.treated.size(), 0);
  if (discard == MatchDiscard::kNone) return out;
  std::array<double, 2> low = {kInfinity, kInfinity};
  std::array<double, 2> high = {-kInfinity, -kInfinity};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::size_t arm = data.treated[i] != 0 ? 1 : 0;
    low.at(arm) = std::min(low.at(arm), data.score[i]);
    high.at(arm) = std::max(high.at(arm), data.score[i]);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    const bool treated = data.treated[i] != 0;
    if (discard == (treated ? MatchDiscard::kControls : MatchDiscard::kTreated)) continue;
    const std::size_t other = treated ? 0 : 1;
    const double s = data.score[i];
    out[i] = s < low.at(other) || s > high.at(other) ? 1 : 0;
  }
  return out;
}

/// Rows of the target in the order in which they choose (kClosest: by row).
std::vector<std::uint32_t> choosing(const NearestMatchData& data, const NearestMatchSpec& spec,
                                    std::span<const char> out, const Context& context) {
  const int arm = spec.target == EffectTarget::kTreated ? 1 : 0;
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (data.treated[i] == arm && out[i] == 0) rows.push_back(static_cast<std::uint32_t>(i));
  }
  if (spec.order == MatchOrder::kRandom) {
    Stream stream(spec.key);
    stream.shuffle(rows, context);
  } else if (!data.score.empty() &&
             (spec.order == MatchOrder::kLargest || spec.order == MatchOrder::kSmallest)) {
    const double sign = spec.order == MatchOrder::kLargest ? -1.0 : 1.0;
    std::ranges::stable_sort(rows, {}, [&](std::uint32_t i) { return sign * data.score[i]; });
  }
  return rows;
}

/// What row i may take of the rows left, or nothing.
using Taken = std::vector<std::vector<std::uint32_t>>;

void take_in_order(detail::ArmSearch& search, std::span<const std::uint32_t> order, int arm,
                   int ratio, Taken& taken, const Context& context) {
  std::vector<detail::Neighbour> found;
  for (int round = 0; round < ratio; ++round) {
    for (std::size_t k = 0; k < order.size(); ++k) {
      if (k % kPollRows == 0) context.check();
      const std::uint32_t i = order[k];
      if (taken[i].size() < static_cast<std::size_t>(round)) continue;
      search.nearest(i, arm, 1, -1.0, true, found);
      if (found.empty()) continue;
      taken[i].push_back(found[0].row);
      search.remove(found[0].row);
    }
  }
}

// A row's nearest can only get further as others take theirs: a candidate from the queue that is
// still there is the nearest pair of all; one that is gone is replaced by the row's next.
void take_closest(detail::ArmSearch& search, std::span<const std::uint32_t> order, int arm,
                  int ratio, Taken& taken, const Context& context) {
  struct Candidate {
    double distance;
    std::uint32_t row;
    std::uint32_t match;
    bool operator>(const Candidate& other) const {
      if (distance != other.distance) return distance > other.distance;
      return row != other.row ? row > other.row : match > other.match;
    }
  };
  std::vector<detail::Neighbour> found;
  std::vector<char> gone(taken.size(), 0);
  for (int round = 0; round < ratio; ++round) {
    std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
    const auto offer = [&](std::uint32_t i) {
      search.nearest(i, arm, 1, -1.0, true, found);
      if (!found.empty()) queue.push({found[0].distance, i, found[0].row});
    };
    for (const std::uint32_t i : order) {
      if (taken[i].size() == static_cast<std::size_t>(round)) offer(i);
    }
    std::size_t steps = 0;
    while (!queue.empty()) {
      if (++steps % kPollRows == 0) context.check();
      const Candidate best = queue.top();
      queue.pop();
      if (gone[best.match] != 0) {
        offer(best.row);
        continue;
      }
      taken[best.row].push_back(best.match);
      gone[best.match] = 1;
      search.remove(best.match);
    }
  }
}

void weigh(const NearestMatchData& data, const NearestMatchSpec& spec, const Taken& taken,
           MatchedSample& sample) {
  const std::size_t n = taken.size();
  sample.weight.assign(n, 0.0);
  if (!spec.replace) sample.subclass.assign(n, -1);
  std::int32_t subclass = 0;
  std::vector<std::uint32_t> matches;
  for (std::size_t i = 0; i < n; ++i) {
    if (taken[i].empty()) continue;
    const double share = 1.0 / static_cast<double>(taken[i].size());
    sample.weight[i] = 1.0;
    for (const std::uint32_t j : taken[i]) {
      sample.pairs.push_back({static_cast<std::uint32_t>(i), j, share});
      if (sample.weight[j] == 0.0) matches.push_back(j);
      sample.weight[j] += share;
      if (!spec.replace) sample.subclass[j] = subclass;
    }
    if (!spec.replace) sample.subclass[i] = subclass++;
  }
  double total = 0.0;
  for (const std::uint32_t j : matches) total += sample.weight[j];
  for (const std::uint32_t j : matches) {
    sample.weight[j] *= static_cast<double>(matches.size()) / total;
  }
  std::array<double, 2> sum = {0.0, 0.0};
  std::array<double, 2> squares = {0.0, 0.0};
  for (std::size_t i = 0; i < n; ++i) {
    if (sample.weight[i] == 0.0) continue;
    const std::size_t arm = data.treated[i] != 0 ? 1 : 0;
    ++(arm == 1 ? sample.matched_treated : sample.matched_controls);
    sum.at(arm) += sample.weight[i];
    squares.at(arm) += sample.weight[i] * sample.weight[i];
  }
  if (sample.pairs.empty()) return;
  sample.effective_controls = sum[0] * sum[0] / squares[0];
  sample.effective_treated = sum[1] * sum[1] / squares[1];
}

}  // namespace

std::string_view match_order_name(MatchOrder order) {
  return kOrders.at(static_cast<std::size_t>(order));
}

MatchOrder parse_match_order(std::string_view name) {
  return parse_choice<MatchOrder>(kOrders, name, "order", "order");
}

MatchedSample nearest_match(const NearestMatchData& data, const NearestMatchSpec& spec,
                            const Context& context) {
  check(data, spec);
  MatchedSample sample;
  const std::size_t n = data.treated.size();
  const bool by_score = spec.metric == MatchingMetric::kScore;
  const std::vector<char> out = discarded(data, spec.discard);
  sample.discarded = std::ranges::count(out, 1);
  const detail::MatchingSpace space = detail::matching_space(
      by_score ? data.score : data.x, by_score ? 1 : data.columns, data.treated, {},
      by_score ? std::span<const std::string>() : data.names, spec.metric);
  sample.warnings = space.warnings;
  if (space.columns == 0) {
    sample.broken.emplace_back("nothing to match on: no column varies");
    return sample;
  }
  detail::ArmSearch search(space.points, space.columns, data.treated, data.exact, out);
  search.anti_exact = data.anti_exact;
  if (spec.caliper < kInfinity) {
    std::vector<double> kept;
    for (std::size_t i = 0; i < n; ++i) {
      if (out[i] == 0) kept.push_back(data.score[i]);
    }
    const double width = spec.caliper * detail::plain_sd(kept) * (1.0 + kCaliperAllowance);
    if (by_score) {
      search.limit = width;
    } else {
      search.calipers.push_back({.values = data.score, .width = width});
    }
  }
  for (std::size_t c = 0; c < spec.column_calipers.size(); ++c) {
    if (spec.column_calipers[c] == kInfinity) continue;
    const auto column = data.x.subspan(c * n, n);
    const double sd = detail::plain_sd(column);
    search.calipers.push_back(
        {.values = column, .width = spec.column_calipers[c] * sd * (1.0 + kCaliperAllowance)});
  }
  const std::vector<std::uint32_t> order = choosing(data, spec, out, context);
  const int other = spec.target == EffectTarget::kTreated ? 0 : 1;
  Taken taken(n);
  if (spec.replace) {
    for_chunks(context, order.size(), kSearchRows, [&](std::size_t begin, std::size_t end) {
      context.check();
      std::vector<detail::Neighbour> found;
      for (std::size_t k = begin; k < end; ++k) {
        search.nearest(order[k], other, static_cast<std::size_t>(spec.ratio), -1.0, true, found);
        for (const auto& near : found) taken[order[k]].push_back(near.row);
      }
    });
  } else if (spec.order == MatchOrder::kClosest) {
    take_closest(search, order, other, spec.ratio, taken, context);
  } else {
    take_in_order(search, order, other, spec.ratio, taken, context);
  }
  weigh(data, spec, taken, sample);
  if (sample.pairs.empty()) {
    sample.broken.emplace_back("nobody has a match within the calipers and exact cells");
    return sample;
  }
  const auto left = std::ranges::count_if(order, [&](std::uint32_t i) { return taken[i].empty(); });
  if (left + sample.discarded != 0) {
    sample.warnings.push_back(fmt::format(
        "{} without a match and {} outside the common support are left out: the effect is that on "
        "the others",
        left, sample.discarded));
  }
  return sample;
}

}  // namespace impact
