#pragma once

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

/// What tests/reference/stats/hypothesis.R wrote: the samples and the numbers of R.
namespace impact::hypothesis {

inline std::vector<double> data(const std::string& name) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/hypothesis_data.txt");
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string word;
    fields >> word;
    if (word != name) continue;
    std::vector<double> values;
    for (std::string text; fields >> text;) values.push_back(std::stod(text));
    return values;
  }
  FAIL("no sample " << name);
  return {};
}

inline double number(const std::string& test, const std::string& field) {
  static const auto numbers = [] {
    std::map<std::pair<std::string, std::string>, double> all;
    std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/hypothesis.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string word;
      std::string name;
      std::string text;
      if (line[0] == '#' || !(fields >> word >> name >> text)) continue;
      all[{word, name}] = text == "Inf" ? INFINITY : text == "-Inf" ? -INFINITY : std::stod(text);
    }
    return all;
  }();
  const auto at = numbers.find({test, field});
  INFO(test << " " << field);
  REQUIRE(at != numbers.end());
  return at->second;
}

/// Agrees to `tolerance` of R's number.
inline void check(double ours, const std::string& test, const std::string& field,
                  double tolerance = 1e-9) {
  const double theirs = number(test, field);
  INFO(test << " " << field << ": ours " << ours << ", R's " << theirs);
  CHECK((ours == theirs || std::abs(ours - theirs) <= tolerance * std::abs(theirs)));
}

/// Any of the warnings holds `text`.
template <class Result>
bool warned(const Result& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

inline std::vector<double> reversed(std::vector<double> values) {
  return {values.rbegin(), values.rend()};
}

}  // namespace impact::hypothesis
