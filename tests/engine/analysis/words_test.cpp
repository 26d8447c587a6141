#include "engine/analysis/words.h"

#include <catch2/catch.hpp>

#include <limits>

namespace impact {
namespace {

TEST_CASE("numbers as a sentence shows them", "[words]") {
  CHECK(readable_number(0) == "0");
  CHECK(readable_number(174224.62) == "174,225");
  CHECK(readable_number(-590.0327) == "\u2212590");
  CHECK(readable_number(23.23446) == "23.23");
  CHECK(readable_number(1234.56) == "1,234.6");
  CHECK(readable_number(1000) == "1,000");
  CHECK(readable_number(999.97) == "1,000");
  CHECK(readable_number(-0.0023332) == "\u22120.002333");
  CHECK(readable_number(0.5) == "0.5");
  CHECK(readable_number(9.9999) == "10");
  CHECK(readable_number(1e-7) == "1.000e-07");
  CHECK(readable_number(std::numeric_limits<double>::quiet_NaN()) == "undefined");
  CHECK(readable_number(-std::numeric_limits<double>::infinity()) == "\u2212\u221e");
}

TEST_CASE("p-values and shares", "[words]") {
  CHECK(readable_p(0.9758) == "p = 0.976");
  CHECK(readable_p(0.0004) == "p < 0.001");
  CHECK(readable_p(1) == "p = 1");
  CHECK(readable_p(std::numeric_limits<double>::quiet_NaN()) == "p undefined");
  CHECK(readable_share(0.06288) == "6.3 %");
  CHECK(readable_share(-0.5) == "\u221250 %");
}

}  // namespace
}  // namespace impact
