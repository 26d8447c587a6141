#include "engine/stats/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/resample.h"
#include "tests/engine/stats/hypothesis_reference.h"
#include "tests/engine/stats/resampling_reference.h"

using namespace impact;
using impact::hypothesis::warned;
using impact::resampling::Reference;

namespace {

using Numbers = std::vector<double>;
using Statistic = BootstrapStatistic;
using Interval = BootstrapInterval;

struct Case {
  const char* name;
  Statistic statistic;
};

const Case kCases[] = {{"mean", Statistic::kMean},
                       {"median", Statistic::kMedian},
                       {"quantile", Statistic::kQuantile},
                       {"trimmed", Statistic::kTrimmedMean},
                       {"sd", Statistic::kStandardDeviation},
                       {"correlation", Statistic::kCorrelation},
                       {"ratio", Statistic::kRatioOfMeans},
                       {"difference", Statistic::kDifferenceOfMeans},
                       {"medians", Statistic::kDifferenceOfMedians},
                       {"welch", Statistic::kWelchT}};

BootstrapSpec spec_of(Statistic statistic) {
  BootstrapSpec spec;
  spec.statistic = statistic;
  spec.quantile = 0.8;
  spec.trim = 0.15;
  spec.key = StreamKey::root(21).child("bootstrap_test");
  return spec;
}

struct Sample {
  Numbers y, x;
  std::vector<std::int32_t> arm, cluster;
  explicit Sample(std::size_t n, std::size_t per_cluster = 3) {
    Stream stream(StreamKey::root(22).child("sample"));
    for (std::size_t i = 0; i < n; ++i) {
      x.push_back(stream.normal(5.0, 1.0));
      y.push_back(std::exp(stream.normal(0.3, 0.6)) + 0.4 * x.back());
      arm.push_back(static_cast<std::int32_t>(stream.below(2)));
      cluster.push_back(static_cast<std::int32_t>(i / per_cluster));
    }
  }
  [[nodiscard]] BootstrapData data() const { return {.y = y, .x = x, .arm = arm}; }
};

void close(double ours, double theirs, double size) {
  INFO(ours << " against " << theirs);
  CHECK(std::abs(ours - theirs) <= 1e-9 * std::abs(size));
}

}  // namespace

// The kernels count the resamples that boot drew, so all numbers must be those of boot.
TEST_CASE("bootstrap: statistics and intervals agree with boot", "[bootstrap]") {
  const Reference& r = Reference::get();
  const Numbers &y = r.data.at("y"), &x = r.data.at("x");
  const std::vector<std::int32_t> arm = r.codes("arm");
  const BootstrapData data = {.y = y, .x = x, .arm = arm};
  for (const Case& c : kCases) {
    const std::string name = c.name;
    INFO(name);
    BootstrapSpec spec = spec_of(c.statistic);
    const detail::Units units = detail::units_of(y.size(), data, detail::reads_arm(c.statistic),
                                                 detail::reads_x(c.statistic));
    const auto kernel = detail::kernel_of(data, units, spec);
    const bool errors = r.draws.count(name + "_se") != 0;
    const auto of = [&](const std::vector<double>& rows) {
      std::vector<std::uint8_t> by_row(y.size(), 0), counts(detail::padded(y.size()) + 32, 0);
      for (const double i : rows) ++by_row[static_cast<std::size_t>(i)];
      for (std::size_t u = 0; u < y.size(); ++u) counts[u] = by_row[units.rows[u]];
      return kernel->of(counts, errors);
    };
    Numbers all(y.size());
    std::iota(all.begin(), all.end(), 0.0);
    BootstrapDraws draws;
    draws.estimate = of(all).value;
    draws.std_error = of(all).std_error;
    close(draws.estimate, r.number(name, "estimate"), draws.estimate);
    const auto& index = r.index.at(detail::reads_arm(c.statistic) ? "arms" : "rows");
    REQUIRE(index.size() == r.draws.at(name).size());
    for (std::size_t b = 0; b < index.size(); ++b) {
      const detail::Kernel::Value drawn = of(index[b]);
      close(drawn.value, r.draws.at(name)[b], std::abs(drawn.value) + std::abs(draws.estimate));
      if (errors) close(drawn.std_error, r.draws.at(name + "_se")[b], drawn.std_error);
      draws.values.push_back(drawn.value);
      if (errors) draws.std_errors.push_back(drawn.std_error);
    }
    draws.acceleration = detail::acceleration_of(kernel->jackknife(), units, draws.estimate);
    CHECK(std::abs(draws.acceleration - r.number(name, "acceleration")) < 1e-9);
    const std::pair<Interval, const char*> intervals[] = {{Interval::kPercentile, "percentile"},
                                                          {Interval::kBasic, "basic"},
                                                          {Interval::kNormal, "normal"},
                                                          {Interval::kBca, "bca"},
                                                          {Interval::kStudentised, "studentised"}};
    for (const auto& [interval, field] : intervals) {
      if (interval == Interval::kStudentised && !errors) continue;
      for (const char* level : {"0.95", "0.9", "0.942"}) {
        INFO(field << " " << level);
        spec.interval = interval;
        spec.conf_level = std::stod(level);
        const Bootstrap result = summarise_draws(draws, spec);
        const double width = result.row.conf_high - result.row.conf_low;
        const std::string ends = std::string(field) + "_";
        close(result.row.conf_low, r.number(name, ends + "low_" + level), width);
        close(result.row.conf_high, r.number(name, ends + "high_" + level), width);
        close(result.row.std_error, r.number(name, "se"), result.row.std_error);
        CHECK(std::abs(result.bias - r.number(name, "bias")) < 1e-9 * result.row.std_error);
        CHECK(result.row.se_type == field);
      }
    }
  }
}

TEST_CASE("bootstrap: a p-value is the level at which the interval lets go", "[bootstrap]") {
  const Sample sample(60);
  for (const Interval interval : {Interval::kPercentile, Interval::kBasic, Interval::kNormal,
                                  Interval::kBca, Interval::kStudentised}) {
    for (const Alternative alternative :
         {Alternative::kTwoSided, Alternative::kGreater, Alternative::kLess}) {
      BootstrapSpec spec = spec_of(Statistic::kMean);
      spec.interval = interval;
      spec.alternative = alternative;
      const double mean = bootstrap(sample.data(), spec).row.estimate;
      spec.null_value = alternative == Alternative::kLess ? mean + 0.12 : mean - 0.12;
      const double p = bootstrap(sample.data(), spec).row.p_value;
      REQUIRE((p > 0.01 && p < 0.9));
      const auto holds = [&](double level) {
        spec.conf_level = level;
        const Estimate row = bootstrap(sample.data(), spec).row;
        CHECK((alternative != Alternative::kGreater || row.conf_high == INFINITY));
        CHECK((alternative != Alternative::kLess || row.conf_low == -INFINITY));
        return row.conf_low <= spec.null_value && spec.null_value <= row.conf_high;
      };
      CHECK(holds(1.0 - p + 0.002));
      CHECK_FALSE(holds(1.0 - p - 0.002));
    }
  }
}

TEST_CASE("bootstrap: closed forms of its variances", "[bootstrap]") {
  const Sample sample(400);
  BootstrapSpec spec = spec_of(Statistic::kMean);
  spec.draws = 20000;
  spec.interval = Interval::kNormal;
  // Twenty thousand draws give a standard deviation to 0.5 per cent; four of them.
  const auto agrees = [](const Bootstrap& ours, double se) {
    CHECK(ours.row.std_error == Approx(se).epsilon(0.02));
    CHECK(std::abs(ours.bias) < 4.0 * se / std::sqrt(20000.0));
  };
  const auto moments = [&](auto&& keep) {
    double n = 0.0, sum = 0.0, squares = 0.0;
    for (std::size_t i = 0; i < sample.y.size(); ++i) {
      if (!keep(i)) continue;
      n += 1.0;
      sum += sample.y[i];
      squares += sample.y[i] * sample.y[i];
    }
    return std::pair(n, squares / n - sum / n * (sum / n));
  };
  const auto [n, v] = moments([](std::size_t) { return true; });
  agrees(bootstrap(sample.data(), spec), std::sqrt(v / n));
  spec.statistic = Statistic::kDifferenceOfMeans;
  const auto [n0, v0] = moments([&](std::size_t i) { return sample.arm[i] == 0; });
  const auto [n1, v1] = moments([&](std::size_t i) { return sample.arm[i] == 1; });
  agrees(bootstrap(sample.data(), spec), std::sqrt(v0 / n0 + v1 / n1));
  // Strata that hold one value each leave nothing to chance.
  spec.statistic = Statistic::kMean;
  std::vector<std::int32_t> stratum;
  Numbers same;
  for (int i = 0; i < 300; ++i) {
    stratum.push_back(i % 3);
    same.push_back(i % 3);
  }
  const Bootstrap none = bootstrap({.y = same, .stratum = stratum}, spec);
  CHECK(warned(none.row, "do not vary"));
  CHECK(none.row.estimate == Approx(1.0).epsilon(1e-15));
  // Clusters of equal size: the variance of their means.
  const std::size_t size = 4;
  const Sample grouped(400, size);
  Numbers means;
  for (std::size_t g = 0; g < 100; ++g) {
    means.push_back(
        (grouped.y[4 * g] + grouped.y[4 * g + 1] + grouped.y[4 * g + 2] + grouped.y[4 * g + 3]) /
        4.0);
  }
  const double centre = std::accumulate(means.begin(), means.end(), 0.0) / 100.0;
  double spread = 0.0;
  for (const double mean : means) spread += (mean - centre) * (mean - centre) / 100.0;
  agrees(bootstrap({.y = grouped.y, .cluster = grouped.cluster}, spec), std::sqrt(spread / 100.0));
}

TEST_CASE("bootstrap: kernels and a called statistic draw alike", "[bootstrap]") {
  const Sample sample(90, 4);
  const auto mean_of = [&](std::span<const std::uint32_t> rows, int arm) {
    double sum = 0.0, n = 0.0;
    for (const std::uint32_t i : rows) {
      if (arm >= 0 && sample.arm[i] != arm) continue;
      sum += sample.y[i];
      n += 1.0;
    }
    return sum / n;
  };
  const auto median_of = [&](std::span<const std::uint32_t> rows) {
    Numbers values;
    for (const std::uint32_t i : rows) values.push_back(sample.y[i]);
    std::sort(values.begin(), values.end());
    return 0.5 * (values[(values.size() - 1) / 2] + values[values.size() / 2]);
  };
  // The order of rows is the kernel's own, so chance is shared only where units are clusters.
  const auto compare = [&](Statistic statistic, const RowStatistic& called) {
    BootstrapSpec spec = spec_of(statistic);
    spec.draws = 500;
    BootstrapData data = sample.data();
    data.cluster = sample.cluster;
    const Bootstrap kernel = bootstrap(data, spec);
    const Bootstrap generic = bootstrap_rows(sample.y.size(), called, data, spec);
    for (std::size_t b = 0; b < 500; ++b) {
      CHECK(kernel.draws.values[b] == Approx(generic.draws.values[b]).epsilon(1e-12).margin(1e-13));
    }
    CHECK(kernel.draws.acceleration == Approx(generic.draws.acceleration).epsilon(1e-8));
    CHECK(kernel.row.conf_low == Approx(generic.row.conf_low).epsilon(1e-10));
  };
  compare(Statistic::kMean, [&](auto rows) { return mean_of(rows, -1); });
  compare(Statistic::kMedian, median_of);
  compare(Statistic::kDifferenceOfMeans,
          [&](auto rows) { return mean_of(rows, 1) - mean_of(rows, 0); });
  compare(Statistic::kTrimmedMean, [&](auto rows) {
    Numbers values;
    for (const std::uint32_t i : rows) values.push_back(sample.y[i]);
    std::sort(values.begin(), values.end());
    const auto cut = static_cast<std::ptrdiff_t>(0.15 * static_cast<double>(values.size()));
    return std::accumulate(values.begin() + cut, values.end() - cut, 0.0) /
           static_cast<double>(values.size() - 2 * static_cast<std::size_t>(cut));
  });
}

TEST_CASE("bootstrap: same bits on any threads and in any order of rows", "[bootstrap]") {
  Sample sample(500);
  for (const Case& c : kCases) {
    BootstrapSpec spec = spec_of(c.statistic);
    spec.draws = 200;
    const Bootstrap one = bootstrap(sample.data(), spec);
    for (const int threads : {2, 3, 8}) {
      Context context;
      context.threads = threads;
      const Bootstrap many = bootstrap(sample.data(), spec, context);
      CHECK(many.draws.values == one.draws.values);
      CHECK(many.row.conf_low == one.row.conf_low);
      CHECK(many.draws.acceleration == one.draws.acceleration);
    }
    Sample turned = sample;
    std::reverse(turned.y.begin(), turned.y.end());
    std::reverse(turned.x.begin(), turned.x.end());
    std::reverse(turned.arm.begin(), turned.arm.end());
    CHECK(bootstrap(turned.data(), spec).draws.values == one.draws.values);
    spec.key = spec.key.child("other");
    CHECK(bootstrap(sample.data(), spec).draws.values != one.draws.values);
  }
}

TEST_CASE("bootstrap: shift and scale", "[bootstrap]") {
  const Sample sample(120);
  Sample moved = sample;
  for (double& v : moved.y) v = 1e6 + 8.0 * v;
  for (const Case& c : kCases) {
    if (c.statistic == Statistic::kRatioOfMeans) continue;
    BootstrapSpec spec = spec_of(c.statistic);
    spec.draws = 999;
    const Bootstrap a = bootstrap(sample.data(), spec), b = bootstrap(moved.data(), spec);
    const bool pure = c.statistic == Statistic::kCorrelation || c.statistic == Statistic::kWelchT;
    CHECK(b.row.std_error == Approx((pure ? 1.0 : 8.0) * a.row.std_error).epsilon(1e-7));
    CHECK(b.row.conf_high - b.row.conf_low ==
          Approx((pure ? 1.0 : 8.0) * (a.row.conf_high - a.row.conf_low)).epsilon(1e-6));
  }
}

TEST_CASE("bootstrap: intervals hold what they promise", "[bootstrap]") {
  const auto covers = [](Interval interval) {
    Stream stream(StreamKey::root(31).child("coverage"));
    int held = 0;
    for (int run = 0; run < 400; ++run) {
      Numbers y;
      for (int i = 0; i < 25; ++i) y.push_back(stream.exponential(1.0));
      BootstrapSpec spec = spec_of(Statistic::kMean);
      spec.interval = interval;
      spec.draws = 999;
      spec.key = spec.key.child(std::to_string(run));
      const Estimate row = bootstrap({.y = y}, spec).row;
      held += row.conf_low <= 1.0 && 1.0 <= row.conf_high ? 1 : 0;
    }
    return held / 400.0;
  };
  const double percentile = covers(Interval::kPercentile), bca = covers(Interval::kBca);
  const double studentised = covers(Interval::kStudentised);
  // Exponential, n = 25: about 0.91, 0.92 and 0.945 (Davison & Hinkley 1997, ch. 5).
  CHECK((percentile > 0.86 && percentile < 0.95));
  CHECK((bca > 0.87 && bca < 0.96));
  CHECK((studentised > 0.91 && studentised < 0.98));
  CHECK(studentised > percentile);
}

TEST_CASE("bootstrap: trouble is a sentence, nonsense an error", "[bootstrap]") {
  const Sample sample(40);
  BootstrapSpec spec = spec_of(Statistic::kMean);
  spec.draws = 99;
  Numbers holes = sample.y;
  holes[3] = NAN;
  const Bootstrap with_holes = bootstrap({.y = holes}, spec);
  CHECK(with_holes.row.n == 39);
  CHECK(warned(with_holes.row, "1 row was left out"));
  holes[4] = INFINITY;
  CHECK(warned(bootstrap({.y = holes}, spec).row, "infinite"));
  CHECK(std::isnan(bootstrap({.y = holes}, spec).row.estimate));
  CHECK(warned(bootstrap({.y = {}}, spec).row, "no value"));
  const Numbers same(20, 3.0);
  const Bootstrap constant = bootstrap({.y = same}, spec);
  CHECK(constant.row.estimate == 3.0);
  CHECK(std::isnan(constant.row.conf_low));
  CHECK(warned(constant.row, "do not vary"));
  // Five rows with two values of x: some draws are constant there.
  const Numbers few = {1.0, 2.0, 3.0, 4.0, 6.0}, two = {0.0, 0.0, 0.0, 0.0, 1.0};
  spec.statistic = Statistic::kCorrelation;
  const Bootstrap undefined = bootstrap({.y = few, .x = two}, spec);
  CHECK(warned(undefined.row, "left the statistic undefined"));
  spec.statistic = Statistic::kMean;
  spec.draws = 20;
  spec.interval = Interval::kPercentile;
  CHECK(warned(bootstrap(sample.data(), spec).row, "outermost"));
  const std::vector<std::int32_t> other(40, 2), across = [] {
    std::vector<std::int32_t> codes(40);
    std::iota(codes.begin(), codes.end(), 0);
    return codes;
  }();
  CHECK_THROWS_AS(bootstrap({.y = sample.y, .cluster = sample.cluster, .stratum = across}, spec),
                  ArgumentError);
  spec.statistic = Statistic::kWelchT;
  CHECK_THROWS_AS(bootstrap({.y = sample.y}, spec), ArgumentError);
  CHECK_THROWS_AS(bootstrap({.y = sample.y, .arm = other}, spec), ArgumentError);
  spec.interval = Interval::kStudentised;
  CHECK_THROWS_AS(bootstrap(sample.data(), spec), ArgumentError);
  spec = {};
  spec.draws = 0;
  CHECK_THROWS_AS(bootstrap(sample.data(), spec), ArgumentError);
  spec = {};
  spec.trim = 0.5;
  CHECK_THROWS_AS(bootstrap(sample.data(), spec), ArgumentError);
}
