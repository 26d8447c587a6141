#pragma once

#include <string>

#include "bindings/handle.h"
#include "engine/core/rng.h"

namespace impact::bindings {

/// What a Random handle holds: a named stream and the key that other draws derive from.
struct RandomStream {
  StreamKey key;
  Stream stream;
  std::string name;
};

template <>
struct HandleName<RandomStream> {
  static constexpr const char* name = "Random";
};

}  // namespace impact::bindings
