#pragma once

#include <string>

namespace impact {

/// Identity of the running program's code, as the linker noted it (lower-case hexadecimal): two
/// builds of other sources differ. "" when the program carries no note. For caches only; it is no
/// part of any result. Thread-safe.
[[nodiscard]] const std::string& build_id();

}  // namespace impact
