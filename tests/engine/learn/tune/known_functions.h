#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <string>
#include <nlohmann/json.hpp>

#include "engine/learn/tune/search_space.h"

/// Functions with a known least value, scaled to the unit cube. Source: Dixon & Szego, Towards
/// global optimisation 2 (1978); constants as in Picheny, Wagner & Ginsbourger (2013).
namespace impact::learning {

struct KnownFunction {
  SearchSpace space = {};
  double least = 0.0;
  std::function<double(const SearchPoint&)> value = {};
};

inline SearchSpace unit_cube(std::size_t dimensions) {
  nlohmann::json json;
  for (std::size_t j = 0; j < dimensions; ++j) {
    json["x" + std::to_string(j)] = {{"numbers", {0, 1}}};
  }
  return search_space(json);
}

inline KnownFunction branin() {
  return {unit_cube(2), 0.39788735772973816, [](const SearchPoint& u) {
            constexpr double kPi = 3.14159265358979323846;
            const double x = -5.0 + 15.0 * u[0];
            const double y = 15.0 * u[1];
            const double q = y - 5.1 / (4.0 * kPi * kPi) * x * x + 5.0 / kPi * x - 6.0;
            return q * q + 10.0 * (1.0 - 1.0 / (8.0 * kPi)) * std::cos(x) + 10.0;
          }};
}

inline KnownFunction hartmann() {
  using Row = std::array<double, 6>;
  static constexpr std::array<double, 4> kHeight = {1.0, 1.2, 3.0, 3.2};
  static constexpr std::array<Row, 4> kWidth = {
      Row{10, 3, 17, 3.5, 1.7, 8}, Row{0.05, 10, 17, 0.1, 8, 14}, Row{3, 3.5, 1.7, 10, 17, 8},
      Row{17, 8, 0.05, 10, 0.1, 14}};
  static constexpr std::array<Row, 4> kPlace = {
      Row{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
      Row{0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
      Row{0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
      Row{0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  return {unit_cube(6), -3.32236801141551, [](const SearchPoint& u) {
            double sum = 0.0;
            for (std::size_t i = 0; i < 4; ++i) {
              double q = 0.0;
              for (std::size_t j = 0; j < 6; ++j) {
                const double d = u[j] - kPlace[i][j];
                q += kWidth[i][j] * d * d;
              }
              sum -= kHeight[i] * std::exp(-q);
            }
            return sum;
          }};
}

}  // namespace impact::learning
