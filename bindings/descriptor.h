#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <source_location>
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
  /// function, missing, or the name of a TypeDescriptor ("Table", "Column", "Random", "Piece").
  std::string type;
  std::string text;                       ///< One sentence for help.
  bool optional = false;                  ///< May be left out (then `fallback`, or nothing).
  bool named = false;                     ///< Only as a field of the trailing options table.
  bool variadic = false;                  ///< Takes all remaining positional arguments as one list.
  Value fallback = {};                    ///< Default; missing = none.
  std::vector<std::string> allowed = {};  ///< Texts that are accepted; empty: any.
  std::optional<double> min = std::nullopt;  ///< Inclusive bounds of a numeric parameter.
  std::optional<double> max = std::nullopt;
  /// Types of the items of an accepted list, joined by '|'; "": see item_types. For help and
  /// editors: what items are is checked by whoever reads them.
  std::string items = {};
  bool keyed = false;  ///< Items may stand under names of the script's choosing: { y = t.x + 1 }.
  /// Fields of an accepted list that have a meaning of their own, for help and editors.
  std::vector<Param> fields = {};

  [[nodiscard]] bool takes_list() const;
  /// `items`, else the other types of `type`, else "any".
  [[nodiscard]] std::string item_types() const;
};

/// One function scripts can call: `f(a, b, { option = c })`, or `f { a, option = c }`.
struct Function {
  std::string name;           ///< "csv", "Table:head"; with a colon the first argument is a handle.
  std::vector<Param> params;  ///< Without the handle itself.
  /// Type of the result: as Param::type, "nothing", or "list of " and the types of its items.
  std::string returns;
  std::string result = {};  ///< What the result means, where text does not say.
  std::string text;         ///< What it does, one or two sentences.
  std::string example;      ///< A script that runs as it stands and checks itself where it can.
  /// Reads arguments from the call, pushes results, returns their number. Throws std::exception
  /// descendants only; never raises a Lua error itself. Empty for functions whose body is Lua.
  std::function<int(Call&)> body = nullptr;
  bool free = false;  ///< Takes no handle although its name has a colon: "Study:source".
  /// How many pieces a call has: 1 f(a, { b = c }); 2 f "a" { b = c }; 3 f "a" (m) { b = c }.
  int parts = 1;
  bool standard = false;    ///< Stands for a function of Lua's own, which editors know already.
  std::string script = {};  ///< Of a Lua body: "stdlib/study/data.lua:12-40"; see source.
  std::source_location at = std::source_location::current();

  /// "Table" of "Table:head"; "" when no handle comes first.
  [[nodiscard]] std::string_view owner() const;
  /// "head" of "Table:head" or "csv".
  [[nodiscard]] std::string_view short_name() const;
  /// "csv(path, { delim, ... })" for messages and help.
  [[nodiscard]] std::string signature() const;
  /// Whether it is called through an operator, as Column:__add.
  [[nodiscard]] bool is_operator() const;
  /// The ways to write a call, best first: `S:source "name" { csv = text, ... }`, `left + right`.
  [[nodiscard]] std::vector<std::string> calls() const;
  /// Where the body is: "stdlib/study/data.lua:12-40", "bindings/bind_table.cpp".
  [[nodiscard]] std::string source() const;
};

/// One kind of value. Of handles the methods and metamethods ("__add") become a protected
/// metatable; other kinds (a study, a row) are Lua tables and only described.
struct TypeDescriptor {
  std::string name;
  std::string text;
  std::vector<Function> methods = {};
  std::vector<Function> metamethods = {};
  bool releasable = true;          ///< Gets release().
  std::vector<Param> fields = {};  ///< Fields of a kind that is a Lua table.
  std::string any_field = {};      ///< Type of fields whose names depend on the data: columns.
  bool handle = true;
};

/// A name scripts see that is no function: a library, or a value.
struct NamedValue {
  std::string name;
  std::string type;  ///< "library", or a type word.
  std::string text;
};

/// Every descriptor of one runtime. Addresses stay valid while the registry lives.
class Registry {
 public:
  /// Throws InternalError when the name is taken.
  const Function& add(Function function);
  const TypeDescriptor& add(TypeDescriptor type);
  const NamedValue& add(NamedValue value);
  /// Another name of a function. Throws InternalError unless there is such a function.
  void add_alias(const std::string& name, std::string_view function);
  /// Sets Function::parts.
  void set_parts(std::string_view function, int parts);
  [[nodiscard]] const std::deque<Function>& functions() const noexcept { return functions_; }
  [[nodiscard]] const std::deque<TypeDescriptor>& types() const noexcept { return types_; }
  [[nodiscard]] const std::deque<NamedValue>& values() const noexcept { return values_; }
  /// Other names of functions, each with the function's own.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& aliases() const noexcept {
    return aliases_;
  }
  /// By its own name or an alias; nullptr when unknown.
  [[nodiscard]] const Function* find(std::string_view name) const;
  [[nodiscard]] const TypeDescriptor* find_type(std::string_view name) const;
  [[nodiscard]] const NamedValue* find_value(std::string_view name) const;
  /// Every name of the three kinds and the aliases, sorted.
  [[nodiscard]] std::vector<std::string> names() const;
  /// One descriptor as data, with its "kind"; null when the name is unknown.
  [[nodiscard]] nlohmann::json to_json(std::string_view name) const;
  /// All descriptors as data, sorted by name: {"functions": [...], "types": [...], "values":
  /// [...]}.
  [[nodiscard]] nlohmann::json to_json() const;

 private:
  std::deque<Function> functions_;
  std::deque<TypeDescriptor> types_;
  std::deque<NamedValue> values_;
  std::map<std::string, Function*, std::less<>> by_name_;
  std::map<std::string, std::string, std::less<>> aliases_;
};

/// The words of a type such as "Column|text".
[[nodiscard]] std::vector<std::string> type_words(std::string_view type);

}  // namespace impact::bindings
