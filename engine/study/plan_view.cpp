#include "engine/study/plan_view.h"

#include <algorithm>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/core/version.h"
#include "engine/study/run_files.h"

namespace impact {
namespace {

const LockNode* find_node(const Lock* lock, const std::string& name) {
  if (lock == nullptr) return nullptr;
  for (const LockNode& node : lock->nodes) {
    if (node.name == name) return &node;
  }
  return nullptr;
}

// What the last run's nodes would have been given if its study had been declared as now.
std::map<std::string, std::string> hashes_before(const Study& study, const Lock& before) {
  std::map<std::string, std::string> hashes;
  for (const LockInput& input : before.inputs) hashes[input.name] = input.sha256;
  for (const LockNode& node : before.nodes) {
    if (has_content(node.kind)) hashes.try_emplace(node.name, node.result);
  }
  return content_hashes(study, std::move(hashes));
}

// Whether the last run gave something else than this to a node that uses `name`.
bool given_otherwise(const Lock& before, const std::string& name, const std::string& hash) {
  return std::any_of(before.nodes.begin(), before.nodes.end(), [&](const LockNode& node) {
    const auto at = node.inputs.find(name);
    return at != node.inputs.end() && at->second != hash;
  });
}

constexpr std::string_view kFile = "file ";
// Reasons that say nothing about what a node gives to others.
constexpr const char* kOtherEngine = "another version of the engine computed it";
constexpr const char* kGone = "not in the cache";

// Why a node is not fresh. `changed` are the nodes whose result may differ from the last run's.
std::string reason(const NodeState& state, const Lock* before, std::int64_t seed,
                   const std::set<std::string>& changed) {
  const LockNode* last = find_node(before, state.name);
  if (last == nullptr) return "never run";
  if (last->definition != state.definition) return "its declaration changed";
  for (const auto& [name, hash] : state.inputs) {
    const auto at = last->inputs.find(name);
    if (name.starts_with(kFile) && at != last->inputs.end() && at->second != hash) {
      return "the " + name + " changed";
    }
  }
  for (const auto& [name, hash] : state.inputs) {
    if (changed.count(name) != 0) return "'" + name + "' changed";
  }
  if (before->seed != seed && state.kind == "assignment") return "the seed changed";
  if (before->engine.version != version()) return kOtherEngine;
  return kGone;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::string status(const PlanLine& line) {
  if (!line.computed) return "";
  return line.fresh ? "fresh" : "stale: " + line.why;
}

// Columns of a terminal; bytes of UTF-8 sequences after the first take none.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::string padded(std::string text, std::size_t columns) {
  const std::size_t own = width(text);
  return own < columns ? text + std::string(columns - own, ' ') : text;
}

std::string quoted(const std::string& text) { return nlohmann::json(text).dump(); }

}  // namespace

std::vector<PlanLine> plan_lines(const Study& study, const std::vector<NodeState>& states,
                                 const Lock* before) {
  std::map<std::string, const NodeState*> known;
  for (const NodeState& state : states) known[state.name] = &state;
  std::map<std::string, std::string> given;
  if (before != nullptr) given = hashes_before(study, *before);
  std::set<std::string> changed;
  std::vector<PlanLine> lines;
  for (const PlannedNode& planned : planned_nodes(study)) {
    PlanLine line{.kind = kind_of(*planned.node),
                  .name = planned.node->name,
                  .inputs = planned.inputs,
                  .why = {}};
    const auto at = known.find(line.name);
    line.computed = at != known.end();
    if (line.computed) {
      line.fresh = at->second->fresh;
      if (!line.fresh) {
        line.why = reason(*at->second, before, study.seed, changed);
        if (line.why != kGone && line.why != kOtherEngine) changed.insert(line.name);
      }
    } else {
      const bool below = std::any_of(line.inputs.begin(), line.inputs.end(),
                                     [&](const auto& input) { return changed.count(input) != 0; });
      if (below || (before != nullptr && given_otherwise(*before, line.name, given[line.name]))) {
        changed.insert(line.name);
      }
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string plan_text(const Study& study, const std::string& plan_hash,
                      const std::vector<PlanLine>& lines) {
  constexpr std::size_t kShownDigits = 12;
  const auto stale = std::count_if(lines.begin(), lines.end(), [](const PlanLine& line) {
    return line.computed && !line.fresh;
  });
  std::string out = study.name + " " + study.version + ", plan " +
                    plan_hash.substr(0, kShownDigits) + ", " + std::to_string(lines.size()) +
                    (lines.size() == 1 ? " node, " : " nodes, ") + std::to_string(stale) +
                    " stale\n";
  std::size_t names = 0;
  std::size_t states = 0;
  for (const PlanLine& line : lines) {
    names = std::max(names, width(line.name));
    states = std::max(states, width(status(line)));
  }
  for (const PlanLine& line : lines) {
    std::string row = "  " + padded(line.kind, 11) + padded(line.name, names + 2) +
                      padded(status(line), states + 2);
    if (!line.inputs.empty()) row += "<- " + joined(line.inputs);
    row.erase(row.find_last_not_of(' ') + 1);
    out += row + "\n";
  }
  return out;
}

std::string plan_dot(const Study& study, const std::vector<PlanLine>& lines) {
  std::string out =
      "digraph " + quoted(study.name) + " {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n";
  for (const PlanLine& line : lines) {
    out += "  " + quoted(line.name) + " [label=" + quoted(line.kind + "\n" + line.name);
    if (line.computed && !line.fresh) out += ", style=\"rounded,dashed\"";
    out += "];\n";
  }
  for (const PlanLine& line : lines) {
    for (const std::string& input : line.inputs) {
      out += "  " + quoted(input) + " -> " + quoted(line.name) + ";\n";
    }
  }
  return out + "}\n";
}

nlohmann::json plan_json(const Study& study, const std::string& plan_hash,
                         const std::vector<PlanLine>& lines) {
  nlohmann::json states = nlohmann::json::array();
  for (const PlanLine& line : lines) {
    states.push_back({{"kind", line.kind},
                      {"name", line.name},
                      {"inputs", line.inputs},
                      {"computed", line.computed},
                      {"fresh", line.fresh},
                      {"why", line.why}});
  }
  return {{"plan_hash", plan_hash}, {"plan", plan_of(study)}, {"nodes", std::move(states)}};
}

}  // namespace impact
