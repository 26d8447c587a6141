#include <chrono>
#include <cmath>
#include <thread>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;
using test::TempDir;

namespace {

std::shared_ptr<Backend> open(int threads = 2, std::uint64_t memory = 0,
                              const std::filesystem::path& temp = {}) {
  DuckDbOptions options;
  options.threads = threads;
  options.memory_limit = memory;
  options.temp_directory = temp;
  return open_duckdb(options);
}

// Every type, missing cells, long and short texts; `rows` rows.
Frame mixed(std::size_t rows) {
  std::vector<std::uint8_t> booleans;
  std::vector<std::int64_t> integers;
  std::vector<double> numbers;
  std::string bytes;
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> dates;
  std::vector<std::int64_t> times;
  std::vector<std::int32_t> codes;
  std::vector<std::uint64_t> valid((rows + 63) / 64, 0);
  for (std::size_t i = 0; i < rows; ++i) {
    const auto n = static_cast<std::int64_t>(i);
    booleans.push_back(i % 2 == 0);
    integers.push_back(9007199254740993 + n);
    numbers.push_back(0.1 * static_cast<double>(n) - 1e300 * static_cast<double>(i % 2));
    bytes += i % 5 == 0   ? ""
             : i % 3 == 0 ? "a longer text, number " + std::to_string(i)
                          : "\xC3\xA9" + std::to_string(i);
    offsets.push_back(bytes.size());
    dates.push_back(static_cast<std::int32_t>(i) - 1000);
    times.push_back(n * 1'234'567 - 5);
    codes.push_back(static_cast<std::int32_t>(i % 3));
    if (i % 7 != 3) valid[i / 64] |= std::uint64_t{1} << (i % 64);
  }
  std::vector<Column> columns;
  columns.push_back(Column::booleans(booleans, valid));
  columns.push_back(Column::integers(integers));
  columns.push_back(Column::numbers(numbers, valid));
  columns.push_back(Column::text(bytes, offsets));
  columns.push_back(Column::dates(dates, valid));
  columns.push_back(Column::timestamps(times, valid));
  columns.push_back(Column::categories(category_type({"low", "mid", "high"}), codes, valid));
  return Frame({"b", "i", "x", "s", "d", "t", "level"}, std::move(columns));
}

bool same(const Frame& a, const Frame& b) {
  if (!(a.schema() == b.schema()) || a.rows() != b.rows()) return false;
  for (std::size_t c = 0; c < a.schema().size(); ++c) {
    for (std::size_t row = 0; row < a.rows(); ++row) {
      if (!(a.column(c).value(row) == b.column(c).value(row))) return false;
    }
  }
  return true;
}

RelationPtr numbers(const std::shared_ptr<Backend>& backend, const std::string& sql) {
  return query(backend, sql, {});
}

}  // namespace

TEST_CASE("a frame survives the backend", "[backend]") {
  for (const std::size_t rows : {0U, 1U, 64U, 2047U, 2049U, 10000U}) {
    const Frame frame = mixed(rows);
    const auto backend = open(3);
    CHECK(same(backend->collect(scan_frame(backend, frame, {}, "'it'"), Context{}), frame));
  }
}

TEST_CASE("a frame stays alive while it is scanned only", "[backend]") {
  const auto backend = open();
  auto relation = scan_frame(backend, mixed(10), {}, "'it'");
  CHECK(backend->count_rows(relation, Context{}) == 10);
  auto other = scan_frame(backend, mixed(20), {}, "'that'");
  relation.reset();
  CHECK(backend->count_rows(other, Context{}) == 20);
  CHECK(backend->collect(select(other, {{"s", column("s")}}), Context{}).column(0).text_at(18) ==
        "a longer text, number 18");
}

TEST_CASE("types come back as the seven", "[backend]") {
  const auto backend = open();
  const auto relation =
      numbers(backend,
              "SELECT 1::TINYINT AS a, 2::UINTEGER AS b, 3::HUGEINT AS c, 4::UBIGINT AS d, "
              "1.5::FLOAT AS e, 1.25::DECIMAL(9, 2) AS f, '12:00:00'::TIME AS g, [1, 2] AS h, "
              "'00000000-0000-0000-0000-000000000001'::UUID AS i, TIMESTAMPTZ '2024-01-01 "
              "00:00:00+00' AS j, INTERVAL 1 DAY AS k");
  std::string types;
  for (const auto& info : relation->schema.columns()) types += info.type.name() + " ";
  CHECK(types == "integer integer integer integer number number text text text timestamp text ");
  const Frame frame = backend->collect(relation, Context{});
  CHECK(frame.column("c").as_integers()[0] == 3);
  CHECK(frame.column("f").as_numbers()[0] == 1.25);
  CHECK(frame.column("g").text_at(0) == "12:00:00");
  CHECK(format_value(frame.column("j").value(0)) == "2024-01-01T00:00:00Z");
  CHECK_THAT(message_of<DataError>([&] { (void)numbers(backend, "SELECT 'a'::BLOB AS z"); }),
             Contains("'z'") && Contains("bytes"));
}

TEST_CASE("integers beyond 64 bits are refused", "[backend]") {
  const auto backend = open();
  const auto relation = numbers(backend, "SELECT 18446744073709551615::UBIGINT AS u");
  CHECK_THAT(message_of<DataError>([&] { (void)backend->collect(relation, Context{}); }),
             Contains("integer") && Contains("text"));
}

TEST_CASE("expressions that do not bind say why", "[backend]") {
  const auto backend = open();
  const auto relation = scan_frame(backend, mixed(5), {}, "'videos'");
  CHECK_THAT(message_of<ArgumentError>([&] {
               (void)derive(relation, {{"y", sql_expr("numbr + 1")}});
             }),
             Contains("no column 'numbr'") && Contains("'videos'"));
  CHECK_THAT(message_of<ArgumentError>([&] {
               (void)derive(relation, {{"y", sql_expr("x + levl")}});
             }),
             Contains("no column 'levl' in 'videos'") && Contains("did you mean 'level'?"));
  CHECK_THAT(message_of<ArgumentError>([&] {
               (void)derive(relation, {{"y", sql_expr("fabs(x)")}});
             }),
             Contains("no function 'fabs'"));
  CHECK_THROWS_AS(derive(relation, {{"y", sql_expr("x +")}}), ArgumentError);
  CHECK_THROWS_AS(derive(relation, {{"y", sql_expr("s + d")}}), ArgumentError);
}

TEST_CASE("failures inside a query are the engine's errors", "[backend]") {
  const auto backend = open();
  const auto relation = scan_frame(backend, mixed(5), {}, "'videos'");
  const auto message = [&](const char* sql) {
    return message_of<DataError>([&] {
      (void)backend->collect(derive(relation, {{"y", sql_expr(sql)}}), Context{});
    });
  };
  CHECK_THAT(message("i * i * i"),
             Contains("integer") && !Contains("INT64") && !Contains("SELECT"));
  CHECK_THAT(message("CAST(s AS DOUBLE)"),
             Contains("onvert") && !Contains("SELECT") && !Contains("LINE"));
}

TEST_CASE("streamed frames have fixed bounds", "[backend]") {
  for (const int threads : {1, 3}) {
    const auto backend = open(threads);
    const auto relation = numbers(backend, "SELECT i FROM range(150000) t(i) ORDER BY i");
    std::vector<std::size_t> sizes;
    std::int64_t next = 0;
    bool ordered = true;
    backend->stream(relation, Context{}, [&](const Frame& frame) {
      sizes.push_back(frame.rows());
      for (const std::int64_t cell : frame.column(0).as_integers())
        ordered = ordered && cell == next++;
      return true;
    });
    CHECK(ordered);
    CHECK(sizes == std::vector<std::size_t>{65536, 65536, 18928});
    int calls = 0;
    backend->stream(relation, Context{}, [&](const Frame&) {
      ++calls;
      return false;
    });
    CHECK(calls == 1);
    CHECK_THAT(message_of<InternalError>([&] {
                 backend->stream(relation, Context{}, [&](const Frame&) {
                   return backend->count_rows(relation, Context{}) > 0;
                 });
               }),
               Contains("while another is being streamed"));
    CHECK(backend->count_rows(relation, Context{}) == 150000);
  }
}

TEST_CASE("a cancel stops a query within 100 ms", "[backend]") {
  const auto backend = open(2);
  const auto relation = numbers(backend,
                                "SELECT sum(CAST(a.i * b.i % 7 AS BIGINT)) AS s FROM "
                                "range(3000000) a(i), range(3000000) b(i)");
  CancelToken token;
  Context context;
  context.cancel = &token;
  std::chrono::steady_clock::time_point requested;
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    requested = std::chrono::steady_clock::now();
    token.request();
  });
  CHECK_THROWS_AS(backend->collect(relation, context), Cancelled);
  const auto late = std::chrono::steady_clock::now() - requested;
  killer.join();
  CHECK(late < std::chrono::milliseconds(100));
  CHECK_THROWS_AS(backend->collect(relation, context), Cancelled);  // Still requested.
  token.reset();
  CHECK(backend->count_rows(numbers(backend, "SELECT 1 AS x"), context) == 1);
}

TEST_CASE("long work reports progress", "[backend]") {
  struct Sink : ProgressSink {
    void report(std::string_view, double fraction) override {
      ++calls;
      bad = bad || fraction > 1.0;
    }
    std::atomic<int> calls{0};
    std::atomic<bool> bad{false};
  } sink;
  const auto backend = open(1);
  Context context;
  context.progress = &sink;
  (void)backend->count_rows(numbers(backend, "SELECT 1 AS x"), context);
  CHECK(sink.calls == 0);
  (void)backend->collect(numbers(backend,
                                 "SELECT i % 10 AS h, count(DISTINCT md5(CAST(i AS VARCHAR))) AS n "
                                 "FROM range(4000000) t(i) GROUP BY 1"),
                         context);
  CHECK(sink.calls > 0);
  CHECK_FALSE(sink.bad);
}

TEST_CASE("a cache is computed once and dropped with its owner", "[backend]") {
  TempDir dir;
  const auto path = dir.file("a.csv", "id,x\n2,5\n1,6\n");
  FileSource source;
  source.path = path;
  const auto backend = open(2, 0, dir.path());
  const auto file = scan_file(backend, source, {"id"}, "'a'");
  auto cached = backend->cache(sort(file, {{column("x"), true}}), Context{});
  std::filesystem::remove(path);
  const Frame frame = backend->collect(cached, Context{});
  CHECK(frame.column("id").as_integers()[0] == 1);
  CHECK(frame.column("id").as_integers()[1] == 2);
  CHECK(backend->count_rows(filter(cached, call("gt", {column("x"), literal(std::int64_t{5})})),
                            Context{}) == 1);
  const std::string handle = std::get<Cached>(cached->verb).handle;
  const auto copy = std::make_shared<Relation>();
  copy->verb = Cached{handle, nullptr};
  copy->schema = cached->schema;
  copy->natural = Natural::kSorted;
  copy->label = "'copy'";
  copy->backend = backend;
  copy->enforced = true;
  CHECK(backend->count_rows(copy, Context{}) == 2);
  cached.reset();
  CHECK_THROWS_AS(backend->count_rows(copy, Context{}), Error);
}

TEST_CASE("work larger than the memory limit goes to disk", "[backend]") {
  TempDir dir;
  {
    const auto backend = open(2, 200'000'000, dir.path());
    const auto wide = numbers(backend,
                              "SELECT i, md5(CAST(i AS VARCHAR)) AS m, md5(CAST(i + 1 AS VARCHAR)) "
                              "AS k FROM range(3000000) t(i)");
    const auto sorted = sort(wide, {{column("m"), false}});
    std::int64_t rows = 0;
    std::string last;
    bool ordered = true;
    backend->stream(sorted, Context{}, [&](const Frame& frame) {
      rows += static_cast<std::int64_t>(frame.rows());
      ordered = ordered && last <= frame.column("m").text_at(0);
      last = std::string(frame.column("m").text_at(frame.rows() - 1));
      return true;
    });
    CHECK(rows == 3000000);
    CHECK(ordered);
    const auto groups =
        summarise(wide, {{"k", column("k")}},
                  {{"n", aggregate("count", {})}, {"s", aggregate("sum", {column("i")})}});
    CHECK(backend->count_rows(groups, Context{}) == 3000000);
  }
  CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("a limit that is too small says so", "[backend]") {
  TempDir dir;
  const auto backend = open(1, 20'000'000, dir.path());
  const auto relation = numbers(
      backend, "SELECT list(md5(CAST(i AS VARCHAR)) ORDER BY i) AS l FROM range(3000000) t(i)");
  CHECK_THAT(message_of<ResourceError>([&] { (void)backend->collect(relation, Context{}); }),
             Contains("memory") && Contains("--memory") && !Contains("SELECT"));
}

TEST_CASE("unreachable backends and versions", "[backend]") {
  const auto backend = open();
  CHECK(backend->version() == "DuckDB 1.4.4");
  CHECK_THAT(backend->explain(scan_frame(backend, mixed(2), {"i"}, "'it'")),
             Contains("impact_frame(") && Contains("ORDER BY"));
}
