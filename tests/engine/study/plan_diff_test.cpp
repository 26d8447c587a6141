#include "engine/study/plan_diff.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/study/plan_text.h"

namespace impact {
namespace {

using nlohmann::json;
using Kind = Deviation::Kind;

json plan() {
  return json::parse(R"json({
    "study": "caption-sentiment", "version": "1.2.0", "seed": 20240611,
    "nodes": [
      {"kind": "check", "name": "balance", "inputs": ["assigned"],
       "definition": {"max_smd": 0.1, "of": ["age", "tier"]}},
      {"kind": "estimator", "name": "lin", "inputs": ["assigned", "words"],
       "definition": {"method": "lin", "answers": "ATE", "se": "HC2", "level": 0.95,
                      "covariates": ["age", "baseline", "duration", "words"]}},
      {"kind": "source", "name": "videos", "inputs": [],
       "definition": {"relation": {"verb": "scan", "format": "csv", "path": "videos.csv",
                                   "key": ["video_id"], "types": {}},
                      "expect": {"min_rows": 400, "columns":
                         [{"column": "views", "min": 0}, {"column": "tier", "min": null}]}}},
      {"kind": "table", "name": "assigned", "inputs": ["videos"],
       "definition": {"relation":
         {"verb": "select", "columns": [{"name": "video_id", "expr": {"column": "video_id"}},
             {"name": "log_views", "expr": {"call": "log1p", "args": [{"column": "views"}]}}],
          "inputs": [{"verb": "filter",
             "condition": {"call": "gt", "args": [{"column": "views"}, {"value": 10}]},
             "inputs": [{"verb": "scan", "format": "csv", "path": "videos.csv",
                         "key": ["video_id"], "types": {}}]}]}}},
      {"kind": "table", "name": "words", "inputs": ["videos"],
       "definition": {"feature": "count_words", "of": {"column": "caption"}}}
    ]})json");
}

json& node(json& of, const std::string& name) {
  for (json& item : of["nodes"]) {
    if (item["name"] == name) return item;
  }
  throw std::out_of_range(name);
}

json& definition(json& of, const std::string& name) { return node(of, name)["definition"]; }

using Deviations = std::vector<Deviation>;

template <class Edit>
Deviations after(Edit&& edit) {
  json now = plan();
  edit(now);
  return compare_plans(plan(), now);
}

TEST_CASE("plan text: draws of a model and references to nodes read as they are written") {
  const json draw = {{"draw", "normal"}, {"args", {{{"value", 35}}, {{"value", 6}}}}};
  CHECK(plan_text(draw) == "normal(35, 6)");
  const json sum = {{"call", "add"}, {"args", {{{"column", "x"}}, draw}}};
  CHECK(plan_text(sum) == "x + normal(35, 6)");
  json shared = draw;
  shared["per"] = json::array({{{"column", "creator"}}});
  CHECK(plan_text(shared) == "normal(35, 6, per creator)");
  CHECK(plan_text({{"node", "videos"}}) == "videos");
  const json filtered = {
      {"verb", "filter"},
      {"condition", {{"call", "gt"}, {"args", {{{"column", "x"}}, {{"value", 1}}}}}},
      {"inputs", json::array({{{"node", "videos"}}})}};
  CHECK(plan_text(filtered) == "videos, filter x > 1");
}

TEST_CASE("equal plans have no deviations", "[plan_diff]") {
  CHECK(compare_plans(plan(), plan()).empty());
  CHECK(compare_plans(json::object(), json::object()).empty());
}

TEST_CASE("realistic edits of a plan read like what was done", "[plan_diff]") {
  SECTION("another seed, another version") {
    CHECK(after([](json& now) {
            now["seed"] = 7;
            now["version"] = "1.3.0";
          }) == Deviations{{Kind::kChanged, "the study", "seed", "20240611", "7"},
                           {Kind::kChanged, "the study", "version", "\"1.2.0\"", "\"1.3.0\""}});
  }
  SECTION("a covariate dropped from the middle") {
    CHECK(after([](json& now) { definition(now, "lin")["covariates"].erase(1); }) ==
          Deviations{{Kind::kRemoved, "estimator 'lin'", "covariates[2]", "\"baseline\"", ""}});
  }
  SECTION("a covariate added at the front and another at the end") {
    CHECK(after([](json& now) {
            definition(now, "lin")["covariates"] = {"Q",        "age",   "baseline",
                                                    "duration", "words", "z"};
          }) == Deviations{{Kind::kAdded, "estimator 'lin'", "covariates[1]", "", "\"Q\""},
                           {Kind::kAdded, "estimator 'lin'", "covariates[6]", "", "\"z\""}});
  }
  SECTION("a covariate exchanged") {
    CHECK(after([](json& now) { definition(now, "lin")["covariates"][2] = "length"; }) ==
          Deviations{
              {Kind::kChanged, "estimator 'lin'", "covariates[3]", "\"duration\"", "\"length\""}});
  }
  SECTION("covariates in another order") {
    CHECK(after([](json& now) {
            auto& list = definition(now, "balance")["of"];
            std::swap(list[0], list[1]);
          }) == Deviations{{Kind::kChanged, "check 'balance'", "of (order)", "[\"age\", \"tier\"]",
                            "[\"tier\", \"age\"]"}});
  }
  SECTION("another standard error") {
    CHECK(after([](json& now) { definition(now, "lin")["se"] = "CR2"; }) ==
          Deviations{{Kind::kChanged, "estimator 'lin'", "se", "\"HC2\"", "\"CR2\""}});
  }
  SECTION("an option added and one removed") {
    CHECK(after([](json& now) {
            definition(now, "lin").erase("level");
            definition(now, "lin")["cluster"] = {{"column", "author"}};
          }) == Deviations{{Kind::kRemoved, "estimator 'lin'", "level", "0.95", ""},
                           {Kind::kAdded, "estimator 'lin'", "cluster", "", "author"}});
  }
  SECTION("a threshold in a filter") {
    CHECK(after([](json& now) {
            definition(now, "assigned")["relation"]["inputs"][0]["condition"]["args"][1] = {
                {"value", 100}};
          }) == Deviations{{Kind::kChanged, "table 'assigned'", "relation.filter.condition",
                            "views > 10", "views > 100"}});
  }
  SECTION("a further filter at the bottom") {
    CHECK(after([](json& now) {
            json& filter = definition(now, "assigned")["relation"]["inputs"][0];
            const json scan = filter["inputs"][0];
            filter["inputs"][0] = {
                {"verb", "filter"},
                {"condition", {{"call", "is_present"}, {"args", {{{"column", "tier"}}}}}},
                {"inputs", {scan}}};
          }) == Deviations{{Kind::kAdded, "table 'assigned'", "relation.filter[1]", "",
                            "filter is_present(tier)"}});
  }
  SECTION("the filter taken out") {
    CHECK(after([](json& now) {
            json& relation = definition(now, "assigned")["relation"];
            relation["inputs"] = json(relation["inputs"][0]["inputs"]);
          }) == Deviations{{Kind::kRemoved, "table 'assigned'", "relation.filter",
                            "filter views > 10", ""}});
  }
  SECTION("an outcome on another scale") {
    CHECK(after([](json& now) {
            definition(now, "assigned")["relation"]["columns"][1]["expr"]["call"] = "sqrt";
          }) ==
          Deviations{{Kind::kChanged, "table 'assigned'",
                      "relation.select.columns['log_views'].expr", "log1p(views)", "sqrt(views)"}});
  }
  SECTION("another file, and what a source must hold") {
    CHECK(after([](json& now) {
            definition(now, "videos")["relation"]["path"] = "videos_2025.csv";
            definition(now, "videos")["expect"]["columns"][0]["min"] = 1;
            definition(now, "videos")["expect"]["min_rows"] = nullptr;
          }) ==
          Deviations{{Kind::kChanged, "source 'videos'", "expect.columns['views'].min", "0", "1"},
                     {Kind::kChanged, "source 'videos'", "expect.min_rows", "400", "null"},
                     {Kind::kChanged, "source 'videos'", "relation.scan.path", "\"videos.csv\"",
                      "\"videos_2025.csv\""}});
  }
  SECTION("a source in place of another") {
    const auto found = after([](json& now) {
      node(now, "videos")["name"] = "posts";
      definition(now, "posts")["relation"]["path"] = "posts.parquet";
      definition(now, "posts")["relation"]["format"] = "parquet";
      node(now, "words")["inputs"] = {"posts"};
      node(now, "assigned")["inputs"] = {"posts"};
    });
    REQUIRE(found.size() == 4);
    CHECK(found[0].node == "source 'posts'");
    CHECK(found[0].kind == Kind::kAdded);
    CHECK(found[1].kind == Kind::kRemoved);
    CHECK(found[2] ==
          Deviation{Kind::kChanged, "table 'assigned'", "inputs[1]", "\"videos\"", "\"posts\""});
  }
  SECTION("an estimator added, a check removed") {
    CHECK(after([](json& now) {
            now["nodes"].erase(0);
            now["nodes"].push_back({{"kind", "estimator"},
                                    {"name", "dm"},
                                    {"inputs", {"assigned"}},
                                    {"definition", {{"method", "dm"}}}});
          }) == Deviations{{Kind::kRemoved, "check 'balance'", "",
                            "{max_smd: 0.1, of: [\"age\", \"tier\"]}", ""},
                           {Kind::kAdded, "estimator 'dm'", "", "", "{method: \"dm\"}"}});
  }
  SECTION("an integer made a number") {
    CHECK(after([](json& now) { definition(now, "videos")["expect"]["min_rows"] = 400.0; }) ==
          Deviations{{Kind::kChanged, "source 'videos'", "expect.min_rows", "400", "400.0"}});
  }
  SECTION("a column that reads like a number") {
    CHECK(after([](json& now) {
            definition(now, "assigned")["relation"]["inputs"][0]["condition"]["args"][1] = {
                {"column", "10"}};
          })[0]
              .after.find("{\"column\":\"10\"}") != std::string::npos);
  }
}

TEST_CASE("a renamed node is one deviation", "[plan_diff]") {
  // Both at once: the table rests on the source, others on the table; sorted inputs move.
  const auto found = after([](json& now) {
    node(now, "videos")["name"] = "posts";
    node(now, "assigned")["name"] = "zones";
    node(now, "words")["inputs"] = {"posts"};
    node(now, "zones")["inputs"] = {"posts"};
    node(now, "balance")["inputs"] = {"zones"};
    node(now, "lin")["inputs"] = {"words", "zones"};
  });
  CHECK(found == Deviations{{Kind::kChanged, "source 'videos'", "name", "'videos'", "'posts'"},
                            {Kind::kChanged, "table 'assigned'", "name", "'assigned'", "'zones'"}});
}

TEST_CASE("a renamed node does not hide a change elsewhere", "[plan_diff]") {
  const auto found = after([](json& now) {
    node(now, "words")["name"] = "word_count";
    node(now, "lin")["inputs"] = {"assigned", "word_count"};
    // The covariate is a column's name, not a node's: it is shown.
    definition(now, "lin")["covariates"][3] = "word_count";
  });
  CHECK(found == Deviations{{Kind::kChanged, "estimator 'lin'", "covariates[4]", "\"words\"",
                             "\"word_count\""},
                            {Kind::kChanged, "table 'words'", "name", "'words'", "'word_count'"}});
}

TEST_CASE("names that two kinds share are never taken for renamed", "[plan_diff]") {
  json before = plan();
  before["nodes"].push_back({{"kind", "check"}, {"name", "words"}, {"definition", {{"max", 1}}}});
  json now = before;
  now["nodes"][4]["name"] = "other";
  CHECK(compare_plans(before, now).size() == 2);
}

TEST_CASE("long texts still show where they differ", "[plan_diff]") {
  const std::string start(300, 'x');
  json before = plan();
  json now = plan();
  definition(before, "words")["of"] = {{"sql", start + "1 end"}};
  definition(now, "words")["of"] = {{"sql", start + "2 end"}};
  const auto deviations = compare_plans(before, now);
  REQUIRE(deviations.size() == 1);
  CHECK(deviations[0].before.find("x1 end") != std::string::npos);
  CHECK(deviations[0].after.find("x2 end") != std::string::npos);
  CHECK(deviations[0].before.size() < 90);
  CHECK(deviations[0].before.rfind("...", 0) == 0);
}

TEST_CASE("texts are cut between characters", "[plan_diff]") {
  CHECK(shorten("ééééé", 3) == "ééé...");
  CHECK(shorten("ééé", 3) == "ééé");
  const auto [a, b] = shorten_pair("日本語日本語日本語é", "日本語日本語日本語è", 4);
  CHECK(a == "...語é");
  CHECK(b == "...語è");
  CHECK(shorten_pair("abc", "abcd", 10) == std::pair<std::string, std::string>("abc", "abcd"));
  CHECK(shorten_pair("", "", 4) == std::pair<std::string, std::string>("", ""));
}

TEST_CASE("expressions read as formulas", "[plan_diff]") {
  const auto text = [](const char* source) { return plan_text(json::parse(source)); };
  const std::string x = R"({"column":"x"})";
  CHECK(text(R"({"call":"all_of","args":[{"call":"any_of","args":[{"column":"a"},{"column":"b"}]},
                {"call":"ne","args":[{"column":"c"},{"value":"large"}]}]})") ==
        "(a or b) and c != \"large\"");
  CHECK(text(R"({"call":"subtract","args":[{"column":"a"},
                {"call":"subtract","args":[{"column":"b"},{"column":"c"}]}]})") == "a - (b - c)");
  CHECK(text(R"({"call":"subtract","args":[{"call":"subtract","args":[{"column":"a"},
                {"column":"b"}]},{"column":"c"}]})") == "a - b - c");
  CHECK(text(R"({"call":"lag","args":[{"column":"v"},{"value":1}],"over":true,
                "by":[{"column":"g"}],"order":[{"by":{"column":"d"},"descending":true}]})") ==
        "lag(v, 1) over (by [g], order d descending)");
  CHECK(text(R"({"sql":"a < b"})") == "sql(\"a < b\")");
  CHECK(text(R"({"verb":"join","kind":"left","on":[["a","b"]],"inputs":[{"verb":"scan","path":"l"},
                {"verb":"scan","path":"r"}]})") ==
        "scan \"l\", join kind: \"left\" on: [[\"a\", \"b\"]] with (scan \"r\")");
}

TEST_CASE("a deviation is one line", "[plan_diff]") {
  CHECK(describe({Kind::kRemoved, "estimator 'lin'", "covariates[2]", "\"age\"", ""}) ==
        "estimator 'lin', covariates[2] was removed: \"age\"");
  CHECK(describe({Kind::kAdded, "table 't'", "", "", "{a: 1}"}) == "table 't' was added: {a: 1}");
  CHECK(describe({Kind::kChanged, "the study", "seed", "1", "2"}) == "the study, seed: 1 became 2");
}

// Every value inside the plan, to be changed in turn.
void leaves(const json& value, const json::json_pointer& at, std::vector<json::json_pointer>& out) {
  if (!at.empty()) out.push_back(at);
  if (value.is_object()) {
    for (const auto& [key, item] : value.items()) leaves(item, at / key, out);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) leaves(value[i], at / i, out);
  }
}

TEST_CASE("no change of a plan goes unseen", "[plan_diff]") {
  std::vector<json::json_pointer> places;
  leaves(plan(), json::json_pointer(), places);
  REQUIRE(places.size() > 80);
  const std::vector<json> values = {
      nullptr, 3, 3.0, "x", json::array(), true, json{{"verb", "x"}}, json{{"column", "y"}}};
  for (const auto& place : places) {
    for (const json& value : values) {
      json now = plan();
      // The frame of the plan itself stays: nodes are objects with a kind and a name.
      const std::string text = place.to_string();
      if (text == "/nodes" ||
          (text.rfind("/nodes/", 0) == 0 && place.parent_pointer().to_string() == "/nodes")) {
        continue;
      }
      now[place] = value;
      CAPTURE(text, value.dump());
      CHECK(compare_plans(plan(), now).empty() == (hash_json(plan()) == hash_json(now)));
      CHECK(compare_plans(now, plan()).empty() == (hash_json(plan()) == hash_json(now)));
      json fewer = plan();
      json& parent = fewer[place.parent_pointer()];
      if (parent.is_object()) {
        parent.erase(place.back());
        CHECK_FALSE(compare_plans(plan(), fewer).empty());
        CHECK_FALSE(compare_plans(fewer, plan()).empty());
      }
    }
  }
}

}  // namespace
}  // namespace impact
