#include "engine/core/canonical_json.h"

#include <cmath>
#include <limits>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"

using impact::canonical_json;
using impact::parse_json;
using nlohmann::json;
using nlohmann::ordered_json;

namespace {

json parse(std::string_view text) { return parse_json(text, "test.json"); }

std::string message_of(std::string_view text) {
  try {
    const json value = parse(text);
    return "accepted: " + canonical_json(value);
  } catch (const impact::DataError& error) {
    return error.what();
  }
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("canonical json: sorted by bytes, no space, numbers keep their type") {
  json value;
  value["b"] = 3;
  value["a"] = {1, 2.0, -0.5, true, nullptr, "x"};
  value["B"] = json::object();
  value["é"] = json::array();
  CHECK(canonical_json(value) == R"({"B":{},"a":[1,2.0,-0.5,true,null,"x"],"b":3,"é":[]})");
}

TEST_CASE("canonical json: 64-bit integers are exact, what JSON cannot hold is null") {
  const json value = {std::numeric_limits<std::int64_t>::min(),
                      std::numeric_limits<std::uint64_t>::max(),
                      9007199254740993,
                      std::nan(""),
                      std::numeric_limits<double>::infinity(),
                      -0.0};
  CHECK(canonical_json(value) ==
        "[-9223372036854775808,18446744073709551615,9007199254740993,null,null,-0.0]");
}

TEST_CASE("canonical json: minimal escapes") {
  CHECK(canonical_json(json("\"\\/\b\f\n\r\t\x01\x1F\x7Fé")) ==
        "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7Fé\"");
}

TEST_CASE("canonical json: equal values give equal text however they were built") {
  json one;
  one["x"] = 1;
  one["y"] = 2U;
  json other;
  other["y"] = 2;
  other["x"] = 1U;
  CHECK(canonical_json(one) == canonical_json(other));
  CHECK(impact::hash_json(one) == impact::hash_json(other));
  CHECK(impact::hash_json(json(1)) != impact::hash_json(json(1.0)));
  CHECK(impact::hash_json(json("abc")) == impact::to_hex(impact::sha256("\"abc\"")));
}

TEST_CASE("canonical json: invalid UTF-8 is named by its path") {
  json value;
  value["rows"] = {"fine", json{{"text", "bad \xFF"}}};
  CHECK_THROWS_AS(canonical_json(value), impact::DataError);
  CHECK_THROWS_WITH(canonical_json(value), Catch::Contains("/rows/1/text"));
  CHECK_THROWS_AS(canonical_json(json{{"\xC3", 1}}), impact::DataError);
}

TEST_CASE("pretty json: insertion order and two spaces") {
  ordered_json value;
  value["z"] = 1;
  value["a"] = ordered_json::array({1.0, ordered_json::object(), ordered_json::array()});
  CHECK(impact::pretty_json(value) ==
        "{\n  \"z\": 1,\n  \"a\": [\n    1.0,\n    {},\n    []\n  ]\n}");
}

TEST_CASE("parse json: what was written is read back") {
  const std::string text =
      R"({"a":[1,2.0,-0.5,1e+300,true,false,null,"x"],"big":18446744073709551615,)"
      R"("id":9007199254740993,"low":-9223372036854775808,"t":"\"\\\n\u0001é😀"})";
  CHECK(canonical_json(parse(text)) == text);
}

TEST_CASE("parse json: escapes, space and a byte order mark") {
  CHECK(parse("\xEF\xBB\xBF \t\r\n\"\\u00e9\\ud83d\\ude00\\/\" ").get<std::string>() == "é😀/");
  CHECK(parse(R"("\u0000")").get<std::string>() == std::string(1, '\0'));
  CHECK(parse(" [ 1 , { } ] ") == json::parse("[1,{}]"));
  CHECK(parse("-0.0").is_number_float());
  CHECK(parse("1E2").get<double>() == 100.0);
}

TEST_CASE("parse json: accepts and refuses what the library does, where both must") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "[",
                           "[1",
                           "[1,",
                           "[1,]",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{,}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{1:1}",
                           "'a'",
                           "\"a",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12G4\"",
                           "\"\\ud800\"",
                           "\"\\udc00\"",
                           "\"\\ud800\\u0041\"",
                           "\"\\ud800x\"",
                           "\"\n\"",
                           "01",
                           "-",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "1e+",
                           "-01",
                           "0x1",
                           "1 2",
                           "[] x",
                           "nul",
                           "True",
                           "NaN",
                           "Infinity",
                           "// c\n1",
                           "1 /* c */",
                           "[1 2]",
                           "{\"a\" 1}",
                           "\"\xFF\"",
                           "\xFF",
                           "1e999",
                           "]",
                           "}",
                           ",",
                           "\"\\u+123\"",
                           "\"\\u 123\"",
                           "\"\\u-123\""}) {
    CAPTURE(text);
    CHECK_FALSE(json::accept(text));
    CHECK_THROWS_AS(parse(text), impact::DataError);
  }
  for (const char* text : {"0", "-0", "1.5e-3", "[]", "{}", "[[]]", "\"\"", "{\"\":{\"\":0}}",
                           "true", "\"\\u0041\\n\"", "[1,-2,3.0e5]", "\"\x7F\""}) {
    CAPTURE(text);
    CHECK(json::accept(text));
    CHECK(parse(text) == json::parse(text));
  }
}

TEST_CASE("parse json: duplicate keys are refused at their place") {
  const std::string message = message_of("{\n  \"views\": 1,\n  \"é\": {}, \"views\": 2\n}");
  CHECK_THAT(message, Catch::Contains("\"views\" stands twice") &&
                          Catch::Contains("test.json, line 3, column 12"));
  CHECK_NOTHROW(parse(R"({"a":{"a":1},"b":{"a":1}})"));
  CHECK_THROWS_AS(parse(R"({"a":1,"\u0061":2})"), impact::DataError);
}

TEST_CASE("parse json: numbers that would silently change are refused") {
  for (const char* text :
       {"18446744073709551616", "-9223372036854775809", "[123456789012345678901234567890]"}) {
    CHECK_THAT(message_of(text),
               Catch::Contains("does not fit 64 bits") && Catch::Contains("as strings"));
  }
  CHECK_THAT(message_of("[1e999]"), Catch::Contains("does not fit a double"));
  CHECK_THAT(message_of("[1e-999]"), Catch::Contains("does not fit a double"));
}

TEST_CASE("parse json: depth is limited") {
  CHECK_NOTHROW(parse(nested(256)));
  CHECK_THAT(message_of(nested(257)), Catch::Contains("nested too deeply"));
  CHECK_THAT(message_of(std::string(1'000'000, '[')), Catch::Contains("nested too deeply"));
}

TEST_CASE("parse json: messages say where, what and what else") {
  const std::string message = message_of("{\"a\": [1, 2,\n \"日本\", oops]}");
  CHECK_THAT(message, Catch::Contains("line 2, column 8"));
  CHECK_THAT(message, Catch::Contains("got:      oops]}"));
  CHECK_THAT(message, Catch::Contains("expected: a value"));
  CHECK_THAT(message_of("[1, 2"), Catch::Contains("got:      the end of the text"));
  CHECK_THAT(message_of("\"abc\xFF\""), Catch::Contains("not valid UTF-8"));
}
