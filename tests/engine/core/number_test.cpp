#include "engine/core/number.h"

#include <bit>
#include <clocale>
#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/rng.h"

using impact::find_invalid_utf8;
using impact::format_double;
using impact::parse_bytes;
using impact::parse_double;
using impact::parse_integer;

TEST_CASE("format double: plain, scientific and special") {
  CHECK(format_double(3.0) == "3.0");
  CHECK(format_double(0.1) == "0.1");
  CHECK(format_double(0.1 + 0.2) == "0.30000000000000004");
  CHECK(format_double(0.0) == "0.0");
  CHECK(format_double(-0.0) == "-0.0");
  CHECK(format_double(100000.0) == "100000.0");
  CHECK(format_double(9007199254740993.0) == "9007199254740992.0");
  CHECK(format_double(1e16) == "1e+16");
  CHECK(format_double(1e22) == "1e+22");
  CHECK(format_double(-1.5e300) == "-1.5e+300");
  CHECK(format_double(0.0001) == "0.0001");
  CHECK(format_double(0.00001) == "1e-05");
  CHECK(format_double(5e-324) == "5e-324");
  CHECK(format_double(std::numeric_limits<double>::max()) == "1.7976931348623157e+308");
  CHECK(format_double(std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(format_double(-std::numeric_limits<double>::quiet_NaN()) == "NaN");
  CHECK(format_double(std::numeric_limits<double>::infinity()) == "Infinity");
  CHECK(format_double(-std::numeric_limits<double>::infinity()) == "-Infinity");
}

TEST_CASE("format double: reads back to the same bits") {
  impact::Stream stream(impact::StreamKey::root(5).child("format"));
  for (int i = 0; i < 20000; ++i) {
    const auto value = std::bit_cast<double>(stream.next_u64());
    if (std::isnan(value)) continue;
    const auto back = parse_double(format_double(value));
    REQUIRE(back);
    CHECK(std::bit_cast<std::uint64_t>(*back) == std::bit_cast<std::uint64_t>(value));
  }
}

TEST_CASE("numbers as text: a decimal comma in the locale changes nothing") {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  // Where no such locale is installed the C locale stays and the checks hold all the same.
  std::setlocale(LC_ALL, "de_DE.UTF-8");
  CHECK(format_double(1.5) == "1.5");
  CHECK(parse_double("1.5") == 1.5);
  CHECK_FALSE(parse_double("1,5"));
  std::setlocale(LC_ALL, before.c_str());
}

TEST_CASE("parse double: the whole text or nothing") {
  CHECK(parse_double("1e5") == 1e5);
  CHECK(parse_double("-.5") == -0.5);
  CHECK(std::isnan(parse_double("NaN").value()));
  CHECK(parse_double("-Infinity") == -std::numeric_limits<double>::infinity());
  for (const char* text : {"", " 1", "1 ", "+1", "1.2.3", "0x10", "1e", "nan", "inf", "infinity",
                           "nan(1)", "1e999", "-1e999", "1e-999", "one"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_double(text));
  }
}

TEST_CASE("integers: the full 64-bit range and nothing beyond") {
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
  CHECK(impact::format_integer(kLow) == "-9223372036854775808");
  CHECK(parse_integer("-9223372036854775808") == kLow);
  CHECK(parse_integer("9223372036854775807") == kHigh);
  for (const char* text : {"", "9223372036854775808", "1.0", "1e3", " 1", "1 ", "+1", "-", "0x1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text));
  }
}

TEST_CASE("parse bytes: decimal and binary units") {
  CHECK(parse_bytes("1000000", "memory") == 1000000U);
  CHECK(parse_bytes("12B", "memory") == 12U);
  CHECK(parse_bytes("4GB", "memory") == 4'000'000'000U);
  CHECK(parse_bytes("4g", "memory") == 4'000'000'000U);
  CHECK(parse_bytes("512 MB", "memory") == 512'000'000U);
  CHECK(parse_bytes("1.5GiB", "memory") == 1'610'612'736U);
  CHECK(parse_bytes("1 kib", "memory") == 1024U);
  CHECK(parse_bytes("2TB", "memory") == 2'000'000'000'000U);
  CHECK(parse_bytes("18446744073709551615", "memory") == 18446744073709551615U);
}

TEST_CASE("parse bytes: anything else names the parameter") {
  for (const char* text :
       {"", "GB", "-1GB", "4 G B", "4XB", "1e3", "1.2.3MB", " 4GB", "4GB ", "18446744073709551616",
        "16777216TiB", "20000000000GB", "99999999.5TB"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_bytes(text, "memory_limit"), impact::ArgumentError);
  }
  CHECK_THROWS_WITH(parse_bytes("lots", "memory_limit"),
                    Catch::Contains("memory_limit") && Catch::Contains("got:      lots"));
}

TEST_CASE("UTF-8: valid text, also across the eight-byte steps") {
  CHECK_FALSE(find_invalid_utf8(""));
  CHECK_FALSE(find_invalid_utf8("plain text of more than eight bytes"));
  CHECK_FALSE(
      find_invalid_utf8("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF"));
  CHECK_FALSE(find_invalid_utf8("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"));
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string ascii(before, 'a');
    CHECK_FALSE(find_invalid_utf8(ascii + "é日😀" + ascii));
    CHECK(find_invalid_utf8(ascii + "\xFF" + ascii) == before);
  }
}

TEST_CASE("UTF-8: the first byte of what is wrong") {
  for (const char* wrong :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFE", "\xC3", "\xE2\x82",
        "\xF0\x9F\x98", "\xC3(", "\xE2\x28\xA1", "\xF0\x9F\x98 "}) {
    const std::string text = "ok " + std::string(wrong);
    CAPTURE(text);
    CHECK(find_invalid_utf8(text) == 3U);
    CHECK(find_invalid_utf8(text + " and more text after it") == 3U);
  }
}

TEST_CASE("UTF-8: every code point is accepted, every surrogate refused") {
  for (std::uint32_t point = 0x80; point <= 0x10FFFFU; point += point < 0x11000U ? 1 : 0x101U) {
    std::string text;
    const auto put = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    if (point < 0x800U) {
      put(0xC0U | (point >> 6U));
    } else {
      if (point < 0x10000U) {
        put(0xE0U | (point >> 12U));
      } else {
        put(0xF0U | (point >> 18U));
        put(0x80U | ((point >> 12U) & 0x3FU));
      }
      put(0x80U | ((point >> 6U) & 0x3FU));
    }
    put(0x80U | (point & 0x3FU));
    const bool surrogate = point >= 0xD800U && point <= 0xDFFFU;
    if (find_invalid_utf8(text).has_value() != surrogate) FAIL("code point " << point);
  }
}
