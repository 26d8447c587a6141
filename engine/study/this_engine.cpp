#include "engine/core/version.h"
#include "engine/study/lock.h"

namespace impact {

// The build gives the texts; see engine/CMakeLists.txt.
LockEngine this_engine() {
  return {.version = std::string(version()),
          .commit = IMPACT_COMMIT,
          .compiler = IMPACT_COMPILER,
          .floating_point = IMPACT_FLOATING_POINT,
          .cpu = IMPACT_BASELINE};
}

}  // namespace impact
