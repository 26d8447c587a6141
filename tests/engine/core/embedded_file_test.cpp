#include "engine/core/embedded_file.h"

#include <array>

#include <catch2/catch.hpp>

TEST_CASE("an embedded file is found by its whole name only", "[core][embedded]") {
  constexpr std::array<impact::EmbeddedFile, 3> files{{{"a", "1"}, {"a/b", "2"}, {"c", ""}}};
  REQUIRE(impact::find_embedded(files, "a/b") != nullptr);
  CHECK(impact::find_embedded(files, "a/b")->text == "2");
  CHECK(impact::find_embedded(files, "c")->text.empty());
  CHECK(impact::find_embedded(files, "b") == nullptr);
  CHECK(impact::find_embedded(files, "d") == nullptr);
  CHECK(impact::find_embedded({}, "a") == nullptr);
}
