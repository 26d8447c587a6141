#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/descriptor.h"
#include "bindings/handle.h"
#include "bindings/lua_include.h"

namespace impact::bindings {

/// Brings the arguments of a call into the descriptor's order, one stack slot a parameter (slot 1
/// is the handle of a method), fills in defaults and checks types, ranges and allowed values.
/// Accepts positional arguments with a trailing options table, or one table that holds both. Throws
/// ArgumentError naming the parameter, with a suggestion for unknown option names.
void check_arguments(lua_State* L, const Function& function);

/// What a value is, for the `got` of a message: "'abc' (text)", "3 (integer)", "a Table".
[[nodiscard]] std::string describe_value(lua_State* L, int index);
/// "nil", "boolean", "integer", "number", "text", "list", "function", "missing", a handle's type.
[[nodiscard]] std::string type_of(lua_State* L, int index);
/// Whether a value of this type satisfies a parameter type such as "integer|text".
[[nodiscard]] bool accepts(std::string_view accepted, lua_State* L, int index);
/// A plain Lua table, without a metatable.
[[nodiscard]] bool is_plain_table(lua_State* L, int index);
/// Text of the Lua string at `index`; no conversion.
[[nodiscard]] std::string text_at(lua_State* L, int index);
/// A cell value: boolean, integer, number, text or the missing sentinel. `place` names it in
/// errors.
[[nodiscard]] Value value_at(lua_State* L, int index, const std::string& place);
/// Dates become ISO text, missing cells the `missing` value, NaN of either sign the positive one.
void push_value(lua_State* L, const Value& value);
void push_text(lua_State* L, std::string_view text);
/// The text keys of a plain table in byte order.
[[nodiscard]] std::vector<std::string> sorted_fields(lua_State* L, int index);
/// Throws Cancelled once the user interrupted. Loops over a script's lists call it every
/// kPollItems items: no hook runs inside them.
void poll_cancel(lua_State* L);
inline constexpr int kPollItems = 4096;
/// Grows the stack or throws ResourceError.
void reserve_stack(lua_State* L, int slots);

/// The checked arguments of one call. Lives in the guard's frame only.
class Call {
 public:
  Call(lua_State* L, const Function& function) : L_(L), function_(function) {}
  [[nodiscard]] lua_State* state() const noexcept { return L_; }
  [[nodiscard]] const Function& function() const noexcept { return function_; }
  /// Stack slot of a parameter.
  [[nodiscard]] int slot(std::string_view name) const;
  [[nodiscard]] bool given(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const;
  [[nodiscard]] std::int64_t integer(std::string_view name) const;
  [[nodiscard]] double number(std::string_view name) const;
  [[nodiscard]] std::string text(std::string_view name) const;
  [[nodiscard]] Value value(std::string_view name) const;
  /// A text, or a list of texts; empty when not given.
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  template <class T>
  [[nodiscard]] std::shared_ptr<T> handle(std::string_view name) const {
    return get_handle<T>(L_, slot(name));
  }
  template <class T>
  [[nodiscard]] std::shared_ptr<T> self() const {
    return get_handle<T>(L_, 1);
  }
  /// ArgumentError about one parameter.
  [[noreturn]] void fail(std::string_view name, std::string what, std::string expected,
                         std::string hint = "") const;

 private:
  lua_State* L_;
  const Function& function_;
};

}  // namespace impact::bindings
