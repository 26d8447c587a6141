#include "engine/core/version.h"

#include <algorithm>

#include <catch2/catch.hpp>

TEST_CASE("the version has three numeric parts", "[core][version]") {
  const std::string_view version = impact::version();
  CHECK(std::ranges::count(version, '.') == 2);
  CHECK(version.find_first_not_of("0123456789.") == std::string_view::npos);
}
