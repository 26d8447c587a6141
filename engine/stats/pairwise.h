#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/stats/estimate.h"

namespace impact {

/// Comparisons of all pairs of groups. Terms are "b - a", a before b in the order of codes.
struct PairwiseTests {
  std::vector<Estimate> rows = {};      ///< p_value not adjusted, unless the test itself is joint.
  std::vector<double> p_adjusted = {};  ///< One a row.
  std::vector<std::string> warnings = {};
};

}  // namespace impact
