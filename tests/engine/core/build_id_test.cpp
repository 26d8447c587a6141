#include "engine/core/build_id.h"

#include <catch2/catch.hpp>

TEST_CASE("the program knows which build it is", "[core]") {
  const std::string& id = impact::build_id();
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id.size() % 2 == 0);
  CHECK(id == impact::build_id());
}
