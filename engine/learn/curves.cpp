#include "engine/learn/curves.h"

#include <algorithm>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"

namespace impact {

PrecisionRecallCurve precision_recall_curve(const ScoredLabels& data) {
  const detail::RankedScores ranked = detail::rank_scores(data);
  PrecisionRecallCurve curve;
  curve.positives = ranked.positive_rows;
  curve.negatives = ranked.negative_rows;
  detail::warn_scores(curve.warnings, ranked);
  if (ranked.n() == 0) return curve;
  curve.prevalence = ranked.positives / (ranked.positives + ranked.negatives);
  ExactSum area;
  for (const auto& g : ranked.groups) {
    const double precision = g.positives_to / (g.positives_to + g.negatives_to);
    area.add(g.positives * precision);
    curve.points.push_back({g.score, precision, g.positives_to / ranked.positives});
  }
  if (ranked.positive_rows > 0) curve.average_precision = area.round() / ranked.positives;
  return curve;
}

GainTable gain_table(const ScoredLabels& data, int parts) {
  if (parts < 1) {
    throw ArgumentError({.what = "a gain table has one part at least",
                         .where = "parts",
                         .got = std::to_string(parts),
                         .expected = "1 or more"});
  }
  const detail::RankedScores ranked = detail::rank_scores(data);
  GainTable table;
  detail::warn_scores(table.warnings, ranked);
  if (ranked.n() == 0) return table;
  const double total = ranked.positives + ranked.negatives;
  std::size_t g = 0;
  for (int part = 1; part <= parts; ++part) {
    const double share = static_cast<double>(part) / static_cast<double>(parts);
    const double reach = share * total;
    while (g + 1 < ranked.groups.size() &&
           ranked.groups[g].positives_to + ranked.groups[g].negatives_to < reach) {
      ++g;
    }
    const auto& group = ranked.groups[g];
    const double here = group.positives + group.negatives;
    const double above = group.positives_to + group.negatives_to - here;
    const double inside = std::clamp((reach - above) / here, 0.0, 1.0);
    const double positives = group.positives_to - (1.0 - inside) * group.positives;
    const double gain = positives / ranked.positives;
    table.points.push_back({.share = share,
                            .gain = gain,
                            .lift = gain / share,
                            .precision = positives / reach,
                            .threshold = group.score});
  }
  return table;
}

}  // namespace impact
