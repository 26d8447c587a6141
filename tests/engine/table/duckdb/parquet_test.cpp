#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/duckdb/database.h"
#include "engine/table/verbs.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;
using test::TempDir;

namespace {

// A Parquet file as another program writes it.
FileSource parquet(const TempDir& dir, const std::string& select) {
  const std::vector<std::pair<std::string, std::string>> settings{{"threads", "1"}};
  duck::Database database(settings);
  const auto path = dir.path() / "a.parquet";
  database.connect()->execute("COPY (" + select + ") TO '" + path.string() + "' (FORMAT parquet)");
  FileSource source;
  source.format = FileFormat::kParquet;
  source.path = path;
  return source;
}

Frame read(const FileSource& source) {
  const auto backend = open_duckdb({});
  return backend->collect(scan_file(backend, source, {}, "'it'"), Context{});
}

}  // namespace

TEST_CASE("parquet types become the seven", "[parquet]") {
  TempDir dir;
  const Frame frame = read(parquet(
      dir,
      "SELECT 1::TINYINT AS a, 4000000000::UINTEGER AS b, 9007199254740993 AS c, 1.5::FLOAT AS d, "
      "1.25::DECIMAL(9, 2) AS e, TIMESTAMP_NS '2024-01-02 03:04:05.123456789' AS f, "
      "TIMESTAMPTZ '2024-01-02 03:04:05+02' AS g, DATE '2024-02-29' AS h, [1, 2] AS i, "
      "{'k': 'v'} AS j, 'low'::ENUM('low', 'high') AS k, true AS l, NULL::VARCHAR AS m"));
  std::string types;
  for (const auto& info : frame.schema().columns()) types += info.type.name() + " ";
  CHECK(types ==
        "integer integer integer number number timestamp timestamp date text text text boolean "
        "text ");
  CHECK(frame.column("b").as_integers()[0] == 4000000000);
  CHECK(frame.column("c").as_integers()[0] == 9007199254740993);
  CHECK(frame.column("d").as_numbers()[0] == 1.5);
  CHECK(frame.column("e").as_numbers()[0] == 1.25);
  CHECK(format_value(frame.column("f").value(0)) == "2024-01-02T03:04:05.123456Z");
  CHECK(format_value(frame.column("g").value(0)) == "2024-01-02T01:04:05Z");
  CHECK(frame.column("i").text_at(0) == "[1,2]");
  CHECK(frame.column("j").text_at(0) == "{\"k\":\"v\"}");
  CHECK(frame.column("m").missing(0));
}

TEST_CASE("declared types of parquet columns", "[parquet]") {
  TempDir dir;
  FileSource source =
      parquet(dir, "SELECT 'low' AS g, 7 AS n, 1.5::DOUBLE AS x UNION ALL SELECT 'high', 8, 2.5");
  source.types = {{"g", category_type({"low", "high"})}, {"n", text_type()}};
  const Frame frame = read(source);
  CHECK(frame.column("g").as_codes()[1] == 1);
  CHECK(frame.column("n").text_at(0) == "7");
  source.types = {{"x", integer_type()}};
  CHECK_THAT(message_of<DataError>([&] { (void)read(source); }),
             Contains("column 'x'") && Contains("numbers, not integers"));
  source.types = {{"z", integer_type()}};
  CHECK_THAT(message_of<ArgumentError>([&] { (void)read(source); }), Contains("no such column"));
}

TEST_CASE("what a parquet column cannot give is refused", "[parquet]") {
  TempDir dir;
  CHECK_THAT(message_of<DataError>([&] { (void)read(parquet(dir, "SELECT 'x'::BLOB AS raw")); }),
             Contains("column 'raw'") && Contains("bytes"));
  CHECK_THAT(message_of<DataError>(
                 [&] { (void)read(parquet(dir, "SELECT 18446744073709551615::UBIGINT AS id")); }),
             Contains("64 bits") && Contains("text"));
  FileSource source = parquet(dir, "SELECT 18446744073709551615::UBIGINT AS id");
  source.types = {{"id", text_type()}};
  CHECK(read(source).column("id").text_at(0) == "18446744073709551615");
}

TEST_CASE("a parquet file that is cut is refused", "[parquet]") {
  TempDir dir;
  const FileSource source = parquet(dir, "SELECT i FROM range(1000) t(i)");
  const std::string bytes = test::read_bytes(source.path);
  dir.file("a.parquet", bytes.substr(0, bytes.size() / 2));
  CHECK_THAT(message_of<DataError>([&] { (void)read(source); }),
             Contains("not a complete Parquet file"));
}
