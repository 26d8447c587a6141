#include "engine/learn/feature_columns.h"

#include <fmt/format.h>

#include "engine/core/error.h"

namespace impact {

std::string FeatureColumns::name(std::size_t j) const {
  return names.empty() ? fmt::format("column {}", j + 1) : names[j];
}

void check_features(const FeatureColumns& features, std::size_t rows) {
  if (features.x.size() != rows * features.columns) {
    throw ArgumentError({.what = "the features are not rows x columns",
                         .where = "x",
                         .got = std::to_string(features.x.size()),
                         .expected = fmt::format("{} x {}", rows, features.columns)});
  }
  if (!features.names.empty() && features.names.size() != features.columns) {
    throw ArgumentError({.what = "a column has no name, or a name no column",
                         .where = "names",
                         .got = std::to_string(features.names.size()),
                         .expected = std::to_string(features.columns)});
  }
}

}  // namespace impact
