#include "engine/table/frame_codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

using Catch::Contains;
using test::message_of;

const double kOddNaN = std::bit_cast<double>(0xFFF80000DEADBEEFULL);

// Three rows of each type; the middle one is missing in every second column.
Frame all_types() {
  std::vector<Column> columns;
  columns.push_back(Column::booleans({1, 0, 1}, {0b101}));
  columns.push_back(Column::integers({std::numeric_limits<std::int64_t>::min(), 9007199254740993,
                                      std::numeric_limits<std::int64_t>::max()}));
  columns.push_back(Column::numbers({-0.0, 7.0, kOddNaN}, {0b101}));
  columns.push_back(Column::numbers({5e-324, std::numeric_limits<double>::infinity(), 0.1}));
  columns.push_back(Column::text("d\xC3\xA9j\xC3\xA0hidden", {0, 6, 12, 12}, {0b101}));
  columns.push_back(Column::dates({-719528, 19782, 2932896}));
  columns.push_back(Column::timestamps({-1, 0, 1}, {0b101}));
  columns.push_back(Column::categories(category_type({"low", "", "high"}), {2, 0, 1}));
  columns.push_back(Column::categories(category_type({"a"}), {0, 0, 0}, {0b000}));
  return {{"flag", "id", "x", "y", "words", "day", "at", "tier", "none"}, std::move(columns)};
}

void check_equal(const Frame& a, const Frame& b) {
  REQUIRE(a.rows() == b.rows());
  REQUIRE(a.schema() == b.schema());
  for (std::size_t c = 0; c < a.schema().size(); ++c) {
    for (std::size_t row = 0; row < a.rows(); ++row) {
      CAPTURE(a.schema()[c].name, row);
      REQUIRE(a.column(c).missing(row) == b.column(c).missing(row));
      const Value left = a.column(c).value(row);
      const Value right = b.column(c).value(row);
      if (const auto* number = std::get_if<double>(&left)) {
        CHECK(std::bit_cast<std::uint64_t>(*number) ==
              std::bit_cast<std::uint64_t>(std::get<double>(right)));
      } else {
        CHECK(left == right);
      }
    }
  }
}

// Whether the bytes are refused, or else mean a frame that encodes to just these bytes.
bool refused_or_same(const std::string& bytes) {
  try {
    return encode_frame(decode_frame(bytes)) == bytes;
  } catch (const DataError&) {
    return true;
  }
}

TEST_CASE("a frame comes back bit by bit", "[frame_codec]") {
  const Frame frame = all_types();
  const std::string bytes = encode_frame(frame);
  const Frame back = decode_frame(bytes);
  check_equal(frame, back);
  CHECK(encode_frame(back) == bytes);
  CHECK(std::signbit(back.column("x").as_numbers()[0]));
  CHECK(std::bit_cast<std::uint64_t>(back.column("x").as_numbers()[2]) == 0xFFF80000DEADBEEFULL);
  CHECK(back.column("none").missing_count() == 3);
}

TEST_CASE("the bytes of a frame are the same on every machine", "[frame_codec]") {
  std::vector<Column> columns;
  columns.push_back(Column::numbers({1.0, 0.0}, {0b01}));
  columns.push_back(Column::text("ab", {0, 1, 2}));
  const std::string bytes = encode_frame(Frame({"x", "t"}, std::move(columns)));
  std::string expected = "IMPFRAME";
  expected += std::string("\x01\0\0\0\x02\0\0\0\x02\0\0\0\0\0\0\0", 16);
  expected += std::string("\x01\0\0\0x\x02\x01\x01\0\0\0\0\0\0\0", 15);
  expected += std::string("\0\0\0\0\0\0\xF0\x3F\0\0\0\0\0\0\0\0", 16);
  expected += std::string("\x01\0\0\0t\x03\0", 7);
  expected += std::string("\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab", 26);
  CHECK(to_hex(sha256(bytes)) == to_hex(sha256(expected)));
}

TEST_CASE("empty frames, empty columns and long bitmaps survive", "[frame_codec]") {
  CHECK(decode_frame(encode_frame(Frame())).schema().size() == 0);
  std::vector<Column> empty;
  empty.push_back(Column::text("", {0}));
  empty.push_back(Column::numbers({}));
  empty.push_back(Column::categories(category_type({"a", "b"}), {}));
  const Frame none({"t", "x", "c"}, std::move(empty));
  check_equal(none, decode_frame(encode_frame(none)));
  for (const std::size_t rows : {63U, 64U, 65U, 128U, 200U}) {
    std::vector<std::uint64_t> valid((rows + 63) / 64, 0x5555555555555555ULL);
    std::vector<Column> columns;
    columns.push_back(Column::integers(std::vector<std::int64_t>(rows, 7), valid));
    const Frame frame({"n"}, std::move(columns));
    check_equal(frame, decode_frame(encode_frame(frame)));
  }
}

TEST_CASE("text behind a missing cell leaves no trace", "[frame_codec]") {
  const auto frame = [](std::string bytes, std::vector<std::uint64_t> offsets) {
    std::vector<Column> columns;
    columns.push_back(Column::text(std::move(bytes), std::move(offsets), {0b01}));
    return Frame({"t"}, std::move(columns));
  };
  CHECK(encode_frame(frame("asecret", {0, 1, 7})) == encode_frame(frame("a", {0, 1, 1})));
}

TEST_CASE("every cut and every flipped bit is refused or harmless", "[frame_codec]") {
  const std::string bytes = encode_frame(all_types());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(decode_frame(std::string_view(bytes).substr(0, size)), DataError);
  }
  CHECK_THROWS_AS(decode_frame(bytes + '\0'), DataError);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (unsigned change = 1; change < 256; ++change) {
      std::string altered = bytes;
      altered[at] = static_cast<char>(static_cast<unsigned char>(altered[at]) ^ change);
      // One assertion a byte that is wrong: 200,000 would be slow to count.
      if (refused_or_same(altered)) continue;
      CAPTURE(at, change);
      FAIL("a damaged frame was read as a good one");
    }
  }
}

TEST_CASE("absurd sizes are refused before memory is asked for", "[frame_codec]") {
  // A column of each type whose header promises 2^61, 2^63 and 2^64 - 1 rows.
  for (const std::uint64_t rows :
       {std::uint64_t{1} << 61U, std::uint64_t{1} << 63U, ~std::uint64_t{0}}) {
    for (const char kind : {'\0', '\1', '\2', '\3', '\4', '\5', '\6'}) {
      for (const char gaps : {'\0', '\1'}) {
        std::string bytes("IMPFRAME\x01\0\0\0\x01\0\0\0", 16);
        bytes.append(reinterpret_cast<const char*>(&rows), sizeof rows);
        bytes += std::string("\x01\0\0\0x", 5) + kind;
        if (kind == '\6') bytes += std::string("\x01\0\0\0\x01\0\0\0a", 9);
        bytes += gaps + std::string(64, '\0');
        CHECK_THROWS_AS(decode_frame(bytes), DataError);
      }
    }
  }
  const std::string columns("IMPFRAME\x01\0\0\0\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\0", 24);
  CHECK_THROWS_AS(decode_frame(columns), DataError);
  const std::string levels(
      "IMPFRAME\x01\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x06\xFF\xFF\xFF\xFF", 33);
  CHECK_THROWS_AS(decode_frame(levels), DataError);
}

TEST_CASE("messages about a damaged frame say what and where", "[frame_codec]") {
  std::string bytes = encode_frame(all_types());
  CHECK_THAT(message_of<DataError>([&] { (void)decode_frame("hello world"); }),
             Contains("a stored table is damaged") && Contains("does not start as one"));
  CHECK_THAT(message_of<DataError>([&] { (void)decode_frame(bytes.substr(0, bytes.size() - 1)); }),
             Contains("ends early") && Contains("column 'none'"));
  bytes[8] = 2;
  CHECK_THAT(message_of<DataError>([&] { (void)decode_frame(bytes); }), Contains("version 2"));

  // The same name twice, which no frame can have.
  std::vector<Column> columns;
  columns.push_back(Column::booleans({1}));
  columns.push_back(Column::booleans({0}));
  std::string twice = encode_frame(Frame({"a", "b"}, std::move(columns)));
  twice[twice.rfind('b')] = 'a';
  CHECK_THROWS_AS(decode_frame(twice), DataError);
}

}  // namespace
}  // namespace impact
