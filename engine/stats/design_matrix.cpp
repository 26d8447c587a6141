#include "engine/stats/design_matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

constexpr std::size_t kMostCells = std::size_t{1} << 28U;

bool categorical(const Type& type) {
  return type.kind == TypeKind::kText || type.kind == TypeKind::kCategory;
}

// A column of the frame on the rows kept: numbers, or dummies of its levels.
struct Variable {
  bool dummies = false;
  std::vector<double> numbers = {};
  std::vector<std::int32_t> codes = {};
  std::vector<std::string> levels = {};
};

std::string term_name(const Term& term) { return fmt::format("{}", fmt::join(term.columns, ":")); }

void check_terms(const Frame& frame, const DesignMatrixSpec& spec) {
  std::set<std::set<std::string>> seen;
  for (const Term& term : spec.terms) {
    if (term.columns.empty()) throw ArgumentError({.what = "a term without a column"});
    const std::set<std::string> columns(term.columns.begin(), term.columns.end());
    if (columns.size() < term.columns.size()) {
      throw ArgumentError({.what = "a column stands twice in a term",
                           .got = term_name(term),
                           .hint = "derive a column with the square"});
    }
    if (!seen.insert(columns).second) {
      throw ArgumentError({.what = "a term stands twice", .got = term_name(term)});
    }
    for (const std::string& name : term.columns) {
      const Type& type = frame.column(name).type();
      if (type.numeric() || type.kind == TypeKind::kBoolean || categorical(type)) continue;
      throw ArgumentError({.what = fmt::format("column '{}' cannot enter a regression", name),
                           .got = type.name(),
                           .expected = "number, integer, boolean, text or category",
                           .hint = "derive a number from it, or a text to make it a factor"});
    }
  }
  for (const std::string& name : spec.also) (void)frame.column(name);
}

// Rows without a missing cell, and a warning that names the columns.
void find_rows(const Frame& frame, const DesignMatrixSpec& spec, DesignMatrix& result) {
  std::vector<std::string> names;
  for (const Term& term : spec.terms) {
    names.insert(names.end(), term.columns.begin(), term.columns.end());
  }
  names.insert(names.end(), spec.also.begin(), spec.also.end());
  std::vector<std::uint8_t> missing(frame.rows(), 0);
  std::set<std::string> done;
  std::vector<std::string> said;
  for (const std::string& name : names) {
    if (!done.insert(name).second) continue;
    const Column& column = frame.column(name);
    const bool number = column.type().kind == TypeKind::kNumber;
    const auto numbers = number ? column.as_numbers() : std::span<const double>();
    std::int64_t count = 0;
    for (std::size_t i = 0; i < frame.rows(); ++i) {
      if (!column.missing(i) && !(number && std::isnan(numbers[i]))) continue;
      missing[i] = 1;
      ++count;
    }
    if (count > 0) said.push_back(fmt::format("{} ({})", name, count));
  }
  for (std::size_t i = 0; i < frame.rows(); ++i) {
    if (missing[i] == 0) result.source.push_back(i);
  }
  result.rows = result.source.size();
  result.dropped = static_cast<std::int64_t>(frame.rows() - result.rows);
  if (result.dropped == 0) return;
  result.warnings.push_back(
      fmt::format("{} left out because a cell is missing in {}",
                  result.dropped == 1 ? "1 row was" : fmt::format("{} rows were", result.dropped),
                  list_words(said)));
}

Variable make_variable(const Frame& frame, const std::string& name,
                       const std::vector<std::size_t>& source) {
  const Column& column = frame.column(name);
  Variable result;
  if (!categorical(column.type())) {
    std::vector<double> storage;
    result.numbers = take_rows(column.to_numbers(storage), source);
    return result;
  }
  result.dummies = true;
  const FactorCodes factor = factor_codes(frame, name);
  result.codes = take_rows(std::span<const std::int32_t>(factor.codes), source);
  // Only levels that occur: others would be columns of zeros, or a reference nobody is in.
  std::vector<std::int32_t> place(factor.levels.size(), -1);
  for (const std::int32_t code : result.codes) place[static_cast<std::size_t>(code)] = 0;
  for (std::size_t level = 0; level < place.size(); ++level) {
    if (place[level] == -1) continue;
    place[level] = static_cast<std::int32_t>(result.levels.size());
    result.levels.push_back(factor.levels[level]);
  }
  for (std::int32_t& code : result.codes) code = place[static_cast<std::size_t>(code)];
  return result;
}

// Which levels of each column of a term become columns: from `first` on.
class Coding {
 public:
  explicit Coding(const DesignMatrixSpec& spec) : empty_(spec.intercept) {
    for (const Term& term : spec.terms) {
      terms_.insert(std::set<std::string>(term.columns.begin(), term.columns.end()));
    }
  }

  // 1: the reference has no column, as the term without this one is in the model; 0: all levels.
  std::size_t first_level(const Term& term, const std::string& name) {
    std::set<std::string> margin(term.columns.begin(), term.columns.end());
    margin.erase(name);
    if (!margin.empty()) return terms_.contains(margin) ? 1 : 0;
    return std::exchange(empty_, true) ? 1 : 0;
  }

 private:
  std::set<std::set<std::string>> terms_;
  bool empty_;
};

struct Part {
  std::string name;
  std::vector<double> cells;
};

// Multiplies what the term has so far with the next column's numbers or dummies; the levels of the
// first column vary fastest.
std::vector<Part> multiply(std::vector<Part> sofar, const std::string& name, const Variable& with,
                           std::size_t first) {
  const auto joined = [&](const Part& part, const std::string& next) {
    return part.name.empty() ? next : part.name + ":" + next;
  };
  if (!with.dummies) {
    for (Part& part : sofar) {
      part.name = joined(part, name);
      for (std::size_t i = 0; i < part.cells.size(); ++i) part.cells[i] *= with.numbers[i];
    }
    return sofar;
  }
  std::vector<Part> result;
  for (std::size_t level = first; level < with.levels.size(); ++level) {
    for (const Part& part : sofar) {
      Part& next = result.emplace_back(part);
      next.name = joined(part, fmt::format("{}[{}]", name, with.levels[level]));
      for (std::size_t i = 0; i < next.cells.size(); ++i) {
        if (with.codes[i] != static_cast<std::int32_t>(level)) next.cells[i] = 0.0;
      }
    }
  }
  return result;
}

void require_room(const DesignMatrix& matrix, const Term& term, std::size_t columns) {
  if ((matrix.names.size() + columns) * std::max<std::size_t>(matrix.rows, 1) <= kMostCells) {
    return;
  }
  throw ResourceError({.what = fmt::format("the term '{}' has too many levels", term_name(term)),
                       .got = fmt::format("{} columns, {} rows", columns, matrix.rows),
                       .expected = fmt::format("at most {} cells", kMostCells),
                       .hint = "absorb it as a fixed effect instead"});
}

// Codes of the distinct cells, numbered in the order of the cells.
template <class T>
void number_levels(std::span<const T> cells, const Column& column, FactorCodes& result,
                   auto&& name_of) {
  std::unordered_map<T, std::int32_t> places;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!column.missing(i)) places.emplace(cells[i], 0);
  }
  std::vector<T> levels;
  levels.reserve(places.size());
  for (const auto& [cell, place] : places) levels.push_back(cell);
  std::ranges::sort(levels);
  for (const T& cell : levels) {
    places[cell] = static_cast<std::int32_t>(result.levels.size());
    result.levels.push_back(name_of(cell));
  }
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!column.missing(i)) result.codes[i] = places.find(cells[i])->second;
  }
}

}  // namespace

DesignMatrix design_matrix(const Frame& frame, const DesignMatrixSpec& spec) {
  check_terms(frame, spec);
  DesignMatrix result;
  find_rows(frame, spec, result);
  const auto add = [&](std::string name, std::size_t term, const std::vector<double>& cells) {
    result.names.push_back(std::move(name));
    result.term.push_back(term);
    result.x.insert(result.x.end(), cells.begin(), cells.end());
  };
  const std::vector<double> ones(result.rows, 1.0);
  if (spec.intercept) add("(intercept)", DesignMatrix::kIntercept, ones);

  Coding coding(spec);
  std::map<std::string, Variable> variables;
  for (std::size_t t = 0; t < spec.terms.size(); ++t) {
    const Term& term = spec.terms[t];
    std::vector<Part> parts = {{"", ones}};
    for (const std::string& name : term.columns) {
      const auto [at, fresh] = variables.try_emplace(name);
      if (fresh) at->second = make_variable(frame, name, result.source);
      const Variable& variable = at->second;
      const std::size_t first = variable.dummies ? coding.first_level(term, name) : 0;
      if (variable.dummies) require_room(result, term, parts.size() * variable.levels.size());
      parts = multiply(std::move(parts), name, variable, first);
    }
    for (Part& part : parts) add(std::move(part.name), t, part.cells);
  }
  return result;
}

FactorCodes factor_codes(const Frame& frame, const std::string& name) {
  const Column& column = frame.column(name);
  FactorCodes result;
  result.codes.assign(column.size(), -1);
  switch (column.type().kind) {
    case TypeKind::kBoolean:
      number_levels(column.as_booleans(), column, result,
                    [](std::uint8_t cell) { return cell != 0 ? "true" : "false"; });
      return result;
    case TypeKind::kInteger:
      number_levels(column.as_integers(), column, result,
                    [](std::int64_t cell) { return std::to_string(cell); });
      return result;
    case TypeKind::kDate:
      number_levels(column.as_dates(), column, result,
                    [](std::int32_t cell) { return format_date({cell}); });
      return result;
    case TypeKind::kTimestamp:
      number_levels(column.as_timestamps(), column, result,
                    [](std::int64_t cell) { return format_timestamp({cell}); });
      return result;
    case TypeKind::kCategory: {
      result.levels = *column.type().levels;
      const auto codes = column.as_codes();
      for (std::size_t i = 0; i < codes.size(); ++i) {
        if (!column.missing(i)) result.codes[i] = codes[i];
      }
      return result;
    }
    case TypeKind::kText: {
      std::vector<std::string_view> cells(column.size());
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (!column.missing(i)) cells[i] = column.text_at(i);
      }
      number_levels(std::span<const std::string_view>(cells), column, result,
                    [](std::string_view cell) { return std::string(cell); });
      return result;
    }
    case TypeKind::kNumber: break;
  }
  throw ArgumentError({.what = fmt::format("column '{}' cannot form groups", name),
                       .got = column.type().name(),
                       .expected = "text, category, integer, boolean, date or timestamp",
                       .hint = "cast it to an integer or a text"});
}

}  // namespace impact
