#include "engine/design/assign.h"

#include "engine/design/design.h"
#include "tests/engine/design/design_fixture.h"
#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;
using Catch::Contains;

Frame creators() {
  return make_frame({"id", "tier", "paid", "team"}, {{i(1), s("large"), true, s("a")},
                                                     {i(2), s("small"), true, s("b")},
                                                     {i(3), s("small"), true, s("b")},
                                                     {i(4), s("large"), false, s("c")},
                                                     {i(5), s("large"), false, s("c")},
                                                     {i(6), s("large"), true, s("d")},
                                                     {i(7), s("small"), true, s("e")},
                                                     {i(8), s("large"), false, s("f")}});
}

std::string arms_of(const Column& column) {
  std::string out;
  for (std::size_t r = 0; r < column.size(); ++r) out += column.text_at(r)[0];
  return out;
}

TEST_CASE("real units are assigned as the first simulation assigns them") {
  const Design design = two_arm(8, 0);
  const Column column =
      assign_units(design.assignments[0].assignment, creators(), {}, {}, 20240611);
  CHECK(column.type().kind == TypeKind::kCategory);
  CHECK(arms_of(column) == arms_of(simulate_data(design, 0).column("z")));
}

TEST_CASE("real units: blocks are combinations of columns, clusters stay together") {
  const Assignment z = half().assignment;
  const Frame units = creators();
  const Column blocked = assign_units(z, units, {"tier", "paid"}, {}, 5);
  const std::string arms = arms_of(blocked);
  CHECK((arms[0] == 't') + (arms[5] == 't') == 1);  // large, paid
  const Column both = assign_units(z, units, {"tier", "paid"}, {"team"}, 5);
  const std::string teams = arms_of(both);
  CHECK(teams[1] == teams[2]);
  CHECK(teams[3] == teams[4]);
  CHECK(teams[1] != teams[6]);
  CHECK(teams[3] != teams[7]);
  const std::vector<double> p = arm_probabilities(z, units, {"tier", "paid"}, {"team"}, both);
  CHECK(p == std::vector<double>(8, 0.5));
  Assignment few = z;
  few.probabilities = {0.75, 0.25};
  const Column shares = assign_units(few, units, {}, {}, 5);
  const std::vector<double> q = arm_probabilities(few, units, {}, {}, shares);
  for (std::size_t r = 0; r < 8; ++r) CHECK(q[r] == (shares.text_at(r) == "treated" ? 0.25 : 0.75));
}

TEST_CASE("real units: a missing block, an unknown column and a foreign arm are named") {
  const Assignment z = half().assignment;
  const Frame holed = make_frame({"id", "tier"}, {{i(1), s("x")}, {i(2), testing::kMissing}});
  CHECK_THROWS_WITH(assign_units(z, holed, {"tier"}, {}, 1),
                    Contains("no block") && Contains("unit 2"));
  CHECK_THROWS_WITH(assign_units(z, creators(), {"teir"}, {}, 1), Contains("tier"));
  Assignment other = z;
  other.arms = {"a", "b"};
  const Column arms = assign_units(other, creators(), {}, {}, 1);
  CHECK_THROWS_WITH(arm_probabilities(z, creators(), {}, {}, arms),
                    Contains("no such arm") && Contains("unit 1"));
}

}  // namespace
}  // namespace impact
