#include "engine/learn/association_reversal.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr std::size_t kN = 300;

// Three tiers; x and y rise from tier to tier by `between`, inside y changes with x by `slope`.
struct Tiers {
  std::vector<double> x = std::vector<double>(kN), y = std::vector<double>(kN);
  std::vector<std::int32_t> tier = std::vector<std::int32_t>(kN);
  std::vector<std::string> names = {"large", "mid", "small"};
  Tiers(double between, double slope) {
    const auto a = normals(kN, 1), b = normals(kN, 2);
    for (std::size_t i = 0; i < kN; ++i) {
      tier[i] = static_cast<std::int32_t>(i % 3);
      x[i] = between * static_cast<double>(i % 3) + a[i];
      y[i] = between * static_cast<double>(i % 3) + slope * a[i] + b[i];
    }
  }
  [[nodiscard]] std::vector<AssociationReversal> found() const {
    const std::vector<StrataColumn> strata = {{.name = "tier", .codes = tier, .levels = names}};
    return find_reversals({.x = x, .columns = 1, .names = {}}, y, strata);
  }
};

}  // namespace

TEST_CASE("an association turns around inside its strata", "[learn][reversal]") {
  const auto found = Tiers(4.0, -1.0).found();
  REQUIRE(found.size() == 1);
  const AssociationReversal& one = found[0];
  CHECK(one.overall > 0.5);
  CHECK(one.pooled < -0.5);
  CHECK(one.opposite == 3);
  CHECK(one.compared == 3);
  CHECK(one.rule == "reverses");
  CHECK(one.conf_high < 0.0);
  CHECK(one.text.find("the rank correlation of column 1 with the label is +0.") == 0);
  CHECK(one.text.find("turns around within tier: large -0.") != std::string::npos);
  CHECK(one.text.find("3 of 3 strata have the other sign") != std::string::npos);
  // The pooled number, by hand.
  double sum = 0.0, weights = 0.0;
  for (const ReversalStratum& s : one.strata) {
    const double w = (static_cast<double>(s.n) - 3.0) / (1.0 + s.correlation * s.correlation / 2.0);
    sum += w * std::atanh(s.correlation);
    weights += w;
  }
  CHECK(one.pooled == Approx(std::tanh(sum / weights)).epsilon(1e-12));
  CHECK(one.conf_low ==
        Approx(std::tanh(sum / weights - 1.959963984540054 / std::sqrt(weights))).epsilon(1e-10));
}

TEST_CASE("an association dissolves, or stays", "[learn][reversal]") {
  const auto composition = Tiers(4.0, 0.0).found();
  CHECK(composition[0].rule == "dissolves");
  CHECK(composition[0].text.find("dissolves within tier") != std::string::npos);
  const auto real = Tiers(0.0, 1.0).found();
  CHECK(real[0].rule.empty());
  CHECK(real[0].text.empty());
  const auto nothing = Tiers(0.0, 0.0).found();
  CHECK(nothing[0].rule.empty());
}

TEST_CASE("small strata and rows without one have no say", "[learn][reversal]") {
  Tiers tiers(4.0, -1.0);
  for (std::size_t i = 0; i < kN; ++i) {
    if (tiers.tier[i] == 2) tiers.tier[i] = i < 12 ? 2 : -1;
  }
  const auto found = tiers.found();
  CHECK(found[0].compared == 2);
  CHECK(found[0].strata[2].n == 4);
  CHECK(std::isnan(found[0].strata[2].correlation));
  const std::vector<StrataColumn> wrong = {{.name = "tier", .codes = {}, .levels = {}}};
  CHECK_THROWS_AS(find_reversals({.x = tiers.x, .columns = 1}, tiers.y, wrong), ArgumentError);
}
