#pragma once

#include <cmath>
#include <fstream>
#include <map>
#include <numeric>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/learn/feature_columns.h"

/// The samples and the peers' numbers of tests/reference/learn/penalised*.
namespace impact::learning {

/// Numbers of a file with `columns` a row, column by column.
inline std::vector<double> read_columns(const std::string& name, std::size_t columns) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/" + name);
  REQUIRE(file);
  std::vector<double> cells;
  for (double each = 0; file >> each;) cells.push_back(each);
  REQUIRE(cells.size() % columns == 0);
  const std::size_t rows = cells.size() / columns;
  std::vector<double> result(cells.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) result[j * rows + i] = cells[i * columns + j];
  }
  return result;
}

/// 120 rows, 8 columns, an outcome for each family.
struct PenalisedSample {
  std::vector<double> cells = read_columns("penalised_rows.txt", 14);
  std::size_t n = cells.size() / 14;
  FeatureColumns features = {.x = std::span(cells).first(8 * n), .columns = 8};
  std::span<const double> gaussian = column(8), binomial = column(9), poisson = column(10),
                          classes = column(11), weights = column(12), offset = column(13);
  std::vector<std::uint32_t> rows = all(n);

  PenalisedSample() = default;
  PenalisedSample(const PenalisedSample&) = delete;
  PenalisedSample& operator=(const PenalisedSample&) = delete;

  static std::vector<std::uint32_t> all(std::size_t n) {
    std::vector<std::uint32_t> result(n);
    std::iota(result.begin(), result.end(), 0U);
    return result;
  }

 private:
  [[nodiscard]] std::span<const double> column(std::size_t j) const {
    return std::span(cells).subspan(j * n, n);
  }
};

/// Of penalised.txt and its kin: "case field number".
inline double penalised_number(const std::string& name, const std::string& field) {
  static std::map<std::string, double> all;
  if (all.empty()) {
    for (const std::string file : {"penalised.txt", "penalised_sklearn.txt", "hdm.txt"}) {
      std::ifstream in(IMPACT_SOURCE "/tests/reference/learn/" + file);
      REQUIRE(in);
      for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string word, what;
        double value = 0;
        if (line[0] == '#' || !(fields >> word >> what >> value)) continue;
        all[word + ' ' + what] = value;
      }
    }
  }
  const auto at = all.find(name + ' ' + field);
  INFO(name << ' ' << field);
  REQUIRE(at != all.end());
  return at->second;
}

/// Within `tolerance` of the peer's number, or of 1 where that is smaller.
inline void near_peer(double ours, const std::string& name, const std::string& field,
                      double tolerance = 1e-8) {
  const double theirs = penalised_number(name, field);
  INFO(name << ' ' << field << ": ours " << ours << ", theirs " << theirs << ", apart "
            << ours - theirs);
  CHECK(std::abs(ours - theirs) <= tolerance * std::max(1.0, std::abs(theirs)));
}

}  // namespace impact::learning
