#include <sys/stat.h>

#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"
#include "tests/engine/table/duckdb/open_backend.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;
using test::open;
using test::TempDir;

namespace {

FileSource csv(const std::filesystem::path& path) {
  FileSource source;
  source.path = path;
  source.declared_path = path.filename().string();
  return source;
}

FileSource json(const std::filesystem::path& path) {
  FileSource source = csv(path);
  source.format = FileFormat::kJsonLines;
  return source;
}

Frame read(const FileSource& source, const std::shared_ptr<Backend>& backend) {
  return backend->collect(scan_file(backend, source, {}, "'it'"), Context{});
}

Frame read(const FileSource& source) {
  TempDir scratch;
  return read(source, open(scratch));
}

std::vector<std::string> type_names(const Schema& schema) {
  std::vector<std::string> names;
  for (const auto& column : schema.columns()) names.push_back(column.type.name());
  return names;
}

}  // namespace

TEST_CASE("csv types are found from the cells", "[reader]") {
  TempDir dir;
  const auto path = dir.file(
      "a.csv",
      "id,x,d,t,b,code,long,mix,empty\r\n"
      "9007199254740993,1.5,2024-02-29,2024-02-29T12:00:00Z,true,007,12345678901234567890,1,\r\n"
      "-2,,2024-03-01,2024-02-29 12:00:00.25+02:00,FALSE,8,1,x,\r\n");
  const Frame frame = read(csv(path));
  CHECK(type_names(frame.schema()) == std::vector<std::string>{"integer", "number", "date",
                                                               "timestamp", "boolean", "text",
                                                               "text", "text", "text"});
  REQUIRE(frame.rows() == 2);
  CHECK(frame.column("id").as_integers()[0] == 9007199254740993);
  CHECK(frame.column("x").missing(1));
  CHECK(format_value(frame.column("d").value(0)) == "2024-02-29");
  CHECK(format_value(frame.column("t").value(0)) == "2024-02-29T12:00:00Z");
  CHECK(format_value(frame.column("t").value(1)) == "2024-02-29T10:00:00.25Z");
  CHECK(frame.column("b").value(1) == Value(false));
  CHECK(frame.column("code").text_at(0) == "007");
  CHECK(frame.column("long").text_at(0) == "12345678901234567890");
  CHECK(frame.column("empty").missing_count() == 2);
}

TEST_CASE("dates are inferred in ISO form only", "[reader]") {
  TempDir dir;
  const Frame frame = read(csv(dir.file("a.csv", "a,b\n02/03/2024,2023-02-29\n")));
  CHECK(type_names(frame.schema()) == std::vector<std::string>{"text", "text"});
}

TEST_CASE("csv options are followed", "[reader]") {
  TempDir dir;
  FileSource source = csv(dir.file("a.csv", "# made by hand\nx;'y;z'\n1;'a''b'\nNA;-\n"));
  source.delimiter = ';';
  source.quote = '\'';
  source.skip = 1;
  source.missing = {"NA", "-"};
  const Frame frame = read(source);
  CHECK(frame.schema().names() == std::vector<std::string>{"x", "y;z"});
  CHECK(frame.column("x").as_integers()[0] == 1);
  CHECK(frame.column("x").missing(1));
  CHECK(frame.column(1).text_at(0) == "a'b");
  CHECK(frame.column(1).missing(1));

  source.missing = {};
  source.types = {{"x", text_type()}};
  CHECK(read(source).column("x").missing_count() == 0);

  FileSource bare = csv(dir.file("b.csv", "1,2\n3,4\n"));
  bare.header = false;
  const Frame two = read(bare);
  CHECK(two.schema().names() == std::vector<std::string>{"column1", "column2"});
  CHECK(two.rows() == 2);
}

TEST_CASE("a header longer than a block is read whole", "[reader]") {
  TempDir dir;
  std::string header;
  std::string row;
  for (int i = 0; i < 9000; ++i) {
    header += (i == 0 ? "" : ",") + std::string(20, 'c') + std::to_string(i);
    row += i == 0 ? "1" : ",1";
  }
  const Frame frame = read(csv(dir.file("a.csv", header + "\n" + row + "\n")));
  CHECK(frame.schema().size() == 9000);
  CHECK(frame.column(8999).as_integers()[0] == 1);
}

TEST_CASE("quoted headers, blank lines and byte order marks are read", "[reader]") {
  TempDir dir;
  const Frame frame = read(csv(dir.file("a.csv", "\n\"a\nx\",b,\n1,\"p\nq\",5\n\n3,r,6\n")));
  CHECK(frame.schema().names() == std::vector<std::string>{"a\nx", "b", "column3"});
  REQUIRE(frame.rows() == 2);
  CHECK(frame.column("b").text_at(0) == "p\nq");
  CHECK(frame.column(0).as_integers()[1] == 3);
  const Frame marked = read(csv(dir.file("b.csv",
                                         "\xEF\xBB\xBF"
                                         "a,b\n1,2\n")));
  CHECK(marked.schema().names() == std::vector<std::string>{"a", "b"});
  CHECK(marked.rows() == 1);
}

TEST_CASE("a header without rows is a table", "[reader]") {
  TempDir dir;
  for (const char* text : {"a,b\n", "a,b"}) {
    const Frame frame = read(csv(dir.file("a.csv", text)));
    CHECK(frame.rows() == 0);
    CHECK(frame.schema().names() == std::vector<std::string>{"a", "b"});
  }
}

TEST_CASE("declared types win", "[reader]") {
  TempDir dir;
  FileSource source = csv(dir.file("a.csv", "id,level,n\n1,low,3\n2,high,\n"));
  source.types = {
      {"id", text_type()}, {"level", category_type({"low", "high"})}, {"n", number_type()}};
  const Frame frame = read(source);
  CHECK(frame.column("id").text_at(0) == "1");
  CHECK(frame.column("level").as_codes()[1] == 1);
  CHECK(frame.column("n").as_numbers()[0] == 3.0);
  source.types = {{"levle", text_type()}};
  CHECK_THAT(message_of<ArgumentError>([&] { read(source); }),
             Contains("a type is declared for 'levle'") && Contains("did you mean 'level'?"));
}

TEST_CASE("file names with pattern characters stand for themselves", "[reader]") {
  TempDir dir;
  dir.file("a1.csv", "x\n1\n");
  CHECK(read(csv(dir.file("a[1].csv", "x\n2\n"))).column("x").as_integers()[0] == 2);
  CHECK(read(csv(dir.file("a*.csv", "x\n3\n"))).column("x").as_integers()[0] == 3);
  CHECK(read(csv(dir.file("it's?.csv", "x\n4\n"))).column("x").as_integers()[0] == 4);
  std::filesystem::create_directory(dir.path() / "year=2024");
  const Frame plain = read(csv(dir.file("year=2024/a.csv", "x\n5\n")));
  CHECK(plain.schema().names() == std::vector<std::string>{"x"});
}

TEST_CASE("compressed csv is read", "[reader]") {
  TempDir dir;
  dir.file("a.csv", "x,y\n1,2.5\n");
  REQUIRE(std::system(("gzip -k " + (dir.path() / "a.csv").string()).c_str()) == 0);
  const Frame frame = read(csv(dir.path() / "a.csv.gz"));
  CHECK(frame.schema().names() == std::vector<std::string>{"x", "y"});
  CHECK(frame.column("y").as_numbers()[0] == 2.5);
  std::filesystem::rename(dir.path() / "a.csv.gz", dir.path() / "b.csv");
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.path() / "b.csv")); }),
             Contains("binary file") && Contains("name it .gz"));
}

TEST_CASE("a file that cannot be read says why", "[reader]") {
  TempDir dir;
  dir.file("claims.csv", "a\n1\n");
  CHECK_THAT(message_of<IoError>([&] { read(csv(dir.path() / "clams.csv")); }),
             Contains("no file 'clams.csv'") && Contains("did you mean 'claims.csv'?"));
  CHECK_THAT(message_of<IoError>([&] { read(csv(dir.path() / "no" / "clams.csv")); }),
             Contains("the folder does not exist"));
  CHECK_THAT(message_of<IoError>([&] { read(csv(dir.path())); }),
             Contains("is a folder, not a file"));
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("e.csv", ""))); }),
             Contains("'e.csv' is empty"));
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("e.csv", "\n \n"))); }),
             Contains("only blank lines"));
  CHECK_THAT(
      message_of<DataError>([&] { read(csv(dir.file("e.csv", std::string("a,b\n1,\0\n", 8)))); }),
      Contains("'e.csv' is a binary file") && Contains("line 2, byte 7"));
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("e.csv", "a,b\n1,\xE9t\xE9\n"))); }),
             Contains("is not UTF-8") && Contains("line 2") && Contains("0xE9"));
  CHECK_THAT(message_of<DataError>([&] {
               read(csv(dir.file("e.csv", std::string("\xFF\xFE"
                                                      "a\0",
                                                      4))));
             }),
             Contains("convert it to UTF-8"));
  FileSource parquet = csv(dir.file("e.parquet", "a,b\n1,2\n"));
  parquet.format = FileFormat::kParquet;
  CHECK_THAT(message_of<DataError>([&] { read(parquet); }),
             Contains("not a complete Parquet file"));
}

TEST_CASE("a wrong delimiter is found", "[reader]") {
  TempDir dir;
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", "a;b\n1;2\n3;4\n"))); }),
             Contains("not separated by ','") && Contains("delim = \";\""));
  FileSource source = csv(dir.file("a.csv", "a,b\n1,2\n"));
  source.delimiter = '\t';
  CHECK_THAT(message_of<DataError>([&] { read(source); }), Contains("delim = \",\""));
  CHECK(read(csv(dir.file("b.csv", "one\nhello; world\n"))).rows() == 1);
}

TEST_CASE("ragged rows name their line", "[reader]") {
  TempDir dir;
  CHECK_THAT(
      message_of<DataError>([&] { read(csv(dir.file("a.csv", "a,b\n1,2\n3\n"))); }),
      Contains("'a.csv', line 3") && Contains("fewer cells") && Contains("expected: 2 cells"));
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", "a,b\n1,2\n3,4,5\n"))); }),
             Contains("'a.csv', line 3") && Contains("more cells") && Contains("3 cells"));
}

TEST_CASE("names that clash are refused", "[reader]") {
  TempDir dir;
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", "x,y,x\n1,2,3\n"))); }),
             Contains("two columns of 'a.csv' are named 'x'") && Contains("columns 1 and 3"));
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", "x,X\n1,2\n"))); }),
             Contains("upper and lower case only"));
}

TEST_CASE("a wrong type far down names line, column and cell", "[reader]") {
  TempDir dir;
  std::string text = "id,views,rate\n";
  const int bad = 60000;
  for (int i = 1; i <= 70000; ++i) {
    text += std::to_string(i) + "," + (i == bad ? "many" : "7") + ",0.5\n";
  }
  const auto path = dir.file("a.csv", text);
  for (const int threads : {1, 3}) {
    TempDir scratch;
    const std::string message =
        message_of<DataError>([&] { read(csv(path), open(scratch, threads)); });
    CHECK_THAT(message, Contains("'a.csv', line 60001, column 'views'") && Contains("'many'") &&
                            Contains("expected: integer") && Contains("views = \"text\"") &&
                            Contains("missing = { \"\", \"many\" }"));
  }
  FileSource source = csv(path);
  source.missing = {"", "many"};
  CHECK(read(source).column("views").missing_count() == 1);
}

TEST_CASE("rows over the borders of a reader's buffers are whole", "[reader]") {
  TempDir dir;
  // 30 MB with line breaks and delimiters inside quotes, so that a border falls into such a cell.
  std::string text = "id,note\n";
  const std::string note = ",\"" + std::string(400, 'x') + "\n,1," + std::string(400, 'y') + "\"\n";
  std::int64_t ids = 0;
  const int rows = 36000;
  for (int i = 1; i <= rows; ++i) {
    text += std::to_string(i) + note;
    ids += i;
  }
  const auto path = dir.file("a.csv", text);
  for (const int threads : {1, 3}) {
    TempDir scratch;
    const Frame frame = read(csv(path), open(scratch, threads));
    REQUIRE(frame.rows() == rows);
    std::int64_t sum = 0;
    for (const std::int64_t id : frame.column("id").as_integers()) sum += id;
    CHECK(sum == ids);
    for (const std::size_t row : {std::size_t{0}, std::size_t{rows - 1}}) {
      CHECK(frame.column("note").text_at(row).size() == 804);
    }
  }
}

TEST_CASE("a line may have nearly 2 MB, and a longer one is named", "[reader]") {
  TempDir dir;
  std::string text = "id,note\n";
  for (int i = 0; i < 25000; ++i) text += "1," + std::string(400, 'x') + "\n";
  const std::string path = dir.file("a.csv", text + "2," + std::string(1'990'000, 'z') + "\n3,w\n");
  const Frame frame = read(csv(path));
  REQUIRE(frame.rows() == 25002);
  CHECK(frame.column("note").text_at(25000).size() == 1'990'000);
  dir.file("a.csv", text + "2," + std::string(2'010'000, 'z') + "\n3,w\n");
  CHECK_THAT(message_of<DataError>([&] { read(csv(path)); }),
             Contains("line 25002 of 'a.csv' is longer than 2 MB"));
}

TEST_CASE("integers are digits with a sign and blanks at most", "[reader]") {
  TempDir dir;
  FileSource source = csv(dir.file("a.csv",
                                   "n\n7\n+8\n-9\n 10 \n-9223372036854775808\n"
                                   "9223372036854775807\n000000000000000000012\n-0\n"));
  source.types = {{"n", integer_type()}};
  const Frame frame = read(source);
  const auto cells = frame.column("n").as_integers();
  CHECK(std::vector<std::int64_t>(cells.begin(), cells.end()) ==
        std::vector<std::int64_t>{7, 8, -9, 10, std::numeric_limits<std::int64_t>::min(),
                                  std::numeric_limits<std::int64_t>::max(), 12, 0});
  for (const std::string bad : {"9223372036854775808", "-9223372036854775809", "1 2", "+", "-",
                                "--1", "1-", "1e3", "0x1", "1.0", "99999999999999999999", " "}) {
    dir.file("a.csv", "n,z\n" + bad + ",1\n");
    source.types = {{"n", integer_type()}};
    CHECK_THAT(message_of<DataError>([&] { read(source); }),
               Contains("line 2, column 'n'") && Contains("'" + bad + "'"));
  }
}

TEST_CASE("an integer column never rounds", "[reader]") {
  TempDir dir;
  std::string text = "n\n";
  for (int i = 0; i < 30000; ++i) text += i == 25000 ? "1.5\n" : "3\n";
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", text))); }),
             Contains("line 25002") && Contains("'1.5'") && Contains("integer"));
  std::string lines;
  for (int i = 0; i < 30000; ++i) lines += i == 25000 ? "{\"n\":1.5}\n" : "{\"n\":3}\n";
  CHECK_THAT(message_of<DataError>([&] { read(json(dir.file("a.jsonl", lines))); }),
             Contains("line 25001") && Contains("'1.5'") && Contains("integer"));
}

TEST_CASE("a value outside the levels is refused", "[reader]") {
  TempDir dir;
  FileSource source = csv(dir.file("a.csv", "g\nlow\nmid\n"));
  source.types = {{"g", category_type({"low", "high"})}};
  CHECK_THAT(message_of<DataError>([&] { read(source); }),
             Contains("none of its levels") && Contains("line 3") && Contains("'mid'") &&
                 Contains("low, high"));
}

TEST_CASE("wrong numbers, dates and booleans are refused", "[reader]") {
  TempDir dir;
  const auto message = [&](const char* cell, Type type) {
    FileSource source = csv(dir.file("a.csv", std::string("a,z\n1,1\n") + cell + ",2\n"));
    source.types = {{"a", std::move(type)}};
    return message_of<DataError>([&] { read(source); });
  };
  for (const Type& type : {number_type(), integer_type(), date_type(), timestamp_type()}) {
    CHECK_THAT(message("x", type),
               Contains("line") && Contains("column 'a'") && Contains("expected: " + type.name()));
  }
  CHECK_THAT(message("maybe", boolean_type()), Contains("line 3") && Contains("'maybe'"));
}

TEST_CASE("open quotes are found", "[reader]") {
  TempDir dir;
  std::string text = "a,b\n1,\"open\n";
  for (int i = 0; i < 100; ++i) text += "2,3\n";
  CHECK_THAT(message_of<DataError>([&] { read(csv(dir.file("a.csv", text))); }),
             Contains("quote") && Contains("line"));
}

TEST_CASE("json lines are read exactly", "[reader]") {
  TempDir dir;
  const auto path = dir.file("a.jsonl",
                             "{\"id\":9007199254740993,\"x\":1.5,\"s\":\"007\",\"d\":\"2024-02-"
                             "29\",\"n\":{\"k\":[1,2]},\"b\":true,\"mix\":1}\n"
                             "{\"id\":9223372036854775807,\"x\":2,\"s\":null,\"t\":\"2024-01-02T03:"
                             "04:05Z\",\"mix\":\"y\"}\n");
  const Frame frame = read(json(path));
  CHECK(frame.column("id").as_integers()[0] == 9007199254740993);
  CHECK(frame.column("id").as_integers()[1] == 9223372036854775807);
  CHECK(frame.column("x").as_numbers()[1] == 2.0);
  CHECK(frame.column("s").text_at(0) == "007");
  CHECK(frame.column("s").missing(1));
  CHECK(frame.column("d").type().kind == TypeKind::kDate);
  CHECK(frame.column("t").type().kind == TypeKind::kTimestamp);
  CHECK(frame.column("n").text_at(0) == "{\"k\":[1,2]}");
  CHECK(frame.column("n").missing(1));
  CHECK(frame.column("mix").text_at(0) == "1");
  CHECK(frame.column("mix").text_at(1) == "y");
}

TEST_CASE("json errors name their line", "[reader]") {
  TempDir dir;
  CHECK_THAT(message_of<DataError>(
                 [&] { read(json(dir.file("a.jsonl", "{\"a\":1}\n{\"a\":\n{\"a\":3}\n"))); }),
             Contains("not JSON") && Contains("line"));
  CHECK_THAT(message_of<DataError>([&] { read(json(dir.file("a.jsonl", "[1,2]\n"))); }),
             Contains("one JSON object a line"));
  FileSource source = json(dir.file("a.jsonl", "{\"a\":1}\n{\"a\":\"zz\"}\n"));
  source.types = {{"a", number_type()}};
  CHECK_THAT(message_of<DataError>([&] { read(source); }), Contains("line 2") && Contains("zz"));
  source.types = {{"a", integer_type()}};
  CHECK_THAT(message_of<DataError>([&] { read(source); }), Contains("line 2") && Contains("'zz'"));
}

TEST_CASE("a folder that may be read may hold another one", "[reader]") {
  TempDir dir;
  DuckDbOptions options;
  options.temp_directory = dir.path() / "a_scratch";
  options.readable = {dir.path(), dir.path() / "b"};
  std::filesystem::create_directory(dir.path() / "b");
  const auto backend = open_duckdb(options);
  CHECK(read(csv(dir.file("a.csv", "x\n1\n")), backend).rows() == 1);
  CHECK(read(csv(dir.file("b/a.csv", "x\n1\n")), backend).rows() == 1);
  CHECK(read(csv(dir.file("c.csv", "x\n1\n")), backend).rows() == 1);
}

TEST_CASE("only the named folders can be read", "[reader]") {
  TempDir dir;
  TempDir other;
  TempDir scratch;
  DuckDbOptions options;
  options.temp_directory = scratch.path();
  options.readable = {dir.path()};
  const auto backend = open_duckdb(options);
  CHECK(read(csv(dir.file("a.csv", "x\n1\n")), backend).rows() == 1);
  CHECK_THAT(message_of<IoError>([&] { read(csv(other.file("a.csv", "x\n1\n")), backend); }),
             Contains("outside the folders"));
  CHECK_THAT(message_of<IoError>([&] {
               read(csv(dir.path() / ".." / other.path().filename() / "a.csv"), backend);
             }),
             Contains("outside the folders"));
  std::filesystem::create_symlink(other.path() / "a.csv", dir.path() / "link.csv");
  CHECK_THAT(message_of<IoError>([&] { read(csv(dir.path() / "link.csv"), backend); }),
             Contains("outside the folders"));
}
