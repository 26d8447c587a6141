#pragma once

#include <cmath>
#include <cstdint>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

/// What tests/reference/stats/resampling.R wrote.
namespace impact::resampling {

struct Reference {
  std::map<std::string, std::vector<double>> data = {}, draws = {};
  std::map<std::string, std::vector<std::vector<double>>> index = {};
  std::map<std::string, double> ci = {};  // "case field"

  [[nodiscard]] static const Reference& get() {
    static const Reference reference;
    return reference;
  }
  Reference() {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/resampling.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string kind, name, field;
      fields >> kind >> name;
      if (kind == "#") continue;
      if (kind == "ci") {
        fields >> field;
        fields >> ci[name + " " + field];
        continue;
      }
      if (kind == "index") fields >> field;
      std::vector<double> values;
      for (std::string text; fields >> text;) values.push_back(std::stod(text));
      if (kind == "data") data[name] = values;
      if (kind == "draws") draws[name] = values;
      if (kind == "index") index[name].push_back(values);
    }
  }
  [[nodiscard]] double number(const std::string& name, const std::string& field) const {
    const auto at = ci.find(name + " " + field);
    INFO(name << " " << field);
    REQUIRE(at != ci.end());
    return at->second;
  }
  [[nodiscard]] std::vector<std::int32_t> codes(const std::string& name) const {
    const auto& values = data.at(name);
    return {values.begin(), values.end()};
  }
};

}  // namespace impact::resampling
