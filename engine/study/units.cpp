#include "engine/study/units.h"

#include <algorithm>
#include <unordered_map>

#include "engine/core/rng.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

Column text_column(const std::vector<std::int32_t>& codes, const std::vector<std::string>& labels) {
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::uint64_t> valid((codes.size() + 63) / 64, 0);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    if (codes[i] >= 0) {
      bytes += labels[static_cast<std::size_t>(codes[i])];
      valid[i / 64] |= std::uint64_t{1} << (i % 64);
    }
    offsets.push_back(bytes.size());
  }
  return Column::text(std::move(bytes), std::move(offsets), std::move(valid));
}

// Arms that were drawn elsewhere, as codes of the declared arms.
std::vector<std::int32_t> given_arms(const Column& column, const Assignment& design) {
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
  std::vector<std::int32_t> codes = groups.codes;
  for (std::int32_t& code : codes) {
    if (code >= 0) code = arm_of[static_cast<std::size_t>(code)];
  }
  return codes;
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
  const auto add = [&](const std::optional<StudyColumn>& item) -> std::optional<std::size_t> {
    if (!item) return std::nullopt;
    wanted.push_back({"impact group " + std::to_string(wanted.size()), item->expr});
    return wanted.size() - 1;
  };
  const auto within = add(node.within);
  const auto clusters = add(node.clusters);
  const auto given = add(node.given);
  const RelationPtr needed = select(units, wanted);
  const Frame frame = needed->backend->collect(needed, context);
  std::vector<std::int32_t> arms;
  if (given) {
    arms = given_arms(frame.column(*given), node.design);
  } else {
    Groups blocks;
    Groups together;
    if (within) blocks = group_cells(frame.column(*within));
    if (clusters) together = group_cells(frame.column(*clusters));
    Stream stream(StreamKey::root(study.seed).child("assignment").child(node.design.name), 0);
    arms = draw_assignment(node.design, frame.rows(),
                           {.blocks = blocks.codes, .clusters = together.codes}, stream);
  }
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (std::size_t i = 0; i < key_columns; ++i) {
    names.push_back(wanted[i].name);
    columns.push_back(frame.column(i));
  }
  names.push_back(node.design.name);
  columns.push_back(text_column(arms, node.design.arms));
  return {std::move(names), std::move(columns)};
}

}  // namespace impact
