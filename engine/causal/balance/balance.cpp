#include "engine/causal/balance/balance.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "engine/causal/balance/density_overlap.h"
#include "engine/core/choice.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr std::array<std::string_view, 5> kDenominators = {"treated", "control", "pooled", "all",
                                                           "none"};

// A row of one arm: its value, its weights before and after adjustment.
struct Unit {
  double value = 0.0;
  std::array<double, 2> weight = {};

  [[nodiscard]] bool operator<(const Unit& other) const {
    return value != other.value ? value < other.value : weight < other.weight;
  }
};

using Arm = std::vector<Unit>;

struct Moments {
  double weight = 0.0;   ///< W = sum w.
  double squares = 0.0;  ///< sum w^2.
  double mean = kNan;    ///< sum w x / W.
  double spread = 0.0;   ///< sum w (x - mean)^2.

  /// spread / (W - sum w^2 / W); of one row, or one row's weight, there is none.
  [[nodiscard]] double variance() const {
    const double divisor = weight - squares / weight;
    return divisor > 1e-12 * weight ? spread / divisor : kNan;
  }
  [[nodiscard]] double effective() const { return weight / squares * weight; }
};

// Sums of blocks are added up last, so that rounding stays that of short sums. Units are sorted:
// there is one order of terms, whatever that of the rows.
template <class Term>
double block_sum(const Arm& arm, Term&& term) {
  constexpr std::size_t kBlock = 512;
  double sum = 0.0;
  for (std::size_t begin = 0; begin < arm.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, arm.size());
    double part = 0.0;
    for (std::size_t i = begin; i < end; ++i) part += term(arm[i]);
    sum += part;
  }
  return sum;
}

Moments moments(const Arm& arm, std::size_t stage) {
  Moments m;
  m.weight = block_sum(arm, [&](const Unit& u) { return u.weight[stage]; });
  if (!(m.weight > 0.0)) return m;
  m.squares = block_sum(arm, [&](const Unit& u) { return u.weight[stage] * u.weight[stage]; });
  // About a value in the middle: no digits are lost to a distant origin.
  const double origin = arm[arm.size() / 2].value;
  m.mean = origin + block_sum(arm, [&](const Unit& u) {
                      return u.weight[stage] * (u.value - origin);
                    }) / m.weight;
  m.spread = block_sum(arm, [&](const Unit& u) {
    return u.weight[stage] * (u.value - m.mean) * (u.value - m.mean);
  });
  return m;
}

Moments joined(const Moments& a, const Moments& b) {
  Moments m;
  m.weight = a.weight + b.weight;
  m.squares = a.squares + b.squares;
  const double apart = b.mean - a.mean;
  m.mean = a.mean + b.weight / m.weight * apart;
  m.spread = a.spread + b.spread + a.weight / m.weight * b.weight * apart * apart;
  return m;
}

struct Distances {
  double largest = 0.0;
  double mean = 0.0;
};

// Distances of the two distribution functions at the values that occur in either arm.
Distances ecdf_distances(const Arm& treated, const Arm& control, std::size_t stage, double total1,
                         double total0) {
  Distances result;
  double sum = 0.0;
  double above1 = 0.0;
  double above0 = 0.0;
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t values = 0;
  while (i < treated.size() || j < control.size()) {
    const double at =
        j == control.size() || (i < treated.size() && treated[i].value <= control[j].value)
            ? treated[i].value
            : control[j].value;
    double weight = 0.0;
    for (; i < treated.size() && treated[i].value == at; ++i) {
      above1 += treated[i].weight[stage];
      weight += treated[i].weight[stage];
    }
    for (; j < control.size() && control[j].value == at; ++j) {
      above0 += control[j].weight[stage];
      weight += control[j].weight[stage];
    }
    if (weight == 0.0) continue;
    const double distance = std::abs(above1 / total1 - above0 / total0);
    result.largest = std::fmax(result.largest, distance);
    sum += distance;
    ++values;
  }
  result.mean = sum / static_cast<double>(values);
  return result;
}

struct Deviations {
  double treated, control, all;
};

double denominator(const Deviations& sd, SmdDenominator kind) {
  switch (kind) {
    case SmdDenominator::kTreated: return sd.treated;
    case SmdDenominator::kControl: return sd.control;
    case SmdDenominator::kPooled:
      return std::sqrt(0.5 * sd.treated * sd.treated + 0.5 * sd.control * sd.control);
    case SmdDenominator::kAll: return sd.all;
    case SmdDenominator::kNone: break;
  }
  return 1.0;
}

WeightedSample weighted(const Arm& arm, std::size_t stage) {
  WeightedSample sample;
  for (const Unit& unit : arm) {
    sample.values.push_back(unit.value);
    sample.weights.push_back(unit.weight[stage]);
  }
  return sample;
}

// All figures of one covariate in one sample; `unadjusted` are deviations of the sample before.
BalanceFigures figures(const Arm& treated, const Arm& control, std::size_t stage, bool binary,
                       const BalanceSpec& spec, const Deviations* unadjusted, Deviations& own) {
  BalanceFigures f;
  const Moments one = moments(treated, stage);
  const Moments zero = moments(control, stage);
  const auto deviation = [&](const Moments& m) {
    if (binary && spec.binary_variance == BinaryVariance::kPopulation) {
      return std::sqrt(m.mean * (1.0 - m.mean));
    }
    return std::sqrt(m.variance());
  };
  own = {deviation(one), deviation(zero), deviation(joined(one, zero))};
  f.mean_treated = one.mean;
  f.mean_control = zero.mean;
  f.sd_treated = own.treated;
  f.sd_control = own.control;
  f.difference = one.mean - zero.mean;
  const bool raw =
      spec.denominator == SmdDenominator::kNone || (binary && !spec.standardize_binary);
  const double by =
      raw ? 1.0 : denominator(unadjusted == nullptr ? own : *unadjusted, spec.denominator);
  // Equal means are in balance whatever the spread.
  f.smd = f.difference == 0.0 ? 0.0 : by > 0.0 ? f.difference / by : kNan;
  if (!binary && zero.variance() > 0.0) f.variance_ratio = one.variance() / zero.variance();
  f.welch_t = f.difference /
              std::sqrt(one.variance() / one.effective() + zero.variance() / zero.effective());
  if (std::isnan(f.difference)) return f;
  if (binary) {
    f.ks = f.ecdf_mean = std::abs(f.difference);
    f.overlap = 1.0 - f.ks;
    return f;
  }
  const Distances distances = ecdf_distances(treated, control, stage, one.weight, zero.weight);
  f.ks = distances.largest;
  f.ecdf_mean = distances.mean;
  return f;
}

void check(const BalanceData& data, const BalanceSpec& spec) {
  for (const BalanceCovariate& covariate : data.covariates) {
    require_length("covariate", covariate.values.size(), data.arm.size());
  }
  require_optional_length("weights", data.weights.size(), data.arm.size());
  require_optional_length("base_weights", data.base_weights.size(), data.arm.size());
  require_weights(data.weights);
  require_weights(data.base_weights);
  if (!(spec.smd_limit > 0.0) || !(spec.variance_ratio_limit > 1.0)) {
    throw ArgumentError({.what = "limits of balance are a positive SMD and a ratio above 1",
                         .where = "smd_limit",
                         .got = fmt::format("{}, {}", format_double(spec.smd_limit),
                                            format_double(spec.variance_ratio_limit))});
  }
}

// Weights of a row before and after, NaN when one is missing.
std::array<double, 2> row_weights(const BalanceData& data, std::size_t i) {
  const double base = data.base_weights.empty() ? 1.0 : data.base_weights[i];
  return {base, data.weights.empty() ? base : base * data.weights[i]};
}

bool out_of_balance(const BalanceFigures& f, const BalanceSpec& spec) {
  return std::abs(f.smd) > spec.smd_limit || f.variance_ratio > spec.variance_ratio_limit ||
         f.variance_ratio < 1.0 / spec.variance_ratio_limit;
}

struct Covariate {
  BalanceRow row = {};
  std::vector<std::string> warnings = {};
};

Covariate describe(const BalanceData& data, const BalanceCovariate& column,
                   const BalanceSpec& spec) {
  Covariate result;
  BalanceRow& row = result.row;
  row.name = column.name;
  std::array<Arm, 2> arms;
  std::int64_t infinite = 0;
  for (std::size_t i = 0; i < data.arm.size(); ++i) {
    if (data.arm[i] != 0 && data.arm[i] != 1) continue;
    const auto weight = row_weights(data, i);
    if (std::isnan(weight[0]) || std::isnan(weight[1]) || weight[0] == 0.0) continue;
    if (!std::isfinite(column.values[i])) {
      (std::isnan(column.values[i]) ? row.missing : infinite) += 1;
      continue;
    }
    arms[static_cast<std::size_t>(data.arm[i])].push_back({column.values[i] + 0.0, weight});
  }
  row.binary = true;
  for (Arm& arm : arms) {
    std::sort(arm.begin(), arm.end());
    for (const Unit& unit : arm) {
      row.binary = row.binary && (unit.value == 0.0 || unit.value == 1.0);
    }
  }
  row.missing += infinite;
  const auto& [control, treated] = arms;
  if (treated.empty() || control.empty()) {
    result.warnings.push_back(fmt::format("'{}' has no values in one of the arms", column.name));
    row.balanced = false;
    return result;
  }
  Deviations before = {};
  Deviations after = {};
  row.before = figures(treated, control, 0, row.binary, spec, nullptr, before);
  if (!data.weights.empty()) {
    row.after = figures(treated, control, 1, row.binary, spec,
                        spec.adjusted_denominator ? nullptr : &before, after);
  }
  if (!row.binary) {
    const WeightedSample first = weighted(treated, 0);
    const WeightedSample second = weighted(control, 0);
    const std::array<double, 2> width = {kernel_width(first), kernel_width(second)};
    row.before.overlap = density_overlap(first, second, width);
    if (!data.weights.empty() && !std::isnan(row.after.difference)) {
      row.after.overlap = density_overlap(weighted(treated, 1), weighted(control, 1), width);
    }
  }
  const BalanceFigures& last = data.weights.empty() ? row.before : row.after;
  row.balanced = !out_of_balance(last, spec) && !std::isnan(last.smd);
  if (infinite > 0) {
    result.warnings.push_back(fmt::format("'{}': {} left out as infinite", column.name,
                                          detail::plural(infinite, "row", "rows")));
  }
  if (row.missing > infinite) {
    result.warnings.push_back(fmt::format("'{}': {} left out as missing", column.name,
                                          detail::plural(row.missing - infinite, "row", "rows")));
  }
  if (std::isnan(last.smd) && !std::isnan(last.difference)) {
    result.warnings.push_back(
        fmt::format("'{}' does not vary where its difference is measured: no SMD", column.name));
  }
  return result;
}

}  // namespace

std::string_view smd_denominator_name(SmdDenominator denominator) {
  return kDenominators[static_cast<std::size_t>(denominator)];
}

SmdDenominator parse_smd_denominator(std::string_view name) {
  return parse_choice<SmdDenominator>(kDenominators, name, "denominator", "denominator");
}

BalanceSpec balance_convention(std::string_view like) {
  static constexpr std::array<std::string_view, 3> kNames = {"matchit", "cobalt", "matching"};
  enum class Like { kMatchIt, kCobalt, kMatching };
  BalanceSpec spec;
  switch (parse_choice<Like>(kNames, like, "convention", "like")) {
    case Like::kMatchIt: spec.denominator = SmdDenominator::kTreated; break;
    case Like::kCobalt: spec.standardize_binary = false; break;
    case Like::kMatching:
      spec.denominator = SmdDenominator::kTreated;
      spec.binary_variance = BinaryVariance::kSample;
      break;
  }
  return spec;
}

double effective_sample_size(std::span<const double> weights) {
  ExactSum sum;
  ExactSum square;
  for (const double w : weights) {
    sum.add(w);
    square.add(w * w);
  }
  const double total = sum.round();
  return total == 0.0 ? 0.0 : total / square.round() * total;
}

Balance balance(const BalanceData& data, const BalanceSpec& spec, const Context& context) {
  check(data, spec);
  Balance result;
  std::array<std::array<std::vector<double>, 2>, 2> weights;  // by stage, arm
  std::int64_t missing = 0;
  for (std::size_t i = 0; i < data.arm.size(); ++i) {
    if (data.arm[i] != 0 && data.arm[i] != 1) continue;
    const auto weight = row_weights(data, i);
    if (std::isnan(weight[0]) || std::isnan(weight[1])) {
      ++missing;
      continue;
    }
    for (std::size_t stage = 0; stage < 2; ++stage) {
      if (weight[stage] > 0.0) {
        weights[stage][static_cast<std::size_t>(data.arm[i])].push_back(weight[stage]);
      }
    }
  }
  const auto sizes = [&](std::size_t stage) -> ArmSizes {
    const auto& [control, treated] = weights[stage];
    return {std::ssize(treated), std::ssize(control), effective_sample_size(treated),
            effective_sample_size(control)};
  };
  result.before = sizes(0);
  result.after = data.weights.empty() ? ArmSizes{} : sizes(1);
  if (missing > 0) {
    result.warnings.push_back(fmt::format("{} left out: a weight is missing",
                                          detail::plural(missing, "row was", "rows were")));
  }
  std::vector<Covariate> described(data.covariates.size());
  run_tasks(context, described.size(),
            [&](std::size_t j) { described[j] = describe(data, data.covariates[j], spec); });
  for (Covariate& covariate : described) {
    const auto larger = [](double a, double b) { return std::fmax(a, std::abs(b)); };
    result.max_smd_before = larger(result.max_smd_before, covariate.row.before.smd);
    result.max_smd_after = larger(result.max_smd_after, covariate.row.after.smd);
    if (!covariate.row.balanced) ++result.unbalanced;
    std::ranges::move(covariate.warnings, std::back_inserter(result.warnings));
    result.rows.push_back(std::move(covariate.row));
  }
  return result;
}

}  // namespace impact
