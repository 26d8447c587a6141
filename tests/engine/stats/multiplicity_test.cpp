#include "engine/stats/multiplicity.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

const std::vector<double> kP = {0.01, 0.02, 0.03, 0.005, 0.5, 0.02, 0.9, 0.0001};

}  // namespace

TEST_CASE("adjusted p-values agree with R", "[hypothesis]") {
  for (const char* name : {"bonferroni", "holm", "hochberg", "bh", "by"}) {
    const auto ours = adjust_p_values(kP, parse_adjustment(name));
    for (std::size_t i = 0; i < kP.size(); ++i) {
      check(ours[i], std::string("adjust_") + name, "p" + std::to_string(i + 1), 1e-14);
    }
    CHECK(adjustment_name(parse_adjustment(name)) == name);
  }
  CHECK(adjust_p_values(kP, Adjustment::kNone) == kP);
}

TEST_CASE("adjusted p-values: missing ones do not count, wrong ones are refused", "[hypothesis]") {
  const std::vector<double> p = {0.04, NAN, 0.01};
  const auto holm = adjust_p_values(p, Adjustment::kHolm);
  CHECK(holm[0] == 0.04);
  CHECK(std::isnan(holm[1]));
  CHECK(holm[2] == 0.02);
  CHECK(adjust_p_values({}, Adjustment::kBh).empty());
  CHECK_THROWS_AS(adjust_p_values(std::vector<double>{1.5}, Adjustment::kBh), ArgumentError);
  CHECK_THROWS_WITH(parse_adjustment("holmes"), Catch::Contains("did you mean 'holm'?"));
}
