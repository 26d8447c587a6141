#include <cmath>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/eigen.h"
#include "engine/table/frame.h"

using namespace impact;
using Catch::Contains;

TEST_CASE("columns keep their cells", "[frame]") {
  const Column integers = Column::integers({1, 2, 9007199254740993}, {0b101});
  CHECK(integers.size() == 3);
  CHECK(integers.missing_count() == 1);
  CHECK(integers.missing(1));
  CHECK(integers.as_integers()[1] == 0);  // Missing cells are blank.
  CHECK(integers.value(2) == Value(std::int64_t{9007199254740993}));
  CHECK(integers.value(1) == Value());

  const Column text = Column::text("abc\xC3\xA9", {0, 1, 1, 5});
  CHECK(text.text_at(0) == "a");
  CHECK(text.text_at(1).empty());
  CHECK(text.text_at(2) == "bc\xC3\xA9");

  const Column levels = Column::categories(category_type({"low", "high"}), {1, 0});
  CHECK(levels.text_at(0) == "high");
  CHECK(levels.as_codes()[1] == 0);
  CHECK(Column::timestamps({5}).value(0) == Value(Timestamp{5}));
  CHECK(Column::dates({5}).value(0) == Value(Date{5}));
  CHECK(Column::booleans({1}).value(0) == Value(true));
}

TEST_CASE("a bitmap of present cells only is dropped", "[frame]") {
  const Column column = Column::numbers(std::vector<double>(70, 1.0), {~0ULL, ~0ULL});
  CHECK(column.missing_count() == 0);
  const Column sparse = Column::numbers(std::vector<double>(70, 1.0), {~0ULL, 0b11111});
  CHECK(sparse.missing_count() == 1);
  CHECK(sparse.missing(69));
}

TEST_CASE("a column is read as what it is", "[frame]") {
  const Column column = Column::integers({1});
  CHECK_THROWS_AS(column.as_numbers(), InternalError);
  CHECK_THROWS_AS(column.as_timestamps(), InternalError);
  CHECK_THROWS_AS(column.text_at(0), InternalError);
  CHECK_THROWS_AS(column.value(1), InternalError);
  CHECK_THROWS_AS(Column::categories(category_type({"a"}), {1}), InternalError);
}

TEST_CASE("text is checked to be UTF-8, cell by cell", "[frame]") {
  CHECK_THROWS_WITH(Column::text("ab\xFF", {0, 1, 3}), Contains("row 2") && Contains("UTF-8"));
  // Both halves of one character: valid together, but not as cells.
  CHECK_THROWS_WITH(Column::text("\xC3\xA9", {0, 1, 2}), Contains("row 1"));
}

TEST_CASE("numbers leave without a copy where they can", "[frame]") {
  std::vector<double> storage;
  const Column numbers = Column::numbers({1.5, 2.5});
  CHECK(numbers.to_numbers(storage).data() == numbers.as_numbers().data());
  CHECK(to_vector(numbers, storage).data() == numbers.as_numbers().data());
  CHECK(storage.empty());

  const auto gaps = Column::numbers({1.5, 2.5}, {0b01}).to_numbers(storage);
  CHECK(gaps[0] == 1.5);
  CHECK(std::isnan(gaps[1]));
  CHECK(Column::booleans({1, 0}).to_numbers(storage)[0] == 1.0);
  CHECK(Column::integers({1LL << 53}).to_numbers(storage)[0] == 9007199254740992.0);
  CHECK_THROWS_WITH(Column::integers({0, (1LL << 53) + 1}).to_numbers(storage),
                    Contains("row 2") && Contains("9007199254740993"));
  CHECK_THROWS_AS(Column::dates({1}).to_numbers(storage), ArgumentError);
}

TEST_CASE("frames become matrices", "[frame]") {
  std::vector<Column> columns;
  columns.push_back(Column::integers({1, 2}, {0b01}));
  columns.push_back(Column::numbers({0.5, 1.5}));
  columns.push_back(Column::text("ab", {0, 1, 2}));
  const Frame frame({"n", "x", "s"}, std::move(columns));
  const std::vector<std::string> names{"x", "n"};
  const Eigen::MatrixXd matrix = to_matrix(frame, names);
  CHECK(matrix(1, 0) == 1.5);
  CHECK(matrix(0, 1) == 1.0);
  CHECK(std::isnan(matrix(1, 1)));
  const std::vector<std::string> text{"s"};
  CHECK_THROWS_WITH(to_matrix(frame, text), Contains("column 's' cannot enter a matrix"));
  const std::vector<std::string> wrong{"xs"};
  CHECK_THROWS_AS(to_matrix(frame, wrong), ArgumentError);
  CHECK(frame.bytes() >= 2 * sizeof(double));
}

TEST_CASE("a frame needs equal lengths and different names", "[frame]") {
  const auto frame = [](std::vector<std::string> names, std::vector<double> second) {
    std::vector<Column> columns;
    columns.push_back(Column::numbers({1, 2}));
    columns.push_back(Column::numbers(std::move(second)));
    return Frame(std::move(names), std::move(columns));
  };
  CHECK(frame({"a", "b"}, {3, 4}).rows() == 2);
  CHECK_THROWS_AS(frame({"a", "b"}, {3}), ArgumentError);
  CHECK_THROWS_AS(frame({"a", "a"}, {3, 4}), ArgumentError);
  CHECK_THROWS_AS(frame({"a"}, {3, 4}), ArgumentError);
  CHECK(Frame().rows() == 0);
}
