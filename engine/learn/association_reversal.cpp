#include "engine/learn/association_reversal.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"
#include "engine/stats/correlation.h"
#include "engine/stats/distribution.h"

namespace impact {
namespace {

// Strata that a sentence lists.
constexpr std::size_t kToldStrata = 8;

std::string p_text(double p) { return p < 0.001 ? "p < 0.001" : fmt::format("p = {:.3f}", p); }

// Mean of atanh r by the inverse of its variance.
void pool(AssociationReversal* out, double alpha) {
  double weights = 0.0;
  double sum = 0.0;
  for (const ReversalStratum& item : out->strata) {
    const double r = std::clamp(item.correlation, -1.0 + 1e-12, 1.0 - 1e-12);
    if (std::isnan(item.correlation)) continue;
    ++out->compared;
    if (out->overall * item.correlation < 0.0) ++out->opposite;
    const double weight = (static_cast<double>(item.n) - 3.0) / (1.0 + r * r / 2.0);
    weights += weight;
    sum += weight * std::atanh(r);
  }
  if (!(weights > 0.0)) return;
  const double z = sum / weights;
  const double reach = -std::sqrt(chi2_quantile(1.0 - alpha, 1.0) / weights);
  out->pooled = std::tanh(z);
  out->conf_low = std::tanh(z + reach);
  out->conf_high = std::tanh(z - reach);
}

void judge(AssociationReversal* out, double alpha) {
  if (!(out->overall_p < alpha) || std::isnan(out->pooled) || out->compared < 2) return;
  const bool holds_zero = out->conf_low <= 0.0 && out->conf_high >= 0.0;
  std::string verb;
  if (out->overall * out->pooled < 0.0 && !holds_zero) {
    out->rule = "reverses";
    verb = "turns around";
  } else if (holds_zero && std::abs(out->pooled) < std::abs(out->overall) / 2.0) {
    out->rule = "dissolves";
    verb = "dissolves";
  } else {
    return;
  }
  std::string levels;
  std::size_t told = 0;
  for (const ReversalStratum& item : out->strata) {
    if (std::isnan(item.correlation)) continue;
    if (told++ == kToldStrata) break;
    levels += fmt::format("{}{} {:+.3f} ({})", levels.empty() ? "" : ", ", item.level,
                          item.correlation, p_text(item.p_value));
  }
  if (out->compared > static_cast<std::int64_t>(kToldStrata)) levels += ", ...";
  out->text = fmt::format(
      "the rank correlation of {} with the label is {:+.3f} over all rows ({}) and {} within {}: "
      "{}; pooled within {} it is {:+.3f} ({:.0f} % interval {:+.3f} to {:+.3f}), {} of {} strata "
      "have the other sign",
      out->feature, out->overall, p_text(out->overall_p), verb, out->within, levels, out->within,
      out->pooled, 100.0 * (1.0 - alpha), out->conf_low, out->conf_high, out->opposite,
      out->compared);
}

}  // namespace

std::vector<AssociationReversal> find_reversals(const FeatureColumns& features,
                                                std::span<const double> label,
                                                std::span<const StrataColumn> strata,
                                                const ReversalSpec& spec) {
  check_features(features, label.size());
  std::vector<AssociationReversal> out;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    const Estimate overall = spearman_correlation(column, label);
    for (const StrataColumn& by : strata) {
      if (by.codes.size() != label.size()) {
        throw ArgumentError({.what = "strata and labels are not of the same rows",
                             .where = by.name,
                             .got = fmt::format("{} and {} rows", by.codes.size(), label.size())});
      }
      AssociationReversal& one = out.emplace_back();
      one.feature = features.name(j);
      one.within = by.name;
      one.overall = overall.estimate;
      one.overall_p = overall.p_value;
      std::vector<std::vector<double>> x(by.levels.size()), y(by.levels.size());
      for (std::size_t i = 0; i < label.size(); ++i) {
        if (by.codes[i] < 0) continue;
        const auto level = static_cast<std::size_t>(by.codes[i]);
        x[level].push_back(column[i]);
        y[level].push_back(label[i]);
      }
      for (std::size_t level = 0; level < by.levels.size(); ++level) {
        if (x[level].empty()) continue;
        ReversalStratum& stratum = one.strata.emplace_back();
        stratum.level = by.levels[level];
        const Estimate within = spearman_correlation(x[level], y[level]);
        stratum.n = within.n;
        if (within.n < std::max<std::int64_t>(spec.least_rows, 4)) continue;
        stratum.correlation = within.estimate;
        stratum.p_value = within.p_value;
      }
      pool(&one, spec.alpha);
      judge(&one, spec.alpha);
    }
  }
  return out;
}

}  // namespace impact
