#include <bit>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/rng.h"
#include "engine/stats/glm.h"
#include "engine/stats/two_lanes.h"

using namespace impact;

namespace {

using Numbers = std::vector<double>;

constexpr std::size_t kColumns = 4;
constexpr std::size_t kDistinct = 17'001;
constexpr std::size_t kCopies = 4;  // enough for the shortcuts of many rows

// Columns (1, normal, normal about 50, 0/1), an offset, and outcomes of a family's.
struct Draw {
  std::size_t n = kDistinct;
  Numbers x = Numbers(kDistinct, 1.0);
  Numbers y, offset;
  explicit Draw(GlmFamily family) {
    Stream stream(StreamKey::root(11).child("large"));
    for (std::size_t i = 0; i < n; ++i) x.push_back(stream.normal());
    for (std::size_t i = 0; i < n; ++i) x.push_back(50.0 + stream.normal() + 0.5 * x[n + i]);
    for (std::size_t i = 0; i < n; ++i) x.push_back(stream.bernoulli(0.1) ? 1.0 : 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      offset.push_back(stream.uniform(-0.5, 0.5));
      const double eta = 0.3 - 0.7 * x[n + i] + 0.4 * (x[2 * n + i] - 50.0) + x[3 * n + i];
      const double mean = std::exp(eta + offset[i]);
      y.push_back(family == GlmFamily::kPoisson           ? std::floor(mean + stream.uniform())
                  : stream.bernoulli(mean / (1.0 + mean)) ? 1.0
                                                          : 0.0);
    }
  }
};

Numbers copies(const Numbers& columns, std::size_t n) {
  Numbers result;
  for (std::size_t k = 0; k < columns.size() / n; ++k) {
    for (std::size_t c = 0; c < kCopies; ++c) {
      for (std::size_t i = 0; i < n; ++i) result.push_back(columns[k * n + i]);
    }
  }
  return result;
}

bool same_bits(const Numbers& a, const Numbers& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("glm: many rows are fitted as the few that they repeat", "[stats][glm]") {
  for (const GlmFamily family : {GlmFamily::kLogistic, GlmFamily::kProbit, GlmFamily::kPoisson}) {
    const Draw draw(family);
    const Numbers four(draw.n, static_cast<double>(kCopies));
    const Numbers x = copies(draw.x, draw.n);
    const Numbers y = copies(draw.y, draw.n);
    const Numbers offset = copies(draw.offset, draw.n);
    for (const SeType se : {SeType::kClassical, SeType::kHc1}) {
      const GlmFit few = glm(
          {.x = draw.x, .columns = kColumns, .y = draw.y, .weights = four, .offset = draw.offset},
          {.family = family, .se = se, .frequency = true});
      const GlmData all{.x = x, .columns = kColumns, .y = y, .offset = offset};
      const GlmFit many = glm(all, {.family = family, .se = se});
      CHECK(many.converged);
      CHECK(many.decrement < 1e-17);
      CHECK(many.log_likelihood == Approx(few.log_likelihood).epsilon(1e-12));
      CHECK(many.null_log_likelihood == Approx(few.null_log_likelihood).epsilon(1e-12));
      for (std::size_t k = 0; k < kColumns; ++k) {
        CHECK(many.coefficient[k] == Approx(few.coefficient[k]).epsilon(1e-9));
        CHECK(many.std_error[k] == Approx(few.std_error[k]).epsilon(1e-9));
      }
      for (const int threads : {2, 3, 8}) {
        const GlmFit more = glm(all, {.family = family, .se = se}, {.threads = threads});
        CHECK(same_bits(more.coefficient, many.coefficient));
        CHECK(same_bits(more.covariance, many.covariance));
        CHECK(more.log_likelihood == many.log_likelihood);
        CHECK(more.decrement == many.decrement);
      }
    }
  }
}

TEST_CASE("glm: many rows with a column that some of them do not show", "[stats][glm]") {
  const Draw draw(GlmFamily::kLogistic);
  Numbers x = copies(draw.x, draw.n);
  const Numbers y = copies(draw.y, draw.n);
  const std::size_t n = y.size();
  const auto fit = [&] { return glm({.x = x, .columns = kColumns, .y = y}); };

  // Only rows 8 ... 127 of every 128 have it, so that a start from rows 0 ... 7 knows nothing of
  // it.
  for (std::size_t i = 0; i < n; ++i) x[3 * n + i] = i % 128 >= 8 && i % 3 == 0 ? 1.0 : 0.0;
  GlmFit found = fit();
  CHECK(found.converged);
  CHECK(found.dropped.empty());
  CHECK(found.decrement < 1e-17);
  CHECK(std::isfinite(found.std_error[3]));

  // Dependent everywhere, and everywhere but in one row.
  for (std::size_t i = 0; i < n; ++i) x[3 * n + i] = 2.0 - x[n + i];
  found = fit();
  CHECK(found.dropped == std::vector<std::size_t>{3});
  CHECK(found.converged);
  x[3 * n + 100] += 1.0;
  found = fit();
  CHECK(found.dropped.empty());
  CHECK(found.converged);

  // Predicts the outcome wherever it is 1.
  for (std::size_t i = 0; i < n; ++i) x[3 * n + i] = y[i] == 1.0 && i % 5 == 0 ? 1.0 : 0.0;
  found = fit();
  CHECK(found.separated == std::vector<std::size_t>{3});
  CHECK(std::isnan(found.coefficient[3]));
  CHECK(found.converged);
}

TEST_CASE("glm: exp and log(1 + x) of two numbers at once", "[stats][glm]") {
  constexpr double kUnit = 0x1p-52;
  Stream stream(StreamKey::root(3).child("lanes"));
  for (int i = 0; i < 100'000; ++i) {
    const double x = stream.uniform(-700.0, 700.0);
    const double small = stream.uniform(-1.0, 1.0);
    const detail::Lanes e = detail::exp_lanes(detail::Lanes{x, small});
    REQUIRE(std::abs(e[0] / std::exp(x) - 1.0) <= 2.0 * kUnit);
    REQUIRE(std::abs(e[1] / std::exp(small) - 1.0) <= 2.0 * kUnit);
    const double z = stream.uniform();
    const double tiny = std::exp(-700.0 * z);
    const detail::Lanes l = detail::log1p_lanes(detail::Lanes{z, tiny});
    REQUIRE(std::abs(l[0] / std::log1p(z) - 1.0) <= 4.0 * kUnit);
    REQUIRE(std::abs(l[1] / std::log1p(tiny) - 1.0) <= 4.0 * kUnit);
  }
  CHECK(detail::exp_lanes(detail::both(0.0))[0] == 1.0);
  CHECK(detail::log1p_lanes(detail::both(0.0))[1] == 0.0);
}
