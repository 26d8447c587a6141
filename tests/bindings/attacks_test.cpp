#include <fstream>
#include <catch2/catch.hpp>

#include "bindings/runtime.h"

// The file checks itself: each attack must fail, and it says how many there were.
TEST_CASE("no attack on the sandbox succeeds", "[sandbox]") {
  std::string printed;
  impact::bindings::Runtime runtime({.memory_limit = std::uint64_t{256} << 20,
                                     .print = [&](std::string_view text) { printed += text; },
                                     .script_folder = IMPACT_SOURCE "/tests/bindings"});
  runtime.run_file(IMPACT_SOURCE "/tests/bindings/attacks.lua");
  CHECK(printed.find("attacks failed as they should") != std::string::npos);
  CHECK(printed.find("succeeded") == std::string::npos);
}
