#pragma once

#include <string_view>

namespace impact {

/// Version of Impactlytics, "major.minor.patch". Thread-safe.
std::string_view version() noexcept;

/// Checks a requirement such as ">= 0.1", "== 0.2.1" or ">= 0.1, < 1". Parts that a version leaves
/// out are zero. Throws ArgumentError when this engine does not meet it, or it can't be read.
void require_version(std::string_view requirement);

}  // namespace impact
