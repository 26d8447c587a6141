#include "engine/stats/t_test.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/stats/noncentral_t.h"
#include "tests/engine/stats/hypothesis_reference.h"

using namespace impact;
using namespace impact::hypothesis;

namespace {

void agree_test(const Estimate& row, const std::string& test) {
  check(row.statistic, test, "t");
  check(row.df, test, "df");
  check(row.p_value, test, "p");
  check(row.std_error, test, "se");
  check(row.conf_low, test, "low");
  check(row.conf_high, test, "high");
  CHECK(row.warnings.empty());
}

// Limits: R's noncentral t keeps fewer digits where t is near 0.
void agree_effect(const TTest& result, const std::string& test) {
  check(result.cohens_d.estimate, test, "d");
  check(result.hedges_g.estimate, test, "g");
  check(result.cohens_d.conf_low, test, "d_low", 1e-8);
  check(result.cohens_d.conf_high, test, "d_high", 1e-8);
}

}  // namespace

TEST_CASE("t tests and standardised effects agree with R", "[hypothesis]") {
  const Numbers a = data("a"), b = data("b");
  TTestSpec four;
  four.null_value = 4.0;
  const TTest one = one_sample_t_test(a, four);
  agree_test(one.difference, "t_one");
  agree_effect(one, "t_one");
  const TTest pooled = pooled_t_test(a, b);
  agree_test(pooled.difference, "t_pooled");
  agree_effect(pooled, "t_pooled");
  const TTest welch = welch_t_test(a, b);
  agree_test(welch.difference, "t_welch");
  agree_effect(welch, "t_welch");
  TTestSpec ninety;
  ninety.conf_level = 0.9;
  agree_test(welch_t_test(a, b, ninety).difference, "t_welch_90");
  const TTest paired = paired_t_test(data("p1"), data("p2"));
  agree_test(paired.difference, "t_paired");
  agree_effect(paired, "t_paired");
  CHECK(paired.difference.n == 18);
  CHECK(paired.cohens_d.term == "difference:cohens_d");
}

TEST_CASE("noncentral t agrees with R; its inverse inverts", "[hypothesis]") {
  for (const char* x : {"-2", "0.5", "3"}) {
    for (const char* df : {"3", "12.5", "200"}) {
      for (const char* delta : {"-1", "0.7", "4"}) {
        const std::string name = std::string(x) + "/" + df + "/" + delta;
        const double ours = noncentral_t_cdf(std::stod(x), std::stod(df), std::stod(delta));
        // R promises 1e-12 absolute.
        CHECK(std::abs(ours - number("nct", name)) <= 1e-12);
      }
    }
  }
  CHECK(noncentral_t_cdf(1.3, 1e7, 0.4) ==
        Approx(0.5 * std::erfc(-0.9 / std::sqrt(2.0))).epsilon(1e-6));
  for (const double t : {-40.0, 0.0, 2.5, 300.0, 6.5e8}) {
    for (const double df : {1.0, 7.5, 1500.0}) {
      const double delta = noncentrality(t, df, 0.975);
      CHECK(noncentral_t_cdf(t, df, delta) == Approx(0.975).epsilon(1e-12));
    }
  }
  CHECK(std::isnan(noncentrality(INFINITY, 3.0, 0.5)));
}

TEST_CASE("t tests: views of claim videos by verified status", "[hypothesis]") {
  const char* folder = std::getenv("IMPACT_DATA");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) +
                     "/tiktok_claims/tiktok_dataset.csv");
  if (!file) {
    WARN("not run: no tiktok_claims in IMPACT_DATA");
    return;
  }
  // The text column holds commas, so cells are counted from the right.
  Numbers verified, other;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> cells;
    for (int i = 0; i < 7; ++i) {
      const auto comma = line.rfind(',');
      cells.push_back(line.substr(comma + 1));
      line.resize(comma);
    }
    const double views = cells[4] == "#N/A" ? NAN : std::stod(cells[4]);
    (cells[6] == "verified" ? verified : other).push_back(views);
  }
  const Estimate row = welch_t_test(other, verified).difference;
  CHECK(row.statistic == Approx(25.499441780633777).epsilon(1e-12));
  CHECK(row.p_value == Approx(2.6088823687177823e-120).epsilon(1e-9));
  CHECK(warned(row, "298 rows were left out"));
}

TEST_CASE("t tests: order, shift, scale and swap", "[hypothesis]") {
  const Numbers a = data("a"), b = data("b");
  const TTest base = welch_t_test(a, b);
  const TTest turned = welch_t_test(reversed(a), reversed(b));
  CHECK(base.difference.p_value == turned.difference.p_value);
  CHECK(base.cohens_d.conf_low == turned.cohens_d.conf_low);
  Numbers a2 = a, b2 = b;
  for (double& v : a2) v = 1000.0 - 4.0 * v;
  for (double& v : b2) v = 1000.0 - 4.0 * v;
  const TTest moved = welch_t_test(a2, b2);
  CHECK(moved.difference.statistic == Approx(-base.difference.statistic).epsilon(1e-11));
  CHECK(moved.cohens_d.estimate == Approx(-base.cohens_d.estimate).epsilon(1e-11));
  CHECK(moved.cohens_d.conf_low == Approx(-base.cohens_d.conf_high).epsilon(1e-10));
  CHECK(welch_t_test(b, a).difference.estimate == -base.difference.estimate);
  const Numbers far = {1e9 + 1, 1e9 + 2, 1e9 + 6}, farther = {1e9 + 0.5, 1e9 + 1, 1e9 + 1};
  CHECK(welch_t_test(far, farther).difference.estimate == Approx(3.0 - 2.5 / 3).epsilon(1e-15));
  CHECK(one_sample_t_test(far).difference.std_error == Approx(std::sqrt(7.0 / 3.0)).epsilon(1e-14));
}

TEST_CASE("t tests: intervals of d hold what they promise", "[hypothesis]") {
  Stream stream(StreamKey::root(11).child("coverage"));
  constexpr int kRuns = 1000;
  int held = 0, held_mean = 0;
  for (int run = 0; run < kRuns; ++run) {
    Numbers x, y;
    for (int i = 0; i < 9; ++i) x.push_back(stream.normal(1.0, 1.0));
    for (int i = 0; i < 14; ++i) y.push_back(stream.normal(0.0, 1.0));
    const TTest result = pooled_t_test(x, y);
    held += result.cohens_d.conf_low <= 1.0 && 1.0 <= result.cohens_d.conf_high ? 1 : 0;
    held_mean += result.difference.conf_low <= 1.0 && 1.0 <= result.difference.conf_high ? 1 : 0;
  }
  // Four standard errors of a share of 0.95 in a thousand runs.
  CHECK(std::abs(held / 1000.0 - 0.95) < 0.028);
  CHECK(std::abs(held_mean / 1000.0 - 0.95) < 0.028);
}

TEST_CASE("t tests: what is undefined is NaN with a sentence", "[hypothesis]") {
  const Numbers a = data("a");
  const Numbers none, one = {3.0}, missing = {NAN, NAN}, same = {2.0, 2.0, 2.0};
  const auto undefined = [](const TTest& result, const char* text) {
    CHECK(std::isnan(result.difference.p_value));
    CHECK(std::isnan(result.difference.conf_low));
    CHECK(std::isnan(result.cohens_d.estimate));
    CHECK(std::isnan(result.hedges_g.conf_high));
    CHECK(warned(result.difference, text));
    CHECK(warned(result.hedges_g, text));
  };
  undefined(welch_t_test(a, none), "no value");
  undefined(welch_t_test(a, missing), "no value");
  undefined(welch_t_test(a, one), "one value only");
  undefined(pooled_t_test(one, a), "one value only");
  undefined(one_sample_t_test(one), "one value only");
  undefined(one_sample_t_test(same), "do not vary");
  undefined(welch_t_test(same, same), "do not vary");
  undefined(welch_t_test(a, Numbers{1.0, 2.0, INFINITY}), "infinite");
  undefined(paired_t_test(Numbers{1.0, INFINITY, 3.0}, Numbers{2.0, INFINITY, 5.0}), "infinite");
  undefined(paired_t_test(Numbers{1.0, NAN}, Numbers{NAN, 2.0}), "no value");
  CHECK(welch_t_test(same, one).difference.estimate == -1.0);
  CHECK_THROWS_AS(paired_t_test(a, one), ArgumentError);
  TTestSpec wrong;
  wrong.conf_level = 1.0;
  CHECK_THROWS_AS(welch_t_test(a, a, wrong), ArgumentError);
  wrong = {};
  wrong.null_value = NAN;
  CHECK_THROWS_AS(one_sample_t_test(a, wrong), ArgumentError);
}
