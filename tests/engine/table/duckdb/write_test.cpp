#include <sys/mount.h>

#include <cmath>
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
using test::read_bytes;
using test::TempDir;

namespace {

// Cells that formats like to spoil.
Frame awkward() {
  const double tiny = std::numeric_limits<double>::denorm_min();
  std::vector<Column> columns;
  columns.push_back(
      Column::integers({9007199254740993, -1, 0, std::numeric_limits<std::int64_t>::max()}));
  columns.push_back(Column::numbers({0.1, 1e300, tiny, 0}, {0b0111}));
  const std::string text = std::string("a,\"b\"\nc") + "\xC3\xA9" + " 007";
  columns.push_back(Column::text(text, {0, 7, 9, 13, 13}, {0b0111}));
  columns.push_back(Column::booleans({1, 0, 1, 0}, {0b1011}));
  columns.push_back(Column::dates({19782, -1, 0, 1}));
  columns.push_back(Column::timestamps({0, 1, 1'700'000'000'123'456, -1}));
  columns.push_back(Column::categories(category_type({"low", "high"}), {1, 0, 0, 0}, {0b1101}));
  return Frame({"id", "x", "s", "b", "d", "t", "c"}, std::move(columns));
}

void check_same(const Frame& a, const Frame& b) {
  REQUIRE(a.schema() == b.schema());
  REQUIRE(a.rows() == b.rows());
  for (std::size_t c = 0; c < a.schema().size(); ++c) {
    for (std::size_t row = 0; row < a.rows(); ++row) {
      INFO(a.schema()[c].name << " row " << row);
      CHECK(format_value(a.column(c).value(row)) == format_value(b.column(c).value(row)));
      CHECK(a.column(c).value(row) == b.column(c).value(row));
    }
  }
}

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

RelationPtr many(const std::shared_ptr<Backend>& backend, int rows) {
  return with_key(query(backend,
                        "SELECT i AS id, i * 0.37e0 AS x, md5(CAST(i AS VARCHAR)) AS s, i % 3 = 0 "
                        "AS b FROM range(" +
                            std::to_string(rows) + ") t(i)",
                        {}),
                  {"id"});
}

}  // namespace

TEST_CASE("what is written reads back the same", "[write]") {
  TempDir dir;
  const auto backend = open(dir);
  const Frame frame = awkward();
  const auto relation = scan_frame(backend, frame, {}, "'it'");
  for (const FileFormat format : {FileFormat::kCsv, FileFormat::kParquet, FileFormat::kJsonLines}) {
    const auto path = dir.path() / "out.file";
    WriteOptions options;
    options.format = format;
    backend->write(relation, path, options, Context{});
    FileSource source;
    source.format = format;
    source.path = path;
    for (const auto& info : frame.schema().columns()) source.types[info.name] = info.type;
    check_same(backend->collect(scan_file(backend, source, {}, "'back'"), Context{}), frame);
    std::filesystem::remove(path);
  }
}

TEST_CASE("csv text is plain", "[write]") {
  TempDir dir;
  const auto backend = open(dir);
  const auto path = dir.path() / "a.csv";
  WriteOptions options;
  options.delimiter = ';';
  options.missing = "NA";
  backend->write(scan_frame(backend, awkward(), {}, "'it'"), path, options, Context{});
  CHECK(read_bytes(path) ==
        "id;x;s;b;d;t;c\n"
        "9007199254740993;0.1;\"a,\"\"b\"\"\nc\";true;2024-02-29;1970-01-01 00:00:00;high\n"
        "-1;1e+300;\xC3\xA9;false;1969-12-31;1970-01-01 00:00:00.000001;NA\n"
        "0;5e-324; 007;NA;1970-01-01;2023-11-14 22:13:20.123456;low\n"
        "9223372036854775807;NA;NA;false;1970-01-02;1969-12-31 23:59:59.999999;low\n");
}

TEST_CASE("not-a-number and infinities survive", "[write]") {
  TempDir dir;
  const auto backend = open(dir);
  const double inf = std::numeric_limits<double>::infinity();
  std::vector<Column> columns;
  columns.push_back(Column::numbers({1.5, std::nan(""), inf, -inf}));
  const auto relation = scan_frame(backend, Frame({"x"}, std::move(columns)), {}, "'it'");
  for (const FileFormat format : {FileFormat::kCsv, FileFormat::kParquet, FileFormat::kJsonLines}) {
    WriteOptions options;
    options.format = format;
    backend->write(relation, dir.path() / "f", options, Context{});
    FileSource source;
    source.format = format;
    source.path = dir.path() / "f";
    source.types["x"] = number_type();
    const Frame back = backend->collect(scan_file(backend, source, {}, "'back'"), Context{});
    REQUIRE(back.rows() == 4);
    CHECK(std::isnan(back.column(0).as_numbers()[1]));
    CHECK(back.column(0).as_numbers()[2] == inf);
    CHECK(back.column(0).as_numbers()[3] == -inf);
  }
}

TEST_CASE("the same bytes on any number of threads", "[write]") {
  for (const FileFormat format : {FileFormat::kCsv, FileFormat::kParquet, FileFormat::kJsonLines}) {
    std::string first;
    for (const int threads : {1, 2, 3, 8}) {
      TempDir dir;
      const auto backend = open(dir, threads);
      WriteOptions options;
      options.format = format;
      backend->write(many(backend, 150000), dir.path() / "f", options, Context{});
      const std::string bytes = read_bytes(dir.path() / "f");
      if (first.empty()) first = bytes;
      CHECK(bytes.size() > 100000);
      CHECK(bytes == first);
    }
  }
}

TEST_CASE("a failed write leaves nothing and keeps what was there", "[write]") {
  TempDir dir;
  const auto backend = open(dir);
  const auto bad =
      derive(many(backend, 200000),
             {{"y", sql_expr("CAST(CASE WHEN id = 199999 THEN 'x' ELSE '1' END AS BIGINT)")}});
  std::filesystem::create_directory(dir.path() / "out");
  dir.file("out/a.csv", "old");
  CHECK_THROWS_AS(backend->write(bad, dir.path() / "out" / "a.csv", {}, Context{}), DataError);
  CHECK(read_bytes(dir.path() / "out" / "a.csv") == "old");
  CHECK(names_in(dir.path() / "out") == std::vector<std::string>{"a.csv"});
  backend->write(many(backend, 3), dir.path() / "out" / "a.csv", {}, Context{});
  CHECK(read_bytes(dir.path() / "out" / "a.csv").starts_with("id,x,s,b\n0,0.0,"));
  CHECK(names_in(dir.path() / "out") == std::vector<std::string>{"a.csv"});
}

TEST_CASE("bad targets are refused", "[write]") {
  TempDir dir;
  const auto backend = open(dir);
  CHECK_THAT(
      message_of<IoError>([&] { backend->write(many(backend, 3), dir.path(), {}, Context{}); }),
      Contains("is a folder"));
  CHECK_THAT(message_of<IoError>([&] {
               backend->write(many(backend, 3), dir.path() / "no" / "a.csv", {}, Context{});
             }),
             Contains("no folder"));
}

TEST_CASE("a full disk is said and cleaned up", "[write]") {
  TempDir dir;
  TempDir mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", 0, "size=256k") != 0) {
    WARN("no small file system can be mounted here: skipped");
    return;
  }
  {
    const auto backend = open(dir);
    CHECK_THAT(message_of<IoError>([&] {
                 backend->write(many(backend, 100000), mount_point.path() / "a.csv", {}, Context{});
               }),
               Contains("the disk is full") && Contains("'a.csv'") && Contains("free some space"));
    CHECK(names_in(mount_point.path()).empty());
    backend->write(many(backend, 10), mount_point.path() / "a.csv", {}, Context{});
    CHECK(names_in(mount_point.path()) == std::vector<std::string>{"a.csv"});

    // The folder for temporary files itself is full.
    DuckDbOptions options;
    options.temp_directory = mount_point.path();
    const auto cramped = open_duckdb(options);
    CHECK_THAT(message_of<IoError>([&] {
                 cramped->write(many(cramped, 100000), dir.path() / "b.csv", {}, Context{});
               }),
               Contains("the disk is full"));
    CHECK_FALSE(std::filesystem::exists(dir.path() / "b.csv"));
  }
  ::umount2(mount_point.path().c_str(), MNT_DETACH);
}

TEST_CASE("a read-only folder is refused", "[write]") {
  TempDir dir;
  TempDir mount_point;
  if (::mount("tmpfs", mount_point.path().c_str(), "tmpfs", MS_RDONLY, nullptr) != 0) {
    WARN("no read-only file system can be mounted here: skipped");
    return;
  }
  const auto backend = open(dir);
  CHECK_THAT(message_of<IoError>([&] {
               backend->write(many(backend, 3), mount_point.path() / "a.csv", {}, Context{});
             }),
             Contains("cannot be written") && Contains("another folder"));
  ::umount2(mount_point.path().c_str(), MNT_DETACH);
}
