#pragma once

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/learn/scored_labels.h"

/// The sample and the peers' numbers of tests/reference/learn.
namespace impact::learning {

struct Rows {
  std::vector<double> a, b, p, w;
  std::vector<std::int32_t> y;

  [[nodiscard]] ScoredLabels of(const std::vector<double>& score, bool weighted = false) const {
    ScoredLabels data{.score = score, .label = y};
    if (weighted) data.weights = w;
    return data;
  }
};

inline Rows reference_rows() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/rows.txt");
  REQUIRE(file);
  Rows rows;
  double a = 0, b = 0, p = 0, w = 0;
  for (std::int32_t y = 0; file >> a >> b >> p >> y >> w;) {
    rows.a.push_back(a);
    rows.b.push_back(b);
    rows.p.push_back(p);
    rows.y.push_back(y);
    rows.w.push_back(w);
  }
  REQUIRE(rows.y.size() == 160);
  return rows;
}

/// `file`: "sklearn" or "proc".
inline double number(const std::string& file, const std::string& test, const std::string& field) {
  static std::map<std::string, double> all;
  if (all.empty()) {
    for (const std::string name : {"sklearn", "proc"}) {
      std::ifstream in(std::string(IMPACT_SOURCE "/tests/reference/learn/") + name + ".txt");
      REQUIRE(in);
      for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string word, what;
        double value = 0;
        if (line[0] == '#' || !(fields >> word >> what >> value)) continue;
        all[name + ' ' + word + ' ' + what] = value;
      }
    }
  }
  const auto at = all.find(file + ' ' + test + ' ' + field);
  INFO(file << ' ' << test << ' ' << field);
  REQUIRE(at != all.end());
  return at->second;
}

inline void agree(double ours, const std::string& file, const std::string& test,
                  const std::string& field, double tolerance = 1e-9) {
  const double theirs = number(file, test, field);
  INFO(test << ' ' << field << ": ours " << ours << ", theirs " << theirs);
  CHECK(std::abs(ours - theirs) <= tolerance * std::abs(theirs));
}

template <class Result>
bool warned(const Result& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace impact::learning
