#include "bindings/option_values.h"

#include "bindings/declarations.h"
#include "bindings/guard.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

using nlohmann::json;

constexpr int kDeepest = 8;

json read(lua_State* L, int index, const std::string& place, bool columns, int depth) {
  if (depth > kDeepest) throw ArgumentError({.what = place + " is nested too deeply"});
  if (find_box(L, index, "Learner") != nullptr) {
    return get_handle<const LearnerHandle>(L, index)->json;
  }
  if (find_box(L, index, "Step") != nullptr) return get_handle<const StepHandle>(L, index)->json;
  if (columns && find_box(L, index, "Column") != nullptr) return name_at(L, index, place);
  if (!is_plain_table(L, index)) {
    const Value value = value_at(L, index, place);
    if (const auto* flag = std::get_if<bool>(&value)) return *flag;
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
    if (const auto* number = std::get_if<double>(&value)) return *number;
    if (std::holds_alternative<std::monostate>(value)) return nullptr;
    return format_value(value);
  }
  json list = json::array();
  each_item(L, index, [&](int item, lua_Integer) {
    list.push_back(read(L, item, place, columns, depth + 1));
  });
  const auto fields = sorted_fields(L, index);
  if (fields.empty()) return list;
  if (!list.empty()) throw ArgumentError({.what = place + " mixes a list and named values"});
  json object = json::object();
  for (const std::string& name : fields) {
    with_field(L, index, name,
               [&](int value) { object[name] = read(L, value, place, columns, depth + 1); });
  }
  return object;
}

}  // namespace

json option_at(lua_State* L, int index, const std::string& place, bool columns) {
  return read(L, index, place, columns, 0);
}

}  // namespace impact::bindings
