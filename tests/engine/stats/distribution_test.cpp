#include "engine/stats/distribution.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <catch2/catch.hpp>

using namespace impact;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double call(const std::string& name, std::istream& fields) {
  double a = 0.0;
  double b = 0.0;
  double c = 0.0;
  fields >> a >> b;
  if (name == "t_cdf") return t_cdf(a, b);
  if (name == "t_quantile") return t_quantile(a, b);
  if (name == "normal_cdf") return normal_cdf(a);
  if (name == "chi2_upper") return chi2_upper(a, b);
  if (name == "chi2_quantile") return chi2_quantile(a, b);
  fields >> c;
  if (name == "f_upper") return f_upper(a, b, c);
  if (name == "f_quantile") return f_quantile(a, b, c);
  FAIL("unknown function " << name);
  return 0.0;
}

}  // namespace

TEST_CASE("distributions: cdf and quantile agree with R", "[stats]") {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/distributions.txt");
  REQUIRE(file);
  int seen = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    const double ours = call(name, fields);
    double theirs = 0.0;
    fields >> theirs;
    INFO(line << " ours " << ours);
    CHECK(std::abs(ours - theirs) <= 2e-12 * std::abs(theirs));
    ++seen;
  }
  CHECK(seen > 100);
}

TEST_CASE("distributions: closed forms, ends and symmetry", "[stats]") {
  // df 1 is Cauchy, df 2 has F(t) = 1/2 + t / (2 sqrt(2 + t^2)); chi2 with 2 df is exponential.
  CHECK(t_cdf(1.0, 1.0) == Approx(0.75).epsilon(1e-15));
  CHECK(t_cdf(1.5, 2.0) == Approx(0.5 + 1.5 / (2.0 * std::sqrt(4.25))).epsilon(1e-14));
  CHECK(chi2_upper(3.0, 2.0) == Approx(std::exp(-1.5)).epsilon(1e-14));
  CHECK(t_two_sided(-2.5, 7.0) == t_two_sided(2.5, 7.0));
  CHECK(t_two_sided(2.5, 7.0) == Approx(f_upper(6.25, 1.0, 7.0)).epsilon(1e-13));
  CHECK(t_quantile(0.975, kInfinity) == Approx(1.959963984540054).epsilon(1e-15));
  CHECK(f_upper(2.5, 4.0, kInfinity) == chi2_upper(10.0, 4.0));
  CHECK(t_quantile(1.0, 3.0) == kInfinity);
  CHECK(t_quantile(0.0, 3.0) == -kInfinity);
  CHECK(t_two_sided(kInfinity, 3.0) == 0.0);
  // Asked again, the answer comes from the cache and is the same.
  const double first = t_quantile(0.975, 11.25);
  CHECK(t_quantile(0.975, 11.25) == first);
  CHECK(t_cdf(first, 11.25) == Approx(0.975).epsilon(1e-14));
}

TEST_CASE("distributions: what is out of range is NaN", "[stats]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(t_cdf(nan, 3.0)));
  CHECK(std::isnan(t_cdf(1.0, 0.0)));
  CHECK(std::isnan(t_cdf(1.0, nan)));
  CHECK(std::isnan(t_quantile(1.5, 3.0)));
  CHECK(std::isnan(t_quantile(nan, 3.0)));
  CHECK(std::isnan(chi2_upper(1.0, -1.0)));
  CHECK(std::isnan(f_quantile(0.5, 1.0, 0.0)));
}
