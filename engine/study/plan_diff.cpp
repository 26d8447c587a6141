#include "engine/study/plan_diff.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/study/align.h"
#include "engine/study/plan_text.h"

namespace impact {
namespace {

using nlohmann::json;
using Kind = Deviation::Kind;

constexpr std::size_t kShort = 80;

// Not ==, for which 1 and 1.0 are equal though their hashes differ.
bool same(const json& a, const json& b) { return canonical_json(a) == canonical_json(b); }

std::string text_at(const json& object, const char* key) {
  return object.contains(key) && object[key].is_string() ? object[key].get<std::string>()
                                                         : std::string();
}

std::string join_path(const std::string& path, const std::string& part) {
  return path.empty() ? part : path + "." + part;
}

std::string at_index(const std::string& path, std::size_t i) {
  return path + "[" + std::to_string(i + 1) + "]";
}

// The key by which all items of both lists are told apart, or "" when they have none.
std::string item_key(const json& a, const json& b) {
  for (const char* key : {"name", "column"}) {
    const auto tells = [&](const json& list) {
      std::set<std::string> seen;
      return std::all_of(list.begin(), list.end(), [&](const json& item) {
        return item.is_object() && item.size() > 1 && !text_at(item, key).empty() &&
               seen.insert(text_at(item, key)).second;
      });
    };
    if (tells(a) && tells(b)) return key;
  }
  return {};
}

// The steps of a table from the file up; each without the steps below it.
std::vector<json> steps_of(const json& table) {
  std::vector<json> steps;
  const json* at = &table;
  while (true) {
    json step = *at;
    const bool below = step.contains("inputs") && step["inputs"].is_array() &&
                       !step["inputs"].empty() && is_table_step(step["inputs"][0]);
    const json* next = below ? &(*at)["inputs"][0] : nullptr;
    if (below) {
      step["inputs"].erase(0);
      if (step["inputs"].empty()) step.erase("inputs");
    }
    steps.push_back(std::move(step));
    if (next == nullptr) break;
    at = next;
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

// Names of the steps for a path: the verb, numbered where it occurs again.
std::vector<std::string> step_names(const std::vector<json>& steps) {
  std::map<std::string, int> count;
  for (const json& step : steps) ++count[text_at(step, "verb")];
  std::map<std::string, int> seen;
  std::vector<std::string> names;
  for (const json& step : steps) {
    const std::string verb = text_at(step, "verb");
    names.push_back(count[verb] > 1 ? verb + "[" + std::to_string(++seen[verb]) + "]" : verb);
  }
  return names;
}

std::vector<std::string> texts_of(const std::vector<json>& items) {
  std::vector<std::string> texts;
  for (const json& item : items) texts.push_back(canonical_json(item));
  return texts;
}

// Collects the deviations of one node.
class Comparison {
 public:
  Comparison(std::string node, std::vector<Deviation>& out) : node_(std::move(node)), out_(out) {}

  void added(const std::string& field, const json& value) {
    out_.push_back({Kind::kAdded, node_, field, {}, text_of(value)});
  }
  void removed(const std::string& field, const json& value) {
    out_.push_back({Kind::kRemoved, node_, field, text_of(value), {}});
  }
  void compare(const std::string& field, const json& a, const json& b) {
    if (same(a, b)) return;
    if (is_table_step(a) && is_table_step(b)) return tables(field, a, b);
    const bool leaf = is_expression(a) || is_expression(b);
    if (a.is_object() && b.is_object() && !leaf) return objects(field, a, b);
    if (a.is_array() && b.is_array()) return lists(field, a, b);
    changed(field, a, b);
  }
  void objects(const std::string& field, const json& a, const json& b) {
    for (const auto& [key, value] : a.items()) {
      const std::string path = join_path(field, key);
      if (b.contains(key)) {
        compare(path, value, b[key]);
      } else {
        removed(path, value);
      }
    }
    for (const auto& [key, value] : b.items()) {
      if (!a.contains(key)) added(join_path(field, key), value);
    }
  }

 private:
  static std::string text_of(const json& value) { return shorten(plan_text(value), kShort); }

  void changed(const std::string& field, const json& a, const json& b) {
    std::string before = plan_text(a);
    std::string after = plan_text(b);
    // What reads the same though it differs ("3" the column, 3 the number) is shown raw.
    if (before == after) {
      before = canonical_json(a);
      after = canonical_json(b);
    }
    auto [first, second] = shorten_pair(before, after, kShort);
    out_.push_back({Kind::kChanged, node_, field, std::move(first), std::move(second)});
  }

  void lists(const std::string& field, const json& a, const json& b) {
    const std::vector<json> before = a;
    const std::vector<json> after = b;
    auto sorted_before = texts_of(before);
    auto sorted_after = texts_of(after);
    std::sort(sorted_before.begin(), sorted_before.end());
    std::sort(sorted_after.begin(), sorted_after.end());
    if (sorted_before == sorted_after) return changed(field + " (order)", a, b);
    const std::string key = item_key(a, b);
    if (!key.empty() && !a.empty() && !b.empty()) return named_lists(field, key, before, after);
    const auto name = [&](std::size_t i) { return at_index(field, i); };
    walk(before, after, align(texts_of(before), texts_of(after)), name, name);
  }

  void tables(const std::string& field, const json& a, const json& b) {
    const std::vector<json> before = steps_of(a);
    const std::vector<json> after = steps_of(b);
    const auto old_names = step_names(before);
    const auto new_names = step_names(after);
    walk(
        before, after, align(texts_of(before), texts_of(after)),
        [&](std::size_t i) { return join_path(field, old_names[i]); },
        [&](std::size_t i) { return join_path(field, new_names[i]); });
  }

  // A step stands without those below it, which were aligned with it.
  void items(const std::string& field, const json& a, const json& b) {
    if (is_table_step(a) && is_table_step(b)) return objects(field, a, b);
    compare(field, a, b);
  }

  // Goes through two aligned lists. Between two pairs of equal items, those that are alike are
  // compared in turn, the rest were removed or added.
  template <class OldName, class NewName>
  void walk(const std::vector<json>& a, const std::vector<json>& b,
            std::vector<std::pair<std::size_t, std::size_t>> pairs, OldName&& old_name,
            NewName&& new_name) {
    pairs.emplace_back(a.size(), b.size());
    std::size_t i = 0;
    std::size_t j = 0;
    for (const auto& [end_a, end_b] : pairs) {
      while (i < end_a || j < end_b) {
        if (i < end_a && j < end_b && alike(a[i], b[j])) {
          items(old_name(i), a[i], b[j]);
          ++i, ++j;
        } else if (i < end_a && (j == end_b || !comes_later(a[i], b, j, end_b))) {
          removed(old_name(i), a[i]);
          ++i;
        } else {
          added(new_name(j), b[j]);
          ++j;
        }
      }
      i = end_a + 1;
      j = end_b + 1;
    }
  }

  // Whether one can have become the other, rather than having been put in its place.
  static bool alike(const json& a, const json& b) {
    if (is_table_step(a) || is_table_step(b)) return text_at(a, "verb") == text_at(b, "verb");
    return a.is_structured() == b.is_structured();
  }
  static bool comes_later(const json& item, const std::vector<json>& list, std::size_t from,
                          std::size_t to) {
    for (std::size_t k = from; k < to; ++k) {
      if (alike(item, list[k])) return true;
    }
    return false;
  }

  void named_lists(const std::string& field, const std::string& key, const std::vector<json>& a,
                   const std::vector<json>& b) {
    const auto path = [&](const json& item) {
      return field + "['" + text_at(item, key.c_str()) + "']";
    };
    const auto find = [&](const std::vector<json>& list, const json& wanted) -> const json* {
      for (const json& item : list) {
        if (item[key] == wanted[key]) return &item;
      }
      return nullptr;
    };
    std::vector<std::string> order_a;
    std::vector<std::string> order_b;
    for (const json& item : a) {
      const json* other = find(b, item);
      if (other == nullptr) {
        removed(path(item), item);
      } else {
        order_a.push_back(text_at(item, key.c_str()));
        compare(path(item), item, *other);
      }
    }
    for (const json& item : b) {
      if (find(a, item) == nullptr) {
        added(path(item), item);
      } else {
        order_b.push_back(text_at(item, key.c_str()));
      }
    }
    if (order_a != order_b) changed(field + " (order)", json(order_a), json(order_b));
  }

  std::string node_;
  std::vector<Deviation>& out_;
};

using NodeKey = std::pair<std::string, std::string>;  // Kind, name.
using Nodes = std::map<NodeKey, json>;
using Renamed = std::map<std::string, std::string>;  // Old name -> new name.

Nodes nodes_of(const json& plan) {
  Nodes nodes;
  if (!plan.contains("nodes")) return nodes;
  for (const json& node : plan["nodes"]) {
    nodes.emplace(NodeKey{text_at(node, "kind"), text_at(node, "name")}, node);
  }
  return nodes;
}

int count_named(const Nodes& nodes, const std::string& name) {
  return static_cast<int>(std::count_if(
      nodes.begin(), nodes.end(), [&](const auto& node) { return node.first.second == name; }));
}

// The node without its name and kind, its inputs under their present names.
json comparable(const json& node, const Renamed& renamed) {
  json out = node;
  out.erase("name");
  out.erase("kind");
  if (!out.contains("inputs") || !out["inputs"].is_array()) return out;
  json& inputs = out["inputs"];
  // Where names stand sorted, a new name may have to stand elsewhere.
  const bool sorted = std::is_sorted(inputs.begin(), inputs.end());
  for (json& input : inputs) {
    if (!input.is_string()) continue;
    const auto found = renamed.find(input.get<std::string>());
    if (found != renamed.end()) input = found->second;
  }
  if (sorted) std::sort(inputs.begin(), inputs.end());
  return out;
}

// Nodes that differ in their name only. Repeated, because a renamed input hides that the node above
// it is the same. Only names that one node bears: inputs name no kind.
Renamed find_renamed(const Nodes& before, const Nodes& after) {
  Renamed renamed;
  std::set<std::string> taken;
  for (bool found = true; found;) {
    found = false;
    for (const auto& [key, node] : before) {
      const auto& [kind, name] = key;
      if (count_named(before, name) > 1 || count_named(after, name) > 0) continue;
      if (renamed.contains(name)) continue;
      const json wanted = comparable(node, renamed);
      for (const auto& [other, candidate] : after) {
        if (other.first != kind || taken.contains(other.second)) continue;
        if (count_named(after, other.second) > 1 || count_named(before, other.second) > 0) continue;
        if (!same(wanted, comparable(candidate, {}))) continue;
        renamed[name] = other.second;
        taken.insert(other.second);
        found = true;
        break;
      }
    }
  }
  return renamed;
}

// The node's definition is what it is: its fields need no "definition." before them.
void compare_node(const NodeKey& key, json a, json b, std::vector<Deviation>& out) {
  Comparison comparison(key.first + " '" + key.second + "'", out);
  const auto is_definition = [](const json& node) {
    return node.contains("definition") && node["definition"].is_object();
  };
  if (is_definition(a) && is_definition(b)) {
    comparison.objects({}, a["definition"], b["definition"]);
    a.erase("definition");
    b.erase("definition");
  }
  comparison.objects({}, a, b);
}

const json& definition_of(const json& node) {
  return node.contains("definition") ? node["definition"] : node;
}

void compare_nodes(const Nodes& before, const Nodes& after, std::vector<Deviation>& out) {
  const Renamed renamed = find_renamed(before, after);
  std::set<std::string> new_names;
  for (const auto& [name, now] : renamed) new_names.insert(now);
  std::set<NodeKey> keys;
  for (const auto& [key, node] : before) keys.insert(key);
  for (const auto& [key, node] : after) keys.insert(key);
  for (const NodeKey& key : keys) {
    const std::string node = key.first + " '" + key.second + "'";
    const auto was = before.find(key);
    const auto is = after.find(key);
    if (was != before.end() && is != after.end()) {
      compare_node(key, comparable(was->second, renamed), comparable(is->second, {}), out);
    } else if (is != after.end()) {
      if (new_names.contains(key.second)) continue;
      Comparison(node, out).added({}, definition_of(is->second));
    } else if (const auto name = renamed.find(key.second); name != renamed.end()) {
      out.push_back(
          {Kind::kChanged, node, "name", "'" + key.second + "'", "'" + name->second + "'"});
    } else {
      Comparison(node, out).removed({}, definition_of(was->second));
    }
  }
}

}  // namespace

std::vector<Deviation> compare_plans(const json& frozen, const json& now) {
  std::vector<Deviation> out;
  json study_before = frozen;
  json study_after = now;
  study_before.erase("nodes");
  study_after.erase("nodes");
  Comparison("the study", out).objects({}, study_before, study_after);
  compare_nodes(nodes_of(frozen), nodes_of(now), out);
  return out;
}

std::string describe(const Deviation& deviation) {
  const std::string place =
      deviation.field.empty() ? deviation.node : deviation.node + ", " + deviation.field;
  switch (deviation.kind) {
    case Kind::kAdded: return place + " was added: " + deviation.after;
    case Kind::kRemoved: return place + " was removed: " + deviation.before;
    case Kind::kChanged: break;
  }
  return place + ": " + deviation.before + " became " + deviation.after;
}

}  // namespace impact
