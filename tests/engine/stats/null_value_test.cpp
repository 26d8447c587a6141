#include <vector>
#include <catch2/catch.hpp>

#include "engine/stats/contingency.h"
#include "engine/stats/equivalence.h"
#include "engine/stats/proportions.h"
#include "engine/stats/rank_tests.h"
#include "engine/stats/t_test.h"

using namespace impact;

TEST_CASE("a row carries the value it is tested against", "[hypothesis]") {
  const std::vector<double> x = {3, 5, 8, 9, 4}, y = {1, 2, 7, 3, 6};
  TTestSpec spec;
  spec.null_value = 4.0;
  const TTest test = welch_t_test(x, y, spec);
  CHECK(test.difference.null_value == 4.0);
  // An effect size counts from the hypothesis.
  CHECK(test.cohens_d.null_value == 0.0);
  CHECK(test.hedges_g.null_value == 0.0);
  CHECK(welch_t_test(x, y).difference.null_value == 0.0);
  CHECK(mann_whitney(x, y, {}, {}).null_value == 0.5);
  CHECK(cliffs_delta(x, y, {}, {}).null_value == 0.0);
  const Share a{.successes = 3, .trials = 10}, b{.successes = 6, .trials = 12};
  ShareSpec fifth;
  fifth.null_value = 0.2;
  CHECK(share_test(a, fifth).null_value == 0.2);
  CHECK(share_difference(a, b).null_value == 0.0);
  CHECK(odds_ratio(a, b).null_value == 1.0);
  CHECK(risk_ratio(a, b).null_value == 1.0);
  const EquivalenceTest same = equivalence_test(x, y, {.low = -3, .high = 3});
  CHECK(same.row.null_value == 0.0);
}
