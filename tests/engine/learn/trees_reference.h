#pragma once

#include <cstdint>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"

/// The samples and the peers' numbers of tests/reference/learn/trees.json.
namespace impact::learning {

inline const nlohmann::json& trees_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/trees.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

/// Columns one after the other; null is NaN.
struct Columns {
  std::vector<double> x = {};
  std::size_t columns = 0;

  [[nodiscard]] FeatureColumns features() const { return {.x = x, .columns = columns}; }
};

inline Columns columns_of(const nlohmann::json& json) {
  Columns all{.columns = json.size()};
  for (const auto& column : json) {
    for (const auto& cell : column) {
      all.x.push_back(cell.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                     : cell.get<double>());
    }
  }
  return all;
}

inline std::vector<std::uint32_t> rows_between(std::size_t from, std::size_t to) {
  std::vector<std::uint32_t> rows(to - from);
  std::iota(rows.begin(), rows.end(), static_cast<std::uint32_t>(from));
  return rows;
}

/// Invented: y = x1 + x2 x3 + noise, label = y > 0; x4 says nothing.
struct Invented {
  Columns x;
  std::vector<double> y;
  std::vector<std::int32_t> label;
};

inline Invented invented(std::size_t rows, std::uint64_t seed) {
  Invented data{.x = {.x = std::vector<double>(4 * rows), .columns = 4}, .y = {}, .label = {}};
  Stream stream({seed});
  for (double& value : data.x.x) value = stream.normal();
  const auto at = [&](std::size_t j, std::size_t i) { return data.x.x[j * rows + i]; };
  for (std::size_t i = 0; i < rows; ++i) {
    data.y.push_back(at(0, i) + at(1, i) * at(2, i) + 0.5 * stream.normal());
    data.label.push_back(data.y[i] > 0.0 ? 1 : 0);
  }
  return data;
}

}  // namespace impact::learning
