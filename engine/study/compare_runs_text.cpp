#include <algorithm>
#include <cmath>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/study/compare_runs.h"

namespace impact {
namespace {

using nlohmann::json;
using Verdict = RunComparison::Verdict;

// Enough of a hash to tell two apart.
std::string short_hash(const std::string& hash) {
  return hash.empty() ? "none" : hash.substr(0, 12);
}

bool is_hash(const std::string& what) { return what == "plan" || what.rfind("script ", 0) == 0; }

std::string key_of(NodeChange change) {
  switch (change) {
    case NodeChange::kSame: return "same";
    case NodeChange::kRemoved: return "removed";
    case NodeChange::kAdded: return "added";
    case NodeChange::kDefinition: return "definition";
    case NodeChange::kInputs: return "inputs";
    case NodeChange::kSeed: return "seed";
    case NodeChange::kEngine: return "engine";
    case NodeChange::kResult: return "result";
    case NodeChange::kWarnings: return "warnings";
  }
  return {};
}

std::string names_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string reason_of(const NodeComparison& node) {
  switch (node.change) {
    case NodeChange::kSame: return "the same";
    case NodeChange::kRemoved: return "only the first run has it";
    case NodeChange::kAdded: return "only the second run has it";
    case NodeChange::kDefinition: return "its definition differs";
    case NodeChange::kInputs: return "its inputs differ: " + names_of(node.inputs);
    case NodeChange::kSeed: return "it draws random numbers from another seed";
    case NodeChange::kEngine: return "same definition and inputs, computed by another engine";
    case NodeChange::kResult: return "only its result differs: same definition, inputs and engine";
    case NodeChange::kWarnings: return "only its warnings differ";
  }
  return {};
}

std::string node_line(const NodeComparison& node) {
  return node.kind + " '" + node.name + "': " + reason_of(node);
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::size_t differing(const RunComparison& comparison) {
  return static_cast<std::size_t>(
      std::count_if(comparison.nodes.begin(), comparison.nodes.end(),
                    [](const NodeComparison& node) { return node.change != NodeChange::kSame; }));
}

std::string headline(const RunComparison& comparison) {
  const std::string verdict = name_of(comparison.verdict) + ": ";
  switch (comparison.verdict) {
    case Verdict::kIdentical:
      return verdict + "same plan, same files, and the results of all " +
             counted(comparison.nodes.size(), "node", "nodes") + " byte by byte";
    case Verdict::kClose:
      return verdict + "same plan, same files; " +
             counted(comparison.values.count, "number differs", "numbers differ") +
             ", relatively by at most " + format_double(comparison.values.largest_relative) +
             (comparison.values.largest_where.empty()
                  ? std::string()
                  : " (" + comparison.values.largest_where + ")");
    case Verdict::kDifferent: break;
  }
  if (comparison.first)
    return verdict + "first at " + node_line(comparison.nodes[*comparison.first]);
  if (!comparison.inputs.empty()) return verdict + "the input files";
  const bool other_plan = std::any_of(comparison.settings.begin(), comparison.settings.end(),
                                      [](const auto& setting) { return setting.what == "plan"; });
  if (other_plan) return verdict + "the plan, though no node";
  if (comparison.values.count > 0) return verdict + "results.json, though no node";
  return verdict + "no node, but see the notes";
}

std::string schema_change(const LockInput& a, const LockInput& b) {
  std::vector<std::string> parts;
  for (const auto& column : a.schema) {
    const auto other = std::find_if(b.schema.begin(), b.schema.end(), [&](const auto& candidate) {
      return candidate.first == column.first;
    });
    if (other == b.schema.end()) {
      parts.push_back("without column '" + column.first + "'");
    } else if (other->second != column.second) {
      parts.push_back("column '" + column.first + "' " + column.second + " -> " + other->second);
    }
  }
  for (const auto& column : b.schema) {
    if (std::none_of(a.schema.begin(), a.schema.end(),
                     [&](const auto& candidate) { return candidate.first == column.first; })) {
      parts.push_back("new column '" + column.first + "'");
    }
  }
  if (parts.empty() && a.schema != b.schema) parts.emplace_back("columns in another order");
  return names_of(parts);
}

std::string input_line(const InputChange& input) {
  if (!input.before) return input.after->file + ": only the second run read it";
  if (!input.after) return input.before->file + ": only the first run read it";
  const LockInput& a = *input.before;
  const LockInput& b = *input.after;
  std::vector<std::string> parts;
  if (a.file != b.file) parts.push_back("now " + b.file);
  if (a.sha256 != b.sha256) {
    parts.push_back("SHA-256 " + short_hash(a.sha256) + " -> " + short_hash(b.sha256));
  }
  if (a.rows != b.rows) {
    parts.push_back(format_integer(a.rows) + " -> " + format_integer(b.rows) + " rows");
  }
  if (a.bytes != b.bytes) {
    parts.push_back(std::to_string(a.bytes) + " -> " + std::to_string(b.bytes) + " bytes");
  }
  if (a.generated != b.generated) {
    parts.emplace_back(b.generated ? "generated in the second run" : "generated in the first run");
  }
  if (a.schema != b.schema) parts.push_back(schema_change(a, b));
  return a.file + ": " + names_of(parts);
}

std::string setting_line(const SettingChange& setting) {
  const auto text = [&](const std::string& value) {
    if (is_hash(setting.what)) return short_hash(value);
    return value.empty() ? std::string("none") : value;
  };
  return setting.what + ": " + text(setting.before) + " -> " + text(setting.after);
}

std::string value_line(const ValueDifference& value) {
  const std::string before = value.before.empty() ? "absent" : value.before;
  const std::string after = value.after.empty() ? "absent" : value.after;
  std::string text = value.where + ": " + before + " -> " + after;
  if (value.relative && std::isfinite(*value.relative)) {
    text += " (relatively " + format_double(*value.relative) + ")";
  }
  return text;
}

// A heading with indented lines under it; nothing without lines.
void append_list(std::string& out, const std::string& heading,
                 const std::vector<std::string>& lines) {
  if (lines.empty()) return;
  out += heading + "\n";
  for (const std::string& line : lines) out += "  " + line + "\n";
}

template <class List, class Line>
std::vector<std::string> lines_of(const List& list, Line&& line) {
  std::vector<std::string> lines;
  for (const auto& item : list) lines.push_back(line(item));
  return lines;
}

json number_json(double value) {
  return std::isfinite(value) ? json(value) : json(format_double(value));
}

json input_json(const std::optional<LockInput>& input) {
  if (!input) return nullptr;
  json schema = json::array();
  for (const auto& [name, type] : input->schema) schema.push_back({{"name", name}, {"type", type}});
  return {{"file", input->file}, {"sha256", input->sha256}, {"bytes", input->bytes},
          {"rows", input->rows}, {"schema", schema},        {"generated", input->generated}};
}

json node_json(const NodeComparison& node) {
  return {{"kind", node.kind},     {"name", node.name},     {"change", key_of(node.change)},
          {"inputs", node.inputs}, {"before", node.before}, {"after", node.after}};
}

}  // namespace

std::string name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kIdentical: return "identical";
    case Verdict::kClose: return "close";
    case Verdict::kDifferent: return "different";
  }
  return {};
}

std::string describe(const RunComparison& comparison, bool all_nodes) {
  std::string out = headline(comparison) + "\n";
  append_list(out, "notes", comparison.notes);
  append_list(out, "settings", lines_of(comparison.settings, setting_line));
  append_list(out, "input files", lines_of(comparison.inputs, input_line));
  std::vector<std::string> nodes;
  for (const NodeComparison& node : comparison.nodes) {
    if (all_nodes || node.change != NodeChange::kSame) nodes.push_back(node_line(node));
  }
  append_list(out,
              "nodes: " + std::to_string(differing(comparison)) + " of " +
                  std::to_string(comparison.nodes.size()) + " differ",
              nodes);
  std::vector<std::string> values = lines_of(comparison.values.values, value_line);
  if (comparison.values.count > values.size()) {
    values.push_back("and " + std::to_string(comparison.values.count - values.size()) + " more");
  }
  append_list(out, counted(comparison.values.count, "value differs", "values differ"), values);
  return out;
}

json to_json(const RunComparison& comparison) {
  json settings = json::array();
  for (const SettingChange& setting : comparison.settings) {
    settings.push_back({{"what", setting.what},
                        {"before", setting.before},
                        {"after", setting.after},
                        {"engine", setting.engine}});
  }
  json inputs = json::array();
  for (const InputChange& input : comparison.inputs) {
    inputs.push_back({{"name", input.name},
                      {"before", input_json(input.before)},
                      {"after", input_json(input.after)}});
  }
  json nodes = json::array();
  for (const NodeComparison& node : comparison.nodes) nodes.push_back(node_json(node));
  json values = json::array();
  for (const ValueDifference& value : comparison.values.values) {
    values.push_back({{"where", value.where},
                      {"before", value.before},
                      {"after", value.after},
                      {"relative", value.relative ? number_json(*value.relative) : json()}});
  }
  return {{"verdict", name_of(comparison.verdict)},
          {"first", comparison.first ? node_json(comparison.nodes[*comparison.first]) : json()},
          {"settings", std::move(settings)},
          {"inputs", std::move(inputs)},
          {"nodes", std::move(nodes)},
          {"values_compared", comparison.values_compared},
          {"value_count", comparison.values.count},
          {"values", std::move(values)},
          {"largest_relative", number_json(comparison.values.largest_relative)},
          {"largest_where", comparison.values.largest_where},
          {"notes", comparison.notes}};
}

}  // namespace impact
