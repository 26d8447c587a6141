#include "engine/core/context.h"

#include "engine/core/error.h"

namespace impact {

void CancelToken::check() const {
  if (requested()) throw Cancelled();
}

}  // namespace impact
