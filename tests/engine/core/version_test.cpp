#include "engine/core/version.h"

#include <algorithm>
#include <string>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;

namespace {

// "major.minor.patch" of this engine with `step` added to one part.
std::string changed(int part, int step) {
  const std::string own(version());
  const std::size_t first = own.find('.');
  const std::size_t second = own.find('.', first + 1);
  int parts[3] = {std::stoi(own.substr(0, first)),
                  std::stoi(own.substr(first + 1, second - first - 1)),
                  std::stoi(own.substr(second + 1))};
  parts[part] += step;
  return std::to_string(parts[0]) + "." + std::to_string(parts[1]) + "." + std::to_string(parts[2]);
}

std::string refusal(const std::string& requirement) {
  return message_of<ArgumentError>([&] { require_version(requirement); });
}

}  // namespace

TEST_CASE("the version has three numeric parts", "[core][version]") {
  const std::string_view own = version();
  CHECK(std::ranges::count(own, '.') == 2);
  CHECK(own.find_first_not_of("0123456789.") == std::string_view::npos);
}

TEST_CASE("a requirement that this engine meets is accepted", "[core][version]") {
  const std::string own(version());
  for (const std::string& met :
       {">= " + own, "<= " + own, "== " + own, own, ">=" + own, "  >=  " + own + "  ",
        std::string(">= 0"), std::string("> 0.0"), "< " + changed(0, 1), "< " + changed(1, 1),
        "< " + changed(2, 1), ">= 0.0.1, < " + changed(0, 1)}) {
    INFO(met);
    CHECK_NOTHROW(require_version(met));
  }
}

TEST_CASE("a requirement that this engine does not meet names both versions", "[core][version]") {
  const std::string own(version());
  for (const std::string& missed :
       {"> " + own, "< " + own, ">= " + changed(2, 1), ">= " + changed(1, 1), ">= " + changed(0, 1),
        "== " + changed(2, 1), changed(0, 1), ">= 0, < " + own, "> " + own + ", >= 0"}) {
    INFO(missed);
    CHECK_THAT(refusal(missed), Contains("needs another version of Impactlytics") &&
                                    Contains("got:      " + own) &&
                                    Contains("expected: " + missed));
  }
}

TEST_CASE("parts are compared as numbers, and left-out ones are zero", "[core][version]") {
  CHECK_NOTHROW(require_version("< 1000"));
  CHECK_NOTHROW(require_version("< 999.10.100"));
  CHECK_NOTHROW(require_version("< " + changed(1, 9)));
  CHECK_FALSE(refusal(">= " + changed(1, 9)).empty());
  CHECK_FALSE(refusal("== " + changed(0, 1).substr(0, 1)).empty());
}

TEST_CASE("a requirement that can't be read is refused with examples", "[core][version]") {
  for (const char* wrong : {"", " ", "new", ">=", "=> 0.1", "~> 0.1", "!= 0.1", ">= 0.1.0.0",
                            ">= 0.1,", ",>= 0.1", ">= 0.1 < 1", ">= 1e3", ">= 0..1", ">= 0.-1",
                            ">= .1", ">= 0.1.", ">= 99999999999999999999", ">= 0.1 beta"}) {
    INFO(wrong);
    CHECK_THAT(refusal(wrong), Contains("can't be read") && Contains("\">= 0.1, < 1\""));
  }
}
