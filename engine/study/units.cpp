#include "engine/study/units.h"

#include <algorithm>
#include <unordered_map>

#include "engine/design/assign.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

// Arms that were drawn elsewhere, as codes of the declared arms.
Column given_arms(const Column& column, const Assignment& design) {
  const Groups groups = group_cells(column);
  std::vector<std::int32_t> arm_of;
  for (const std::string& label : groups.labels) {
    const auto at = std::find(design.arms.begin(), design.arms.end(), label);
    if (at == design.arms.end()) {
      throw DataError(
          {.what = "a unit is in an arm that assignment '" + design.name + "' does not declare",
           .got = "'" + label + "'",
           .expected = list_words(design.arms),
           .hint = did_you_mean(label, design.arms)});
    }
    arm_of.push_back(static_cast<std::int32_t>(at - design.arms.begin()));
  }
  std::vector<std::int32_t> codes(groups.codes.size(), 0);
  std::vector<std::uint64_t> valid((codes.size() + 63) / 64, 0);
  for (std::size_t row = 0; row < codes.size(); ++row) {
    if (groups.codes[row] < 0) continue;
    codes[row] = arm_of[static_cast<std::size_t>(groups.codes[row])];
    valid[row / 64] |= std::uint64_t{1} << (row % 64);
  }
  return Column::categories(category_type(design.arms), std::move(codes), std::move(valid));
}

}  // namespace

Groups group_cells(const Column& column) {
  Groups out;
  out.codes.resize(column.size(), -1);
  std::unordered_map<std::string, std::int32_t> known;
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (column.missing(row)) continue;
    std::string text = format_value(column.value(row));
    const auto [at, added] =
        known.try_emplace(std::move(text), static_cast<std::int32_t>(out.labels.size()));
    if (added) out.labels.push_back(at->first);
    out.codes[row] = at->second;
  }
  return out;
}

std::vector<std::string> key_texts(const Frame& frame, const std::vector<std::string>& key) {
  std::vector<std::string> out(frame.rows());
  for (const std::string& name : key) {
    const Column& column = frame.column(name);
    for (std::size_t row = 0; row < frame.rows(); ++row) {
      const std::string cell = column.missing(row) ? "" : format_value(column.value(row));
      out[row] += std::to_string(cell.size()) + ":" + cell;  // No two keys give one text.
    }
  }
  return out;
}

Frame draw_arms(const Study& study, const AssignmentNode& node, const Blind& blind,
                const Context& context) {
  const RelationPtr units = blind(node.units);
  std::vector<NamedExpr> wanted;
  for (const std::string& name : units->key) wanted.push_back({name, column(name)});
  const std::size_t key_columns = wanted.size();
  const auto add = [&](const std::optional<StudyColumn>& item) -> std::vector<std::string> {
    if (!item) return {};
    wanted.push_back({"impact group " + std::to_string(wanted.size()), item->expr});
    return {wanted.back().name};
  };
  const auto within = add(node.within);
  const auto clusters = add(node.clusters);
  const auto given = add(node.given);
  const RelationPtr needed = select(units, wanted);
  const Frame frame = needed->backend->collect(needed, context);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::size_t i = 0; i < key_columns; ++i) {
    names.push_back(wanted[i].name);
    columns.push_back(frame.column(i));
  }
  names.push_back(node.design.name);
  columns.push_back(given.empty() ? assign_units(node.design, frame, within, clusters, study.seed)
                                  : given_arms(frame.column(given[0]), node.design));
  return {std::move(names), std::move(columns)};
}

}  // namespace impact
