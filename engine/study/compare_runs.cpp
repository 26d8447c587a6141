#include "engine/study/compare_runs.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "engine/core/hash.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using Texts = std::map<std::string, std::string>;
using Verdict = RunComparison::Verdict;

constexpr const char* kResults = "results.json";

class SettingsComparison {
 public:
  explicit SettingsComparison(std::vector<SettingChange>& out) : out_(out) {}

  void compare(const std::string& what, const std::string& a, const std::string& b, bool engine) {
    if (a != b) out_.push_back({what, a, b, engine});
  }
  void compare_all(const std::string& what, const Texts& a, const Texts& b, bool engine) {
    Texts names = a;
    names.insert(b.begin(), b.end());
    const auto find = [](const Texts& texts, const std::string& name) {
      const auto at = texts.find(name);
      return at == texts.end() ? std::string() : at->second;
    };
    for (const auto& [name, text] : names) {
      compare(what + " " + name, find(a, name), find(b, name), engine);
    }
  }

 private:
  std::vector<SettingChange>& out_;
};

Texts texts_of(const std::map<std::string, Value>& values) {
  Texts texts;
  for (const auto& [name, value] : values) texts["'" + name + "'"] = format_value(value);
  return texts;
}

std::vector<SettingChange> compare_settings(const Lock& a, const Lock& b) {
  std::vector<SettingChange> out;
  SettingsComparison settings(out);
  settings.compare("study", a.study, b.study, false);
  settings.compare("version", a.version, b.version, false);
  settings.compare("seed", format_integer(a.seed), format_integer(b.seed), false);
  settings.compare_all("parameter", texts_of(a.parameters), texts_of(b.parameters), false);
  settings.compare("plan", a.plan_hash, b.plan_hash, false);
  settings.compare_all("script", a.scripts, b.scripts, false);
  settings.compare("engine", a.engine.version, b.engine.version, true);
  settings.compare("commit", a.engine.commit, b.engine.commit, true);
  settings.compare("compiler", a.engine.compiler, b.engine.compiler, true);
  settings.compare("floating point", a.engine.floating_point, b.engine.floating_point, true);
  settings.compare("cpu", a.engine.cpu, b.engine.cpu, true);
  settings.compare_all("library", a.engine.libraries, b.engine.libraries, true);
  return out;
}

std::vector<InputChange> compare_inputs(const Lock& a, const Lock& b) {
  std::map<std::string, InputChange> inputs;
  for (const LockInput& input : a.inputs) {
    inputs[input.name].name = input.name;
    inputs[input.name].before = input;
  }
  for (const LockInput& input : b.inputs) {
    inputs[input.name].name = input.name;
    inputs[input.name].after = input;
  }
  std::vector<InputChange> out;
  for (auto& [name, input] : inputs) {
    if (input.before != input.after) out.push_back(std::move(input));
  }
  return out;
}

std::vector<std::string> changed_names(const Texts& a, const Texts& b) {
  std::set<std::string> names;
  for (const auto& [name, hash] : a) {
    const auto other = b.find(name);
    if (other == b.end() || other->second != hash) names.insert(name);
  }
  for (const auto& [name, hash] : b) {
    if (!a.contains(name)) names.insert(name);
  }
  return {names.begin(), names.end()};
}

struct Differs {
  bool seed = false;
  bool engine = false;
};

NodeComparison compare_node(const LockNode& a, const LockNode& b, Differs run) {
  NodeComparison node{a.kind,   a.name,  NodeChange::kSame, changed_names(a.inputs, b.inputs),
                      a.result, b.result};
  if (a.definition != b.definition || a.stream != b.stream) {
    node.change = NodeChange::kDefinition;
  } else if (!node.inputs.empty()) {
    node.change = NodeChange::kInputs;
  } else if (a.result != b.result) {
    node.change = run.seed && !a.stream.empty() ? NodeChange::kSeed
                  : run.engine                  ? NodeChange::kEngine
                                                : NodeChange::kResult;
  } else if (a.warnings != b.warnings) {
    node.change = NodeChange::kWarnings;
  }
  return node;
}

std::vector<NodeComparison> compare_nodes(const Lock& a, const Lock& b, Differs run) {
  using Key = std::pair<std::string, std::string>;
  std::map<Key, const LockNode*> others;
  for (const LockNode& node : b.nodes) others[{node.kind, node.name}] = &node;
  std::set<Key> seen;
  std::vector<NodeComparison> out;
  for (const LockNode& node : a.nodes) {
    const Key key{node.kind, node.name};
    seen.insert(key);
    const auto other = others.find(key);
    if (other == others.end()) {
      out.push_back({node.kind, node.name, NodeChange::kRemoved, {}, node.result, {}});
    } else {
      out.push_back(compare_node(node, *other->second, run));
    }
  }
  for (const LockNode& node : b.nodes) {
    if (seen.contains({node.kind, node.name})) continue;
    out.push_back({node.kind, node.name, NodeChange::kAdded, {}, {}, node.result});
  }
  return out;
}

// Whether a results.json is at hand that is not the one the run wrote, as its lock says.
bool edited(const RecordedRun& run) {
  const auto written = run.lock.outputs.find(kResults);
  return run.results && written != run.lock.outputs.end() &&
         written->second != to_hex(sha256(*run.results));
}

// Nodes may differ between close runs in their results only, or because a node below them does.
bool only_results_differ(const RunComparison& found) {
  std::set<std::string> different;
  for (const NodeComparison& node : found.nodes) {
    switch (node.change) {
      case NodeChange::kSame: continue;
      case NodeChange::kEngine:
      case NodeChange::kResult: break;
      case NodeChange::kInputs: {
        const bool all_below =
            std::all_of(node.inputs.begin(), node.inputs.end(),
                        [&](const std::string& name) { return different.contains(name); });
        if (!all_below) return false;
        break;
      }
      default: return false;
    }
    different.insert(node.name);
  }
  return true;
}

// Outputs that differ though every result is the same: what a reader sees may follow the script's
// prose or the engine's layout, but nothing else.
bool outputs_explained(const std::vector<std::string>& changed, RunComparison& found) {
  for (const std::string& name : changed) {
    found.notes.push_back("the output " + name + " differs though every result is the same");
  }
  return changed.empty() || std::any_of(found.settings.begin(), found.settings.end(),
                                        [](const SettingChange& setting) {
                                          return setting.engine ||
                                                 setting.what.rfind("script ", 0) == 0;
                                        });
}

Verdict verdict_of(const RecordedRun& before, const RecordedRun& after, RunComparison& found) {
  bool trusted = true;
  for (const RecordedRun* run : {&before, &after}) {
    if (!edited(*run)) continue;
    trusted = false;
    found.notes.push_back("results.json of " + run->name +
                          " was changed after its run: its hash is not the one in its lock");
  }
  const bool same_study = before.lock.plan_hash == after.lock.plan_hash && found.inputs.empty() &&
                          only_results_differ(found);
  const std::vector<std::string> outputs = changed_names(before.lock.outputs, after.lock.outputs);
  const bool same_results = std::find(outputs.begin(), outputs.end(), kResults) == outputs.end();
  if (trusted && same_study && same_results && !found.first) {
    return outputs_explained(outputs, found) ? Verdict::kIdentical : Verdict::kDifferent;
  }
  for (const RecordedRun* run : {&before, &after}) {
    if (run->results) continue;
    found.notes.push_back("results.json of " + run->name +
                          " is not at hand, so no values were compared");
  }
  if (!same_study || !found.values_compared || !found.values.close()) return Verdict::kDifferent;
  if (found.values.count == 0) {
    found.notes.emplace_back(found.first ? "what differs does not show in results.json"
                                         : "results.json holds the same values in another layout");
  }
  return Verdict::kClose;
}

}  // namespace

RunComparison compare_runs(const RecordedRun& before, const RecordedRun& after) {
  RunComparison found;
  found.settings = compare_settings(before.lock, after.lock);
  found.inputs = compare_inputs(before.lock, after.lock);
  const Differs run{before.lock.seed != after.lock.seed, before.lock.engine != after.lock.engine};
  found.nodes = compare_nodes(before.lock, after.lock, run);
  for (std::size_t i = 0; i < found.nodes.size() && !found.first; ++i) {
    if (found.nodes[i].change != NodeChange::kSame) found.first = i;
  }
  found.values_compared = before.results && after.results && !edited(before) && !edited(after);
  if (found.values_compared) {
    found.values = compare_results(*before.results, before.name + "/" + kResults, *after.results,
                                   after.name + "/" + kResults);
  }
  found.verdict = verdict_of(before, after, found);
  return found;
}

}  // namespace impact
