#pragma once

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

/// Real tables in the folder IMPACT_DATA; empty, with a word, where they are not.
namespace impact::causal_tests {

struct RealTable {
  std::map<std::string, std::vector<std::string>> cells = {};
  std::size_t rows = 0;

  [[nodiscard]] std::vector<double> numbers(const std::string& column) const {
    std::vector<double> out;
    for (const std::string& cell : cells.at(column)) out.push_back(std::stod(cell));
    return out;
  }
  /// 1 where the cell is `level`.
  [[nodiscard]] std::vector<double> indicator(const std::string& column,
                                              const std::string& level) const {
    std::vector<double> out;
    for (const std::string& cell : cells.at(column)) out.push_back(cell == level ? 1.0 : 0.0);
    return out;
  }
};

/// A file of cells without quotes, its first line the names.
inline RealTable read_table(const std::string& name) {
  const char* folder = std::getenv("IMPACT_DATA");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) + "/" + name);
  RealTable table;
  if (!file) {
    WARN("SKIPPED: no " << name << " in IMPACT_DATA");
    return table;
  }
  const auto cut = [](std::string line) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::vector<std::string> out;
    std::istringstream rest(line);
    for (std::string cell; std::getline(rest, cell, ',');) out.push_back(cell);
    return out;
  };
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> names = cut(line);
  while (std::getline(file, line)) {
    const std::vector<std::string> row = cut(line);
    for (std::size_t k = 0; k < names.size(); ++k) {
      table.cells[names[k]].push_back(k < row.size() ? row[k] : "");
    }
    ++table.rows;
  }
  return table;
}

/// Columns side by side, ones first.
inline std::vector<double> with_ones(const std::vector<std::vector<double>>& columns) {
  std::vector<double> out(columns.at(0).size(), 1.0);
  for (const auto& column : columns) out.insert(out.end(), column.begin(), column.end());
  return out;
}

}  // namespace impact::causal_tests
