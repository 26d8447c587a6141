#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

/// What tests/reference/stats/regression.R and regression_margins.py wrote: the sample and the
/// numbers of the peers.
namespace impact::regression {

inline const std::map<std::string, std::vector<double>>& sample() {
  static const auto columns = [] {
    std::map<std::string, std::vector<double>> all;
    std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/regression_data.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string name;
      fields >> name;
      for (std::string text; name != "#" && fields >> text;) all[name].push_back(std::stod(text));
    }
    return all;
  }();
  return columns;
}

inline const std::vector<double>& data(const std::string& name) { return sample().at(name); }

inline std::vector<std::int32_t> codes(const std::string& name) {
  return {data(name).begin(), data(name).end()};
}

/// The named columns as a matrix; "one" is a column of ones.
inline std::vector<double> matrix(const std::vector<std::string>& names) {
  std::vector<double> x;
  for (const std::string& name : names) {
    if (name == "one") {
      x.insert(x.end(), data("x").size(), 1.0);
    } else {
      x.insert(x.end(), data(name).begin(), data(name).end());
    }
  }
  return x;
}

inline double number(const std::string& test, const std::string& field) {
  static const auto numbers = [] {
    std::map<std::pair<std::string, std::string>, double> all;
    for (const char* path : {IMPACT_SOURCE "/tests/reference/stats/regression.txt",
                             IMPACT_SOURCE "/tests/reference/stats/regression_margins.txt"}) {
      std::ifstream file(path);
      REQUIRE(file);
      for (std::string line; std::getline(file, line);) {
        std::istringstream fields(line);
        std::string word;
        std::string name;
        std::string text;
        if (line[0] == '#' || !(fields >> word >> name >> text)) continue;
        all[{word, name}] = std::stod(text);
      }
    }
    return all;
  }();
  const auto at = numbers.find({test, field});
  INFO(test << " " << field);
  REQUIRE(at != numbers.end());
  return at->second;
}

/// Agrees to `tolerance` of the peer's number.
inline void check(double ours, const std::string& test, const std::string& field,
                  double tolerance = 1e-9) {
  const double theirs = number(test, field);
  INFO(test << " " << field << ": ours " << ours << ", the peer's " << theirs << ", apart by "
            << std::abs(ours / theirs - 1.0));
  CHECK(std::abs(ours - theirs) <= tolerance * std::abs(theirs));
}

template <class Result>
bool warned(const Result& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace impact::regression
