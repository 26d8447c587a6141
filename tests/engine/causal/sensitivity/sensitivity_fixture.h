#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

/// Reference numbers and tables of the tests of sensitivity and balance.
namespace impact::sensitivity_fixture {

inline nlohmann::json reference(const std::string& name) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/causal/" + name + ".json");
  REQUIRE(file);
  return nlohmann::json::parse(file);
}

/// `ours` rounds to the digits of a text such as "0.0468" or "5.06e-06".
inline void as_printed(double ours, const std::string& text) {
  const auto exponent_at = text.find_first_of("eE");
  const std::string digits = text.substr(0, exponent_at);
  const int exponent =
      exponent_at == std::string::npos ? 0 : std::stoi(text.substr(exponent_at + 1));
  const auto point = digits.find('.');
  const int decimals = point == std::string::npos ? 0 : static_cast<int>(digits.size() - point) - 1;
  const double theirs = std::stod(text);
  // Beyond 13 digits fits and quantiles differ by their own rounding: R prints others today.
  const double half = 0.5000001 * std::pow(10.0, exponent - decimals);
  std::ostringstream shown;
  shown.precision(17);
  shown << ours;
  INFO("ours " << shown.str() << ", printed " << text);
  CHECK(std::abs(ours - theirs) <= std::fmax(half, 1e-13 * std::abs(theirs)));
}

inline void near(double ours, double theirs, double tolerance = 1e-12) {
  INFO("ours " << ours << ", theirs " << theirs);
  CHECK(
      (ours == theirs || std::abs(ours - theirs) <= tolerance * std::fmax(1e-8, std::abs(theirs))));
}

/// A text table by column; empty, with a word, where IMPACT_DATA has it not. Quotes are taken off.
using TextTable = std::map<std::string, std::vector<std::string>>;

inline TextTable read_table(const std::string& name) {
  const char* folder = std::getenv("IMPACT_DATA");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) + "/" + name);
  TextTable table;
  if (!file) {
    WARN("SKIPPED: no " << name << " in IMPACT_DATA");
    return table;
  }
  std::vector<std::string> header;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') {
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        cells.emplace_back();
      } else if (c != '\r') {
        cells.back() += c;
      }
    }
    if (header.empty()) {
      header = cells;
      continue;
    }
    REQUIRE(cells.size() == header.size());
    for (std::size_t j = 0; j < cells.size(); ++j) table[header[j]].push_back(cells[j]);
  }
  return table;
}

inline std::vector<double> numbers(const TextTable& table, const std::string& column) {
  std::vector<double> values;
  for (const std::string& text : table.at(column)) {
    values.push_back(text.empty() || text == "NA" ? NAN : std::stod(text));
  }
  return values;
}

template <class Warnings>
bool says(const Warnings& warnings, const std::string& text) {
  for (const std::string& warning : warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace impact::sensitivity_fixture
