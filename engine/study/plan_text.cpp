#include "engine/study/plan_text.h"

#include <algorithm>
#include <array>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"

namespace impact {
namespace {

using nlohmann::json;

struct Operator {
  std::string_view call;
  std::string_view sign;
  int rank;  // Higher binds closer.
};

constexpr int kOperandRank = 9;
constexpr std::array kOperators{
    Operator{"any_of", "or", 1},  Operator{"all_of", "and", 2},    Operator{"eq", "==", 3},
    Operator{"ne", "!=", 3},      Operator{"lt", "<", 3},          Operator{"le", "<=", 3},
    Operator{"gt", ">", 3},       Operator{"ge", ">=", 3},         Operator{"add", "+", 4},
    Operator{"subtract", "-", 4}, Operator{"multiply", "*", 5},    Operator{"divide", "/", 5},
    Operator{"modulo", "%", 5},   Operator{"int_divide", "//", 5},
};

bool has_text(const json& value, const char* key) {
  return value.is_object() && value.contains(key) && value[key].is_string();
}

// Keys that a reader does not miss: the default, or nothing.
bool says_nothing(const json& value) {
  return value.is_null() || value == false || (value.is_structured() && value.empty());
}

template <class Item>
std::string join(const json& list, Item&& item) {
  std::string text;
  for (const json& value : list) text += (text.empty() ? "" : ", ") + item(value);
  return text;
}

std::string expression_text(const json& expr, int rank);
std::string draw_text(const json& expr);

std::string order_text(const json& order) {
  return join(order, [](const json& key) {
    std::string text =
        key.is_object() && key.contains("by") ? plan_text(key["by"]) : plan_text(key);
    const bool down = key.is_object() && key.contains("descending") && key["descending"] == true;
    return down ? text + " descending" : text;
  });
}

std::string call_text(const json& expr, int rank) {
  const std::string name = expr["call"].get<std::string>();
  const json& args = expr["args"];
  const auto* found = std::find_if(kOperators.begin(), kOperators.end(),
                                   [&](const Operator& item) { return item.call == name; });
  std::string text;
  if (found != kOperators.end() && args.size() > 1 && !expr.contains("over")) {
    // The right operand of a - b or a / b needs brackets where its sign binds no closer.
    for (std::size_t i = 0; i < args.size(); ++i) {
      if (i > 0) text += " " + std::string(found->sign) + " ";
      text += expression_text(args[i], i == 0 ? found->rank : found->rank + 1);
    }
    return found->rank < rank ? "(" + text + ")" : text;
  }
  text = name + "(" + join(args, [](const json& arg) { return expression_text(arg, 0); });
  if (expr.contains("cast") && expr.contains("levels"))
    text += ", levels " + plan_text(expr["levels"]);
  if (expr.contains("order") && !expr.contains("over")) {
    text += ", order " + order_text(expr["order"]);
  }
  text += ")";
  if (!expr.contains("over")) return text;
  std::string window;
  if (expr.contains("by") && !expr["by"].empty()) window += "by " + plan_text(expr["by"]);
  if (expr.contains("order")) {
    window += (window.empty() ? "order " : ", order ") + order_text(expr["order"]);
  }
  if (expr.contains("frame")) window += ", rows " + plan_text(expr["frame"]);
  return text + " over (" + window + ")";
}

std::string expression_text(const json& expr, int rank) {
  if (!is_expression(expr)) return plan_text(expr);
  if (expr.contains("call")) return call_text(expr, rank);
  if (expr.contains("draw")) return draw_text(expr);
  if (expr.contains("column")) return expr["column"].get<std::string>();
  if (expr.contains("sql")) return "sql(" + canonical_json(expr["sql"]) + ")";
  return plan_text(expr["value"]);
}

// Random draws of a model: normal(0, 1), one for all rows that agree in the `per` columns.
std::string draw_text(const json& expr) {
  std::string text = expr["draw"].get<std::string>() + "(" +
                     join(expr["args"], [](const json& arg) { return expression_text(arg, 0); });
  if (expr.contains("per")) text += ", per " + join(expr["per"], plan_text);
  return text + ")";
}

// What stands for another node of the plan.
bool is_node(const json& value) {
  return value.is_object() && value.size() == 1 && has_text(value, "node");
}

bool is_named_expression(const json& value) {
  return has_text(value, "name") && value.contains("expr") && value.size() == 2;
}

std::string object_text(const json& value) {
  std::string text;
  for (const auto& [key, item] : value.items()) {
    text += (text.empty() ? "" : ", ") + key + ": " + plan_text(item);
  }
  return "{" + text + "}";
}

// Characters, not bytes, so that none is cut.
std::vector<std::size_t> starts_of(std::string_view text) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) starts.push_back(i);
  }
  starts.push_back(text.size());
  return starts;
}

constexpr std::string_view kCut = "...";

// Characters from `first` on, at most `most`.
std::string window_of(std::string_view text, std::size_t first, std::size_t most) {
  const std::vector<std::size_t> starts = starts_of(text);
  const std::size_t count = starts.size() - 1;
  first = std::min(first, count);
  const std::size_t last = std::min(count, first + most);
  std::string part(text.substr(starts[first], starts[last] - starts[first]));
  if (first > 0) part.insert(0, kCut);
  return last < count ? part + std::string(kCut) : part;
}

}  // namespace

bool is_table_step(const json& value) { return has_text(value, "verb"); }

bool is_expression(const json& value) {
  if (!value.is_object()) return false;
  if (has_text(value, "call") || has_text(value, "draw")) {
    return value.contains("args") && value["args"].is_array();
  }
  return value.size() == 1 &&
         (has_text(value, "column") || has_text(value, "sql") || value.contains("value"));
}

std::string step_text(const json& step) {
  std::string text = step["verb"].get<std::string>();
  // The usual steps have one thing to say, which needs no name.
  for (const char* key : {"path", "condition", "columns"}) {
    if (step.contains(key) && !says_nothing(step[key])) text += " " + plan_text(step[key]);
  }
  for (const auto& [key, value] : step.items()) {
    if (key == "verb" || key == "inputs" || key == "path" || key == "condition" ||
        key == "columns" || says_nothing(value)) {
      continue;
    }
    text += " " + key + ": " + (key == "keys" ? order_text(value) : plan_text(value));
  }
  if (step.contains("inputs") && step["inputs"].is_array() && step["inputs"].size() > 1) {
    for (std::size_t i = 1; i < step["inputs"].size(); ++i) {
      text += " with (" + plan_text(step["inputs"][i]) + ")";
    }
  }
  return text;
}

std::string plan_text(const json& value) {
  if (is_expression(value)) return expression_text(value, 0);
  if (is_node(value)) return value["node"].get<std::string>();
  if (is_named_expression(value)) {
    const std::string text = plan_text(value["expr"]);
    const std::string name = value["name"].get<std::string>();
    return text == name ? name : name + " = " + text;
  }
  if (is_table_step(value)) {
    const bool below =
        value.contains("inputs") && value["inputs"].is_array() && !value["inputs"].empty();
    return (below ? plan_text(value["inputs"][0]) + ", " : std::string()) + step_text(value);
  }
  if (value.is_array()) return "[" + join(value, plan_text) + "]";
  if (value.is_object()) return object_text(value);
  return canonical_json(value);
}

std::string shorten(std::string_view text, std::size_t most) { return window_of(text, 0, most); }

std::pair<std::string, std::string> shorten_pair(std::string_view a, std::string_view b,
                                                 std::size_t most) {
  const std::vector<std::size_t> starts = starts_of(a);
  const auto same = static_cast<std::size_t>(
      std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  // Character in which the first different byte lies.
  const auto character = static_cast<std::size_t>(
      std::upper_bound(starts.begin(), starts.end(), same) - starts.begin() - 1);
  const std::size_t context = most / 4;
  const std::size_t longest = std::max(starts.size(), starts_of(b).size()) - 1;
  const std::size_t first = longest <= most || character <= context ? 0 : character - context;
  return {window_of(a, first, most), window_of(b, first, most)};
}

}  // namespace impact
