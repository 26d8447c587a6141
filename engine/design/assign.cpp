#include "engine/design/assign.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/stats/design_matrix.h"

namespace impact {
namespace {

// Combinations of the columns' cells by number of first appearance, -1 where one is missing.
std::vector<std::int32_t> combination_codes(const Frame& units,
                                            const std::vector<std::string>& columns) {
  std::vector<std::int32_t> codes;
  for (const auto& name : columns) {
    const FactorCodes factor = factor_codes(units, name);
    if (codes.empty()) {
      codes = factor.codes;
      continue;
    }
    std::unordered_map<std::uint64_t, std::int32_t> seen;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (codes[i] < 0 || factor.codes[i] < 0) {
        codes[i] = -1;
        continue;
      }
      const std::uint64_t pair = (static_cast<std::uint64_t>(codes[i]) << 32U) |
                                 static_cast<std::uint32_t>(factor.codes[i]);
      codes[i] = seen.emplace(pair, static_cast<std::int32_t>(seen.size())).first->second;
    }
  }
  return codes;
}

}  // namespace

Column assign_units(const Assignment& assignment, const Frame& units,
                    const std::vector<std::string>& within,
                    const std::vector<std::string>& clusters, std::int64_t seed) {
  const auto block_codes = combination_codes(units, within);
  const auto cluster_codes = combination_codes(units, clusters);
  Stream stream(StreamKey::root(seed).child("assignment").child(assignment.name), 0);
  std::vector<std::int32_t> arms =
      draw_assignment(assignment, units.rows(), {block_codes, cluster_codes}, stream);
  return Column::categories(category_type(assignment.arms), std::move(arms));
}

std::vector<double> arm_probabilities(const Assignment& assignment, const Frame& units,
                                      const std::vector<std::string>& within,
                                      const std::vector<std::string>& clusters,
                                      const Column& arms) {
  const auto block_codes = combination_codes(units, within);
  const auto cluster_codes = combination_codes(units, clusters);
  const std::vector<double> all =
      assignment_probabilities(assignment, units.rows(), {block_codes, cluster_codes});
  if (arms.size() != units.rows()) {
    throw ArgumentError({.what = "arms and units differ in number",
                         .got = fmt::format("{}", arms.size()),
                         .expected = fmt::format("{}", units.rows())});
  }
  std::vector<double> out(arms.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::string arm(arms.missing(i) ? std::string_view() : arms.text_at(i));
    const auto at = std::find(assignment.arms.begin(), assignment.arms.end(), arm);
    if (arms.missing(i) || at == assignment.arms.end()) {
      throw ArgumentError({.what = fmt::format("assignment '{}' has no such arm", assignment.name),
                           .where = fmt::format("unit {}", i + 1),
                           .got = arms.missing(i) ? "missing" : arm,
                           .expected = list_words(assignment.arms)});
    }
    out[i] =
        all[i * assignment.arms.size() + static_cast<std::size_t>(at - assignment.arms.begin())];
  }
  return out;
}

}  // namespace impact
