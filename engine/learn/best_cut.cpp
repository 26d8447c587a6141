#include "engine/learn/best_cut.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "engine/core/number.h"

namespace impact::detail {
namespace {

struct Counts {
  std::int64_t positives = 0;
  std::int64_t negatives = 0;
};

}  // namespace

bool Cut::calls(double number) const {
  switch (kind) {
    case Kind::kNone: return false;
    case Kind::kAbove: return number > value;
    case Kind::kAtMost: return number <= value;
    case Kind::kMissing: return std::isnan(number);
    case Kind::kThere: return !std::isnan(number);
  }
  return false;
}

std::string Cut::text(const std::string& name) const {
  switch (kind) {
    case Kind::kNone: return "";
    case Kind::kAbove: return fmt::format("{} > {}", name, value);
    case Kind::kAtMost: return fmt::format("{} <= {}", name, value);
    case Kind::kMissing: return name + " is missing";
    case Kind::kThere: return name + " is not missing";
  }
  return "";
}

double short_number_between(double low, double high) {
  if (low < 0.0 && high > 0.0) return 0.0;
  if (!std::isfinite(low) || !std::isfinite(high)) return low;
  constexpr int kMostDigits = 17;
  for (int digits = 1; digits <= kMostDigits; ++digits) {
    // Rounded either end may fall inside; of the two ends' neighbours one is the shortest.
    for (const double end : {high, low}) {
      const auto number = parse_double(fmt::format("{:.{}e}", end, digits - 1));
      if (number && *number >= low && *number < high) return *number;
    }
  }
  return low;
}

Cut best_cut(std::span<const double> values, std::span<const std::int32_t> label,
             std::span<const std::uint32_t> rows, CutMerit merit) {
  std::vector<std::pair<double, std::int32_t>> sorted;
  sorted.reserve(rows.size());
  Counts all, gone;
  for (const std::uint32_t row : rows) {
    if (label[row] < 0) continue;
    (label[row] == 1 ? all.positives : all.negatives) += 1;
    if (std::isnan(values[row])) {
      (label[row] == 1 ? gone.positives : gone.negatives) += 1;
    } else {
      sorted.emplace_back(values[row], label[row]);
    }
  }
  std::sort(sorted.begin(), sorted.end());
  // recall + specificity - 1 and minus the errors, both as whole numbers: nothing is rounded.
  const auto worth = [&](const Counts& called) {
    return merit == CutMerit::kBalanced
               ? static_cast<double>(called.positives) * static_cast<double>(all.negatives) -
                     static_cast<double>(called.negatives) * static_cast<double>(all.positives)
               : static_cast<double>(called.positives - called.negatives);
  };
  const Counts there = {all.positives - gone.positives, all.negatives - gone.negatives};
  Cut best;
  double most = -std::numeric_limits<double>::infinity();
  std::pair<double, double> between = {0.0, 0.0};
  for (const auto kind : {Cut::Kind::kAbove, Cut::Kind::kAtMost}) {
    Counts above;
    for (std::size_t i = sorted.size(); i-- > 1;) {
      (sorted[i].second == 1 ? above.positives : above.negatives) += 1;
      if (sorted[i].first == sorted[i - 1].first) continue;
      const Counts called = kind == Cut::Kind::kAbove ? above
                                                      : Counts{there.positives - above.positives,
                                                               there.negatives - above.negatives};
      if (worth(called) <= most) continue;
      most = worth(called);
      best.kind = kind;
      between = {sorted[i - 1].first, sorted[i].first};
    }
  }
  if (best.kind != Cut::Kind::kNone) {
    best.value = short_number_between(between.first, between.second);
  }
  if (gone.positives + gone.negatives > 0 && !sorted.empty()) {
    if (worth(gone) > most) {
      most = worth(gone);
      best = {.kind = Cut::Kind::kMissing};
    }
    if (worth(there) > most) best = {.kind = Cut::Kind::kThere};
  }
  return best;
}

ConfusionMatrix judge_cut(const Cut& cut, std::span<const double> values,
                          std::span<const std::int32_t> label,
                          std::span<const std::uint32_t> rows) {
  ConfusionMatrix matrix;
  for (const std::uint32_t row : rows) {
    if (label[row] < 0) {
      ++matrix.missing;
      continue;
    }
    ++matrix.n;
    const bool called = cut.calls(values[row]);
    if (label[row] == 1) {
      (called ? matrix.true_positive : matrix.false_negative) += 1.0;
    } else {
      (called ? matrix.false_positive : matrix.true_negative) += 1.0;
    }
  }
  matrix.weight_squares = static_cast<double>(matrix.n);
  return matrix;
}

}  // namespace impact::detail
