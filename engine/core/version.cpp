#include "engine/core/version.h"

namespace impact {

std::string_view version() noexcept { return IMPACT_VERSION; }

}  // namespace impact
