#include "engine/render/terminal_table.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <sstream>
#include <thread>

#include "engine/core/deadline.h"
#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/render/aligned_numbers.h"
#include "engine/render/terminal_text.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"
#include "tests/engine/table/table_fixture.h"

namespace impact {
namespace {

using namespace testing;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

std::string table_of(Frame frame, int columns, int rows = 20, bool colour = false) {
  const auto all = static_cast<std::int64_t>(frame.rows());
  return terminal_table({.frame = std::move(frame), .rows = all},
                        {.columns = columns, .rows = rows, .colour = colour});
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Without escape sequences for bold and dim.
std::string plain(std::string text) {
  for (std::size_t at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b')) {
    text.erase(at, text.find('m', at) - at + 1);
  }
  return text;
}

TEST_CASE("a terminal's table: numbers by their points, texts left, missing marked", "[terminal]") {
  const Frame frame({"id", "share", "name"},
                    {Column::integers({1, 20, 300}), Column::numbers({0.5, 0, 12.25}, {0b101}),
                     Column::texts({"a", "missing", ""}, {0b111})});
  CHECK(table_of(frame, 80) ==
        "     id   share  name\n"
        "integer  number  text\n"
        "      1    0.50  a\n"
        "     20       ∅  missing\n"
        "    300   12.25  \"\"\n"
        "3 rows × 3 columns, ∅ is missing");
}

TEST_CASE("a terminal's table is told apart from what its cells say", "[terminal]") {
  const Frame frame({"x\x1b[2J"}, {Column::texts({"∅", " a", "\"\"", "\x1b[31mred", "two\nlines\t.",
                                                  "\xe2\x80\xae", "\xc2\x9b", "gone"},
                                                 {0b01111111})});
  CHECK(table_of(frame, 40) ==
        "x\\x1b[2J\ntext\n\"∅\"\n\" a\"\n\"\"\"\"\n\\x1b[31mred\ntwo\\nlines\\t.\n\\u{202e}\n"
        "\\u{9b}\n∅\n8 rows × 1 column, ∅ is missing");
  const std::string coloured = table_of(frame, 40, 20, true);
  CHECK(plain(coloured) == table_of(frame, 40));
  CHECK(coloured.find("\x1b[2m∅\x1b[0m") != std::string::npos);
  CHECK(coloured.find("\x1b[1mx") == 0);
}

TEST_CASE("a narrow terminal elides columns, cuts texts and names what is left out", "[terminal]") {
  const Frame frame({"id", "text", "value", "last"},
                    {Column::integers({1, 2}), Column::texts({"日本語のとても長い文", "short"}),
                     Column::numbers({1.5, 2.5}), Column::booleans({0, 1})});
  CHECK(table_of(frame, 20) ==
        " id  text      value\n"
        "int  text        num\n"
        "  1  日本語…     1.5\n"
        "  2  short       2.5\n"
        "2 rows × 4 columns\n"
        "… 1 more column:\n"
        "last");
  CHECK(table_of(frame, 32) ==
        " id  text           value  last\n"
        "int  text             num  bool\n"
        "  1  日本語のとて…    1.5  false\n"
        "  2  short            2.5  true\n"
        "2 rows × 4 columns");
}

TEST_CASE("a footer counts rows", "[terminal]") {
  const Frame frame({"x"}, {Column::integers({1, 2, 3})});
  const TerminalStyle style{.columns = 80, .rows = lines_for_rows(2)};
  const auto footer = [&](std::optional<std::int64_t> rows, const std::string& hint = "") {
    return lines_of(terminal_table({.frame = frame, .rows = rows, .rows_hint = hint}, style))
        .back();
  };
  CHECK(footer(3) == "first 2 of 3 rows × 1 column");
  CHECK(footer(33016767) == "first 2 of 33,016,767 rows (33 million) × 1 column");
  CHECK(footer(std::nullopt) == "first 2 rows × 1 column");
  CHECK(footer(std::nullopt, "count() counts all") ==
        "first 2 rows (count() counts all) × 1 column");
  CHECK(shown_count(0) == "0");
  CHECK(shown_count(999) == "999");
  CHECK(shown_count(12345) == "12,345");
  CHECK(shown_count(1000000) == "1,000,000 (1 million)");
  CHECK(shown_count(1250000000) == "1,250,000,000 (1.2 billion)");
  CHECK(table_of(Frame({"x"}, {Column::integers({})}), 80) ==
        "      x\ninteger\n0 rows × 1 column");
}

TEST_CASE("numbers of a column take the fewest digits that tell them apart", "[terminal]") {
  using Texts = std::vector<std::string>;
  CHECK(aligned_numbers({1, 20, -300}) == Texts{"   1", "  20", "-300"});
  CHECK(aligned_numbers({1.25, 20, 3.5}) == Texts{" 1.25", "20.00", " 3.50"});
  CHECK(aligned_numbers({1.0 / 3, 2.0 / 3}) == Texts{"0.3333", "0.6667"});
  CHECK(aligned_numbers({0.123411111, 0.123422222}) == Texts{"0.12341", "0.12342"});
  CHECK(aligned_numbers({1234.56789, 1.0 / 3}) == Texts{"1234.5679", "   0.3333"});
  CHECK(aligned_numbers({1e-9, 0.5, 20000}) == Texts{"    1e-09", "    0.5  ", "20000    "});
  CHECK(aligned_numbers({kNaN, kInf, -kInf, 0.5}) ==
        Texts{"      NaN", " Infinity", "-Infinity", "      0.5"});
  CHECK(aligned_numbers({-0.0, 0.5}) == Texts{"0.0", "0.5"});
  CHECK(aligned_numbers({1e300}) == Texts{"1e+300"});
  CHECK(aligned_numbers({}).empty());
}

TEST_CASE("widths are those of the terminal", "[terminal]") {
  CHECK(text_width("abc") == 3);
  CHECK(text_width("日本") == 4);
  CHECK(text_width("e\xcc\x81") == 1);
  CHECK(text_width("👍") == 2);
  CHECK(text_width("❤\xef\xb8\x8f") == 2);
  CHECK(fit_text("日本語", 4) == "日… ");
  CHECK(fit_text("ab", 4, true) == "  ab");
  CHECK(fit_middle("treatment[large]", 9) == "trea…rge]");
  CHECK(wrap_text("aa bb cc dd", 5) == std::vector<std::string>{"aa bb", "cc dd"});
  CHECK(wrap_text("aa bb cc dd", 5, 1) == std::vector<std::string>{"aa b…"});
  CHECK(wrap_text("abcdefgh", 5) == std::vector<std::string>{"abcd…"});
}

TEST_CASE("names with their notes", "[terminal]") {
  const NamedNotes list{.names = {"a", "b\n", "c"}, .notes = {"integer", "text", "date"}};
  CHECK(terminal_names(list, {.columns = 80, .rows = lines_for_rows(2)}) ==
        "column  type\na       integer\nb\\n     text\n… 1 more");
  CHECK(terminal_names(list, {.columns = 5}) == "colu…\na\nb\\n\nc");
}

TEST_CASE("no line is wider than asked", "[terminal]") {
  const std::vector<std::string> pieces = {
      "a",  "word",    "日本", "👍", "👩\xe2\x80\x8d💻", "e\xcc\x81", "❤\xef\xb8\x8f", " ",
      "\n", "\x1b[1m", "🇫🇷",   "ñ", "\xe2\x80\x8b",   "한국어",    "\xd8\xb9"};
  Stream stream(StreamKey::root(7).child("tables"));
  const auto any_text = [&] {
    std::string out;
    const std::int64_t count = stream.integer(0, 12);
    for (std::int64_t i = 0; i < count; ++i) {
      out += pieces[static_cast<std::size_t>(
          stream.integer(0, static_cast<std::int64_t>(pieces.size()) - 1))];
    }
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    const auto rows = static_cast<std::size_t>(stream.integer(0, 6));
    const std::int64_t width = stream.integer(1, 12);
    std::vector<std::string> names;
    std::vector<Column> columns;
    for (std::int64_t i = 0; i < width; ++i) {
      names.push_back(any_text() + std::to_string(i));
      const std::vector<std::uint64_t> valid((rows + 63) / 64, stream.next_u64());
      if (stream.integer(0, 1) == 0) {
        std::vector<std::string> cells;
        for (std::size_t row = 0; row < rows; ++row) cells.push_back(any_text());
        columns.push_back(Column::texts(cells, valid));
      } else {
        std::vector<double> cells;
        for (std::size_t row = 0; row < rows; ++row) {
          cells.push_back(stream.normal() * std::exp(20 * stream.normal()));
        }
        columns.push_back(Column::numbers(cells, valid));
      }
    }
    const Frame frame(names, columns);
    for (const int room : {1, 2, 7, 20, 40, 80, 200}) {
      const std::string text = table_of(frame, room, 8);
      for (const std::string& line : lines_of(text)) {
        INFO(room << ": " << line);
        CHECK(text_width(line) <= static_cast<std::size_t>(room));
      }
      CHECK(plain(table_of(frame, room, 8, true)) == text);
      CHECK(text.find('\x1b') == std::string::npos);
    }
  }
}

TEST_CASE_METHOD(Tables, "the first rows of a table and how many there are", "[terminal]") {
  using namespace std::chrono_literals;
  std::vector<std::int64_t> ids(1000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (int i = 0; i < 100; ++i) {
    names.push_back("c" + std::to_string(i));
    columns.push_back(Column::integers(ids));
  }
  const auto wide = scan_frame(backend, Frame(names, columns), {}, "the frame");
  const TerminalStyle style{.columns = 30, .rows = lines_for_rows(3)};
  const TerminalTable uncounted = first_rows(wide, context, style);
  CHECK(uncounted.frame.rows() == 4);
  CHECK(uncounted.frame.schema().size() < 20);
  CHECK(uncounted.schema.size() == 100);
  CHECK_FALSE(uncounted.rows.has_value());
  CHECK(first_rows(wide, context, style, 60s).rows == 1000);
  CHECK(first_rows(head(wide, 2), context, style).rows == 2);
  const auto lines = lines_of(terminal_table(first_rows(wide, context, style, 60s), style));
  CHECK(lines[2] == "  0    0    0    0    0    0");
  CHECK(lines[5] == "first 3 of 1,000 rows × 100");
  CHECK(lines[7] == "… 94 more columns: c6, c7, c8,");
  CHECK(lines.back().ends_with("…"));
}

TEST_CASE_METHOD(Tables, "counting that takes too long is given up", "[terminal]") {
  using namespace std::chrono_literals;
  std::vector<std::int64_t> ids(500'000);
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i);
  const auto t = scan_frame(backend, Frame({"x"}, {Column::integers(ids)}), {}, "the frame");
  std::string slow = "x::varchar";
  for (int i = 0; i < 30; ++i) slow = "md5(" + slow + ")";
  const auto part = filter(t, sql_expr("length(" + slow + ") = 32"));
  const auto start = std::chrono::steady_clock::now();
  const TerminalTable table = first_rows(part, context, {}, 50ms);
  CHECK(table.frame.rows() == 17);
  CHECK_FALSE(table.rows.has_value());
  CHECK(std::chrono::steady_clock::now() - start < 1500ms);
  CancelToken cancel;
  Context watched;
  watched.cancel = &cancel;
  cancel.request();
  CHECK_THROWS_AS(first_rows(t, watched, {}, 10s), Cancelled);
}

TEST_CASE("a deadline passes by itself or with the token that it watches", "[terminal]") {
  using namespace std::chrono_literals;
  const auto passed = [](const Deadline& deadline) {
    const auto start = std::chrono::steady_clock::now();
    while (!deadline.token().requested() && std::chrono::steady_clock::now() - start < 5s) {
      std::this_thread::sleep_for(1ms);
    }
    return deadline.token().requested();
  };
  CHECK(passed(Deadline(1ms, nullptr)));
  CancelToken outer;
  const Deadline long_one(1h, &outer);
  CHECK_FALSE(long_one.token().requested());
  outer.request();
  CHECK(passed(long_one));
}

}  // namespace
}  // namespace impact
