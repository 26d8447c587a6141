#include "engine/study/frozen_plan.h"

#include <functional>
#include <catch2/catch.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

using Catch::Contains;
using nlohmann::json;
using test::message_of;

json plan(int seed) {
  return {{"study", "s"},
          {"version", "1"},
          {"seed", seed},
          {"nodes", json::array({{{"kind", "source"},
                                  {"name", "v"},
                                  {"inputs", json::array()},
                                  {"definition", {{"share", 0.5}}}}})}};
}

FrozenPlan sample() {
  return freeze_plan(plan(1), "2024-06-11T09:30:00Z",
                     {{"w", "w.csv", std::string(64, 'a'), 7}, {"v", "v.csv", "b", 0}});
}

std::string refusal(const std::string& text) {
  return message_of<DataError>([&] { (void)read_frozen_plan(text, "scripts/s/plan.json"); });
}

std::string resealed(const std::function<void(json&)>& change) {
  json record = parse_json(frozen_plan_text(sample()), "plan");
  change(record);
  record.erase("seal");
  record["seal"] = hash_json(record);
  return canonical_json(record);
}

TEST_CASE("a frozen plan is read back as it was", "[frozen_plan]") {
  FrozenPlan frozen = sample();
  const std::string text = frozen_plan_text(frozen);
  std::swap(frozen.inputs[0], frozen.inputs[1]);  // Sorted by name.
  CHECK(read_frozen_plan(text, "x") == frozen);
  CHECK(frozen_plan_text(read_frozen_plan(text, "x")) == text);
  CHECK(frozen.plan_hash == hash_json(plan(1)));
}

TEST_CASE("freezing again keeps earlier seals on record", "[frozen_plan]") {
  const FrozenPlan first = sample();
  const FrozenPlan second = freeze_plan(plan(2), "2024-07-01T00:00:00Z", {}, &first);
  const FrozenPlan third = freeze_plan(plan(3), "2024-08-01T00:00:00.5Z", {}, &second);
  REQUIRE(third.earlier.size() == 2);
  CHECK(third.earlier[0] == FrozenPlan::Seal{hash_json(plan(1)), "2024-06-11T09:30:00Z"});
  CHECK(third.earlier[1] == FrozenPlan::Seal{hash_json(plan(2)), "2024-07-01T00:00:00Z"});
  CHECK(read_frozen_plan(frozen_plan_text(third), "x") == third);
  // The plan of before is a change too, while the same plan is not.
  CHECK(freeze_plan(plan(1), "2025-01-01T00:00:00Z", {}, &third).earlier.size() == 3);
  CHECK(freeze_plan(plan(3), "2025-01-01T00:00:00Z", {}, &third) == third);
}

TEST_CASE("an edit of a frozen plan by hand is seen", "[frozen_plan]") {
  const std::string text = frozen_plan_text(sample());
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"seed\": 1", "\"seed\": 2"},
                                                        {"2024-06-11", "2023-06-11"},
                                                        {"\"share\": 0.5", "\"share\": 0.6"},
                                                        {"\"bytes\": 7", "\"bytes\": 8"}}) {
    std::string edited = text;
    edited.replace(edited.find(from), from.size(), to);
    CAPTURE(from);
    CHECK_THAT(refusal(edited), Contains("the frozen plan was edited by hand") &&
                                    Contains("plan.json") && Contains("freeze it again"));
  }
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(refusal(text.substr(0, size)).empty());
  }
}

TEST_CASE("a frozen plan that contradicts itself is refused", "[frozen_plan]") {
  CHECK_THAT(refusal(resealed([](json& record) { record["plan"]["seed"] = 2; })),
             Contains("not that of its plan"));
  CHECK_THAT(refusal(resealed([](json& record) { record["plan"].erase("nodes"); })),
             Contains("'plan.nodes' is missing"));
  for (const char* time : {"yesterday", "2024-06-11", "2024-06-11T09:30:00", "2024-06-11 09:30:00Z",
                           "2024-06-11T09:30:00.Z", "2024-06-11T09:30:00+02:00Z", ""}) {
    CAPTURE(time);
    CHECK_THAT(refusal(resealed([&](json& record) { record["sealed"] = time; })),
               Contains("cannot be read"));
    FrozenPlan frozen = sample();
    frozen.sealed = time;
    CHECK_THROWS_AS(frozen_plan_text(frozen), DataError);
  }
  const json whole = parse_json(frozen_plan_text(sample()), "plan");
  for (const auto& [key, value] : whole.items()) {
    if (key == "seal" || key == "format") continue;
    CAPTURE(key);
    CHECK_THAT(refusal(resealed([&, name = key](json& record) { record.erase(name); })),
               Contains("'" + key + "' is missing"));
  }
  CHECK_THAT(refusal("{\"format\": 7}"), Contains("does not know"));
}

}  // namespace
}  // namespace impact
