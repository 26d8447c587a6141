#include "engine/learn/gathered_warnings.h"

#include <catch2/catch.hpp>

using impact::detail::GatheredWarnings;

TEST_CASE("what fits share is said once", "[learn][gathered]") {
  GatheredWarnings gathered;
  gathered.add({"2 rows were left out because a value is missing", "'hash 1' is constant"});
  gathered.add({"1 row was left out because a value is missing", "'hash 2' is constant"});
  gathered.add({});
  gathered.add({"12 rows were left out because a value is missing", "'hash 1' is constant",
                "'hash 1' is constant", "does nothing"});
  CHECK(gathered.said() ==
        std::vector<std::string>{"in 3 of 4 fits: 1 to 12 rows were left out because a value is "
                                 "missing",
                                 "in 2 of 4 fits: 'hash 1' is constant",
                                 "in 1 of 4 fits: 'hash 2' is constant",
                                 "in 1 of 4 fits: does nothing"});

  GatheredWarnings alike;
  for (int k = 0; k < 3; ++k) alike.add({"1 row was left out", "constant, so of no use: pc 7"});
  CHECK(alike.said() == std::vector<std::string>{"in 3 of 3 fits: 1 row was left out",
                                                 "in 3 of 3 fits: constant, so of no use: pc 7"});
  // A name that is a number is no count, and a count inside of a sentence is one.
  GatheredWarnings names;
  names.add({"of no use: 2019, 2020", "among 7 rows nothing", "3 classes"});
  names.add({"of no use: 2018, 2020", "among 9 rows nothing", "4 classes"});
  CHECK(names.said() == std::vector<std::string>{"in 1 of 2 fits: of no use: 2019, 2020",
                                                 "in 2 of 2 fits: among 7 to 9 rows nothing",
                                                 "in 2 of 2 fits: 3 to 4 classes",
                                                 "in 1 of 2 fits: of no use: 2018, 2020"});
  CHECK(GatheredWarnings().said().empty());
}
