#include "engine/stats/linear.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/reference.h"

using namespace impact;
using namespace impact::reference;

namespace {

struct Options {
  bool weighted = false;
  std::string cluster = {};
  Names absorbed = {};
};

std::vector<Estimate> fit(const Names& names, SeType se, const Options& options = {}) {
  const Numbers x = matrix(names);
  const Codes clusters = options.cluster.empty() ? Codes{} : units().codes(options.cluster);
  std::vector<Codes> factors;
  for (const auto& name : options.absorbed) factors.push_back(units().codes(name));
  const LinearFit result =
      linear({.x = x,
              .columns = names.size(),
              .y = units()["y"],
              .weights = options.weighted ? std::span<const double>(units()["w"])
                                          : std::span<const double>(),
              .clusters = clusters,
              .absorbed = {factors.begin(), factors.end()},
              .names = names},
             {.se = se});
  CHECK(result.dropped.empty());
  return to_estimates(result, names, "ols");
}

void agree_with(const std::string& name, const std::vector<Estimate>& ours) {
  INFO(name);
  const auto theirs = peer(name);
  REQUIRE_FALSE(ours.empty());
  for (const Estimate& row : ours) agree(row, theirs.at(row.term));
}

}  // namespace

TEST_CASE("linear: every plain standard error agrees with estimatr and sandwich", "[stats]") {
  const Names full = {"Intercept", "z", "x", "v"};
  for (const char* se : {"classical", "HC0", "HC1", "HC2", "HC3"}) {
    const SeType type = parse_se_type(se);
    const std::string suffix = std::string("_") + se;
    agree_with("ols" + suffix, fit(full, type));
    agree_with("ols_weighted" + suffix, fit(full, type, {.weighted = true}));
    agree_with("ols_fe" + suffix, fit({"z", "x"}, type, {.absorbed = {"f"}}));
    agree_with("ols_fe_weighted" + suffix,
               fit({"z", "x"}, type, {.weighted = true, .absorbed = {"f"}}));
    agree_with("ols_fe2" + suffix, fit({"z", "x"}, type, {.absorbed = {"f", "g"}}));
    if (type != SeType::kClassical) agree_with("sandwich" + suffix, fit(full, type));
  }
}

TEST_CASE("linear: every cluster-robust standard error agrees with estimatr", "[stats]") {
  const Names full = {"Intercept", "z", "x", "v"};
  for (const char* se : {"CR0", "CR1", "CR2"}) {
    for (const char* cluster : {"cluster", "uneven"}) {
      const SeType type = parse_se_type(se);
      const std::string suffix = std::string(cluster) + "_" + se;
      agree_with("ols_" + suffix, fit(full, type, {.cluster = cluster}));
      agree_with("ols_noint_" + suffix, fit({"z", "x", "v"}, type, {.cluster = cluster}));
      agree_with("ols_weighted_" + suffix, fit(full, type, {.weighted = true, .cluster = cluster}));
      agree_with("ols_fe_" + suffix,
                 fit({"z", "x"}, type, {.cluster = cluster, .absorbed = {"f"}}));
      agree_with("ols_fe_weighted_" + suffix,
                 fit({"z", "x"}, type, {.weighted = true, .cluster = cluster, .absorbed = {"f"}}));
      agree_with("ols_fe2_" + suffix,
                 fit({"z", "x"}, type, {.cluster = cluster, .absorbed = {"f", "g"}}));
    }
  }
}

TEST_CASE("linear: a factor nested in the clusters is swept out of CR2 without dummies",
          "[stats]") {
  agree_with("ols_nested_fe_CR2",
             fit({"z", "x"}, SeType::kCr2, {.cluster = "f", .absorbed = {"cluster"}}));
}

TEST_CASE("linear: NIST's certified values of ill-conditioned problems", "[stats]") {
  struct Set {
    std::vector<Numbers> data, certified;
    double sd = 0.0;
  };
  std::map<std::string, Set> sets;
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/nist.txt");
  REQUIRE(file);
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string name;
    std::string kind;
    fields >> name >> kind;
    Numbers numbers;
    for (double number = 0.0; fields >> number;) numbers.push_back(number);
    if (kind == "data") sets[name].data.push_back(numbers);
    if (kind == "certified") sets[name].certified.push_back(numbers);
    if (kind == "sd") sets[name].sd = numbers.at(0);
  }
  // Relative errors allowed. The powers of Filip's x are themselves rounded: a change in their last
  // digit moves the coefficients by 1e-8.
  const std::map<std::string, double> allowed = {{"Longley", 1e-13},
                                                 {"Pontius", 1e-13},
                                                 {"Wampler1", 1e-9},
                                                 {"Wampler4", 1e-8},
                                                 {"Filip", 1e-7}};
  REQUIRE(sets.size() == allowed.size());
  for (const auto& [name, set] : sets) {
    INFO(name);
    const std::size_t n = set.data.size();
    const std::size_t p = set.certified.size();
    Numbers x(n * p, 1.0);
    Numbers y;
    for (std::size_t i = 0; i < n; ++i) {
      y.push_back(set.data[i][0]);
      for (std::size_t k = 1; k < p; ++k) {
        const bool powers = set.data[i].size() == 2;
        x[k * n + i] = powers ? x[(k - 1) * n + i] * set.data[i][1] : set.data[i][k];
      }
    }
    const LinearFit fit = linear({.x = x, .columns = p, .y = y}, {.se = SeType::kClassical});
    CHECK(fit.rank == static_cast<std::int64_t>(p));
    const double bound = allowed.at(name);
    for (std::size_t k = 0; k < p; ++k) {
      const double value = set.certified[k][0];
      CHECK(std::abs(fit.coefficient[k] - value) <= bound * std::abs(value));
      const double sd = set.certified[k][1];
      if (sd > 0.0) CHECK(std::abs(fit.std_error[k] - sd) <= bound * sd);
    }
    if (set.sd > 0.0) CHECK(fit.residual_sd == Approx(set.sd).epsilon(bound));
    const std::string said = fit.warnings.empty() ? "" : fit.warnings[0];
    CHECK((said.find("almost a linear combination") != std::string::npos) == (name == "Filip"));
    CHECK((said.find("perfect") != std::string::npos) == (name == "Wampler1"));
  }
}

TEST_CASE("linear: by hand", "[stats]") {
  // y = 1, 2, 2, 5 on x = 0, 1, 2, 3: slope 6/5, intercept 7/10, e = .3, .1, -1.1, .7, e'e = 1.8.
  const Numbers x = {1, 1, 1, 1, 0, 1, 2, 3};
  const Numbers y = {1, 2, 2, 5};
  const LinearFit classical = linear({.x = x, .columns = 2, .y = y}, {.se = SeType::kClassical});
  CHECK(classical.coefficient[0] == Approx(0.7).epsilon(1e-14));
  CHECK(classical.coefficient[1] == Approx(1.2).epsilon(1e-14));
  CHECK(classical.residual_sd == Approx(std::sqrt(0.9)).epsilon(1e-14));
  CHECK(classical.std_error[1] == Approx(std::sqrt(0.9 / 5.0)).epsilon(1e-14));
  CHECK(classical.covariance[1] == Approx(-1.5 * 0.9 / 5.0).epsilon(1e-14));
  CHECK(classical.covariance[1] == classical.covariance[2]);
  CHECK(classical.r_squared == Approx(1.0 - 1.8 / 9.0).epsilon(1e-14));
  CHECK(classical.df[1] == 2.0);
  // HC2 of the slope: leverages .7, .3, .3, .7; (x - 1.5)^2 e^2 / (1 - h) summed, over 5^2.
  const LinearFit hc2 = linear({.x = x, .columns = 2, .y = y});
  const double meat = 2.25 * 0.09 / 0.3 + 0.25 * 0.01 / 0.7 + 0.25 * 1.21 / 0.7 + 2.25 * 0.49 / 0.3;
  CHECK(hc2.std_error[1] == Approx(std::sqrt(meat) / 5.0).epsilon(1e-14));
}

TEST_CASE("linear: the difference in means is a regression on the arm", "[stats]") {
  // Closed form: with HC2 its standard error is Neyman's.
  const auto rows = fit({"Intercept", "z"}, SeType::kHc2);
  const auto theirs = peer("dim_standard").at("z");
  CHECK(rows[1].estimate == Approx(theirs.estimate).epsilon(1e-13));
  CHECK(rows[1].std_error == Approx(theirs.std_error).epsilon(1e-13));
}

TEST_CASE("linear: shift, scale, order and labels change nothing but what they should", "[stats]") {
  const std::size_t n = units().rows();
  const Numbers x = matrix({"Intercept", "z", "x"});
  const Codes clusters = units().codes("uneven");
  const LinearData data{.x = x, .columns = 3, .y = units()["y"], .clusters = clusters};
  const LinearFit base = linear(data, {.se = SeType::kCr2});

  SECTION("the outcome times four: to the bit") {
    Numbers y = units()["y"];
    for (double& cell : y) cell *= 4.0;
    LinearData scaled = data;
    scaled.y = y;
    const LinearFit fit = linear(scaled, {.se = SeType::kCr2});
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(fit.coefficient[k] == 4.0 * base.coefficient[k]);
      CHECK(fit.std_error[k] == 4.0 * base.std_error[k]);
      CHECK(fit.df[k] == base.df[k]);
    }
  }
  SECTION("a covariate moved far away: slopes keep twelve digits less those of the shift") {
    Numbers moved = x;
    for (std::size_t i = 0; i < n; ++i) moved[2 * n + i] += 1048576.0;
    LinearData shifted = data;
    shifted.x = moved;
    const LinearFit fit = linear(shifted, {.se = SeType::kCr2});
    for (const std::size_t k : {1U, 2U}) {
      CHECK(fit.coefficient[k] == Approx(base.coefficient[k]).epsilon(1e-9));
      CHECK(fit.std_error[k] == Approx(base.std_error[k]).epsilon(1e-9));
      CHECK(fit.df[k] == Approx(base.df[k]).epsilon(1e-9));
    }
    CHECK(fit.coefficient[0] ==
          Approx(base.coefficient[0] - 1048576.0 * base.coefficient[2]).epsilon(1e-9));
  }
  SECTION("rows in another order, clusters under other codes") {
    const std::vector<std::size_t> order = Stream(StreamKey::root(1)).permutation(n);
    Numbers px;
    for (std::size_t k = 0; k < 3; ++k) {
      for (const std::size_t i : order) px.push_back(x[k * n + i]);
    }
    Numbers py;
    Codes pc;
    for (const std::size_t i : order) {
      py.push_back(units()["y"][i]);
      pc.push_back(100 - 3 * clusters[i]);
    }
    const LinearFit fit =
        linear({.x = px, .columns = 3, .y = py, .clusters = pc}, {.se = SeType::kCr2});
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(fit.coefficient[k] == Approx(base.coefficient[k]).epsilon(1e-12));
      CHECK(fit.std_error[k] == Approx(base.std_error[k]).epsilon(1e-12));
      CHECK(fit.df[k] == Approx(base.df[k]).epsilon(1e-12));
    }
  }
  SECTION("clusters of one row are no clusters: CR2 is HC2") {
    Codes own(n);
    std::iota(own.begin(), own.end(), 0);
    LinearData single = data;
    single.clusters = own;
    const LinearFit cr2 = linear(single, {.se = SeType::kCr2});
    single.clusters = {};
    const LinearFit hc2 = linear(single);
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(cr2.std_error[k] == Approx(hc2.std_error[k]).epsilon(1e-12));
    }
  }
  SECTION("weights that are all alike do nothing") {
    const Numbers weights(n, 0.37);
    LinearData weighted = data;
    weighted.weights = weights;
    const LinearFit fit = linear(weighted, {.se = SeType::kCr2});
    for (std::size_t k = 0; k < 3; ++k) {
      CHECK(fit.coefficient[k] == Approx(base.coefficient[k]).epsilon(1e-12));
      CHECK(fit.std_error[k] == Approx(base.std_error[k]).epsilon(1e-11));
      CHECK(fit.df[k] == Approx(base.df[k]).epsilon(1e-10));
    }
  }
}
