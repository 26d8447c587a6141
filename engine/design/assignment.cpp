#include "engine/design/assignment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

[[noreturn]] void refuse(const Assignment& assignment, std::string what, std::string where,
                         std::string got, std::string expected) {
  std::string place = fmt::format("assignment '{}'", assignment.name);
  if (!where.empty()) place += ", " + where;
  throw ArgumentError({.what = std::move(what),
                       .where = std::move(place),
                       .got = std::move(got),
                       .expected = std::move(expected)});
}

void check(const Assignment& assignment) {
  const std::size_t arms = assignment.arms.size();
  if (arms < 2) {
    refuse(assignment, "an assignment has too few arms", "", fmt::format("{}", arms),
           "two or more");
  }
  std::set<std::string> seen;
  for (const auto& arm : assignment.arms) {
    if (!seen.insert(arm).second) {
      refuse(assignment, "an arm is repeated", "", arm, "arms of different names");
    }
  }
  const auto one_each = [&](std::size_t count, const char* what) {
    if (count == 0 || count == arms) return;
    refuse(assignment, fmt::format("{} do not fit the arms", what), "", fmt::format("{}", count),
           fmt::format("{}, one for each arm", arms));
  };
  one_each(assignment.probabilities.size(), "probabilities");
  one_each(assignment.counts.size(), "counts");
  if (!assignment.probabilities.empty() && !assignment.counts.empty()) {
    refuse(assignment, "an assignment has both probabilities and counts", "", "", "one of them");
  }
  if (!assignment.counts.empty() && assignment.method == Assignment::Method::kSimple) {
    refuse(assignment, "simple random assignment cannot keep counts", "", "counts",
           "probabilities, or complete random assignment");
  }
  double total = 0;
  for (const double p : assignment.probabilities) {
    if (!(p > 0 && p < 1)) {
      refuse(assignment, "the probability of an arm is out of range", "", format_double(p),
             "above 0 and below 1");
    }
    total += p;
  }
  if (!assignment.probabilities.empty() && std::abs(total - 1) > 1e-9) {
    refuse(assignment, "the probabilities of the arms do not sum to 1", "", format_double(total),
           "1");
  }
  for (const auto count : assignment.counts) {
    if (count < 0) {
      refuse(assignment, "the count of an arm is negative", "", format_integer(count), "0 or more");
    }
  }
}

struct Ratios {
  std::vector<std::uint64_t> weights;
  std::uint64_t denominator;
};

// The least denominator d for which every p_j d is within 1e-9 of a whole number, so that 1/3 or
// 0.15 mean what was written; else multiples of 2^-32, the largest remainders rounded up.
Ratios as_ratios(const std::vector<double>& probabilities, std::size_t arms) {
  if (probabilities.empty()) return {std::vector<std::uint64_t>(arms, 1), arms};
  std::vector<std::uint64_t> weights(arms);
  for (std::uint64_t d = 1; d <= 100'000; ++d) {
    std::uint64_t total = 0;
    bool good = true;
    for (std::size_t j = 0; j < arms && good; ++j) {
      const double scaled = probabilities[j] * static_cast<double>(d);
      const double whole = std::floor(scaled + 0.5);
      good = whole >= 1 && std::abs(scaled - whole) <= 1e-9;
      weights[j] = good ? static_cast<std::uint64_t>(whole) : 0;
      total += weights[j];
    }
    if (good && total == d) return {weights, d};
  }
  constexpr std::uint64_t kScale = std::uint64_t{1} << 32U;
  std::uint64_t total = 0;
  std::vector<std::pair<double, std::size_t>> rest(arms);
  for (std::size_t j = 0; j < arms; ++j) {
    const double scaled = probabilities[j] * static_cast<double>(kScale);
    weights[j] = static_cast<std::uint64_t>(scaled);
    rest[j] = {static_cast<double>(weights[j]) - scaled, j};
    total += weights[j];
  }
  std::sort(rest.begin(), rest.end());
  for (std::size_t k = 0; total < kScale; ++k, ++total) ++weights[rest[k % arms].second];
  for (std::size_t k = 0; total > kScale; ++k, --total) --weights[rest[arms - 1 - k % arms].second];
  return {weights, kScale};
}

void check_codes(const Assignment& assignment, std::span<const std::int32_t> codes,
                 std::size_t units, const char* what) {
  if (codes.empty()) return;
  if (codes.size() != units) {
    throw InternalError({.what = fmt::format("{} codes for {} units", codes.size(), units)});
  }
  const auto bad = std::find_if(codes.begin(), codes.end(), [](auto code) { return code < 0; });
  if (bad == codes.end()) return;
  refuse(assignment, fmt::format("a unit has no {}", what),
         fmt::format("unit {}", bad - codes.begin() + 1), "missing",
         fmt::format("a {} for every unit", what));
}

}  // namespace

AssignmentPlan::AssignmentPlan(const Assignment& assignment, std::size_t units,
                               AssignmentGroups groups)
    : arms_(assignment.arms.size()), simple_(assignment.method == Assignment::Method::kSimple) {
  check(assignment);
  check_codes(assignment, groups.blocks, units, "block");
  check_codes(assignment, groups.clusters, units, "cluster");
  Ratios ratios = as_ratios(assignment.probabilities, arms_);
  weights_ = std::move(ratios.weights);
  denominator_ = ratios.denominator;

  // Who is assigned: units, or the first unit of each cluster.
  std::vector<std::size_t> leaders;
  if (groups.clusters.empty()) {
    leaders.resize(units);
    std::iota(leaders.begin(), leaders.end(), std::size_t{0});
  } else {
    std::unordered_map<std::int32_t, std::size_t> first;
    leader_.resize(units);
    for (std::size_t i = 0; i < units; ++i) {
      const auto [at, fresh] = first.emplace(groups.clusters[i], i);
      leader_[i] = at->second;
      if (fresh) leaders.push_back(i);
      if (!groups.blocks.empty() && groups.blocks[i] != groups.blocks[at->second]) {
        refuse(assignment, "a cluster has units in two blocks",
               fmt::format("units {} and {}", at->second + 1, i + 1), "",
               "clusters that lie in one block each");
      }
    }
  }
  // Blocks in order of first appearance; members_ keeps the order of the units within each.
  std::unordered_map<std::int32_t, std::size_t> number;
  std::vector<std::size_t> block_of;
  block_of.reserve(leaders.size());
  for (const std::size_t unit : leaders) {
    const std::int32_t code = groups.blocks.empty() ? 0 : groups.blocks[unit];
    const auto [at, fresh] = number.emplace(code, blocks_.size());
    if (fresh) blocks_.emplace_back();
    ++blocks_[at->second].size;
    block_of.push_back(at->second);
  }
  std::size_t end = 0;
  for (auto& block : blocks_) {
    block.first = end;
    end += block.size;
  }
  members_.resize(leaders.size());
  std::vector<std::size_t> next;
  for (const auto& block : blocks_) next.push_back(block.first);
  for (std::size_t i = 0; i < leaders.size(); ++i) members_[next[block_of[i]]++] = leaders[i];

  const char* what = groups.clusters.empty() ? "units" : "clusters";
  for (auto& block : blocks_) {
    block.rest.assign(arms_, 0);
    block.whole = assignment.counts;
    if (!assignment.counts.empty()) {
      const auto total = std::accumulate(block.whole.begin(), block.whole.end(), std::int64_t{0});
      if (total == static_cast<std::int64_t>(block.size)) continue;
      refuse(
          assignment, fmt::format("the counts of the arms are not the number of {}", what),
          groups.blocks.empty() ? "" : fmt::format("block of unit {}", members_[block.first] + 1),
          format_integer(total), fmt::format("{}", block.size));
    }
    std::uint64_t rest = 0;
    for (std::size_t j = 0; j < arms_; ++j) {
      const std::uint64_t scaled = block.size * weights_[j];
      block.whole.push_back(static_cast<std::int64_t>(scaled / denominator_));
      block.rest[j] = scaled % denominator_;
      rest += block.rest[j];
    }
    block.left = static_cast<std::size_t>(rest / denominator_);
  }
}

// Systematic sampling: the arms' remainders r_j / D lie end to end on a line of length R (a whole
// number); a comb of R teeth one apart, at a uniform offset, hits arm j with probability r_j / D,
// and, since r_j < D, no arm twice.
void AssignmentPlan::fill_slots(const Block& block, Stream& stream, Scratch& scratch) const {
  scratch.slots.clear();
  for (std::size_t j = 0; j < arms_; ++j) {
    scratch.slots.insert(scratch.slots.end(), static_cast<std::size_t>(block.whole[j]),
                         static_cast<std::int32_t>(j));
  }
  if (block.left == 0) return;
  scratch.order.resize(arms_);
  std::iota(scratch.order.begin(), scratch.order.end(), std::size_t{0});
  stream.shuffle(scratch.order);
  std::uint64_t tooth = stream.below(denominator_);
  std::uint64_t end = 0;
  for (const std::size_t j : scratch.order) {
    end += block.rest[j];
    if (tooth >= end) continue;
    scratch.slots.push_back(static_cast<std::int32_t>(j));
    tooth += denominator_;
  }
}

void AssignmentPlan::draw(Stream& stream, std::span<std::int32_t> out, Scratch& scratch) const {
  for (const auto& block : blocks_) {
    if (simple_) {
      for (std::size_t i = 0; i < block.size; ++i) {
        const std::uint64_t at = stream.below(denominator_);
        std::size_t arm = 0;
        for (std::uint64_t end = weights_[0]; at >= end; end += weights_[arm]) ++arm;
        out[members_[block.first + i]] = static_cast<std::int32_t>(arm);
      }
      continue;
    }
    fill_slots(block, stream, scratch);
    stream.shuffle(scratch.slots);
    for (std::size_t i = 0; i < block.size; ++i) {
      out[members_[block.first + i]] = scratch.slots[i];
    }
  }
  for (std::size_t i = 0; i < leader_.size(); ++i) out[i] = out[leader_[i]];
}

// P(arm j) = (whole_j + rest_j / D) / m, which is p_j unless the counts were given.
std::vector<double> AssignmentPlan::probabilities() const {
  const std::size_t units = leader_.empty() ? members_.size() : leader_.size();
  std::vector<double> out(units * arms_);
  for (const auto& block : blocks_) {
    for (std::size_t j = 0; j < arms_; ++j) {
      const auto whole = static_cast<std::uint64_t>(block.whole[j]) * denominator_;
      const double p = simple_
                           ? static_cast<double>(weights_[j]) / static_cast<double>(denominator_)
                           : static_cast<double>(whole + block.rest[j]) /
                                 static_cast<double>(block.size * denominator_);
      for (std::size_t i = 0; i < block.size; ++i) out[members_[block.first + i] * arms_ + j] = p;
    }
  }
  for (std::size_t i = 0; i < leader_.size(); ++i) {
    std::copy_n(out.begin() + static_cast<std::ptrdiff_t>(leader_[i] * arms_), arms_,
                out.begin() + static_cast<std::ptrdiff_t>(i * arms_));
  }
  return out;
}

std::vector<std::int32_t> draw_assignment(const Assignment& assignment, std::size_t units,
                                          AssignmentGroups groups, Stream& stream) {
  const AssignmentPlan plan(assignment, units, groups);
  std::vector<std::int32_t> out(units);
  AssignmentPlan::Scratch scratch;
  plan.draw(stream, out, scratch);
  return out;
}

std::vector<double> assignment_probabilities(const Assignment& assignment, std::size_t units,
                                             AssignmentGroups groups) {
  return AssignmentPlan(assignment, units, groups).probabilities();
}

}  // namespace impact
