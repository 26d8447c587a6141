#include "engine/study/units.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "tests/engine/stats/reference.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;

namespace {

struct UnitsStudy : StudyFixture {
  RelationPtr units;
  AssignmentNode node{.design = {.name = "z", .arms = {"control", "treated"}}};

  explicit UnitsStudy(bool backwards = false) : units(source("units", units_csv(backwards))) {
    node.units = units;
  }
  Frame draw() {
    const Blind blind(study, false);
    return draw_arms(study, node, blind, context);
  }
  std::vector<std::string> arms() {
    const Frame drawn = draw();
    std::vector<std::string> out;
    for (std::size_t r = 0; r < drawn.rows(); ++r) {
      const Column& column = drawn.column("z");
      out.push_back(column.missing(r) ? "missing" : std::string(column.text_at(r)));
    }
    return out;
  }
};

}  // namespace

TEST_CASE("groups are numbered as they appear, missing cells apart", "[study][units]") {
  const Frame frame = make_frame(
      {"t", "n"}, {{s("b"), i(2)}, {kMissing, i(1)}, {s("a"), i(2)}, {s("b"), kMissing}});
  const Groups texts = group_cells(frame.column("t"));
  CHECK(texts.codes == std::vector<std::int32_t>{0, -1, 1, 0});
  CHECK(texts.labels == std::vector<std::string>{"b", "a"});
  const Groups numbers = group_cells(frame.column("n"));
  CHECK(numbers.codes == std::vector<std::int32_t>{0, 1, 0, -1});
  CHECK(numbers.labels == std::vector<std::string>{"2", "1"});
}

TEST_CASE("keys of several columns never run into each other", "[study][units]") {
  const Frame frame = make_frame(
      {"a", "b"}, {{s("x"), s("yz")}, {s("xy"), s("z")}, {s("1:x"), s("")}, {s(""), s("1:x")}});
  auto texts = key_texts(frame, {"a", "b"});
  REQUIRE(texts.size() == 4);
  std::sort(texts.begin(), texts.end());
  CHECK(std::unique(texts.begin(), texts.end()) == texts.end());
}

TEST_CASE("arms are drawn from the declared stream over units in key order", "[study][units]") {
  UnitsStudy s;
  s.node.within = s.col(s.units, "block");
  Stream stream(StreamKey::root(7).child("assignment").child("z"), 0);
  const auto codes =
      draw_assignment(s.node.design, 60, {.blocks = reference::Units().codes("block")}, stream);
  const Frame drawn = s.draw();
  CHECK(drawn.schema().names() == std::vector<std::string>{"id", "z"});
  const auto arms = s.arms();
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(drawn.column("id").as_integers()[i] == static_cast<std::int64_t>(i) + 1);
    CHECK(arms[i] == (codes[i] == 1 ? "treated" : "control"));
  }
}

TEST_CASE("a draw depends on the seed and the name, not on the file's order or threads",
          "[study][units]") {
  UnitsStudy s;
  const auto first = s.arms();
  CHECK(std::count(first.begin(), first.end(), "treated") == 30);
  CHECK(UnitsStudy(true).arms() == first);
  for (const int threads : {1, 3, 8}) {
    s.context.threads = threads;
    CHECK(s.arms() == first);
  }
  s.study.seed = 8;
  CHECK(s.arms() != first);
  UnitsStudy other;
  other.node.design.name = "w";
  other.node.design.arms = {"control", "treated"};
  const Frame drawn = other.draw();
  std::vector<std::string> arms;
  for (std::size_t r = 0; r < 60; ++r) arms.emplace_back(drawn.column("w").text_at(r));
  CHECK(arms != first);
}

TEST_CASE("blocks are balanced and clusters share an arm", "[study][units]") {
  UnitsStudy s;
  s.node.within = s.col(s.units, "block");
  s.node.clusters = s.col(s.units, "cluster");
  const reference::Units units;
  const auto arms = s.arms();
  std::map<double, std::set<std::string>> by_cluster;
  std::map<double, int> treated;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    by_cluster[units["cluster"][i]].insert(arms[i]);
    treated[units["block"][i]] += arms[i] == "treated" ? 1 : 0;
  }
  REQUIRE(by_cluster.size() == 20);
  for (const auto& [cluster, seen] : by_cluster) CHECK(seen.size() == 1);
  for (const auto& [block, count] : treated) CHECK(count == 6);
}

TEST_CASE("given arms are read, missing ones stay missing, unknown ones are an error",
          "[study][units]") {
  UnitsStudy s;
  s.node.given = s.col(s.units, "arm");
  const reference::Units units;
  const auto arms = s.arms();
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(arms[i] == (units["z"][i] == 1 ? "treated" : "control"));
  }
  s.node.given->expr = call("null_if", {column("arm"), literal(std::string("treated"))});
  const auto some = s.arms();
  CHECK(std::count(some.begin(), some.end(), "missing") == 30);
  CHECK(std::count(some.begin(), some.end(), "control") == 30);
  s.node.given = s.col(s.units, "arm");
  s.node.design.arms = {"control", "treatd"};
  CHECK_THAT(test::message_of<DataError>([&] { (void)s.draw(); }),
             Contains("an arm that assignment 'z' does not declare") &&
                 Contains("got:      'treated'") && Contains("did you mean 'treatd'?"));
}

TEST_CASE("units that don't fit the design are refused", "[study][units]") {
  UnitsStudy s;
  s.node.design.counts = {10, 20};
  CHECK_THROWS_AS(s.draw(), ArgumentError);
  s.node.design.counts = {};
  s.node.within = s.col(s.units, "block");
  s.node.within->expr = call("null_if", {column("block"), literal(std::int64_t{2})});
  CHECK_THROWS_AS(s.draw(), ArgumentError);
  s.node.within = s.col(s.units, "g");
  s.node.clusters = s.col(s.units, "cluster");
  CHECK_THROWS_AS(s.draw(), ArgumentError);
}
