#include <algorithm>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/study/definition.h"
#include "engine/study/study.h"

namespace impact {

using nlohmann::json;

const Node* Study::find(std::string_view wanted) const {
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [&](const Node& node) { return node.name == wanted; });
  return at == nodes.end() ? nullptr : &*at;
}

std::vector<PlannedNode> planned_nodes(const Study& study) {
  std::map<const Relation*, std::string> declared;
  for (const Node& node : study.nodes) {
    if (const auto* source = std::get_if<SourceNode>(&node.body)) {
      declared.emplace(source->relation.get(), node.name);
    } else if (const auto* relation = std::get_if<RelationNode>(&node.body)) {
      declared.emplace(relation->relation.get(), node.name);
    }
  }
  std::vector<PlannedNode> all;
  for (const Node& node : study.nodes) {
    Definition definition(study, node, declared);
    json content = definition.write();
    all.push_back({&node, std::move(content), definition.inputs()});
  }
  return all;
}

json plan_of(const Study& study) {
  json nodes = json::array();
  for (PlannedNode& planned : planned_nodes(study)) {
    nodes.push_back({{"kind", kind_of(*planned.node)},
                     {"name", planned.node->name},
                     {"inputs", planned.inputs},
                     {"definition", std::move(planned.definition)}});
  }
  std::sort(nodes.begin(), nodes.end(), [](const json& a, const json& b) {
    return std::tie(a["kind"].get_ref<const std::string&>(),
                    a["name"].get_ref<const std::string&>()) <
           std::tie(b["kind"].get_ref<const std::string&>(),
                    b["name"].get_ref<const std::string&>());
  });
  const char* blind = study.blind == Blinding::kShuffle ? "shuffle"
                      : study.blind == Blinding::kHide  ? "hide"
                                                        : "no";
  return {{"study", study.name},
          {"version", study.version},
          {"seed", study.seed},
          {"blind", blind},
          {"nodes", std::move(nodes)}};
}

}  // namespace impact
