#include "engine/stats/difference_in_means.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/reference.h"

using namespace impact;
using namespace impact::reference;
using Design = DifferenceInMeans::Design;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("difference in means: the designs agree with estimatr", "[stats]") {
  const auto& d = units();
  const auto check = [&](const char* name, const char* arm, const char* block, const char* cluster,
                         bool weighted) {
    INFO(name);
    const Codes arms = d.codes(arm);
    const Codes blocks = *block != '\0' ? d.codes(block) : Codes{};
    const Codes clusters = *cluster != '\0' ? d.codes(cluster) : Codes{};
    const Estimate ours = difference_in_means(
        {.y = d["y"],
         .arm = arms,
         .block = blocks,
         .cluster = clusters,
         .weight = weighted ? std::span<const double>(d["w"]) : std::span<const double>()},
        {.term = arm});
    reference::Row theirs = peer(name).at(arm);
    if (std::string(name) == "dim_weighted") {
      // The peer takes n - 2 degrees of freedom here; ours are Satterthwaite's, as without weights.
      CHECK(ours.df > 50.0);
      CHECK(ours.df < 58.0);
      theirs.df = theirs.p_value = theirs.conf_low = theirs.conf_high = kNaN;
    }
    agree(ours, theirs);
    CHECK(ours.n == 60);
    CHECK(ours.warnings.empty());
  };
  check("dim_standard", "z", "", "", false);
  check("dim_weighted", "z", "", "", true);
  check("dim_blocked", "z", "block", "", false);
  check("dim_blocked_weighted", "z", "block", "", true);
  check("dim_pairs", "zp", "pair", "", false);
  check("dim_clustered", "zc", "", "cluster", false);
  check("dim_block_clustered", "zc", "block", "cluster", false);
  check("dim_clustered_weighted", "zc", "", "cluster", true);
  check("dim_block_clustered_weighted", "zc", "block", "cluster", true);
  check("dim_pairs_clustered", "zpc", "pairc", "cluster", false);

  const Estimate wide =
      difference_in_means({.y = d["y"], .arm = d.codes("z")}, {.term = "z", .conf_level = 0.9});
  agree(wide, peer("dim_standard_90").at("z"));
}

TEST_CASE("difference in means: clusters and pairs of unequal size agree with estimatr",
          "[stats]") {
  const auto& d = units();
  Codes arm = d.codes("uneven");
  for (auto& code : arm) code = code % 3 == 0 ? 1 : 0;
  agree(difference_in_means({.y = d["y"], .arm = arm, .cluster = d.codes("uneven")}),
        peer("dim_uneven").at("zu"));
  agree(difference_in_means(
            {.y = d["y"], .arm = arm, .cluster = d.codes("uneven"), .weight = d["w"]}),
        peer("dim_uneven_weighted").at("zu"));

  // Cluster 3 keeps only its first row: rows with a missing cluster are left out.
  Codes cluster = d.codes("cluster");
  bool first = true;
  for (auto& code : cluster) {
    if (code == 3) code = std::exchange(first, false) ? 3 : -1;
  }
  const Estimate pairs = difference_in_means(
      {.y = d["y"], .arm = d.codes("zpc"), .block = d.codes("pairc"), .cluster = cluster});
  agree(pairs, peer("dim_uneven_pairs_clustered").at("zpc"));
  CHECK(pairs.se_type == "matched_pair_clustered");
  CHECK(pairs.n == 58);
  REQUIRE(pairs.warnings.size() == 1);
  CHECK(pairs.warnings[0].find("2 rows were left out") == 0);
}

TEST_CASE("difference in means: by hand", "[stats]") {
  // Means 4 and 2, variances 4 and 1, n 3 and 3: V = 4/3 + 1/3, df = V^2 / ((16/9 + 1/9) / 2).
  const Numbers y = {2, 4, 6, 1, 2, 3};
  const Codes arm = {1, 1, 1, 0, 0, 0};
  const Estimate row = difference_in_means({.y = y, .arm = arm});
  CHECK(row.estimate == 2.0);
  CHECK(row.std_error == Approx(std::sqrt(5.0 / 3.0)).epsilon(1e-15));
  CHECK(row.df == Approx(25.0 / 9.0 / (17.0 / 18.0)).epsilon(1e-15));
  CHECK(row.statistic == Approx(2.0 / std::sqrt(5.0 / 3.0)).epsilon(1e-15));
  CHECK(row.term == "treatment");
  CHECK(row.method == "difference_in_means");
  CHECK(row.se_type == "neyman");
}
