#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/study/run.h"
#include "engine/table/frame_codec.h"
#include "tests/engine/table/table_fixture.h"

using namespace impact;
using namespace impact::testing;

namespace {

NodeResult everything() {
  NodeResult out;
  out.rows = std::numeric_limits<std::int64_t>::max();
  out.frame = make_frame({"a", "b"}, {{i(1), s("x")}, {kMissing, s("")}, {i(-3), kMissing}});
  out.passed = false;
  out.value = 0.1;
  Estimate estimate{.term = "treated - control | tier=\"ä\"",
                    .estimate = -0.0,
                    .std_error = 5e-324,
                    .statistic = std::numeric_limits<double>::infinity(),
                    .df = 57.941490572792646,
                    .p_value = std::numeric_limits<double>::quiet_NaN(),
                    .conf_low = -std::numeric_limits<double>::max(),
                    .conf_high = 1e300,
                    .n = 60,
                    .method = "ols",
                    .se_type = "HC2",
                    .warnings = {"few clusters", "line\nbreak"}};
  out.estimates = {estimate, Estimate{}};
  out.warnings = {"one", "two"};
  out.figure = "{\"mark\":\"bar\"}";
  out.words = "A bar.";
  out.tables = {{"first", make_frame({"c"}, {{i(4)}})}, {"empty", Frame()}};
  out.alarms = {{"dissolves within x", "nothing is left"}};
  out.models = {{"model", std::string("im\0del\xff", 7)}, {"empty", ""}};
  return out;
}

}  // namespace

TEST_CASE("a stored result comes back bit for bit", "[study][node_result]") {
  const NodeResult before = everything();
  const std::string bytes = encode_result(before);
  const NodeResult after = decode_result(bytes);
  CHECK(encode_result(after) == bytes);
  CHECK(after.rows == before.rows);
  CHECK(after.passed == before.passed);
  CHECK(after.value == before.value);
  CHECK(after.warnings == before.warnings);
  CHECK(encode_frame(after.frame) == encode_frame(before.frame));
  REQUIRE(after.tables.size() == 2);
  CHECK(after.tables[0].first == "first");
  CHECK(encode_frame(after.tables[0].second) == encode_frame(before.tables[0].second));
  REQUIRE(after.alarms.size() == 1);
  CHECK(after.alarms[0].rule == "dissolves within x");
  REQUIRE(after.estimates.size() == 2);
  CHECK(after.models == before.models);
  const Estimate& e = after.estimates[0];
  CHECK(e.term == before.estimates[0].term);
  CHECK(std::signbit(e.estimate));
  CHECK(e.std_error == 5e-324);
  CHECK(std::isinf(e.statistic));
  CHECK(e.df == before.estimates[0].df);
  CHECK(std::isnan(e.p_value));
  CHECK(e.conf_low == before.estimates[0].conf_low);
  CHECK(e.conf_high == 1e300);
  CHECK(e.n == 60);
  CHECK(e.method == "ols");
  CHECK(e.se_type == "HC2");
  CHECK(e.warnings == before.estimates[0].warnings);
}

TEST_CASE("a value of every type keeps its type", "[study][node_result]") {
  for (const Value& value :
       {Value{}, Value{true}, Value{false}, i(-7), Value{-0.0}, Value{1e-310}, s(""), s("a\"b"),
        Value{Date{-1}}, Value{Timestamp{1718064000000001}}}) {
    NodeResult result;
    result.value = value;
    const Value back = decode_result(encode_result(result)).value;
    CHECK(back.index() == value.index());
    CHECK(back == value);
  }
  NodeResult negative;
  negative.value = -0.0;
  CHECK(std::signbit(std::get<double>(decode_result(encode_result(negative)).value)));
}

TEST_CASE("bytes cut at any place are refused", "[study][node_result]") {
  const std::string bytes = encode_result(everything());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size << " of " << bytes.size());
    CHECK_THROWS_AS(decode_result(std::string_view(bytes).substr(0, size)), DataError);
  }
}

TEST_CASE("bytes that are no result are refused", "[study][node_result]") {
  const std::string frame = encode_frame({});
  const auto with = [&](const std::string& header) {
    return "impact-result 4\n" + std::to_string(header.size()) + "\n" + header + frame;
  };
  const std::string size = std::to_string(frame.size());
  const auto header = [&](const std::string& fields, const std::string& bytes) {
    return R"({"alarms":[],"figure":"","models":[],"words":"","frame":)" + bytes +
           R"(,"tables":[],)" + fields + "}";
  };
  const auto fields = [&](const std::string& text) { return with(header(text, size)); };
  const std::string good =
      header(R"("estimates":[],"passed":true,"rows":0,"value":["missing"],"warnings":[])", size);
  CHECK_NOTHROW(decode_result(with(good)));
  for (const std::string& wrong : {
           std::string("impact-result 5\n0\n"),
           std::string("impact-result 4\n-1\n"),
           std::string("impact-result 4\n99999999999999999999\n{}"),
           std::string("impact-result 4\nx\n{}"),
           with("{}"),
           with("[]"),
           with("not json"),
           with(header(R"("estimates":[],"passed":true,"rows":0,"value":["missing"],"warnings":[])",
                       std::to_string(frame.size() + 1))),
           with(header(R"("estimates":[],"passed":true,"rows":0,"value":["missing"],"warnings":[])",
                       std::to_string(frame.size() - 1))),
           fields(R"("estimates":[[1]],"passed":true,"rows":0,"value":["missing"],"warnings":[])"),
           fields(R"("estimates":[],"passed":"yes","rows":0,"value":["missing"],"warnings":[])"),
           fields(R"("estimates":[],"passed":true,"rows":0,"value":["number"],"warnings":[])"),
           fields(R"("estimates":[],"passed":true,"rows":0,"value":[],"warnings":[])"),
           fields(R"("estimates":[],"passed":true,"rows":0,"value":["colour",1],"warnings":[])"),
       }) {
    INFO(wrong);
    CHECK_THROWS_AS(decode_result(wrong), DataError);
  }
}
