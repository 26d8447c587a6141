#pragma once

#include <string>
#include <vector>

#include "bindings/descriptor.h"
#include "bindings/lua_include.h"

/// Whether the descriptors say all there is to say. Tests ask; nothing else does.
namespace impact::bindings {

/// What a descriptor lacks: a text, the text of a parameter, a type that is known, an example. A
/// sentence each, "Table:head: parameter 'count' has no text"; empty when nothing lacks.
[[nodiscard]] std::vector<std::string> lacks(const Function& function, const Registry& registry);
[[nodiscard]] std::vector<std::string> lacks(const TypeDescriptor& type, const Registry& registry);
/// Of everything in the registry.
[[nodiscard]] std::vector<std::string> lacks(const Registry& registry);

/// A name scripts see, "print" or "stats.welch", and the name of what describes it ("": nothing).
struct VisibleName {
  std::string name;
  std::string described;
};

/// Every name scripts see, and those inside the libraries among them, sorted. Raw reads only.
[[nodiscard]] std::vector<VisibleName> visible_names(lua_State* L);

/// Why a visible name needs no descriptor; "" when it does.
[[nodiscard]] std::string exempt(std::string_view name);

}  // namespace impact::bindings
