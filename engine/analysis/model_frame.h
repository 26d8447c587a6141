#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/analysis/reader.h"
#include "engine/stats/design_matrix.h"

namespace impact::detail {

/// What a regression reads of its input: the rows with no missing cell.
struct ModelFrame {
  DesignMatrix matrix = {};
  std::vector<double> outcome = {};
  std::vector<double> weights = {};  ///< Empty without role "weights"; so the others.
  std::vector<double> offset = {};
  std::vector<double> exposure = {};
  std::vector<std::int32_t> clusters = {};
  std::vector<std::int32_t> second_clusters = {};
  std::vector<std::int64_t> time = {};
  std::vector<std::vector<std::int32_t>> effects = {};  ///< Codes of role "effects", one a factor.
  std::vector<std::string> warnings = {};
};

/// Terms are those of option "terms" (lists of places among the columns of role "terms"), else each
/// column of the role; columns of role "curved" enter as the curves of option "curves", one a
/// column: {"kind": "poly", "natural" or "spline", "size": degree or df}. Option "intercept" false
/// leaves out the intercept. `outcome` is one number a row of the input.
[[nodiscard]] ModelFrame model_frame(const AnalysisReader& read,
                                     const std::vector<double>& outcome);

}  // namespace impact::detail
