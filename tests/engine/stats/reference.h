#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/stats/estimate.h"
#include "tests/engine/stats/named_reference.h"

/// What tests/reference/stats/make.R wrote: the data and the numbers of the peers.
namespace impact::reference {

using namespace peers;

/// units.txt, column by column.
class Units {
 public:
  Units() {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/units.txt");
    REQUIRE(file);
    std::string line;
    std::getline(file, line);
    std::istringstream header(line);
    std::vector<std::string> names;
    for (std::string name; header >> name;) names.push_back(name);
    while (std::getline(file, line)) {
      std::istringstream cells(line);
      for (const std::string& name : names) {
        double cell = 0.0;
        REQUIRE(cells >> cell);
        columns_[name].push_back(cell);
      }
    }
    REQUIRE(rows() == 60);
  }
  [[nodiscard]] std::size_t rows() const { return columns_.at("y").size(); }
  [[nodiscard]] const std::vector<double>& operator[](const std::string& name) const {
    return columns_.at(name);
  }
  [[nodiscard]] std::vector<std::int32_t> codes(const std::string& name) const {
    const auto& cells = columns_.at(name);
    return {cells.begin(), cells.end()};
  }

 private:
  std::map<std::string, std::vector<double>> columns_;
};

using Names = std::vector<std::string>;

inline const Units& units() {
  static const Units kUnits;
  return kUnits;
}

/// The named columns of units.txt as a matrix; "Intercept" is a column of ones.
inline Numbers matrix(const Names& names) {
  Numbers x;
  for (const std::string& name : names) {
    if (name == "Intercept") {
      x.insert(x.end(), units().rows(), 1.0);
    } else {
      x.insert(x.end(), units()[name].begin(), units()[name].end());
    }
  }
  return x;
}

struct Row {
  double estimate, std_error, df, p_value, conf_low, conf_high;
};

/// The rows of one case of peer.txt by term.
inline std::map<std::string, Row> peer(const std::string& name) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/peer.txt");
  REQUIRE(file);
  const auto number = [](std::istream& fields) {
    std::string text;
    fields >> text;
    return text == "NA" ? std::numeric_limits<double>::quiet_NaN() : std::stod(text);
  };
  std::map<std::string, Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string word;
    std::string term;
    fields >> word >> term;
    if (word != name) continue;
    Row& row = rows[term];
    for (double* cell :
         {&row.estimate, &row.std_error, &row.df, &row.p_value, &row.conf_low, &row.conf_high}) {
      *cell = number(fields);
    }
  }
  REQUIRE_FALSE(rows.empty());
  return rows;
}

/// Every number that the peer has agrees to 1e-9 of its size; an end of an interval, which is a
/// difference and may lie near zero, to 1e-9 of the numbers it is the difference of.
inline void agree(const Estimate& ours, const Row& theirs) {
  INFO(ours.term);
  const auto close = [](double a, double b, double size) {
    INFO(a << " against " << b);
    if (!std::isnan(b)) CHECK(std::abs(a - b) <= 1e-9 * std::abs(size));
  };
  close(ours.estimate, theirs.estimate, theirs.estimate);
  close(ours.std_error, theirs.std_error, theirs.std_error);
  close(ours.df, theirs.df, theirs.df);
  close(ours.p_value, theirs.p_value, theirs.p_value);
  const double width = theirs.conf_high - theirs.conf_low;
  close(ours.conf_low, theirs.conf_low, width + std::abs(theirs.estimate));
  close(ours.conf_high, theirs.conf_high, width + std::abs(theirs.estimate));
}

}  // namespace impact::reference
