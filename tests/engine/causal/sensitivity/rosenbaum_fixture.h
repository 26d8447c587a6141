#pragma once

#include <utility>
#include <vector>

#include "engine/causal/sensitivity/rosenbaum.h"
#include "tests/engine/causal/sensitivity/sensitivity_fixture.h"

namespace impact::sensitivity_fixture {

inline RosenbaumSpec at(std::vector<double> gammas, PValue p_value = PValue::kAuto,
                        Alternative alternative = Alternative::kGreater) {
  RosenbaumSpec spec;
  spec.gammas = std::move(gammas);
  spec.p_value = p_value;
  spec.alternative = alternative;
  return spec;
}

}  // namespace impact::sensitivity_fixture
