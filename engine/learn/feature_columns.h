#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace impact {

/// Numbers that describe rows, column by column.
struct FeatureColumns {
  std::span<const double> x;  ///< rows x columns.
  std::size_t columns = 0;
  std::span<const std::string> names = {};  ///< None: "column 1", "column 2", ...

  [[nodiscard]] std::size_t rows() const { return columns == 0 ? 0 : x.size() / columns; }
  [[nodiscard]] std::span<const double> column(std::size_t j) const {
    return x.subspan(j * rows(), rows());
  }
  [[nodiscard]] std::string name(std::size_t j) const;
};

/// Throws ArgumentError unless x is rows x columns and names are none or one a column.
void check_features(const FeatureColumns& features, std::size_t rows);

}  // namespace impact
