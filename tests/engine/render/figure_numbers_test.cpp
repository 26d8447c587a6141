#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/render/figure.h"
#include "engine/render/histogram_bins.h"
#include "engine/render/kernel_density.h"
#include "engine/render/smooth.h"

using namespace impact;
using nlohmann::json;

namespace {

using Numbers = std::vector<double>;

// What tests/reference/render/figures.R wrote.
const Numbers& reference(const std::string& name) {
  static const auto all = [] {
    std::map<std::string, Numbers> read;
    std::ifstream file(IMPACT_SOURCE "/tests/reference/render/figures.txt");
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      if (line[0] == '#') continue;
      std::istringstream fields(line);
      std::string word;
      fields >> word;
      for (std::string text; fields >> text;) read[word].push_back(std::stod(text));
    }
    return read;
  }();
  INFO(name);
  REQUIRE(all.count(name) == 1);
  return all.at(name);
}

void same(const Numbers& ours, const Numbers& theirs, double tolerance = 1e-9) {
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    INFO("place " << i << ": ours " << ours[i] << ", reference " << theirs[i]);
    CHECK(std::abs(ours[i] - theirs[i]) <= tolerance * std::max(1.0, std::abs(theirs[i])));
  }
}

Figure draw(const std::string& kind, const std::string& role, const Numbers& values,
            json options = json::object()) {
  std::vector<Column> columns;
  columns.push_back(Column::numbers(values));
  return make_figure(kind, {.frame = Frame({"v"}, std::move(columns)),
                            .roles = {{role, {"v"}}},
                            .options = std::move(options)});
}

Numbers field(const Figure& figure, const std::string& name, int set = -1) {
  Numbers values;
  for (const json& row : figure.spec["data"]["values"]) {
    if (set >= 0 && row["set"] != set) continue;
    if (row.contains(name)) values.push_back(row[name].get<double>());
  }
  return values;
}

}  // namespace

TEST_CASE("bins: rules and counts agree with R", "[figure]") {
  for (const std::string name : {"skewed", "bimodal"}) {
    const Numbers& v = reference("data:" + name);
    same({bin_width(v, BinRule::kFreedmanDiaconis)}, reference("fd:" + name));
    same({bin_width(v, BinRule::kScott)}, reference("scott:" + name));
    CHECK(std::llround((v.back() - v.front()) / bin_width(v, BinRule::kSturges)) ==
          std::llround(reference("sturges:" + name)[0]));
    const Numbers edges = bin_edges(v, {.count = 12});
    const std::vector<std::int64_t> counts = bin_counts(v, edges);
    same(Numbers(counts.begin(), counts.end()), reference("hist:" + name));
  }
}

TEST_CASE("bins: round edges cover the values whatever they are", "[figure]") {
  const Numbers values = {0.1, 0.2, 0.3, 0.35, 0.6, 0.7, 0.75, 1.1, 1.3};
  const Numbers edges = bin_edges(values, {.width = 0.1});
  CHECK(edges.front() == 0.1);
  CHECK(edges.back() >= 1.3);
  std::int64_t all = 0;
  for (const std::int64_t count : bin_counts(values, edges)) all += count;
  CHECK(all == 9);
  CHECK(bin_edges({}, {}).empty());
  CHECK(bin_edges(Numbers{5, 5, 5}, {}) == Numbers{4.75, 5.25});
  CHECK(bin_edges(Numbers{0}, {}) == Numbers{-0.5, 0.5});
  // Neighbouring doubles, and a range that overflows no bin.
  const double next = std::nextafter(1.0, 2.0);
  CHECK(bin_edges(Numbers{1.0, next}, {}).size() <= 3);
  CHECK(bin_edges(Numbers{1.0, next}, {.count = 30}).size() == 2);
  const Numbers far = {0, 1, 2, 3, 4, 5, 6, 1e12};
  CHECK(bin_edges(far, {}).size() <= 202);
  CHECK(nice_width(0.3) == 0.5);
  CHECK(nice_width(2.1) == 2.5);
  CHECK(nice_width(5.0) == 5.0);
  CHECK(nice_width(7.0) == 10.0);
  // Whole numbers get whole widths.
  const Numbers whole = {1, 2, 2, 3, 3, 3, 4};
  for (const double edge : bin_edges(whole, {.whole = true})) CHECK(edge == std::floor(edge));
}

TEST_CASE("kernel density agrees with its definition and with R", "[figure]") {
  for (const std::string name : {"skewed", "bimodal"}) {
    const Numbers& v = reference("data:" + name);
    const double h = kernel_bandwidth(v, BandwidthRule::kSilverman);
    same({h}, reference("nrd0:" + name));
    same({kernel_bandwidth(v, BandwidthRule::kScott)}, reference("nrd:" + name));
    same({kernel_bandwidth(v, BandwidthRule::kSheatherJones)}, reference("sj:" + name), 1e-6);
    same({kernel_bandwidth(v, BandwidthRule::kSheatherJones)}, reference("sj_R:" + name), 3e-3);
    const Numbers density = kernel_density(v, h, reference("at:" + name));
    same(density, reference("density:" + name), 1e-12);
    // density() bins the values: it is that far away.
    same(density, reference("density_R:" + name), 1e-3);
  }
  CHECK(std::isnan(kernel_bandwidth(Numbers{1}, BandwidthRule::kScott)));
  CHECK(std::isnan(kernel_bandwidth(Numbers{3, 3, 3}, BandwidthRule::kSheatherJones)));
  CHECK(kernel_bandwidth(Numbers{0, 0}, BandwidthRule::kScott) > 0);
}

TEST_CASE("kernel density of many values is that of the sum", "[figure]") {
  Numbers v(60000);
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double u = (static_cast<double>(i) + 0.5) / static_cast<double>(v.size());
    v[i] = -std::log1p(-u) * (1 + u);
  }
  const double h = kernel_bandwidth(v, BandwidthRule::kSilverman);
  const Numbers at = {0.01, 0.4, 1.7, 4.2, 9.0};
  const Numbers density = kernel_density(v, h, at);
  for (std::size_t k = 0; k < at.size(); ++k) {
    double sum = 0.0;
    for (const double value : v) sum += std::exp(-(at[k] - value) * (at[k] - value) / (2 * h * h));
    sum /= static_cast<double>(v.size()) * h * std::sqrt(2 * M_PI);
    CHECK(density[k] == Approx(sum).epsilon(1e-6));
  }
  CHECK(kernel_density(v, h, at, Context{.threads = 3}) == density);
}

TEST_CASE("a fitted line and loess agree with weighted regressions in R", "[figure]") {
  const Numbers& x = reference("data:x");
  const Numbers& y = reference("data:y");
  const Numbers& at = reference("smooth:at");
  const SmoothCurve line = fit_line(x, y, at);
  same(line.fit, reference("line:fit"), 1e-12);
  same(line.std_error, reference("line:se"), 1e-12);
  same({line.residual_sd}, reference("line:sd"), 1e-12);
  const struct {
    std::string name;
    double span;
    int degree;
  } cases[] = {{"loess:0.75:2", 0.75, 2}, {"loess:0.5:1", 0.5, 1}, {"loess:1:2", 1.0, 2}};
  for (const auto& one : cases) {
    INFO(one.name);
    const SmoothCurve curve = loess(x, y, at, one.span, one.degree);
    same(curve.fit, reference(one.name + ":fit"));
    same(curve.std_error, reference(one.name + ":se"));
    same({curve.df}, reference(one.name + ":df"));
    same(curve.fit, reference(one.name + ":R"));
  }
}

TEST_CASE("smoothing bears ties, few points and constants", "[figure]") {
  CHECK(fit_line(Numbers{2, 2, 2}, Numbers{1, 2, 6}, Numbers{0, 5}).fit == Numbers{3, 3});
  CHECK(std::isnan(fit_line(Numbers{1, 2}, Numbers{1, 2}, Numbers{0}).std_error[0]));
  const SmoothCurve tied = loess(Numbers{1, 1, 1, 1}, Numbers{1, 2, 3, 6}, Numbers{1});
  CHECK(tied.fit[0] == Approx(3.0));
  const SmoothCurve exact =
      loess(Numbers{0, 1, 2, 3, 4, 5, 6, 7}, Numbers{0, 1, 4, 9, 16, 25, 36, 49}, Numbers{2.5});
  CHECK(exact.fit[0] == Approx(6.25).epsilon(1e-12));
  CHECK(loess({}, {}, Numbers{1}).fit.size() == 1);
}

TEST_CASE("box, quantile and step figures hold R's numbers", "[figure]") {
  for (const std::string name : {"skewed", "bimodal"}) {
    const Numbers& v = reference("data:" + name);
    const Figure box = draw("box", "of", v);
    const Numbers& q = reference("quantile:" + name);
    same(field(box, "q1"), {q[0]});
    same(field(box, "median"), {q[1]});
    same(field(box, "q3"), {q[2]});
    same(field(box, "low"), {reference("whiskers:" + name)[0]});
    same(field(box, "high"), {reference("whiskers:" + name)[1]});
    same(field(box, "outliers"), {reference("outliers:" + name)[0]});

    const Figure qq = draw("qq", "of", v);
    same(field(qq, "x", 0), reference("qq:" + name), 1e-6);  // coordinates have seven digits
    same(field(qq, "y", 0), v);
    const Numbers x = field(qq, "x", 1);
    const Numbers y = field(qq, "y", 1);
    const double slope = (y[1] - y[0]) / (x[1] - x[0]);
    same({y[0] - slope * x[0], slope}, reference("qqline:" + name), 1e-5);

    const Figure steps = draw("ecdf", "of", v);
    const Numbers at = field(steps, "x");
    const Numbers share = field(steps, "y");
    const Numbers& places = reference("at:" + name);
    Numbers ours;
    for (const double place : places) {
      const auto above = std::upper_bound(at.begin() + 1, at.end(), place * (1 + 1e-12));
      ours.push_back(share[static_cast<std::size_t>(above - at.begin() - 1)]);
    }
    // At the smallest value a rounded place may fall before or on the step.
    same(Numbers(ours.begin() + 1, ours.end()),
         Numbers(reference("ecdf:" + name).begin() + 1, reference("ecdf:" + name).end()), 1e-6);
  }
  same(field(draw("qq", "of", {1, 2, 3, 4, 5, 6, 7}), "x", 0), reference("qq10"), 1e-6);
}

TEST_CASE("bars of means and medians carry R's intervals", "[figure]") {
  const Numbers& v = reference("data:means");
  const auto bar = [&](const char* summary) {
    std::vector<Column> columns;
    columns.push_back(Column::numbers(v));
    columns.push_back(Column::texts(std::vector<std::string>(v.size(), "all")));
    const Figure figure = make_figure("bar", {.frame = Frame({"v", "g"}, std::move(columns)),
                                              .roles = {{"of", {"g"}}, {"value", {"v"}}},
                                              .options = {{"summary", summary}}});
    const json& row = figure.spec["data"]["values"][0];
    return Numbers{row["y"], row["low"], row["high"]};
  };
  same(bar("mean"), reference("t_interval"));
  same(bar("median"), reference("median_interval"));
}
