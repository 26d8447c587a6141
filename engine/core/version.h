#pragma once

#include <string_view>

namespace impact {

/// Version of Impactlytics, "major.minor.patch". Thread-safe.
std::string_view version() noexcept;

}  // namespace impact
