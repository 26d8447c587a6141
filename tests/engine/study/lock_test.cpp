#include "engine/study/lock.h"

#include <functional>
#include <limits>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/version.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

using Catch::Contains;
using nlohmann::json;
using test::message_of;

std::string hash(const std::string& text) { return to_hex(sha256(text)); }

Lock sample() {
  Lock lock;
  lock.study = "caption-sentiment";
  lock.version = "1.2.0";
  lock.seed = std::numeric_limits<std::int64_t>::min();
  lock.plan_hash = hash("plan");
  lock.parameters = {
      {"draws", std::int64_t{9007199254740993}}, {"share", 0.1}, {"whole", 3.0},
      {"label", std::string("Größe \"x\"\n")},   {"fast", true}, {"none", std::monostate{}}};
  lock.engine = {"0.1.0",      "abc123",
                 "GCC 12.2.0", "-ffp-contract=off",
                 "x86-64-v2",  {{"duckdb", "v1.4.4"}, {"eigen", "3.4.0"}}};
  lock.scripts = {{"study.txt", hash("script")}};
  lock.inputs = {{"videos",
                  "videos.csv",
                  hash("videos"),
                  123456,
                  400,
                  {{"video_id", "integer"}, {"caption", "text"}},
                  false},
                 {"authors", "authors.csv", hash("authors"), 0, 0, {}, true}};
  lock.nodes = {
      {"videos", "source", hash("d1"), {{"videos.csv", hash("videos")}}, "", hash("r1"), {}},
      {"lin",
       "estimator",
       hash("d2"),
       {{"videos", hash("r1")}},
       "caption-sentiment/lin",
       hash("r2"),
       {"few clusters: 12"}}};
  lock.outputs = {{"results.json", hash("results")}, {"report.html", hash("report")}};
  return lock;
}

// The text with one change and the seal that belongs to it, as only a defect could write it.
std::string resealed(const std::function<void(json&)>& change) {
  json record = parse_json(lock_text(sample()), "lock");
  change(record);
  record.erase("seal");
  record["seal"] = hash_json(record);
  return canonical_json(record);
}

std::string refusal(const std::string& text) {
  return message_of<DataError>([&] { (void)read_lock(text, "runs/a/study.lock"); });
}

TEST_CASE("a lock is read back as it was", "[lock]") {
  Lock lock = sample();
  const std::string text = lock_text(lock);
  std::swap(lock.inputs[0], lock.inputs[1]);  // Sorted by name.
  CHECK(read_lock(text, "x") == lock);
  CHECK(lock_text(read_lock(text, "x")) == text);
  CHECK(lock_text(read_lock(lock_text(Lock{}), "x")) == lock_text(Lock{}));
}

TEST_CASE("the text of a lock is sorted, indented and ends in a newline", "[lock]") {
  const std::string text = lock_text(sample());
  CHECK(text.rfind("{\n  \"engine\": {\n    \"commit\": \"abc123\",\n    \"compiler\"", 0) == 0);
  CHECK(text.back() == '\n');
  CHECK_THAT(text, Contains("\"seed\": -9223372036854775808") &&
                       Contains("\"draws\": 9007199254740993") && Contains("\"whole\": 3.0"));
  // The order in which sources were declared does not show.
  Lock other = sample();
  std::swap(other.inputs[0], other.inputs[1]);
  CHECK(lock_text(other) == text);
  // The order of execution does.
  std::swap(other.nodes[0], other.nodes[1]);
  CHECK(lock_text(other) != text);
}

TEST_CASE("what a build does not know is left out of its lock", "[lock]") {
  Lock lock = sample();
  lock.engine.commit.clear();
  lock.engine.cpu.clear();
  const std::string text = lock_text(lock);
  CHECK(text.find("\"commit\"") == std::string::npos);
  CHECK(text.find("\"cpu\"") == std::string::npos);
  CHECK(read_lock(text, "x").engine == lock.engine);
}

TEST_CASE("parameters that JSON lacks keep their text", "[lock]") {
  Lock lock = sample();
  lock.parameters = {{"nan", std::numeric_limits<double>::quiet_NaN()},
                     {"low", -std::numeric_limits<double>::infinity()},
                     {"from", Date{19782}},
                     {"at", Timestamp{0}}};
  const std::string text = lock_text(lock);
  CHECK_THAT(text, Contains("\"nan\": \"NaN\"") && Contains("\"low\": \"-Infinity\"") &&
                       Contains("\"from\": \"2024-02-29\"") &&
                       Contains("\"at\": \"1970-01-01T00:00:00Z\""));
  CHECK(lock_text(read_lock(text, "x")) == text);
}

TEST_CASE("any edit by hand breaks the seal", "[lock]") {
  const std::string text = lock_text(sample());
  const auto edited = [&](const std::string& from, const std::string& to) {
    std::string out = text;
    const auto at = out.find(from);
    REQUIRE(at != std::string::npos);
    return out.replace(at, from.size(), to);
  };
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"\"rows\": 400", "\"rows\": 401"},
           {hash("r2"), hash("r3")},
           {"0.1,", "0.10000000000000001,"},  // Equal: see below.
           {"few clusters: 12", "few clusters: 13"},
           {"\"generated\": true", "\"generated\": false"},
           {"3.0", "3"},
           {"  \"seed\": ", "  \"extra\": 1,\n  \"seed\": "},
           {"    \"cpu\": \"x86-64-v2\",\n", ""},
           {"\"seal\": \"", "\"seal\": \"0"}}) {
    CAPTURE(from, to);
    if (to == "0.10000000000000001,") {
      CHECK(refusal(edited(from, to)).empty());  // The same number in other digits.
      continue;
    }
    CHECK_THAT(refusal(edited(from, to)), Contains("edited by hand") &&
                                              Contains("runs/a/study.lock") &&
                                              Contains("run the study again"));
  }
  // Every digit of every byte that is not white space.
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ' || text[at] == '\n') continue;
    std::string bad = text;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    CAPTURE(at, text[at], bad[at]);
    CHECK_FALSE(refusal(bad).empty());
  }
}

TEST_CASE("another layout of the same lock is no edit", "[lock]") {
  const std::string compact = canonical_json(parse_json(lock_text(sample()), "lock"));
  CHECK(lock_text(read_lock(compact, "x")) == lock_text(sample()));
}

TEST_CASE("a lock cut off anywhere is refused", "[lock]") {
  const std::string text = lock_text(sample());
  // Without its last newline it is still whole.
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(read_lock(text.substr(0, size), "x"), DataError);
  }
}

TEST_CASE("other files and other formats are told apart", "[lock]") {
  CHECK_THAT(refusal("{\"study\": \"x\"}"), Contains("no format"));
  CHECK_THAT(refusal("[1]"), Contains("no format"));
  CHECK_THAT(refusal("{\"format\": 2, \"seal\": \"\"}"),
             Contains("does not know") && Contains("got:      2"));
  CHECK_THAT(refusal("{\"format\": \"1\"}"), Contains("does not know"));
  CHECK_THAT(refusal("{\"format\": 1}"), Contains("no seal"));
  CHECK_THAT(refusal("{\"format\": 1, \"seal\": 7}"), Contains("edited by hand"));
  CHECK_THAT(refusal("<<<<<<< HEAD"), Contains("malformed JSON"));
}

TEST_CASE("a lock of another engine is read", "[lock]") {
  const auto text = resealed([](json& record) { record["engine"]["impactlytics"] = "9.9.9"; });
  CHECK(read_lock(text, "x").engine.version == "9.9.9");
}

TEST_CASE("the build knows its flags and its instruction set, no machine's", "[lock]") {
  const LockEngine engine = this_engine();
  CHECK(engine.version == version());
  CHECK_THAT(engine.floating_point, Contains("-ffp-contract=off") && Contains("-fno-fast-math"));
  CHECK(engine.compiler.find(' ') != std::string::npos);
  CHECK(engine.cpu != "native");
#ifdef __x86_64__
  CHECK(engine.cpu == "x86-64-v2");
  CHECK_THAT(engine.floating_point, Contains("-march=x86-64-v2"));
#endif
  CHECK(engine.libraries.empty());
}

TEST_CASE("a field that is missing or of another type is named", "[lock]") {
  const json whole = parse_json(lock_text(sample()), "lock");
  for (const auto& [key, value] : whole.items()) {
    if (key == "seal" || key == "format") continue;
    CAPTURE(key);
    CHECK_THAT(refusal(resealed([&, name = key](json& record) { record.erase(name); })),
               Contains("'" + key + "' is missing") && Contains("runs/a/study.lock"));
    CHECK_THAT(refusal(resealed([&, name = key](json& record) { record[name] = nullptr; })),
               Contains("'" + key + "' is wrong"));
  }
  for (const char* list : {"inputs", "nodes"}) {
    for (const auto& [key, value] : whole[list][1].items()) {
      if (key == "stream") continue;
      CAPTURE(list, key);
      CHECK_THAT(refusal(resealed([&, name = key](json& record) { record[list][1].erase(name); })),
                 Contains("'" + std::string(list) + "[2]." + key + "' is missing"));
    }
  }
  CHECK_THAT(refusal(resealed([](json& record) { record["inputs"][1]["bytes"] = -1; })),
             Contains("'inputs[2].bytes' is wrong") && Contains("0 or more"));
  CHECK_THAT(refusal(resealed([](json& record) { record["seed"] = 18446744073709551615ULL; })),
             Contains("'seed' is wrong"));
  CHECK_THAT(refusal(resealed([](json& record) { record["nodes"][0]["inputs"]["x"] = 1; })),
             Contains("'nodes[1].inputs.x' is wrong"));
  CHECK_THAT(refusal(resealed([](json& record) { record["parameters"]["x"] = json::array(); })),
             Contains("'parameters.x' is wrong"));
}

}  // namespace
}  // namespace impact
