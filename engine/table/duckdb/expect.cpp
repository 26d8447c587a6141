#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/core/error.h"
#include "engine/table/duckdb/reader.h"
#include "engine/table/duckdb/session.h"

namespace impact::duck {

namespace {

using D = DuckDbDialect;

constexpr int kShownRows = 5;
constexpr std::size_t kShownColumns = 6;

// One condition on single rows: which rows break it, and how a message says so.
struct RowRule {
  std::string broken;  // SQL over the columns: true for an offending row.
  std::string what;    // "column 'x' has missing cells"
  std::string expected;
  std::vector<std::string> columns;  // Shown first.
  std::string hint = {};
};

// One set of columns that must not repeat.
struct UniqueRule {
  std::vector<std::string> columns;
  std::string what;
  std::string expected;
};

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::string identifiers(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) parts.push_back(D::identifier(name));
  return joined(parts);
}

std::string none_missing(const std::vector<std::string>& names) {
  std::vector<std::string> parts;
  for (const std::string& name : names) parts.push_back(D::identifier(name) + " IS NOT NULL");
  return fmt::format("{}", fmt::join(parts, " AND "));
}

std::string values_text(const std::vector<Value>& values) {
  std::vector<std::string> words;
  for (const Value& value : values) words.push_back(format_value(value));
  return list_words(words);
}

// Bounds of a category go by its declared order, which a bare text literal
// would not.
std::string bound_literal(const Value& value, const Type& type) {
  return fmt::format("CAST({} AS {})", D::literal(value), D::type(type));
}

// The table as the script names it, and its file where that has another name.
std::string place_of(const Relation& relation) {
  const auto* file = std::get_if<FileScan>(&relation.verb);
  if (file == nullptr || shown_path(file->source) == relation.label) return relation.label;
  return relation.label + ", read from " + shown_path(file->source);
}

std::string count_of(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

void DuckDbBackend::check(const RelationPtr& relation, const Expectations& expectations,
                          const Context& context) {
  const Schema& schema = relation->schema;
  std::vector<RowRule> row_rules;
  std::vector<UniqueRule> unique_rules;
  const std::string& label = relation->label;

  if (!expectations.key.empty()) {
    for (const std::string& name : expectations.key) (void)schema.require(name, label);
    const std::string key = joined(expectations.key);
    std::vector<std::string> missing;
    for (const std::string& name : expectations.key) {
      missing.push_back(D::identifier(name) + " IS NULL");
    }
    row_rules.push_back({fmt::format("{}", fmt::join(missing, " OR ")),
                         fmt::format("the key ({}) of {} is missing in", key, label),
                         "a key in every row", expectations.key,
                         "complete or remove these rows, or choose another key"});
    unique_rules.push_back(
        {expectations.key, fmt::format("the key ({}) of {} repeats", key, label), "one row a key"});
  }
  for (const ColumnExpectation& column : expectations.columns) {
    const Type& type = schema[schema.require(column.column, label)].type;
    const std::string name = D::identifier(column.column);
    const std::string subject = fmt::format("column '{}' of {}", column.column, label);
    if (column.present) {
      row_rules.push_back(
          {name + " IS NULL", subject + " is missing in", "no missing cell", {column.column}});
    }
    if (column.min) {
      row_rules.push_back({fmt::format("{} < {}", name, bound_literal(*column.min, type)),
                           subject + " is below its minimum in",
                           "at least " + format_value(*column.min),
                           {column.column}});
    }
    if (column.max) {
      row_rules.push_back({fmt::format("{} > {}", name, bound_literal(*column.max, type)),
                           subject + " is above its maximum in",
                           "at most " + format_value(*column.max),
                           {column.column}});
    }
    if (!column.allowed.empty()) {
      std::vector<std::string> literals;
      for (const Value& value : column.allowed) literals.push_back(D::literal(value));
      // As text, so that a value outside a category's levels compares instead
      // of failing.
      const std::string cell =
          type.kind == TypeKind::kCategory ? fmt::format("CAST({} AS VARCHAR)", name) : name;
      row_rules.push_back({fmt::format("{} NOT IN ({})", cell, fmt::join(literals, ", ")),
                           subject + " has values that are not allowed in",
                           values_text(column.allowed),
                           {column.column}});
    }
    if (column.unique) {
      unique_rules.push_back({{column.column}, subject + " repeats", "no value twice"});
    }
  }

  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  const std::string rows = D::compile(*relation, hooks, false);

  // Everything but uniqueness in one pass over the rows.
  std::vector<std::string> counts{"count(*) AS n"};
  std::vector<ColumnInfo> count_columns{{"n", integer_type()}};
  for (std::size_t i = 0; i < row_rules.size(); ++i) {
    counts.push_back(fmt::format("count(*) FILTER (WHERE {}) AS r{}", row_rules[i].broken, i));
    count_columns.push_back({fmt::format("r{}", i), integer_type()});
  }
  const Frame found = frame_of(session, *relation, Schema(count_columns),
                               fmt::format("SELECT {} FROM ({}) AS t", joined(counts), rows));
  const std::int64_t total = found.column(0).as_integers()[0];
  if (expectations.min_rows && total < *expectations.min_rows) {
    throw DataError({.what = label + " has too few rows",
                     .where = place_of(*relation),
                     .got = count_of(total, "row"),
                     .expected = fmt::format("at least {}", *expectations.min_rows),
                     .hint = "is the file complete?"});
  }
  if (expectations.max_rows && total > *expectations.max_rows) {
    throw DataError({.what = label + " has too many rows",
                     .where = place_of(*relation),
                     .got = count_of(total, "row"),
                     .expected = fmt::format("at most {}", *expectations.max_rows)});
  }

  // Offending rows are shown with their place in the file where they stand in
  // it, else in the relation's own order.
  std::string number = "row";
  while (schema.find(number)) number += "_";
  const bool as_in_file = relation->natural == Natural::kFile && relation->order.empty();
  const std::string numbered =
      fmt::format("SELECT row_number() OVER () AS {}, * FROM ({}) AS t", D::identifier(number),
                  as_in_file ? rows : D::compile(*relation, hooks, true));
  const auto show = [&](const std::vector<std::string>& first, const std::string& rest) {
    std::vector<std::string> names = first;
    for (const std::string& name : schema.names()) {
      if (names.size() >= kShownColumns) break;
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
    std::vector<ColumnInfo> columns{{number, integer_type()}};
    for (const std::string& name : names) columns.push_back(schema[*schema.find(name)]);
    const Frame bad =
        frame_of(session, *relation, Schema(columns),
                 fmt::format("SELECT {}, {} FROM ({}) AS t {} LIMIT {}", D::identifier(number),
                             identifiers(names), numbered, rest, kShownRows));
    std::string text;
    for (std::size_t row = 0; row < bad.rows(); ++row) {
      std::vector<std::string> cells;
      for (std::size_t i = 0; i < names.size(); ++i) {
        cells.push_back(
            fmt::format("{} = {}", names[i], format_value(bad.column(i + 1).value(row))));
      }
      text += fmt::format("{}row {}: {}", row == 0 ? "" : "; ", bad.column(0).as_integers()[row],
                          joined(cells));
    }
    return text;
  };

  for (std::size_t i = 0; i < row_rules.size(); ++i) {
    const std::int64_t count = found.column(i + 1).as_integers()[0];
    if (count == 0) continue;
    const RowRule& rule = row_rules[i];
    throw DataError({.what = fmt::format("{} {}", rule.what, count_of(count, "row")),
                     .where = place_of(*relation),
                     .got = show(rule.columns, fmt::format("WHERE {} ORDER BY {}", rule.broken,
                                                           D::identifier(number))),
                     .expected = rule.expected,
                     .hint = rule.hint});
  }
  for (const UniqueRule& rule : unique_rules) {
    const std::string names = identifiers(rule.columns);
    const Frame repeats = frame_of(
        session, *relation, Schema({{"values", integer_type()}, {"rows", integer_type()}}),
        fmt::format(
            "SELECT count(*) AS \"values\", coalesce(CAST(sum(n) AS BIGINT), 0) AS \"rows\" FROM "
            "(SELECT count(*) AS n FROM ({}) AS t WHERE {} GROUP BY {} HAVING count(*) > 1) AS g",
            rows, none_missing(rule.columns), names));
    const std::int64_t values = repeats.column(0).as_integers()[0];
    if (values == 0) continue;
    const std::string partition = fmt::format("OVER (PARTITION BY {})", names);
    throw DataError(
        {.what = fmt::format("{}: {} in {}", rule.what, count_of(values, "value"),
                             count_of(repeats.column(1).as_integers()[0], "row")),
         .where = place_of(*relation),
         .got = show(rule.columns,
                     fmt::format("WHERE {0} QUALIFY count(*) {1} > 1 ORDER BY min({2}) {1}, {2}",
                                 none_missing(rule.columns), partition, D::identifier(number))),
         .expected = rule.expected,
         .hint = "remove the repeated rows or add a column to the key"});
  }
}

}  // namespace impact::duck
