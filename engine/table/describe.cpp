#include "engine/table/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>

#include "engine/table/backend.h"
#include "engine/table/derived.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

constexpr std::array kNumbers = {"mean", "sd", "min", "q25", "median", "q75", "max"};

ExprPtr of(const char* function, const std::string& name) {
  return aggregate(function, {column(name)});
}

ExprPtr quantile(const std::string& name, double p) {
  return aggregate("quantile", {column(name), literal(p)});
}

// Text cells gathered into a column.
class TextBuilder {
 public:
  void add(std::string_view cell) {
    mark(true);
    bytes_ += cell;
    offsets_.push_back(bytes_.size());
  }
  void add_missing() {
    mark(false);
    offsets_.push_back(bytes_.size());
  }
  [[nodiscard]] Column build() && {
    return Column::text(std::move(bytes_), std::move(offsets_), std::move(valid_));
  }

 private:
  void mark(bool present) {
    const std::size_t row = offsets_.size() - 1;
    if (row % 64 == 0) valid_.push_back(0);
    if (present) valid_.back() |= std::uint64_t{1} << (row % 64);
  }
  std::string bytes_;
  std::vector<std::uint64_t> offsets_{0};
  std::vector<std::uint64_t> valid_;
};

// Numeric cells gathered into a column of T.
template <class T>
class NumericBuilder {
 public:
  void add(const Value& value) {
    const std::size_t row = data_.size();
    if (row % 64 == 0) valid_.push_back(0);
    data_.push_back(T{});
    if (std::holds_alternative<std::monostate>(value)) return;
    valid_.back() |= std::uint64_t{1} << (row % 64);
    data_.back() = std::holds_alternative<double>(value)
                       ? static_cast<T>(std::get<double>(value))
                       : static_cast<T>(std::get<std::int64_t>(value));
  }
  [[nodiscard]] Column build() && {
    if constexpr (std::is_same_v<T, double>) {
      return Column::numbers(std::move(data_), std::move(valid_));
    } else {
      return Column::integers(std::move(data_), std::move(valid_));
    }
  }

 private:
  std::vector<T> data_;
  std::vector<std::uint64_t> valid_;
};

// The states of all aggregates of one query must fit one row of the backend (256 KB); those of a
// column need less than 400 bytes.
constexpr std::size_t kColumnsAtOnce = 512;

// One scan computes every aggregate of many columns; the single row is then laid out column by row.
Frame one_row(const RelationPtr& relation, std::vector<NamedExpr> aggregates,
              const Context& context) {
  return relation->backend->collect(summarise(relation, {}, std::move(aggregates)), context);
}

std::string key(std::size_t column, const char* what) { return fmt::format("{}/{}", column, what); }

// Calls add(i, row) for every column i, in order, with a row that has what aggregates(i) asks for.
template <class Aggregates, class Add>
void each_column(const RelationPtr& relation, const Context& context, const Aggregates& aggregates,
                 const Add& add) {
  const std::size_t columns = relation->schema.size();
  for (std::size_t from = 0; from < columns; from += kColumnsAtOnce) {
    const std::size_t to = std::min(columns, from + kColumnsAtOnce);
    std::vector<NamedExpr> all;
    for (std::size_t i = from; i < to; ++i) {
      for (NamedExpr& item : aggregates(i)) all.push_back(std::move(item));
    }
    const Frame row = one_row(relation, std::move(all), context);
    for (std::size_t i = from; i < to; ++i) add(i, row);
  }
}

// Infinities and NaN as tables and JSON spell them; the backend has words of its own.
std::string end_text(std::string_view text, const Type& type) {
  if (type.kind == TypeKind::kNumber) {
    if (text == "inf") return "Infinity";
    if (text == "-inf") return "-Infinity";
    if (text == "nan") return "NaN";
  }
  return std::string(text);
}

}  // namespace

Frame describe(const RelationPtr& relation, const Context& context) {
  const auto& columns = relation->schema.columns();
  const auto aggregates = [&](std::size_t i) {
    std::vector<NamedExpr> all;
    const std::string& name = columns[i].name;
    all.push_back({key(i, "count"), of("count", name)});
    all.push_back({key(i, "missing"), of("count_missing", name)});
    if (columns[i].type.numeric()) {
      all.push_back({key(i, "mean"), of("mean", name)});
      all.push_back({key(i, "sd"), of("sd", name)});
      all.push_back({key(i, "min"), call("to_number", {of("min", name)})});
      all.push_back({key(i, "q25"), quantile(name, 0.25)});
      all.push_back({key(i, "median"), of("median", name)});
      all.push_back({key(i, "q75"), quantile(name, 0.75)});
      all.push_back({key(i, "max"), call("to_number", {of("max", name)})});
    } else {
      all.push_back({key(i, "distinct"), of("count_distinct", name)});
      all.push_back({key(i, "top"), call("to_text", {of("mode", name)})});
    }
    return all;
  };

  TextBuilder names;
  TextBuilder tops;
  std::vector<std::int64_t> counts;
  std::vector<std::int64_t> missing;
  std::array<NumericBuilder<double>, kNumbers.size()> numbers;
  NumericBuilder<std::int64_t> distinct;
  const auto add = [&](std::size_t i, const Frame& row) {
    names.add(columns[i].name);
    counts.push_back(std::get<std::int64_t>(row.column(key(i, "count")).value(0)));
    missing.push_back(std::get<std::int64_t>(row.column(key(i, "missing")).value(0)));
    const bool numeric = columns[i].type.numeric();
    for (std::size_t k = 0; k < kNumbers.size(); ++k) {
      numbers[k].add(numeric ? row.column(key(i, kNumbers[k])).value(0) : Value{});
    }
    distinct.add(numeric ? Value{} : row.column(key(i, "distinct")).value(0));
    const bool has_top = !numeric && !row.column(key(i, "top")).missing(0);
    if (has_top) {
      tops.add(row.column(key(i, "top")).text_at(0));
    } else {
      tops.add_missing();
    }
  };
  each_column(relation, context, aggregates, add);
  std::vector<std::string> header = {"column", "count", "missing"};
  std::vector<Column> cells;
  cells.push_back(std::move(names).build());
  cells.push_back(Column::integers(std::move(counts)));
  cells.push_back(Column::integers(std::move(missing)));
  for (std::size_t k = 0; k < kNumbers.size(); ++k) {
    header.emplace_back(kNumbers[k]);
    cells.push_back(std::move(numbers[k]).build());
  }
  header.emplace_back("distinct");
  cells.push_back(std::move(distinct).build());
  header.emplace_back("top");
  cells.push_back(std::move(tops).build());
  return {std::move(header), std::move(cells)};
}

Frame info(const RelationPtr& relation, const Context& context) {
  const auto& columns = relation->schema.columns();
  const auto aggregates = [&](std::size_t i) -> std::vector<NamedExpr> {
    const std::string& name = columns[i].name;
    return {{key(i, "missing"), of("count_missing", name)},
            {key(i, "distinct"), of("count_distinct", name)},
            {key(i, "min"), call("to_text", {of("min", name)})},
            {key(i, "max"), call("to_text", {of("max", name)})}};
  };
  TextBuilder names;
  TextBuilder types;
  TextBuilder lows;
  TextBuilder highs;
  std::vector<std::int64_t> missing;
  std::vector<std::int64_t> distinct;
  const auto add_end = [&](TextBuilder& to, const Column& from, const Type& type) {
    if (from.missing(0)) {
      to.add_missing();
    } else {
      to.add(end_text(from.text_at(0), type));
    }
  };
  const auto add = [&](std::size_t i, const Frame& row) {
    names.add(columns[i].name);
    types.add(columns[i].type.name());
    missing.push_back(std::get<std::int64_t>(row.column(key(i, "missing")).value(0)));
    distinct.push_back(std::get<std::int64_t>(row.column(key(i, "distinct")).value(0)));
    add_end(lows, row.column(key(i, "min")), columns[i].type);
    add_end(highs, row.column(key(i, "max")), columns[i].type);
  };
  each_column(relation, context, aggregates, add);
  std::vector<Column> cells;
  cells.push_back(std::move(names).build());
  cells.push_back(std::move(types).build());
  cells.push_back(Column::integers(std::move(missing)));
  cells.push_back(Column::integers(std::move(distinct)));
  cells.push_back(std::move(lows).build());
  cells.push_back(std::move(highs).build());
  return {{"column", "type", "missing", "distinct", "min", "max"}, std::move(cells)};
}

namespace {

RelationPtr overview(const RelationPtr& input, Overview::Kind kind, const char* what,
                     std::vector<ColumnInfo> columns) {
  auto out = derive_from(input);
  out->schema = Schema(std::move(columns));
  out->natural = Natural::kFile;
  out->label = fmt::format("{} of {}", what, input->label);
  out->verb = Overview{kind};
  return out;
}

}  // namespace

RelationPtr description(RelationPtr input) {
  std::vector<ColumnInfo> columns = {
      {"column", text_type()}, {"count", integer_type()}, {"missing", integer_type()}};
  for (const char* name : kNumbers) columns.push_back({name, number_type()});
  columns.push_back({"distinct", integer_type()});
  columns.push_back({"top", text_type()});
  return overview(input, Overview::Kind::kDescribe, "the description", std::move(columns));
}

RelationPtr column_info(RelationPtr input) {
  return overview(input, Overview::Kind::kInfo, "the columns",
                  {{"column", text_type()},
                   {"type", text_type()},
                   {"missing", integer_type()},
                   {"distinct", integer_type()},
                   {"min", text_type()},
                   {"max", text_type()}});
}

Shape shape(const RelationPtr& relation, const Context& context) {
  std::vector<ExprPtr> missing;
  for (const auto& name : relation->schema.names()) {
    missing.push_back(call("is_missing", {column(name)}));
  }
  const auto incomplete = call("any_of", std::move(missing));
  const Frame row =
      one_row(relation,
              {{"rows", aggregate("count", {})},
               {"incomplete",
                call("coalesce", {aggregate("sum", {incomplete}), literal(std::int64_t{0})})}},
              context);
  return {std::get<std::int64_t>(row.column("rows").value(0)),
          static_cast<std::int64_t>(relation->schema.size()),
          std::get<std::int64_t>(row.column("incomplete").value(0))};
}

}  // namespace impact
