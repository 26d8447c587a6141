#include "engine/stats/correlation.h"

#include <cmath>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

void agree(const Estimate& row, const std::string& test) {
  check(row.estimate, test, "estimate");
  check(row.p_value, test, "p");
}

}  // namespace

TEST_CASE("correlations agree with R", "[hypothesis]") {
  const Numbers x = first("l1", 60), y = data("ly"), tx = first("t1", 33), ty = data("ty");
  const Estimate pearson = pearson_correlation(x, y);
  agree(pearson, "pearson");
  check(pearson.statistic, "pearson", "statistic");
  check(pearson.conf_low, "pearson", "low");
  check(pearson.conf_high, "pearson", "high");
  const Estimate spearman = spearman_correlation(x, y);
  agree(spearman, "spearman");
  check(spearman.conf_low, "spearman", "low");
  check(spearman.conf_high, "spearman", "high");
  agree(spearman_correlation(tx, ty), "spearman_ties");
  const Estimate small = spearman_correlation(first("p1", 8), first("p2", 8));
  agree(small, "spearman_exact");
  CHECK(small.se_type == "exact");
  const Estimate kendall = kendall_correlation(x, y);
  agree(kendall, "kendall");
  check(kendall.conf_low, "kendall", "low");
  check(kendall.conf_high, "kendall", "high");
  agree(kendall_correlation(tx, ty), "kendall_ties");
  const Estimate exact = kendall_correlation(first("l1", 40), first("ly", 40));
  agree(exact, "kendall_exact");
  CHECK(exact.se_type == "exact");
}

TEST_CASE("partial correlation agrees with correlated residuals in R", "[hypothesis]") {
  const Numbers x = first("l1", 60), y = data("ly");
  Numbers controls = data("u");
  for (const double value : data("v")) controls.push_back(value);
  const Estimate row = partial_correlation(x, y, controls);
  for (const char* field : {"estimate", "df", "statistic", "p", "low", "high"}) {
    const std::string name = field;
    const double ours = name == "estimate"    ? row.estimate
                        : name == "df"        ? row.df
                        : name == "statistic" ? row.statistic
                        : name == "p"         ? row.p_value
                        : name == "low"       ? row.conf_low
                                              : row.conf_high;
    check(ours, "partial", name);
  }
  // Without controls it is Pearson's; sides may be exchanged.
  CHECK(partial_correlation(x, y, {}).estimate ==
        Approx(pearson_correlation(x, y).estimate).epsilon(1e-13));
  CHECK(partial_correlation(y, x, controls).estimate == Approx(row.estimate).epsilon(1e-13));
}

TEST_CASE("Kendall's merge counts what all pairs count", "[hypothesis]") {
  Stream stream(StreamKey::root(5).child("kendall"));
  for (int run = 0; run < 20; ++run) {
    Numbers x, y;
    const int n = 3 + run;
    for (int i = 0; i < n; ++i) {
      x.push_back(std::floor(stream.uniform(0.0, 6.0)));
      y.push_back(std::floor(stream.uniform(0.0, 9.0)));
    }
    double s = 0.0, tx = 0.0, ty = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        const double product = (x[i] - x[j]) * (y[i] - y[j]);
        s += product > 0.0 ? 1.0 : product < 0.0 ? -1.0 : 0.0;
        tx += x[i] != x[j] ? 1.0 : 0.0;
        ty += y[i] != y[j] ? 1.0 : 0.0;
      }
    }
    const double ours = kendall_correlation(x, y).estimate;
    if (tx * ty > 0.0) CHECK(ours == Approx(s / std::sqrt(tx * ty)).margin(1e-14));
  }
}

TEST_CASE("correlations: order, sign and monotone scales", "[hypothesis]") {
  const Numbers x = first("l1", 60), y = data("ly");
  Numbers down = y, steep = y;
  for (double& value : down) value = -value;
  for (double& value : steep) value = std::exp(value);
  CHECK(pearson_correlation(reversed(x), reversed(y)).p_value == pearson_correlation(x, y).p_value);
  CHECK(pearson_correlation(x, down).estimate == -pearson_correlation(x, y).estimate);
  CHECK(spearman_correlation(x, steep).estimate == spearman_correlation(x, y).estimate);
  CHECK(kendall_correlation(x, steep).p_value == kendall_correlation(x, y).p_value);
  CHECK(kendall_correlation(x, down).estimate == -kendall_correlation(x, y).estimate);
  CHECK(kendall_correlation(y, x).estimate == kendall_correlation(x, y).estimate);
  CHECK(kendall_correlation(x, x).estimate == 1.0);
  const Numbers u = data("u");
  CHECK(partial_correlation(reversed(x), reversed(y), reversed(u)).p_value ==
        partial_correlation(x, y, u).p_value);
  // Infinite values are ranks like others.
  CHECK(spearman_correlation(Numbers{1, 2, 3, INFINITY}, Numbers{1, 3, 2, 4}).estimate ==
        spearman_correlation(Numbers{1, 2, 3, 9}, Numbers{1, 3, 2, 4}).estimate);
}

TEST_CASE("correlations: what is undefined is NaN with a sentence", "[hypothesis]") {
  const Numbers x = {1, 2, 3, 4, 5}, flat = {2, 2, 2, 2, 2}, y = {2, 1, 4, 3, 5};
  const auto undefined = [](const Estimate& row, const char* text) {
    CHECK(std::isnan(row.estimate));
    CHECK(std::isnan(row.p_value));
    CHECK(warned(row, text));
  };
  undefined(pearson_correlation({}, {}), "no pair");
  undefined(kendall_correlation({}, {}), "no pair");
  undefined(spearman_correlation(Numbers{1}, Numbers{1}), "one pair only");
  undefined(pearson_correlation(x, flat), "does not vary");
  undefined(spearman_correlation(x, flat), "does not vary");
  undefined(kendall_correlation(flat, x), "does not vary");
  undefined(partial_correlation(flat, x, {}), "does not vary");
  undefined(partial_correlation(x, y, x), "explain a side completely");
  undefined(partial_correlation(Numbers{1, 2, 4}, Numbers{3, 1, 2}, Numbers{1, 5, 2}), "too few");
  undefined(pearson_correlation(Numbers{1, 2, INFINITY}, Numbers{1, 3, 2}), "infinite");
  undefined(partial_correlation(Numbers{1, 2, 3}, Numbers{1, 3, 2}, Numbers{1, 3, INFINITY}),
            "infinite");
  const Estimate perfect = pearson_correlation(x, x);
  CHECK(perfect.estimate == 1.0);
  CHECK(perfect.p_value == 0.0);
  CHECK(warned(perfect, "perfect"));
  const Estimate three = pearson_correlation(Numbers{1, 2, 3}, Numbers{1, 3, 2});
  CHECK(three.estimate == Approx(0.5));
  CHECK(std::isnan(three.conf_low));
  CHECK(warned(three, "too few pairs for an interval"));
  const Estimate missing = pearson_correlation(Numbers{1, 2, 3, NAN, 5}, Numbers{1, 3, 2, 4, NAN});
  CHECK(missing.n == 3);
  CHECK(warned(missing, "2 rows were left out"));
  CHECK_THROWS_AS(pearson_correlation(x, Numbers{1.0}), ArgumentError);
  CHECK_THROWS_AS(partial_correlation(x, y, Numbers{1.0, 2.0, 3.0, 4.0, 5.0, 6.0}), ArgumentError);
}
