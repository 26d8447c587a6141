#include "engine/table/duckdb/bind_errors.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "engine/core/error.h"

namespace impact::duck {

namespace {

using namespace std::string_view_literals;

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool is_word(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// Left out: types that a table does not have, whose own names are words already.
constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kTypeWords{{
    {"BOOLEAN", "boolean"},
    {"BOOL", "boolean"},
    {"TINYINT", "integer"},
    {"SMALLINT", "integer"},
    {"INTEGER", "integer"},
    {"BIGINT", "integer"},
    {"HUGEINT", "integer"},
    {"UTINYINT", "integer"},
    {"USMALLINT", "integer"},
    {"UINTEGER", "integer"},
    {"UBIGINT", "integer"},
    {"UHUGEINT", "integer"},
    {"INT8", "integer"},
    {"INT16", "integer"},
    {"INT32", "integer"},
    {"INT64", "integer"},
    {"INT128", "integer"},
    {"UINT64", "integer"},
    {"INTEGER_LITERAL", "integer"},
    {"FLOAT", "number"},
    {"DOUBLE", "number"},
    {"DECIMAL", "number"},
    {"VARCHAR", "text"},
    {"STRING_LITERAL", "text"},
    {"DATE", "date"},
    {"TIMESTAMP", "timestamp"},
    {"TIMESTAMP_NS", "timestamp"},
    {"INTERVAL", "interval"},
    {"ENUM", "category"},
    {"ANY", "any"},
}};

std::string_view word_of(std::string_view type) {
  for (const auto& [theirs, ours] : kTypeWords) {
    if (theirs == type) return ours;
  }
  return {};
}

bool is_literal(std::string_view type) { return type.ends_with("_LITERAL"); }

// "VARCHAR, DECIMAL(2,1), ENUM('a', 'b')" cut at the commas outside brackets and quotes.
std::vector<std::string> split_types(std::string_view list) {
  std::vector<std::string> types;
  std::string type;
  int depth = 0;
  bool quoted = false;
  for (const char c : list) {
    if (c == '\'') quoted = !quoted;
    if (!quoted && (c == '(' || c == '[')) ++depth;
    if (!quoted && (c == ')' || c == ']')) --depth;
    if (c == ',' && depth == 0 && !quoted) {
      types.push_back(std::move(type));
      type.clear();
    } else if (c != ' ' || !type.empty()) {
      type += c;
    }
  }
  if (!type.empty()) types.push_back(std::move(type));
  return types;
}

std::vector<std::string> all_words(const std::vector<std::string>& types) {
  std::vector<std::string> words;
  for (const std::string& type : types) words.push_back(type_words(type));
  return words;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string with_article(const std::string& word) {
  return (contains("aeiou", word.substr(0, 1)) ? "an " : "a ") + word;
}

// "convert the text: to_number, in SQL CAST(... AS DOUBLE)"; "" where no value of the one type is
// one of the other.
std::string conversion(const std::string& from, const std::string& to) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kTargets{
      {{"boolean", "BOOLEAN"},
       {"integer", "BIGINT"},
       {"number", "DOUBLE"},
       {"text", "VARCHAR"},
       {"date", "DATE"},
       {"timestamp", "TIMESTAMP"}}};
  if (from == to || (to != "text" && from != "text")) return {};
  for (const auto& [word, type] : kTargets) {
    if (word == to) {
      return fmt::format("convert the {}: to_{}, in SQL CAST(... AS {})", from, word, type);
    }
  }
  return {};
}

// Operators as they are written; DuckDB's functions behind LIKE have other names.
std::string_view operator_named(std::string_view function) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWritten{
      {{"~~", "LIKE"},
       {"!~~", "NOT LIKE"},
       {"~~*", "ILIKE"},
       {"!~~*", "NOT ILIKE"},
       {"~~~", "GLOB"}}};
  for (const auto& [theirs, written] : kWritten) {
    if (theirs == function) return written;
  }
  return !function.empty() && std::none_of(function.begin(), function.end(), is_word)
             ? function
             : std::string_view();
}

// Aggregates that stand in for DuckDB's (see sql_check.h) go by the name that was written.
std::string written_name(std::string_view function) {
  if (function == "impact_mean") return "avg";
  constexpr std::string_view kOwn = "impact_";
  return std::string(function.starts_with(kOwn) ? function.substr(kOwn.size()) : function);
}

bool is_column_type(const std::string& word) {
  static constexpr std::array<std::string_view, 8> kWords{
      "boolean", "integer", "number", "text", "date", "timestamp", "category", "any"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

struct Call {
  std::string function;
  std::vector<std::string> arguments;  // DuckDB's types.
};

// "sqrt(VARCHAR)".
Call call_of(std::string_view text) {
  const std::size_t open = text.find('(');
  const std::size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return {std::string(text), {}};
  }
  return {std::string(text.substr(0, open)), split_types(text.substr(open + 1, close - open - 1))};
}

// The signatures that DuckDB lists, one a line behind a tab: "sqrt(DOUBLE) -> DOUBLE". Those that
// differ in the width of integers only are one in our words; those over types that no column has
// count only where there are no others.
std::vector<Call> candidates(std::string_view message) {
  std::vector<Call> common;
  std::vector<Call> other;
  const std::size_t list = message.find("Candidate functions:");
  if (list == std::string_view::npos) return common;
  for (std::size_t at = message.find("\n\t", list); at != std::string_view::npos;
       at = message.find("\n\t", at + 2)) {
    const std::size_t end = std::min(message.find('\n', at + 2), message.size());
    const std::string_view line = message.substr(at + 2, end - at - 2);
    Call call = call_of(line.substr(0, line.find(" -> ")));
    call.arguments = all_words(call.arguments);
    const bool ours = std::all_of(call.arguments.begin(), call.arguments.end(), is_column_type);
    std::vector<Call>& calls = ours ? common : other;
    const bool known = std::any_of(calls.begin(), calls.end(), [&](const Call& earlier) {
      return earlier.arguments == call.arguments;
    });
    if (!known) calls.push_back(std::move(call));
  }
  return common.empty() ? other : common;
}

// "No function matches the given name and argument types 'sqrt(VARCHAR)'. You might need ..."
[[noreturn]] void raise_no_match(std::string_view message, std::string_view signature,
                                 const ErrorScope& scope) {
  const Call call = call_of(signature);
  const std::vector<std::string> types = all_words(call.arguments);
  const std::string got = types.empty() ? "no argument" : joined(types, ", ");
  if (const std::string_view symbol = operator_named(call.function); !symbol.empty()) {
    const bool texts = is_word(symbol.front());
    const bool days = std::find(types.begin(), types.end(), "date") != types.end();
    const std::string target = texts ? "text" : days ? "integer" : "number";
    std::string hint;
    for (const std::string& type : types) {
      if (hint.empty()) hint = conversion(type, target);
    }
    throw ArgumentError(
        {.what = fmt::format("{} cannot be applied to {}",
                             texts ? std::string(symbol) : fmt::format("'{}'", symbol),
                             joined(types, " and ")),
         .where = scope.where,
         .got = got,
         .expected = texts                            ? "two texts"
                     : symbol == "+" || symbol == "-" ? "numbers, or a date and days"
                                                      : "numbers",
         .hint = hint});
  }
  constexpr std::size_t kShown = 4;
  const std::string name = written_name(call.function);
  std::vector<std::string> good;
  std::string hint;
  for (const Call& candidate : candidates(message)) {
    if (good.size() < kShown) {
      good.push_back(fmt::format("{}({})", name, joined(candidate.arguments, ", ")));
    }
    if (!hint.empty() || candidate.arguments.size() != types.size()) continue;
    for (std::size_t i = 0; i < types.size() && hint.empty(); ++i) {
      hint = conversion(types[i], candidate.arguments[i]);
    }
  }
  throw ArgumentError({.what = fmt::format("{} cannot be applied to {}", "'" + name + "'",
                                           types.empty() ? got : joined(types, " and ")),
                       .where = scope.where,
                       .got = got,
                       .expected = joined(good, " or "),
                       .hint = hint});
}

// Two types that do not go together; `what` says in what.
[[noreturn]] void raise_mixed(const std::string& left, const std::string& right, std::string what,
                              const ErrorScope& scope) {
  throw ArgumentError({.what = std::move(what),
                       .where = scope.where,
                       .got = fmt::format("{} and {}", type_words(left), type_words(right)),
                       .expected = "two values of one type",
                       .hint = meeting_hint(left, right)});
}

void raise_types(std::string_view message, const ErrorScope& scope) {
  if (const std::string call = between(message, "argument types ", "'", "'. You might");
      !call.empty()) {
    raise_no_match(message, call, scope);
  }
  if (message.starts_with("Cannot compare values of type ")) {
    const std::string left = between(message, "Cannot compare values", " of type ", " and type ");
    const std::string right = between(message, " and type", " ", " - an explicit");
    raise_mixed(left, right,
                fmt::format("{} and {} cannot be compared", with_article(type_words(left)),
                            with_article(type_words(right))),
                scope);
  }
  if (message.starts_with("Cannot mix values of type ")) {
    const std::string left = between(message, "Cannot mix values", " of type ", " and ");
    const std::string right = between(message, left, " and ", " in ");
    const std::string place = between(message, right, " in ", " ");
    raise_mixed(left, right,
                fmt::format("{} and {} cannot stand in one {}", with_article(type_words(left)),
                            with_article(type_words(right)), place),
                scope);
  }
  // "Type 'T' was inferred to be:\n - 'BIGINT', from first occurrence\n - 'VARCHAR', which is ..."
  if (message.starts_with("Cannot deduce template type")) {
    const std::string left = between(message, "inferred to be", " - '", "', from");
    const std::string right = between(message, "first occurrence", " - '", "', which");
    raise_mixed(left, right,
                fmt::format("{} and {} cannot stand in one list", with_article(type_words(left)),
                            with_article(type_words(right))),
                scope);
  }
  // "Unimplemented type for cast (BIGINT -> DATE) when casting from source column a"
  if (const std::string left = between(message, "type for cast", "(", " -> "); !left.empty()) {
    const std::string right = between(message, " ->", " ", ")");
    const std::string column = between(message, "source column", " ", "\n");
    const std::string from = type_words(left);
    throw ArgumentError(
        {.what = fmt::format("{} cannot become {}", with_article(from),
                             with_article(type_words(right))),
         .where = scope.where,
         .got = column.empty() ? from : fmt::format("{}, column '{}'", from, column),
         .expected = type_words(right),
         .hint = meeting_hint(left, right)});
  }
  if (message.starts_with("Cannot combine types of ")) {
    const std::string left = between(message, "Cannot combine types", " of ", " and ");
    const std::string right = between(message, left, " and ", " - an explicit");
    raise_mixed(left, right,
                fmt::format("{} and {} cannot be combined", with_article(type_words(left)),
                            with_article(type_words(right))),
                scope);
  }
}

[[noreturn]] void raise_no_column(const std::string& name, const ErrorScope& scope) {
  throw ArgumentError(
      {.what = "no column '" + name + "'" + (scope.where.empty() ? "" : " in " + scope.where),
       .got = name,
       .expected = list_words(scope.columns),
       .hint = did_you_mean(name, scope.columns)});
}

void raise_names(std::string_view message, const ErrorScope& scope) {
  for (const std::string_view mark : {"Referenced column"sv, "does not have a column named"sv}) {
    if (const std::string name = between(message, mark); !name.empty()) {
      raise_no_column(name, scope);
    }
  }
  if (message.starts_with("Column \"") &&
      (contains(message, "side of join!") || contains(message, " list not found"))) {
    raise_no_column(between(message, "Column"), scope);
  }
  if (const std::string name = between(message, "Ambiguous reference to column name");
      !name.empty()) {
    std::string choices = between(message, "(use:", " ", ")");
    std::erase(choices, '"');
    throw ArgumentError({.what = "column '" + name + "' stands in more than one table",
                         .where = scope.where,
                         .got = name,
                         .expected = choices});
  }
  if (const std::string name = between(message, "Referenced table"); !name.empty()) {
    const std::string near = between(message, "Candidate tables:");
    throw ArgumentError({.what = "no table '" + name + "'",
                         .where = scope.where,
                         .got = name,
                         .expected = near,
                         .hint = "name the inputs of the query"});
  }
  if (!contains(message, "does not exist!")) return;
  const std::string name = between(message, "with name", " ", " ");
  if (name.empty()) return;
  if (message.starts_with("Type with")) {
    throw ArgumentError({.what = "no type '" + name + "'",
                         .where = scope.where,
                         .got = name,
                         .expected = "BOOLEAN, BIGINT, DOUBLE, VARCHAR, DATE or TIMESTAMP"});
  }
  const bool table = message.starts_with("Table with");
  const std::string near = between(message, "Did you mean");
  throw ArgumentError({.what = fmt::format("no {} '{}'", table ? "table" : "function", name),
                       .where = scope.where,
                       .got = name,
                       .hint = table          ? "name the inputs of the query"
                               : near.empty() ? ""
                                              : "did you mean '" + near + "'?"});
}

void raise_clauses(std::string_view message, const ErrorScope& scope) {
  if (contains(message, " must appear in the GROUP BY clause")) {
    std::string name = between(message, "column", " ", " must appear");
    std::erase(name, '"');
    throw ArgumentError({.what = "column '" + name + "' is neither grouped nor summarised",
                         .where = scope.where,
                         .got = name,
                         .expected = "a column of GROUP BY, or an aggregate",
                         .hint = "add it to GROUP BY, or write max(" + name + ")"});
  }
  const std::size_t clause = message.find(" clause cannot contain ");
  if (clause != std::string_view::npos) {
    const std::string place(message.substr(0, clause));
    const bool window = contains(message, "window functions");
    std::string hint = "compute it in a step before";
    if (place == "WHERE") {
      hint = window ? "use QUALIFY, or derive the column in a step before"
                    : "use HAVING, or summarise in a step before";
    }
    throw ArgumentError({.what = fmt::format("{} cannot hold {}", place,
                                             window ? "a window function" : "an aggregate"),
                         .where = scope.where,
                         .expected = "an expression of single rows",
                         .hint = hint});
  }
  if (contains(message, "aggregate function calls cannot be nested")) {
    throw ArgumentError({.what = "an aggregate stands inside another",
                         .where = scope.where,
                         .hint = "summarise in two steps"});
  }
  if (contains(message, "with the same number of result columns")) {
    throw ArgumentError({.what = "the parts of a UNION, INTERSECT or EXCEPT differ in columns",
                         .where = scope.where,
                         .expected = "the same number of columns in each part"});
  }
  if (const std::string range =
          between(message, "term out of range", " - should be between ", "\n");
      !range.empty()) {
    throw ArgumentError({.what = fmt::format("{} names a column by a number that is not there",
                                             message.substr(0, message.find(" term out"))),
                         .where = scope.where,
                         .expected = "a number between " + range,
                         .hint = "write the column's name"});
  }
  if (const std::string count = between(message, "Subquery", " returns ", " - expected");
      !count.empty()) {
    throw ArgumentError({.what = "a query that stands for a value has more than one column",
                         .where = scope.where,
                         .got = count,
                         .expected = "1 column"});
  }
}

}  // namespace

std::string between(std::string_view text, std::string_view mark, std::string_view open,
                    std::string_view close) {
  const std::size_t start = text.find(mark);
  if (start == std::string_view::npos) return {};
  std::size_t begin = text.find(open, start + mark.size());
  if (begin == std::string_view::npos) return {};
  begin += open.size();
  std::size_t end = text.find(close, begin);
  // The end of the text ends a line too.
  if (end == std::string_view::npos && close == "\n") end = text.size();
  if (end == std::string_view::npos) return {};
  return std::string(text.substr(begin, end - begin));
}

std::string type_words(std::string_view type) {
  if (type.ends_with(']')) return "list";
  const auto end = std::find_if_not(type.begin(), type.end(), is_word);
  const std::string_view ours =
      word_of(type.substr(0, static_cast<std::size_t>(end - type.begin())));
  if (!ours.empty()) return std::string(ours);
  return type == "\"NULL\"" ? "missing" : std::string(type);
}

std::string in_our_words(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == at) {
      out += text[at++];
      continue;
    }
    const std::string_view word = text.substr(at, end - at);
    const std::string_view ours = word_of(word);
    out += ours.empty() ? word : ours;
    at = end;
  }
  return out;
}

std::string meeting_hint(std::string_view left, std::string_view right) {
  const std::array<std::string, 2> words{type_words(left), type_words(right)};
  const auto one_is = [&](std::string_view word) { return words[0] == word || words[1] == word; };
  const bool written = is_literal(left) || is_literal(right);
  if (one_is("text")) {
    const std::string& other = words[words[0] == "text" ? 1 : 0];
    const std::string hint = conversion("text", other);
    return written && !hint.empty() ? "write a text in quotes: '5', or " + hint : hint;
  }
  if (one_is("category")) return "write a level in quotes, as a text";
  if (one_is("timestamp")) return "write a time as a text: '2024-01-31 12:00:00'";
  if (one_is("date")) return "write a date as a text: '2024-01-31'";
  return {};
}

void raise_unbound(const QueryError& error, const ErrorScope& scope) {
  const std::string_view message = error.message();
  raise_names(message, scope);
  raise_types(message, scope);
  raise_clauses(message, scope);
  std::string_view line = message.substr(0, message.find('\n'));
  line = line.substr(0, line.find(" - an explicit cast is required"));
  throw ArgumentError({.what = "the expression does not fit the columns: " + in_our_words(line),
                       .where = scope.where});
}

}  // namespace impact::duck
