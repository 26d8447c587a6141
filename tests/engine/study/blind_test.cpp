#include "engine/study/blind.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/study/recipe.h"
#include "tests/engine/study/study_fixture.h"

using namespace impact;
using namespace impact::testing;
using Catch::Contains;

namespace {

constexpr int kUnits = 40;

// id, x, y, w and note of unit u; y of every tenth unit is missing.
std::string row(int u, int x_factor = 3) {
  const std::string y = u % 10 == 0 ? "" : std::to_string(100 + u);
  return std::to_string(u) + "," + std::to_string(u * x_factor) + "," + y + "," +
         std::to_string(200 + u) + ",n" + std::to_string(u) + "\n";
}

std::string file_text(bool backwards = false, int x_factor = 3) {
  std::string text = "id,x,y,w,note\n";
  for (int u = 1; u <= kUnits; ++u) text += row(backwards ? kUnits + 1 - u : u, x_factor);
  return text;
}

struct BlindStudy : StudyFixture {
  RelationPtr videos;

  explicit BlindStudy(Blinding blinding = Blinding::kShuffle, const std::string& text = file_text(),
                      std::vector<std::string> key = {"id"})
      : videos(source("videos", text, std::move(key))) {
    study.blind = blinding;
  }
  Frame seen(const RelationPtr& relation) {
    Blind blind(study, true);
    blind.prepare(context);
    const RelationPtr shown = blind(relation);
    return shown->backend->collect(shown, context);
  }
};

std::vector<std::string> cells(const Frame& frame, const std::string& name) {
  std::vector<std::string> out;
  for (std::size_t r = 0; r < frame.rows(); ++r) {
    out.push_back(format_value(frame.column(name).value(r)));
  }
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

TEST_CASE("a shuffle keeps the outcome's distribution and every other column", "[study][blind]") {
  BlindStudy s;
  s.roles("outcome", {s.col(s.videos, "y")});
  const Frame before = s.backend->collect(s.videos, s.context);
  const Frame after = s.seen(s.videos);
  CHECK(after.schema() == before.schema());
  for (const char* kept : {"id", "x", "w", "note"}) {
    INFO(kept);
    CHECK(cells(after, kept) == cells(before, kept));
  }
  CHECK(cells(after, "y") != cells(before, "y"));
  CHECK(sorted(cells(after, "y")) == sorted(cells(before, "y")));
  std::size_t in_place = 0;
  for (std::size_t r = 0; r < after.rows(); ++r) {
    if (cells(after, "y")[r] == cells(before, "y")[r]) ++in_place;
  }
  CHECK(in_place < 10);
}

TEST_CASE("outcomes of one file are shuffled together", "[study][blind]") {
  BlindStudy s;
  s.roles("outcome", {s.col(s.videos, "y"), s.col(s.videos, "w")});
  const Frame after = s.seen(s.videos);
  const auto y = cells(after, "y");
  const auto w = cells(after, "w");
  for (std::size_t r = 0; r < y.size(); ++r) {
    if (y[r] != "missing") CHECK(std::stoi(w[r]) == std::stoi(y[r]) + 100);
  }
}

TEST_CASE("the shuffle depends on the seed, the source's name and the keys only",
          "[study][blind]") {
  const auto shuffled = [](std::int64_t seed, const std::string& text) {
    BlindStudy s(Blinding::kShuffle, text);
    s.study.seed = seed;
    s.roles("outcome", {s.col(s.videos, "y")});
    return cells(s.seen(s.videos), "y");
  };
  const auto first = shuffled(7, file_text());
  CHECK(shuffled(7, file_text()) == first);
  CHECK(shuffled(7, file_text(true)) == first);
  CHECK(shuffled(7, file_text(false, 5)) == first);
  CHECK(shuffled(8, file_text()) != first);
}

TEST_CASE("the shuffle is the same on any number of threads", "[study][blind]") {
  BlindStudy s;
  s.roles("outcome", {s.col(s.videos, "y")});
  const auto first = cells(s.seen(s.videos), "y");
  for (const int threads : {1, 3, 8}) {
    s.context.threads = threads;
    CHECK(cells(s.seen(s.videos), "y") == first);
  }
}

TEST_CASE("hiding leaves no outcome and everything else", "[study][blind]") {
  BlindStudy s(Blinding::kHide);
  s.roles("outcome", {s.col(s.videos, "y"), s.col(s.videos, "note")});
  const Frame before = s.backend->collect(s.videos, s.context);
  const Frame after = s.seen(s.videos);
  CHECK(after.schema() == before.schema());
  CHECK(after.rows() == kUnits);
  CHECK(after.column("y").missing_count() == kUnits);
  CHECK(after.column("note").missing_count() == kUnits);
  for (const char* kept : {"id", "x", "w"}) CHECK(cells(after, kept) == cells(before, kept));
}

TEST_CASE("outcomes are found behind features, joins and filters, and blinded above them",
          "[study][blind]") {
  BlindStudy s(Blinding::kHide);
  const RelationPtr other = s.source("other", "id,z\n1,5\n2,6\n");
  const RelationPtr log = derive(s.videos, {{"log_y", call("log", {column("y")})}});
  const RelationPtr joined = join(filter(log, call("le", {column("id"), literal(std::int64_t{2})})),
                                  other, {.kind = JoinKind::kLeft, .on = {{"id", "id"}}});
  s.roles("outcome", {s.col(joined, "log_y")});
  const Frame after = s.seen(joined);
  CHECK(after.rows() == 2);
  CHECK(after.column("y").missing_count() == 2);
  CHECK(after.column("log_y").missing_count() == 2);
  CHECK(cells(after, "z") == std::vector<std::string>{"5", "6"});
  CHECK(s.seen(other).column("z").missing_count() == 0);
}

TEST_CASE("what an inquiry asks about is blinded without a declared role", "[study][blind]") {
  BlindStudy s(Blinding::kHide);
  s.add("ATE", s.asks(s.col(s.videos, "y"), s.col(s.videos, "note"), "n1", "n2"));
  const Frame after = s.seen(s.videos);
  CHECK(after.column("y").missing_count() == kUnits);
  CHECK(after.column("note").missing_count() == 0);
}

TEST_CASE("nothing is touched while the blind is not active", "[study][blind]") {
  BlindStudy s;
  s.roles("outcome", {s.col(s.videos, "y")});
  Blind blind(s.study, false);
  blind.prepare(s.context);
  CHECK(blind(s.videos) == s.videos);
}

TEST_CASE("a table without a key can be hidden but not shuffled", "[study][blind]") {
  BlindStudy shuffle(Blinding::kShuffle, file_text(), {});
  shuffle.roles("outcome", {shuffle.col(shuffle.videos, "y")});
  CHECK_THAT(test::message_of<DataError>([&] { (void)shuffle.seen(shuffle.videos); }),
             Contains("without a key") && Contains("'videos'") && Contains("hide"));
  BlindStudy hide(Blinding::kHide, file_text(), {});
  hide.roles("outcome", {hide.col(hide.videos, "y")});
  CHECK(hide.seen(hide.videos).column("y").missing_count() == kUnits);
}

TEST_CASE("a run is blind until the plan is sealed, and its estimates say nothing of the outcome",
          "[study][blind]") {
  BlindStudy s;
  const StudyColumn late{
      .name = "", .expr = call("gt", {column("id"), literal(std::int64_t{20})}), .table = s.videos};
  s.roles("outcome", {s.col(s.videos, "w")});
  s.add("ATE", s.asks(s.col(s.videos, "w"), late, "true", "false"));
  s.estimator("means", {});
  const StudyRun blind = s.run();
  const StudyRun open = s.run(nullptr, 2, true);
  CHECK(blind.blinded);
  CHECK_FALSE(open.blinded);
  CHECK(open.nodes.back().result.estimates[0].estimate == Approx(20.0));
  CHECK(std::abs(blind.nodes.back().result.estimates[0].estimate) < 12.0);
  CHECK(blind.nodes.back().key != open.nodes.back().key);
}

TEST_CASE("a run that blinds other columns, or otherwise, takes nothing from the cache of this one",
          "[study][blind][run]") {
  const auto keys = [](BlindStudy& s) {
    std::map<std::string, std::string> out;
    for (const NodeState& state : s.states()) out[state.name] = state.key;
    return out;
  };
  BlindStudy s;
  s.add("all", TableNode{s.videos});
  s.roles("outcome", {s.col(s.videos, "y")});
  const auto shuffled = keys(s);
  s.study.blind = Blinding::kHide;
  CHECK(keys(s).at("all") != shuffled.at("all"));
  s.study.blind = Blinding::kShuffle;
  CHECK(keys(s) == shuffled);
  auto& roles = std::get<RolesNode>(s.study.nodes.back().body);
  roles.roles[0].second.push_back(s.col(s.videos, "w"));
  CHECK(keys(s).at("all") != shuffled.at("all"));
}

TEST_CASE_METHOD(StudyFixture, "an analysis of the exposure does not undo the blinding",
                 "[study][blind]") {
  // y follows g exactly; g is looked at by an analysis of its own.
  std::string text = "id,y,g\n";
  for (int i = 1; i <= 200; ++i) {
    text += std::to_string(i) + "," + std::to_string(i % 2 * 10 + i % 3) + "," +
            (i % 2 != 0 ? "b" : "a") + "\n";
  }
  const RelationPtr t = source("posts", text);
  study.blind = Blinding::kShuffle;
  roles("outcome", {col(t, "y")});
  Recipe gap{.method = "welch", .table = t};
  gap.roles = {{"of", {col(t, "y")}}, {"by", {col(t, "g")}}};
  Recipe share{.method = "share", .table = t};
  share.roles = {{"of", {col(t, "g")}}};
  share.options["success"] = "b";
  add("gap", AnalysisNode{std::make_shared<const Recipe>(std::move(gap))});
  add("share", AnalysisNode{std::make_shared<const Recipe>(std::move(share))});
  const StudyRun found = run();
  REQUIRE(found.blinded);
  for (const NodeRun& node : found.nodes) {
    if (node.name != "gap") continue;
    CHECK(node.result.estimates[0].p_value > 0.001);
    CHECK(node.result.estimates[0].n == 200);
  }
}
