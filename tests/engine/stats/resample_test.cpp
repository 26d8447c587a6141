#include "engine/stats/resample.h"

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/stats/distribution.h"

using namespace impact;
using namespace impact::detail;

namespace {

const StreamKey kKey = StreamKey::root(8).child("resample");

std::vector<std::uint8_t> drawn(const Multinomial& multinomial, std::uint64_t b, std::size_t n) {
  std::vector<std::uint8_t> counts(padded(n) + kCountStep, 7);
  std::vector<std::uint32_t> scratch;
  multinomial.draw(b, counts, scratch);
  for (std::size_t i = n; i < counts.size(); ++i) REQUIRE(counts[i] == 0);
  counts.resize(n);
  return counts;
}

}  // namespace

TEST_CASE("resample: every cell keeps its size", "[resample]") {
  const std::vector<std::size_t> offsets = {0, 1, 3, 67, 132, 132, 2132};
  const Multinomial multinomial(kKey, offsets);
  for (std::uint64_t b = 0; b < 300; ++b) {
    const auto counts = drawn(multinomial, b, 2132);
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
      REQUIRE(std::accumulate(counts.begin() + static_cast<std::ptrdiff_t>(offsets[s]),
                              counts.begin() + static_cast<std::ptrdiff_t>(offsets[s + 1]),
                              std::size_t{0}) == offsets[s + 1] - offsets[s]);
    }
  }
  CHECK(drawn(multinomial, 5, 2132) == drawn(multinomial, 5, 2132));
  CHECK(drawn(multinomial, 5, 2132) != drawn(multinomial, 6, 2132));
}

// A unit's count is binomial(n, 1/n) and two of them have covariance -1/n.
TEST_CASE("resample: counts are multinomial", "[resample]") {
  for (const std::size_t n : {20U, 65U, 400U}) {
    const Multinomial multinomial(kKey.child(std::to_string(n)), {0, n});
    constexpr int kDraws = 4000;
    std::vector<double> seen(8, 0.0);
    double neighbours = 0.0;
    std::vector<double> sums(n, 0.0);
    for (int b = 0; b < kDraws; ++b) {
      const auto counts = drawn(multinomial, static_cast<std::uint64_t>(b), n);
      for (std::size_t i = 0; i < n; ++i) {
        seen[std::min<std::size_t>(counts[i], 7)] += 1.0;
        sums[i] += counts[i];
        neighbours += (counts[i] - 1.0) * (counts[(i + 1) % n] - 1.0);
      }
    }
    const double size = static_cast<double>(n), all = kDraws * size;
    double probability = std::pow(1.0 - 1.0 / size, size), chi2 = 0.0, rest = 1.0;
    for (int k = 0; k < 7; ++k) {
      chi2 +=
          std::pow(seen[static_cast<std::size_t>(k)] - all * probability, 2) / (all * probability);
      rest -= probability;
      probability *= (size - k) / ((k + 1.0) * (size - 1.0));
    }
    chi2 += std::pow(seen[7] - all * rest, 2) / (all * rest);
    // Units of one draw are nearly independent; a table wrong by a thousandth gives hundreds.
    CHECK(chi2_upper(chi2, 7.0) > 1e-4);
    CHECK(std::abs(neighbours / all + 1.0 / size) < 5.0 / std::sqrt(all));
    double spread = 0.0;
    for (const double sum : sums) spread += std::pow(sum - kDraws, 2) / (kDraws * (1 - 1 / size));
    CHECK(chi2_upper(spread * (size - 1) / size, size - 1.0) > 1e-4);
    CHECK(chi2_cdf(spread * (size - 1) / size, size - 1.0) > 1e-4);
  }
}

TEST_CASE("resample: subsets have their size and no favourites", "[resample]") {
  struct Case {
    std::size_t n, m;
  };
  for (const Case c : {Case{6, 2}, Case{9, 7}, Case{100, 50}, Case{300, 3}, Case{1000, 999},
                       Case{700, 400}, Case{5, 0}, Case{5, 5}}) {
    const Subsets subsets(kKey.child("s"), {0, c.n}, {c.m});
    std::vector<std::uint8_t> marks(padded(c.n) + kCountStep);
    std::vector<std::uint32_t> scratch;
    std::vector<double> sums(c.n, 0.0);
    constexpr int kDraws = 3000;
    double pairs = 0.0;
    for (int b = 0; b < kDraws; ++b) {
      subsets.draw(static_cast<std::uint64_t>(b), marks, scratch);
      REQUIRE(total(marks) == c.m);
      for (std::size_t i = 0; i < c.n; ++i) {
        REQUIRE(marks[i] <= 1);
        sums[i] += marks[i];
        pairs += marks[i] * marks[(i + 1) % c.n];
      }
    }
    const double n = static_cast<double>(c.n), m = static_cast<double>(c.m), share = m / n;
    if (c.m == 0 || c.m == c.n) continue;
    double chi2 = 0.0;
    for (const double sum : sums) {
      chi2 += std::pow(sum - kDraws * share, 2) / (kDraws * share * (1.0 - share));
    }
    CHECK(chi2_upper(chi2 * (n - 1.0) / n, n - 1.0) > 1e-4);
    const double expected = m * (m - 1.0) / (n - 1.0);
    CHECK(std::abs(pairs / kDraws - expected) < 5.0 * std::sqrt((expected + 1.0) / kDraws) + 1e-9);
  }
}

TEST_CASE("resample: sums and places of counts", "[resample]") {
  Stream stream(kKey);
  for (const std::size_t n : {1U, 31U, 33U, 1000U}) {
    std::vector<std::uint8_t> counts(padded(n) + kCountStep, 0);
    Columns columns(n, 5);
    std::vector<std::size_t> members;
    for (std::size_t i = 0; i < n; ++i) {
      counts[i] = static_cast<std::uint8_t>(stream.below(4));
      for (unsigned k = 0; k < counts[i]; ++k) members.push_back(i);
      for (std::size_t j = 0; j < 5; ++j) columns.column(j)[i] = stream.normal();
    }
    double sums[5];
    weighted_sums(counts, columns, sums);
    for (std::size_t j = 0; j < 5; ++j) {
      double sum = 0.0;
      for (std::size_t i = 0; i < n; ++i) sum += counts[i] * columns.column(j)[i];
      CHECK(sums[j] == Approx(sum).epsilon(1e-12).margin(1e-12));
    }
    CHECK(total(counts) == members.size());
    for (std::size_t rank = 0; rank < members.size(); ++rank) {
      const Place at = place(counts, rank);
      REQUIRE(at.unit == members[rank]);
      REQUIRE((at.before <= rank && rank < at.before + counts[at.unit]));
    }
  }
}
