#include "engine/causal/graph/implied_independence.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <fstream>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/causal/graph/independence_tests.h"
#include "engine/causal/graph/separation.h"
#include "engine/core/error.h"
#include "tests/engine/causal/graph/graph_support.h"

using namespace impact;
using namespace impact::graph_test;

namespace {

std::vector<std::string> texts(const std::vector<Independence>& statements) {
  std::vector<std::string> out;
  for (const Independence& s : statements) out.push_back(s.text);
  return out;
}

/// The columns that tests/reference/causal/independence.json describes.
struct ReferenceColumns {
  std::vector<double> a, b, c;
  std::vector<std::int32_t> g, h2, k;
  ReferenceColumns() {
    for (int i = 1; i <= 120; ++i) {
      a.push_back(std::sin(i));
      b.push_back(std::cos(2 * i) + 0.3 * a.back());
      c.push_back(std::sin(3 * i) + 0.2 * b.back());
      g.push_back(i % 3);
      h2.push_back(std::sin(5 * i) > 0.4 ? i % 3 : (i * 7) % 4 % 3);
      k.push_back(i / 5 % 2);
    }
  }
  [[nodiscard]] std::vector<IndependenceColumn> columns() const {
    return {{.name = "a", .values = a}, {.name = "b", .values = b}, {.name = "c", .values = c},
            {.name = "g", .codes = g},  {.name = "h", .codes = h2}, {.name = "k", .codes = k}};
  }
};

IndependenceTest only_test(const Independence& statement, const ReferenceColumns& data,
                           const IndependenceSpec& spec = {}) {
  return test_independences(std::vector<Independence>{statement}, data.columns(), spec).tests.at(0);
}

}  // namespace

TEST_CASE("implied independences by hand", "[causal][graph]") {
  CHECK(texts(implied_independences(graph_of("x -> m -> y"))) ==
        std::vector<std::string>{"x _||_ y | m"});
  CHECK(texts(implied_independences(graph_of("x -> c <- y"))) ==
        std::vector<std::string>{"x _||_ y"});
  CHECK(implied_independences(graph_of("x -> y, x <-> y, x -> z -> y, z <-> x")).empty());
  // A hidden cause leaves nothing to test between its effects.
  CHECK(implied_independences(graph_of("u [hidden] -> {x y}")).empty());
  CHECK(texts(implied_independences(graph_of("z -> x -> y, x <-> y"))).empty());
  CHECK(
      texts(implied_independences(graph_of("a -> b -> c -> d"), IndependenceBasis::kLocalMarkov)) ==
      std::vector<std::string>{"a _||_ c | b", "a _||_ d | c", "b _||_ d | c"});
}

TEST_CASE("implied independences are those that enumeration finds", "[causal][graph]") {
  Stream stream(StreamKey::root(10).child("implied"));
  int statements = 0;
  for (int round = 0; round < 300; ++round) {
    const CausalGraph graph = random_graph(stream, 6, 0.35, 0.1, 0.2);
    const std::vector<Independence> found = implied_independences(graph);
    std::size_t next = 0;
    INFO(causal_graph_text(graph));
    for (const NodeId a : graph.observed()) {
      for (const NodeId b : graph.observed()) {
        if (b <= a) continue;
        std::size_t least = kMostNodes;
        for (const NodeSet& set : subsets(graph.observed() - NodeSet{a, b})) {
          if (separated_by_paths(graph, a, b, set)) least = std::min(least, set.size());
        }
        if (least == kMostNodes) continue;
        REQUIRE(next < found.size());
        const Independence& s = found[next++];
        REQUIRE(s.a == graph.name(a));
        REQUIRE(s.b == graph.name(b));
        REQUIRE(s.given.size() == least);
        REQUIRE(separated_by_paths(graph, a, b, graph.set_of(s.given, "test")));
      }
    }
    REQUIRE(next == found.size());
    statements += static_cast<int>(next);
    for (const Independence& s : implied_independences(graph, IndependenceBasis::kLocalMarkov)) {
      INFO(s.text);
      REQUIRE(separated(graph, {{s.a}}, {{s.b}}, s.given).separated);
    }
  }
  CHECK(statements > 500);
  const CausalGraph wide = random_graph(stream, 60, 0.5, 0.01, 0.1);
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(implied_independences(wide).empty());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  CHECK(took.count() < 2.0);
}

TEST_CASE("tests of independence agree with R", "[causal][graph]") {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/causal/independence.json");
  const nlohmann::json reference = nlohmann::json::parse(file);
  const ReferenceColumns data;
  const Independence numbers{.a = "a", .b = "b", .given = {"c"}, .text = "a _||_ b | c"};
  const Estimate z = only_test(numbers, data).row;
  CHECK(z.method == "fisher_z");
  CHECK(z.estimate == Approx(reference["fisher_z"][0].get<double>()).epsilon(1e-12));
  CHECK(z.statistic == Approx(reference["fisher_z"][1].get<double>()).epsilon(1e-12));
  CHECK(z.p_value == Approx(reference["fisher_z"][2].get<double>()).epsilon(1e-11));
  const auto check = [&](const Independence& s, const char* key, IndependenceMethod method,
                         double accuracy) {
    const Estimate row = only_test(s, data, {.method = method}).row;
    INFO(key);
    CHECK(row.method == key);
    CHECK(row.statistic == Approx(reference[key][0].get<double>()).epsilon(accuracy));
    CHECK(row.df == reference[key][1].get<double>());
    CHECK(row.p_value == Approx(reference[key][2].get<double>()).epsilon(accuracy));
  };
  const Independence categories{.a = "g", .b = "h", .given = {"k"}};
  check(categories, "chi_square", IndependenceMethod::kAuto, 1e-11);
  check({.a = "g", .b = "a", .given = {"c", "k"}}, "f_test", IndependenceMethod::kAuto, 1e-9);
  check({.a = "a", .b = "g", .given = {"c", "k"}}, "f_test", IndependenceMethod::kRegression, 1e-9);
  check({.a = "g", .b = "h", .given = {"c", "k"}}, "likelihood_ratio", IndependenceMethod::kAuto,
        1e-7);
  CHECK_THROWS_AS(only_test(categories, data, {.method = IndependenceMethod::kFisherZ}),
                  ArgumentError);
  CHECK_THROWS_AS(only_test(numbers, data, {.method = IndependenceMethod::kChiSquare}),
                  ArgumentError);
  CHECK_THROWS_AS(only_test(numbers, data, {.level = 0.0}), ArgumentError);
  CHECK(parse_independence_method("chi_square") == IndependenceMethod::kChiSquare);
  CHECK_THROWS_AS(parse_independence_method("chisquare"), ArgumentError);
}

TEST_CASE("data contradict a wrong graph and not the right one", "[causal][graph]") {
  Stream stream(StreamKey::root(10).child("data"));
  const std::size_t n = 2000;
  std::vector<double> z(n), t(n), y(n);
  std::vector<std::int32_t> w(n);
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = stream.normal();
    t[i] = 0.8 * z[i] + stream.normal();
    w[i] = stream.bernoulli(1.0 / (1.0 + std::exp(-t[i]))) ? 1 : 0;
    y[i] = 0.5 * t[i] + 0.7 * w[i] + stream.normal();
  }
  const std::vector<IndependenceColumn> columns = {{.name = "z", .values = z},
                                                   {.name = "t", .values = t},
                                                   {.name = "y", .values = y},
                                                   {.name = "w", .codes = w}};
  const auto report = [&](std::string_view graph, int threads = 1) {
    return test_independences(implied_independences(graph_of(graph)), columns, {},
                              {.threads = threads});
  };
  const IndependenceReport right = report("z -> t -> y, t -> w -> y");
  CHECK(right.tests.size() == 2);
  CHECK(right.rejected == 0);
  CHECK(right.reading.find("do not contradict") != std::string::npos);
  const IndependenceReport wrong = report("z -> t -> y, w -> y");
  CHECK(wrong.rejected == 2);  // t and w, z and w; not z and y.
  CHECK(wrong.tests.size() == 3);
  CHECK(wrong.reading ==
        "2 of the 3 independences that the graph implies are rejected at level 0.05 (holm): t _||_ "
        "w, w _||_ z");
  for (const int threads : {2, 3, 8}) {
    const IndependenceReport again = report("z -> t -> y, w -> y", threads);
    for (std::size_t i = 0; i < again.tests.size(); ++i) {
      CHECK(again.tests[i].row.p_value == wrong.tests[i].row.p_value);
      CHECK(again.tests[i].p_adjusted == wrong.tests[i].p_adjusted);
    }
  }
  // Holm: the smallest of three counts thrice.
  std::vector<double> p;
  for (const IndependenceTest& test : wrong.tests) p.push_back(test.row.p_value);
  const auto smallest = std::ranges::min_element(p) - p.begin();
  CHECK(wrong.tests[static_cast<std::size_t>(smallest)].p_adjusted ==
        Approx(3.0 * p[static_cast<std::size_t>(smallest)]));
  const IndependenceReport partly = report("z -> t -> y, t -> q");
  REQUIRE(partly.warnings.size() == 1);
  CHECK(partly.warnings[0] == "2 of 3 statements were left out: no column for q");
}

TEST_CASE("tests of independence hold their level", "[causal][graph]") {
  Stream stream(StreamKey::root(10).child("level"));
  const std::size_t n = 200;
  const int draws = 600;
  std::array<int, 4> rejected{};
  for (int draw = 0; draw < draws; ++draw) {
    std::vector<double> u(n), a(n), b(n);
    std::vector<std::int32_t> s(n), g(n), h(n);
    for (std::size_t i = 0; i < n; ++i) {
      s[i] = static_cast<std::int32_t>(stream.below(2));
      u[i] = stream.normal() + s[i];
      a[i] = u[i] + stream.normal();
      b[i] = -u[i] + stream.normal();
      g[i] = stream.bernoulli(0.3 + 0.4 * s[i]) ? 1 : 0;
      h[i] = static_cast<std::int32_t>(stream.below(s[i] == 0 ? 2 : 3));
    }
    const std::vector<IndependenceColumn> columns = {
        {.name = "u", .values = u}, {.name = "a", .values = a}, {.name = "b", .values = b},
        {.name = "s", .codes = s},  {.name = "g", .codes = g},  {.name = "h", .codes = h}};
    const std::vector<Independence> statements = {{.a = "a", .b = "b", .given = {"u"}},
                                                  {.a = "g", .b = "h", .given = {"s"}},
                                                  {.a = "a", .b = "g", .given = {"u", "s"}},
                                                  {.a = "g", .b = "h", .given = {"s", "u"}}};
    const IndependenceReport report = test_independences(statements, columns);
    for (std::size_t i = 0; i < rejected.size(); ++i) {
      rejected[i] += report.tests[i].row.p_value < 0.05 ? 1 : 0;
    }
  }
  // 30 expected, standard deviation 5.3.
  for (const int count : rejected) {
    CHECK(count > 12);
    CHECK(count < 50);
  }
}

TEST_CASE("tests of independence on data that hold no answer", "[causal][graph]") {
  const std::vector<double> constant(30, 1.0);
  std::vector<double> numbers(30);
  for (std::size_t i = 0; i < 30; ++i) numbers[i] = std::sin(static_cast<double>(i));
  std::vector<double> holes = numbers;
  holes[3] = std::nan("");
  const std::vector<double> empty(30, std::nan(""));
  std::vector<IndependenceColumn> columns = {{.name = "c", .values = constant},
                                             {.name = "x", .values = numbers},
                                             {.name = "h", .values = holes},
                                             {.name = "e", .values = empty}};
  const auto row = [&](const Independence& s) {
    return test_independences(std::vector<Independence>{s}, columns).tests.at(0).row;
  };
  CHECK(std::isnan(row({.a = "c", .b = "x"}).p_value));
  CHECK(row({.a = "c", .b = "x"}).warnings.at(0) == "c does not vary: no test");
  CHECK(row({.a = "x", .b = "e"}).warnings.back() == "no complete row: no test");
  CHECK(row({.a = "h", .b = "x"}).n == 29);
  CHECK(row({.a = "h", .b = "x"}).warnings.at(0) == "1 rows with missing values left out");
  CHECK(test_independences(std::vector<Independence>{{.a = "c", .b = "x"}}, columns).reading ==
        "nothing that the graph implies could be tested");
  columns.push_back(columns[0]);
  CHECK_THROWS_AS(test_independences({}, columns), ArgumentError);
  columns.back() = {.name = "short", .values = std::span(numbers).first(5)};
  CHECK_THROWS_AS(test_independences({}, columns), ArgumentError);
  columns.back() = {.name = "none"};
  CHECK_THROWS_AS(test_independences({}, columns), ArgumentError);
}
