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
using impact::reference::agree;
using impact::reference::peer;

namespace {

using Codes = std::vector<std::int32_t>;
using Numbers = std::vector<double>;
using Names = std::vector<std::string>;

const reference::Units& units() {
  static const reference::Units kUnits;
  return kUnits;
}

// The named columns of units.txt as a matrix; "Intercept" is a column of ones.
Numbers matrix(const Names& names) {
  Numbers x;
  for (const std::string& name : names) {
    if (name == "Intercept") {
      x.insert(x.end(), units().rows(), 1.0);
    } else {
      x.insert(x.end(), units()[name].begin(), units()[name].end());
    }
  }
  return x;
}

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
