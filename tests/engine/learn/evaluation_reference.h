#pragma once

#include <cmath>
#include <fstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/stats/estimate.h"

/// Peers' numbers of tests/reference/learn/evaluation.json.
namespace impact::learning {

inline const nlohmann::json& evaluation_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/evaluation.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

inline const Estimate& term(const std::vector<Estimate>& rows, const std::string& name) {
  for (const Estimate& row : rows) {
    if (row.term == name) return row;
  }
  FAIL("no row " << name);
  return rows.front();
}

}  // namespace impact::learning
