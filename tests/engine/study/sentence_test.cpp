#include "engine/study/sentence.h"

#include <catch2/catch.hpp>

#include <limits>

#include "engine/core/error.h"

namespace impact {
namespace {

Estimate row(double estimate, double low, double high, double p) {
  return {.term = "a - b",
          .estimate = estimate,
          .std_error = 2.5,
          .statistic = 1.2,
          .df = 10,
          .p_value = p,
          .conf_low = low,
          .conf_high = high,
          .n = 1200};
}

TEST_CASE("numbers stand where their names do", "[sentence]") {
  const Estimate e = row(-174224.6, -187626, -160823, 1e-9);
  CHECK(write_sentence("{estimate} or {size}, {low} to {high}", e) ==
        "\u2212174,225 or 174,225, \u2212187,626 to \u2212160,823");
  CHECK(write_sentence("{interval}; {p}; n = {n}; {term}; {{x}}", e) ==
        "\u2212187,626 to \u2212160,823; p < 0.001; n = 1,200; a - b; {x}");
  CHECK(write_sentence("{estimate:share}", row(0.083, 0, 0, 0.5)) == "8.3 %");
}

TEST_CASE("words follow the interval, and can't contradict it", "[sentence]") {
  const std::string text = "{more|fewer|about as many}";
  CHECK(write_sentence(text, row(5, 1, 9, 0.01)) == "more");
  CHECK(write_sentence(text, row(-5, -9, -1, 0.01)) == "fewer");
  CHECK(write_sentence(text, row(5, -1, 11, 0.01)) == "about as many");
  // The hypothesis of a ratio is 1.
  const auto ratio = [](Estimate e) {
    e.null_value = 1.0;
    return e;
  };
  CHECK(write_sentence(text, ratio(row(1.5, 0.9, 2.5, 0.2))) == "about as many");
  CHECK(write_sentence(text, ratio(row(0.5, 0.3, 0.9, 0.02))) == "fewer");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(write_sentence(text, row(5, nan, nan, 0.01)) == "more");
  CHECK(write_sentence(text, row(5, nan, nan, 0.2)) == "about as many");
  CHECK(write_sentence(text, row(nan, nan, nan, nan)) == "about as many");
}

TEST_CASE("what a sentence can't say is refused before anything runs", "[sentence]") {
  CHECK_NOTHROW(check_sentence("{size} {a|b|c}"));
  CHECK_THROWS_WITH(check_sentence("{estimat}"), Catch::Contains("did you mean 'estimate'"));
  CHECK_THROWS_WITH(check_sentence("{a|b}"), Catch::Contains("a choice of words needs three"));
  CHECK_THROWS_WITH(check_sentence("{estimate"), Catch::Contains("not closed"));
  CHECK_THROWS_WITH(check_sentence("estimate}"), Catch::Contains("not opened"));
  CHECK_THROWS_AS(check_sentence("{estimate:percent}"), ArgumentError);
}

TEST_CASE("the plain sentence", "[sentence]") {
  CHECK(plain_sentence("views", row(5, 1, 9, 0.012)) == "views, a - b: 5 (1 to 9; p = 0.012).");
}

}  // namespace
}  // namespace impact
