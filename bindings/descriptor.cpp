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
  return out;
}

nlohmann::json describe(const Function& function) {
  nlohmann::json params = nlohmann::json::array();
  for (const Param& param : function.params) params.push_back(describe(param));
  return {{"name", function.name},       {"signature", function.signature()},
          {"params", std::move(params)}, {"returns", function.returns},
          {"text", function.text},       {"example", function.example}};
}

}  // namespace

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

const Function& Registry::add(Function function) {
  if (by_name_.contains(function.name)) {
    throw InternalError({.what = "two functions are called '" + function.name + "'"});
  }
  const Function& kept = functions_.emplace_back(std::move(function));
  by_name_.emplace(kept.name, &kept);
  return kept;
}

const TypeDescriptor& Registry::add(TypeDescriptor type) {
  const TypeDescriptor& kept = types_.emplace_back(std::move(type));
  for (const auto* list : {&kept.methods, &kept.metamethods}) {
    for (const Function& function : *list) {
      if (!by_name_.emplace(function.name, &function).second) {
        throw InternalError({.what = "two functions are called '" + function.name + "'"});
      }
    }
  }
  return kept;
}

const Function* Registry::find(std::string_view name) const {
  const auto at = by_name_.find(name);
  return at == by_name_.end() ? nullptr : at->second;
}

nlohmann::json Registry::to_json() const {
  nlohmann::json all = nlohmann::json::array();
  for (const auto& [name, function] : by_name_) all.push_back(describe(*function));
  nlohmann::json types = nlohmann::json::array();
  for (const TypeDescriptor& type : types_) {
    types.push_back({{"name", type.name}, {"text", type.text}});
  }
  std::sort(types.begin(), types.end(),
            [](const auto& a, const auto& b) { return a["name"] < b["name"]; });
  return {{"functions", std::move(all)}, {"types", std::move(types)}};
}

}  // namespace impact::bindings
