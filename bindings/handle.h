#pragma once

#include <memory>
#include <string>

#include "bindings/descriptor.h"
#include "bindings/lua_include.h"

namespace impact::bindings {

/// What a userdata holds: shared ownership of one engine object, nothing else that needs care.
struct Box {
  std::shared_ptr<void> object;  ///< Null once released or collected.
  const TypeDescriptor* type;
  std::uint64_t serial;  ///< Order of creation in this state; order of pairs().
  std::uint64_t bytes;   ///< Engine memory told to the collector.
};
static_assert(alignof(Box) <= 8, "Lua aligns userdata to eight bytes only");

/// The C++ type behind a handle type, stated once a type: specialise with `static constexpr const
/// char* name`. Keeps get_handle from being asked for the wrong one.
template <class T>
struct HandleName;

/// Makes the protected metatable of a type and keeps the descriptor in the runtime's registry.
/// Every type gets release(), __gc, __close, __eq (same object), __name, __metatable and, unless
/// declared,
/// __tostring. Reading anything but a method is an ArgumentError, unless the type has an __index of
/// its own.
void register_type(lua_State* L, TypeDescriptor descriptor);

/// Pushes a handle. `bytes` of engine memory are reported to the collector, which may run.
void push_object(lua_State* L, std::string_view type, std::shared_ptr<void> object,
                 std::uint64_t bytes = 0);
/// Box at `index` when it is a handle of the named type ("": of any), else nullptr. Never raises.
[[nodiscard]] Box* find_box(lua_State* L, int index, std::string_view type = "");
/// The object of a handle; throws ArgumentError when it is another type or was released.
[[nodiscard]] std::shared_ptr<void> get_object(lua_State* L, int index, std::string_view type);
/// Pushes the table of a type's methods; only raw reads may miss.
void push_methods(lua_State* L, std::string_view type);

template <class T>
void push_handle(lua_State* L, std::shared_ptr<T> object, std::uint64_t bytes = 0) {
  push_object(L, HandleName<T>::name,
              std::const_pointer_cast<std::remove_const_t<T>>(std::move(object)), bytes);
}
template <class T>
[[nodiscard]] std::shared_ptr<T> get_handle(lua_State* L, int index) {
  return std::static_pointer_cast<T>(get_object(L, index, HandleName<T>::name));
}

}  // namespace impact::bindings
