#include "engine/study/run.h"

#include <algorithm>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/core/build_id.h"
#include "engine/core/canonical_json.h"
#include "engine/core/hash.h"
#include "engine/core/parallel.h"
#include "engine/core/version.h"
#include "engine/study/at_node.h"
#include "engine/study/blind.h"
#include "engine/study/fingerprint.h"
#include "engine/study/object_store.h"
#include "engine/study/recipe.h"
#include "engine/study/work.h"

namespace impact {
namespace {

using nlohmann::json;

// Whether the data give the node a result; a model and what hangs on it wait for diagnose.
bool has_result(const Study& study, const Node& node) {
  if (const auto* assignment = std::get_if<AssignmentNode>(&node.body)) {
    return assignment->units != nullptr;
  }
  if (const auto* estimator = std::get_if<EstimatorNode>(&node.body)) {
    const auto& inquiry = std::get<InquiryNode>(study.find(estimator->answers)->body);
    return inquiry.outcome.table != nullptr;
  }
  return std::holds_alternative<SourceNode>(node.body) ||
         std::holds_alternative<RelationNode>(node.body) ||
         std::holds_alternative<TableNode>(node.body) ||
         std::holds_alternative<CheckNode>(node.body) ||
         std::holds_alternative<AnalysisNode>(node.body) ||
         std::holds_alternative<FigureNode>(node.body);
}

struct State {
  PlannedNode planned;
  NodeState state;
  std::size_t depth = 0;  // Longest way from a node without inputs.
};

// A key names everything a result depends on. The names of nodes are part of it because random
// streams are named after them.
std::vector<State> states_of(const Study& study, const RunTools& tools, bool blinded,
                             const Context& context) {
  std::map<std::string, const State*> known;
  // What is blinded is part of the source's key, so that a result never outlives its blinding.
  std::map<std::string, std::set<std::string>> unseen;
  if (blinded) unseen = blinded_columns(study);
  std::vector<State> all;
  const auto planned = planned_nodes(study);
  all.reserve(planned.size());
  for (const PlannedNode& node : planned) {
    context.check();
    State next{node, {}, 0};
    NodeState& state = next.state;
    state.name = node.node->name;
    state.kind = kind_of(*node.node);
    state.definition = hash_json(node.definition);
    for (const std::string& input : node.inputs) {
      const State& before = *known.at(input);
      state.inputs[input] = before.state.key;
      next.depth = std::max(next.depth, before.depth + 1);
    }
    if (const auto at = unseen.find(state.name); at != unseen.end()) {
      state.inputs["blinded"] = hash_json({study.blind == Blinding::kHide, at->second});
    }
    if (const auto* source = std::get_if<SourceNode>(&node.node->body)) {
      state.inputs["file " + source->file] =
          at_node(*node.node, [&] { return tools.fingerprints->of(source->path).sha256; });
    }
    // Only chance depends on the study's seed.
    const bool chance = blinded || std::holds_alternative<AssignmentNode>(node.node->body) ||
                        analysis_of(node.node->body) != nullptr || draws_folds(node.node->body);
    state.key = hash_json({{"engine", std::string(version())},
                           {"build", build_id()},
                           {"tables", tools.table_backend},
                           {"seed", chance ? json(study.seed) : json()},
                           {"blinded", blinded},
                           {"kind", state.kind},
                           {"name", state.name},
                           {"definition", state.definition},
                           {"inputs", state.inputs}});
    all.push_back(std::move(next));
    known[all.back().state.name] = &all.back();
  }
  return all;
}

// Checks with a method, and whose results they use.
std::set<std::string> nodes_of_checks(const Study& study) {
  std::set<std::string> out;
  std::vector<const Node*> open;
  for (const Node& node : study.nodes) {
    const auto* check = std::get_if<CheckNode>(&node.body);
    if (check != nullptr && check->recipe != nullptr) open.push_back(&node);
  }
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!out.insert(node->name).second) continue;
    const Recipe* recipe = analysis_of(node->body);
    if (recipe == nullptr) continue;
    for (const std::string& name : recipe->nodes) open.push_back(study.find(name));
  }
  return out;
}

bool will_be_blind(const Study& study, const RunTools& tools) {
  return study.blind != Blinding::kNone && !tools.sealed && !blinded_columns(study).empty();
}

// The result under a key, if the cache has it whole.
bool fetch(const RunTools& tools, NodeRun* run) {
  if (tools.cache == nullptr) return false;
  const auto bytes = tools.cache->get(run->key);
  if (!bytes) return false;
  try {
    run->result = decode_result(*bytes);
  } catch (const DataError&) {
    return false;  // Of an older layout: computed anew and overwritten.
  }
  run->result_hash = to_hex(sha256(*bytes));
  run->cached = true;
  return true;
}

void compute(const Study& study, const Node& node, const Blind& blind,
             const EarlierResults& earlier, const RunTools& tools, const Context& context,
             NodeRun* run) {
  run->result = at_node(node, [&] { return compute_node(study, node, blind, earlier, context); });
  const std::string bytes = encode_result(run->result);
  run->result_hash = to_hex(sha256(bytes));
  if (tools.cache != nullptr) tools.cache->put(run->key, bytes);
}

void report(const Context& context, const std::string& name, std::size_t done, std::size_t all) {
  if (context.progress == nullptr) return;
  context.progress->report(name, static_cast<double>(done) / static_cast<double>(all));
}

InputFile input_of(const SourceNode& source, const NodeRun& run, const RunTools& tools) {
  return {run.name,
          source.file,
          run.inputs.at("file " + source.file),
          tools.fingerprints->of(source.path).bytes,
          run.result.rows,
          source.relation->schema,
          source.generated};
}

}  // namespace

bool StudyRun::passed() const {
  return std::all_of(nodes.begin(), nodes.end(),
                     [](const NodeRun& node) { return !node.failed(); });
}

std::vector<NodeState> node_states(const Study& study, const RunTools& tools,
                                   const Context& context) {
  std::vector<NodeState> out;
  for (State& item : states_of(study, tools, will_be_blind(study, tools), context)) {
    if (!has_result(study, *item.planned.node)) continue;
    item.state.fresh = tools.cache != nullptr && tools.cache->get(item.state.key).has_value();
    out.push_back(std::move(item.state));
  }
  return out;
}

StudyRun run_study(const Study& study, const RunTools& tools, const Context& context) {
  StudyRun run;
  run.plan_hash = hash_json(plan_of(study));
  run.blinded = will_be_blind(study, tools);
  const auto states = states_of(study, tools, run.blinded, context);
  std::vector<const State*> wanted;
  const std::set<std::string> checked =
      tools.only_checks ? nodes_of_checks(study) : std::set<std::string>();
  for (const State& item : states) {
    if (tools.only_checks && checked.count(item.state.name) == 0) continue;
    if (has_result(study, *item.planned.node)) wanted.push_back(&item);
  }
  run.nodes.resize(wanted.size());
  // Nodes of equal depth do not depend on each other.
  std::map<std::size_t, std::vector<std::size_t>> waves;
  std::size_t done = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const NodeState& state = wanted[i]->state;
    run.nodes[i] = {.name = state.name,
                    .kind = state.kind,
                    .definition = state.definition,
                    .inputs = state.inputs,
                    .key = state.key,
                    .result_hash = {},
                    .result = {}};
    if (const auto* check = std::get_if<CheckNode>(&wanted[i]->planned.node->body)) {
      run.nodes[i].stops = check->stop;
    }
    if (fetch(tools, &run.nodes[i])) {
      ++done;
    } else {
      waves[wanted[i]->depth].push_back(i);
    }
  }
  Blind blind(study, run.blinded);
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < run.nodes.size(); ++i) places[run.nodes[i].name] = i;
  // Asked for nodes of earlier waves only.
  const EarlierResults earlier = [&](const std::string& name) -> const NodeResult* {
    const auto at = places.find(name);
    return at == places.end() ? nullptr : &run.nodes[at->second].result;
  };
  for (const auto& [depth, members] : waves) {
    blind.prepare(context);
    const auto one = [&](std::size_t i, const Context& inner) {
      report(inner, run.nodes[i].name, done, wanted.size());
      compute(study, *wanted[i]->planned.node, blind, earlier, tools, inner, &run.nodes[i]);
    };
    if (members.size() == 1) {
      one(members[0], context);  // Alone it may use every thread inside.
    } else {
      run_tasks(context, members.size(), [&](std::size_t task) { one(members[task], context); });
    }
    done += members.size();
  }
  report(context, study.name, wanted.size(), std::max<std::size_t>(wanted.size(), 1));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto* source = std::get_if<SourceNode>(&wanted[i]->planned.node->body);
    if (source != nullptr) run.inputs.push_back(input_of(*source, run.nodes[i], tools));
  }
  return run;
}

}  // namespace impact
