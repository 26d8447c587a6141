#pragma once

#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/study/estimate_node.h"
#include "tests/engine/stats/reference.h"
#include "tests/engine/study/study_fixture.h"

namespace impact::testing {

/// The units of the peers' tests as a source, and "ATE": arm on y.
struct UnitsStudy : StudyFixture {
  RelationPtr units;

  explicit UnitsStudy(const std::string& arm = "arm", bool backwards = false)
      : units(source("units", units_csv(backwards))) {
    add("ATE", asks(at("y"), at(arm)));
  }
  [[nodiscard]] StudyColumn at(const std::string& name) const { return col(units, name); }
  [[nodiscard]] std::vector<std::vector<StudyColumn>> terms(
      const std::vector<std::string>& names) const {
    std::vector<std::vector<StudyColumn>> out;
    for (const std::string& name : names) out.push_back({at(name)});
    return out;
  }
  InquiryNode& inquiry() { return std::get<InquiryNode>(study.nodes[1].body); }
  Estimate only(Method method, int threads = 2) {
    const std::string name = "e" + std::to_string(study.nodes.size());
    estimator(name, std::move(method));
    const auto rows = answer(name, threads);
    REQUIRE(rows.size() == 1);
    return rows[0];
  }
};

/// Everything but the term and the warnings, bit for bit.
inline void same_numbers(const Estimate& a, const Estimate& b) {
  CHECK(a.estimate == b.estimate);
  CHECK(a.std_error == b.std_error);
  CHECK(a.statistic == b.statistic);
  CHECK(a.df == b.df);
  CHECK(a.p_value == b.p_value);
  CHECK(a.conf_low == b.conf_low);
  CHECK(a.conf_high == b.conf_high);
  CHECK(a.n == b.n);
  CHECK(a.method == b.method);
  CHECK(a.se_type == b.se_type);
}

}  // namespace impact::testing
