#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/table/duckdb/sql_check.h"

namespace impact::duck {
namespace {

using nlohmann::json;

std::string field(const json& node, const char* name) {
  const auto at = node.find(name);
  return at != node.end() && at->is_string() ? at->get<std::string>() : std::string();
}

bool empty(const json& node, const char* name) {
  const auto at = node.find(name);
  return at == node.end() || at->is_null() || at->empty();
}

json parse(Connection& connection, const std::string& text) {
  const auto answer = connection.text("SELECT json_serialize_sql(CAST($1 AS VARCHAR))", {text});
  return json::parse(answer.value_or("{}"));
}

std::string text_of(Connection& connection, const json& tree) {
  return connection.text("SELECT json_deserialize_sql(CAST($1 AS JSON))", {tree.dump()})
      .value_or("");
}

// Windows and subqueries may move rows, wherever they stand.
bool moves_rows(const json& node) {
  if (node.is_object()) {
    const std::string cls = field(node, "class");
    if (cls == "WINDOW" || cls == "SUBQUERY") return true;
  }
  return node.is_structured() &&
         std::any_of(node.begin(), node.end(), [](const json& child) { return moves_rows(child); });
}

bool is_limit(const json& modifier) { return field(modifier, "type") == "LIMIT_MODIFIER"; }

// One SELECT from one table whose rows are handed on one by one.
bool hands_on(const json& node) {
  return field(node, "type") == "SELECT_NODE" &&
         field(node.value("from_table", json::object()), "type") == "BASE_TABLE" &&
         empty(node, "group_expressions") && empty(node, "group_sets") && empty(node, "having") &&
         empty(node, "qualify") && empty(node, "sample") &&
         empty(node.value("cte_map", json::object()), "map") &&
         std::all_of(node["modifiers"].begin(), node["modifiers"].end(), is_limit) &&
         !moves_rows(node);
}

// A count written as a number; none for one that is computed.
std::optional<std::int64_t> constant(const json& modifier, const char* name) {
  const json part = modifier.value(name, json());
  if (field(part, "class") != "CONSTANT") return std::nullopt;
  const json value = part.value("value", json::object()).value("value", json());
  if (!value.is_number_integer() || value.get<std::int64_t>() < 0) return std::nullopt;
  return value.get<std::int64_t>();
}

}  // namespace

PlainReading read_plainly(Connection& connection, const std::string& text) {
  PlainReading out{.text = text};
  json tree = parse(connection, text);
  if (tree.value("error", true) || tree["statements"].size() != 1) return out;
  json& node = tree["statements"][0]["node"];
  json& modifiers = node["modifiers"];
  if (!modifiers.is_array()) return out;
  out.file_order = hands_on(node);
  const auto limit = std::find_if(modifiers.begin(), modifiers.end(), is_limit);
  if (limit == modifiers.end()) return out;
  if (out.file_order) {
    const bool skips = !empty(*limit, "offset");
    const auto count = constant(*limit, "limit");
    const auto offset = skips ? constant(*limit, "offset") : std::optional<std::int64_t>(0);
    if (!count || !offset) return out;
    out.limit = count;
    out.offset = *offset;
    modifiers.erase(limit);
  } else if (std::none_of(modifiers.begin(), modifiers.end(), [](const json& modifier) {
               return field(modifier, "type") == "ORDER_MODIFIER";
             })) {
    json ordered = parse(connection, "SELECT 1 ORDER BY ALL");
    modifiers.insert(limit, ordered["statements"][0]["node"]["modifiers"][0]);
  } else {
    return out;
  }
  out.text = text_of(connection, tree);
  return out;
}

}  // namespace impact::duck
