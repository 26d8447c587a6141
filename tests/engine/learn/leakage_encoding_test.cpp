#include "engine/learn/leakage_encoding.h"

#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/learn/folds.h"
#include "tests/engine/learn/alarm_rows.h"

using namespace impact;
using namespace impact::learning;

namespace {

constexpr std::size_t kN = 400;
constexpr std::size_t kCities = 40;

// Labels that know nothing of the 40 cities of about ten rows each.
struct Posts {
  std::vector<std::int32_t> city = {};
  std::vector<double> label = {};
  std::vector<double> sum = std::vector<double>(kCities, 0.0);
  std::vector<double> count = std::vector<double>(kCities, 0.0);
  Posts() {
    Stream stream(kAlarmKey, 77);
    for (std::size_t i = 0; i < kN; ++i) {
      city.push_back(static_cast<std::int32_t>(stream.below(kCities)));
      label.push_back(stream.bernoulli(0.4) ? 1.0 : 0.0);
      sum[at(i)] += label[i];
      count[at(i)] += 1.0;
    }
  }
  [[nodiscard]] std::size_t at(std::size_t i) const { return static_cast<std::size_t>(city[i]); }
  // encode(sum, count, label of the row)
  template <class Encode>
  [[nodiscard]] TargetEncodings found(Encode&& encode, bool with_city = true) const {
    AlarmTable table;
    std::vector<double> x(kN);
    for (std::size_t i = 0; i < kN; ++i) x[i] = encode(sum[at(i)], count[at(i)], label[i]);
    table.add("rate", x);
    table.add("noise", normals(kN, 3));
    const std::vector<GroupColumn> groups = {{.name = "city", .codes = city}};
    return find_target_encodings(table.features(), label,
                                 with_city ? groups : std::vector<GroupColumn>{}, kAlarmKey);
  }
};

}  // namespace

TEST_CASE("an encoding from all rows is found, and vanishes out of fold",
          "[learn][leakage_encoding]") {
  const Posts posts;
  const TargetEncodings all =
      posts.found([](double sum, double count, double) { return sum / count; });
  REQUIRE(all.found.size() == 1);
  const TargetEncoding& mean = all.found[0];
  CHECK(all.alarm);
  CHECK(mean.kind == TargetEncoding::Kind::kMean);
  CHECK(mean.column == "rate");
  CHECK(mean.group == "city");
  CHECK(mean.groups == 40);
  CHECK(mean.largest_difference < 1e-12);
  CHECK(mean.r2 > 0.05);              // About (groups - 1) / rows of nothing,
  CHECK(mean.r2_out_of_fold < 0.02);  // and nothing in other rows.
  CHECK(mean.text.find("column 'rate' was made from the label: it is the label's mean within "
                       "'city', the row's own label included (40 groups, 400 rows") == 0);
}

TEST_CASE("smoothed, leave-one-out and groupless encodings", "[learn][leakage_encoding]") {
  const Posts posts;
  const auto smoothed = posts.found(
      [](double sum, double count, double) { return (sum + 5.0 * 0.41) / (count + 5.0); });
  REQUIRE(smoothed.found.size() == 1);
  CHECK(smoothed.found[0].kind == TargetEncoding::Kind::kSmoothed);
  CHECK(smoothed.found[0].smoothing == Approx(5.0).epsilon(1e-6));
  CHECK(smoothed.found[0].prior == Approx(0.41).epsilon(1e-6));
  const auto others = posts.found([](double sum, double count, double own) {
    return count > 1.0 ? (sum - own) / (count - 1.0) : 0.4;
  });
  REQUIRE(others.found.size() == 1);
  CHECK(others.found[0].kind == TargetEncoding::Kind::kLeaveOneOut);
  const auto own = posts.found([](double sum, double count, double) { return sum / count; }, false);
  REQUIRE(own.found.size() == 1);
  CHECK(own.found[0].kind == TargetEncoding::Kind::kOwnValues);
  CHECK(own.found[0].group.empty());
}

TEST_CASE("an encoding made inside folds is none, nor are honest columns",
          "[learn][leakage_encoding]") {
  const Posts posts;
  const Folds folds = draw_folds(kN, {.folds = 5}, kAlarmKey);
  AlarmTable table;
  std::vector<double> x(kN), frequency(kN), yes(kN);
  for (std::size_t i = 0; i < kN; ++i) {
    double sum = 0.0, count = 0.0;
    for (std::size_t k = 0; k < kN; ++k) {
      if (posts.city[k] != posts.city[i] || folds.at(k) == folds.at(i)) continue;
      sum += posts.label[k];
      count += 1.0;
    }
    x[i] = count > 0.0 ? sum / count : 0.4;
    frequency[i] = posts.count[posts.at(i)];
    yes[i] = posts.label[i];
  }
  table.add("cross_fitted", x);
  table.add("frequency", frequency);
  table.add("the label itself", yes);
  const std::vector<GroupColumn> groups = {{.name = "city", .codes = posts.city}};
  CHECK(!find_target_encodings(table.features(), posts.label, groups, kAlarmKey).alarm);
  const std::vector<GroupColumn> short_groups = {
      {.name = "city", .codes = std::span(posts.city).first(9)}};
  CHECK_THROWS_AS(find_target_encodings(table.features(), posts.label, short_groups, kAlarmKey),
                  ArgumentError);
}
