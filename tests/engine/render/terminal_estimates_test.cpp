#include "engine/render/terminal_estimates.h"

#include <limits>
#include <sstream>
#include <catch2/catch.hpp>

namespace impact {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Estimate row(std::string term, double estimate, double error, double statistic, double p,
             double low, double high) {
  Estimate out;
  out.term = std::move(term);
  out.estimate = estimate;
  out.std_error = error;
  out.statistic = statistic;
  out.df = 97;
  out.p_value = p;
  out.conf_low = low;
  out.conf_high = high;
  out.n = 100;
  out.method = "ols";
  out.se_type = "HC2";
  return out;
}

TEST_CASE("estimates stand below each other with the kind of their errors", "[terminal]") {
  std::vector<Estimate> rows{row("(intercept)", -1.23456, 0.5, -2.469, 0.0153, -2.2, -0.25),
                             row("followers", 12.5, 0.25, 50, 2.6e-70, 12, 13)};
  CHECK(terminal_estimates({.rows = rows, .conf_level = 0.95}, {.columns = 80}) ==
        "term         estimate  std. error       t        p          interval\n"
        "                              HC2                               95 %\n"
        "(intercept)    -1.235       0.500  -2.469  0.0153   [-2.200, -0.250]\n"
        "followers      12.500       0.250  50.000  2.6e-70  [12.000, 13.000]\n"
        "n = 100, df = 97, ols");
  rows[1].warnings = {"few clusters"};
  rows[1].n = 90;
  rows[1].df = kInf;
  const std::string text = terminal_estimates({.rows = rows}, {.columns = 100});
  CHECK(text.find("statistic") != std::string::npos);
  CHECK(text.find("100\n") != std::string::npos);
  CHECK(text.find("  90\n") != std::string::npos);
  CHECK(text.find("n =") == std::string::npos);
  CHECK(text.ends_with("ols\nwarning: followers: few clusters"));
}

TEST_CASE("estimates of different sizes have digits of their own", "[terminal]") {
  const std::string text =
      terminal_estimates({.rows = {row("a", -1608.2, 1194.4, -1.3, 0.18, -3948.2, 731.9),
                                   row("b", 0.332331, 0.0029312, 113, 0, 0.32659, 0.33807)}},
                         {.columns = 80});
  CHECK(text.find("-1608        1194") != std::string::npos);
  CHECK(text.find("[-3948, 732]") != std::string::npos);
  CHECK(text.find("0.33233     0.00293") != std::string::npos);
  CHECK(text.find("[0.32659, 0.33807]") != std::string::npos);
}

TEST_CASE("estimates without errors, intervals or rows", "[terminal]") {
  Estimate bare;
  bare.term = "median";
  bare.estimate = 4;
  CHECK(terminal_estimates({.rows = {bare}}, {.columns = 80}) ==
        "term    estimate\nmedian     4.000");
  CHECK(terminal_estimates({}, {.columns = 80}) == "no estimates");
  bare.conf_low = 1;
  bare.conf_high = kInf;
  CHECK(terminal_estimates({.rows = {bare}}, {.columns = 80}) ==
        "term    estimate           interval\nmedian     4.000  [1.000, Infinity]");
}

TEST_CASE("estimates fit narrow terminals and say what has no room", "[terminal]") {
  std::vector<Estimate> rows{
      row("a very long term[with its level]\x1b[2J", -1.2, 0.5, -2.4, 0.01, -2, -0.5),
      row("a very long term[with another]", 7e20, 1e19, 70, 0, 6e20, kInf)};
  rows[0].warnings = {"a warning of several words that goes on for more than one line, as it may"};
  for (const int width : {1, 12, 20, 40, 60, 80, 200}) {
    std::istringstream in(terminal_estimates({.rows = rows}, {.columns = width}));
    for (std::string line; std::getline(in, line);) {
      INFO(width << ": " << line);
      CHECK(text_width(line) <= static_cast<std::size_t>(width));
      CHECK(line.find('\x1b') == std::string::npos);
    }
  }
  const std::string text =
      terminal_estimates({.rows = {row("x", 1.5, 0.5, 3, 0.01, 0.5, 2.5)}}, {.columns = 34});
  CHECK(text ==
        "term  estimate        interval\n"
        "x        1.500  [0.500, 2.500]\n"
        "n = 100, df = 97, ols\n"
        "no room for: t, std. error, p");
  std::vector<Estimate> many(50, row("x", 1, 1, 1, 1, 0, 2));
  CHECK(
      terminal_estimates({.rows = many}, {.columns = 80, .rows = 10}).find("first 6 of 50 rows") !=
      std::string::npos);
}

}  // namespace
}  // namespace impact
