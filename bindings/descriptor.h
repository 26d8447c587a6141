#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/table/type.h"

/// The border between scripts and engine. One descriptor per function drives argument checks, error
/// text, help, editor stubs and reference pages, so that they cannot disagree.
namespace impact::bindings {

class Call;

/// One parameter of a function.
struct Param {
  std::string name;
  /// Accepted types, joined by '|': any, boolean, integer, number, text, list (a plain Lua table),
  /// function, missing, or the name of a handle type ("Table", "Column", "Random", "Type").
  std::string type;
  std::string text;                       ///< One sentence for help.
  bool optional = false;                  ///< May be left out (then `fallback`, or nothing).
  bool named = false;                     ///< Only as a field of the trailing options table.
  bool variadic = false;                  ///< Takes all remaining positional arguments as one list.
  Value fallback = {};                    ///< Default; missing = none.
  std::vector<std::string> allowed = {};  ///< Texts that are accepted; empty: any.
  std::optional<double> min = std::nullopt;  ///< Inclusive bounds of a numeric parameter.
  std::optional<double> max = std::nullopt;
};

/// One function scripts can call: `f(a, b, { option = c })`, or `f { a, option = c }`.
struct Function {
  std::string name;           ///< "csv", "Table:head"; with a colon the first argument is a handle.
  std::vector<Param> params;  ///< Without the handle itself.
  std::string returns;        ///< Type and meaning of the result.
  std::string text;           ///< What it does, one or two sentences.
  std::string example;        ///< A script that runs as it stands and checks itself where it can.
  /// Reads arguments from the call, pushes results, returns their number. Throws std::exception
  /// descendants only; never raises a Lua error itself. Empty for functions whose body is Lua.
  std::function<int(Call&)> body = nullptr;
  bool free = false;  ///< Takes no handle although its name has a colon: "Study:source".

  /// "Table" of "Table:head"; "" when no handle comes first.
  [[nodiscard]] std::string_view owner() const;
  /// "head" of "Table:head" or "csv".
  [[nodiscard]] std::string_view short_name() const;
  /// "csv(path, { delim, ... })" for messages and help.
  [[nodiscard]] std::string signature() const;
};

/// One kind of handle: its methods and metamethods ("__add") become a protected metatable.
struct TypeDescriptor {
  std::string name;
  std::string text;
  std::vector<Function> methods;
  std::vector<Function> metamethods;
  bool releasable = true;  ///< Gets release().
};

/// Every descriptor of one runtime. Addresses stay valid while the registry lives.
class Registry {
 public:
  /// Throws InternalError when the name is taken.
  const Function& add(Function function);
  const TypeDescriptor& add(TypeDescriptor type);
  [[nodiscard]] const std::deque<Function>& functions() const noexcept { return functions_; }
  [[nodiscard]] const std::deque<TypeDescriptor>& types() const noexcept { return types_; }
  /// nullptr when unknown.
  [[nodiscard]] const Function* find(std::string_view name) const;
  /// All descriptors as data, sorted by name: {"functions": [...], "types": [...]}.
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  std::deque<Function> functions_;
  std::deque<TypeDescriptor> types_;
  std::map<std::string, const Function*, std::less<>> by_name_;
};

}  // namespace impact::bindings
