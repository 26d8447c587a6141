#include "bindings/descriptor.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"

namespace impact::bindings {
namespace {

nlohmann::json describe(const Value& value) {
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

nlohmann::json describe(const Param& param) {
  nlohmann::json out = {{"name", param.name}, {"type", param.type}, {"text", param.text}};
  if (param.optional) out["optional"] = true;
  if (param.named) out["named"] = true;
  if (param.variadic) out["variadic"] = true;
  if (!std::holds_alternative<std::monostate>(param.fallback)) {
    out["default"] = describe(param.fallback);
  }
  if (!param.allowed.empty()) out["allowed"] = param.allowed;
  if (param.min) out["min"] = *param.min;
  if (param.max) out["max"] = *param.max;
  if (param.takes_list()) out["items"] = param.item_types();
  if (param.keyed) out["keyed"] = true;
  for (const Param& field : param.fields) out["fields"].push_back(describe(field));
  return out;
}

nlohmann::json describe(const Function& function) {
  nlohmann::json params = nlohmann::json::array();
  for (const Param& param : function.params) params.push_back(describe(param));
  nlohmann::json out = {{"kind", "function"},
                        {"name", function.name},
                        {"signature", function.signature()},
                        {"calls", function.calls()},
                        {"params", std::move(params)},
                        {"returns", function.returns},
                        {"text", function.text},
                        {"example", function.example},
                        {"source", function.source()}};
  if (!function.result.empty()) out["result"] = function.result;
  if (function.parts > 1) out["parts"] = function.parts;
  if (function.standard) out["standard"] = true;
  return out;
}

nlohmann::json describe(const TypeDescriptor& type) {
  nlohmann::json out = {{"kind", "type"},
                        {"name", type.name},
                        {"text", type.text},
                        {"handle", type.handle},
                        {"methods", nlohmann::json::array()}};
  for (const Function& function : type.methods) out["methods"].push_back(function.name);
  for (const Function& function : type.metamethods) out["operators"].push_back(function.name);
  for (const Param& field : type.fields) out["fields"].push_back(describe(field));
  if (!type.any_field.empty()) out["any_field"] = type.any_field;
  return out;
}

nlohmann::json describe(const NamedValue& value) {
  return {{"kind", "value"}, {"name", value.name}, {"type", value.type}, {"text", value.text}};
}

template <class List>
nlohmann::json sorted(const List& list) {
  nlohmann::json out = nlohmann::json::array();
  for (const auto& item : list) out.push_back(describe(item));
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a["name"] < b["name"]; });
  return out;
}

}  // namespace

bool Param::takes_list() const {
  const auto words = type_words(type);
  return variadic || std::find(words.begin(), words.end(), "list") != words.end();
}

std::string Param::item_types() const {
  if (!items.empty()) return items;
  std::string out;
  for (const std::string& word : type_words(type)) {
    if (word != "list") out += (out.empty() ? "" : "|") + word;
  }
  return out.empty() ? "any" : out;
}

std::string_view Function::owner() const {
  const std::size_t colon = name.find(':');
  if (free || colon == std::string::npos) return {};
  return std::string_view(name).substr(0, colon);
}

std::string_view Function::short_name() const {
  const std::size_t colon = name.find(':');
  return colon == std::string::npos ? std::string_view(name)
                                    : std::string_view(name).substr(colon + 1);
}

std::string Function::signature() const {
  std::string positional;
  std::string named;
  for (const Param& param : params) {
    std::string& list = param.named ? named : positional;
    if (!list.empty()) list += ", ";
    list += param.variadic ? param.name + "..." : param.name;
  }
  if (named.empty()) return name + "(" + positional + ")";
  return name + "(" + positional + (positional.empty() ? "{ " : ", { ") + named + " })";
}

bool Function::is_operator() const { return short_name().starts_with("__"); }

std::string Function::source() const {
  if (!script.empty()) return script;
  // Builds know their files by paths of the machine.
  const std::string_view file = at.file_name();
  const std::size_t from = file.rfind("bindings/");
  return std::string(from == std::string_view::npos ? file : file.substr(from));
}

const Function& Registry::add(Function function) {
  if (by_name_.contains(function.name)) {
    throw InternalError({.what = "two functions are called '" + function.name + "'"});
  }
  Function& kept = functions_.emplace_back(std::move(function));
  by_name_.emplace(kept.name, &kept);
  return kept;
}

const TypeDescriptor& Registry::add(TypeDescriptor type) {
  TypeDescriptor& kept = types_.emplace_back(std::move(type));
  for (auto* list : {&kept.methods, &kept.metamethods}) {
    for (Function& function : *list) {
      if (!by_name_.emplace(function.name, &function).second) {
        throw InternalError({.what = "two functions are called '" + function.name + "'"});
      }
    }
  }
  return kept;
}

const NamedValue& Registry::add(NamedValue value) { return values_.emplace_back(std::move(value)); }

void Registry::add_alias(const std::string& name, std::string_view function) {
  const Function* found = find(function);
  if (found == nullptr || find(name) != nullptr) {
    throw InternalError(
        {.what = "'" + name + "' can't be an alias of '" + std::string(function) + "'"});
  }
  aliases_.emplace(name, found->name);
}

void Registry::set_parts(std::string_view function, int parts) {
  const auto at = by_name_.find(function);
  if (at == by_name_.end()) {
    throw InternalError({.what = "no function is called '" + std::string(function) + "'"});
  }
  at->second->parts = parts;
}

const Function* Registry::find(std::string_view name) const {
  const auto alias = aliases_.find(name);
  const auto at = by_name_.find(alias == aliases_.end() ? name : alias->second);
  return at == by_name_.end() ? nullptr : at->second;
}

const TypeDescriptor* Registry::find_type(std::string_view name) const {
  const auto at = std::find_if(types_.begin(), types_.end(),
                               [&](const TypeDescriptor& type) { return type.name == name; });
  return at == types_.end() ? nullptr : &*at;
}

const NamedValue* Registry::find_value(std::string_view name) const {
  const auto at = std::find_if(values_.begin(), values_.end(),
                               [&](const NamedValue& value) { return value.name == name; });
  return at == values_.end() ? nullptr : &*at;
}

std::vector<std::string> Registry::names() const {
  std::vector<std::string> out;
  for (const auto& [name, function] : by_name_) out.push_back(name);
  for (const auto& [name, function] : aliases_) out.push_back(name);
  for (const TypeDescriptor& type : types_) out.push_back(type.name);
  for (const NamedValue& value : values_) out.push_back(value.name);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

nlohmann::json Registry::to_json(std::string_view name) const {
  if (const Function* function = find(name)) {
    nlohmann::json out = describe(*function);
    for (const auto& [other, target] : aliases_) {
      if (target == function->name) out["aliases"].push_back(other);
    }
    return out;
  }
  if (const TypeDescriptor* type = find_type(name)) return describe(*type);
  if (const NamedValue* value = find_value(name)) return describe(*value);
  return nullptr;
}

nlohmann::json Registry::to_json() const {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [name, function] : by_name_) all.push_back(to_json(name));
  return {{"functions", std::move(all)}, {"types", sorted(types_)}, {"values", sorted(values_)}};
}

std::vector<std::string> type_words(std::string_view type) {
  std::vector<std::string> words;
  while (!type.empty()) {
    const std::size_t bar = type.find('|');
    words.emplace_back(type.substr(0, bar));
    type = bar == std::string_view::npos ? std::string_view{} : type.substr(bar + 1);
  }
  return words;
}

}  // namespace impact::bindings
