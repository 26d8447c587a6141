#include "engine/analysis/reader.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::detail {
namespace {

const std::vector<std::string> kNone = {};

bool number_like(const Type& type) { return type.numeric() || type.kind == TypeKind::kBoolean; }

std::string row_count(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " row was" : " rows were");
}

// Levels that occur, in their order.
std::vector<std::size_t> occurring(const FactorCodes& factor) {
  std::vector<std::uint8_t> seen(factor.levels.size(), 0);
  for (const std::int32_t code : factor.codes) {
    if (code >= 0) seen[static_cast<std::size_t>(code)] = 1;
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < seen.size(); ++i) {
    if (seen[i] != 0) out.push_back(i);
  }
  return out;
}

}  // namespace

const std::vector<std::string>& AnalysisReader::names(std::string_view role) const {
  for (const auto& [name, columns] : input_.roles) {
    if (name == role) return columns;
  }
  return kNone;
}

const std::string& AnalysisReader::name(std::string_view role) const {
  const auto& columns = names(role);
  if (columns.size() != 1) {
    throw InternalError({.what = "a method needs one column as '" + std::string(role) + "'",
                         .got = std::to_string(columns.size())});
  }
  return columns[0];
}

std::vector<double> AnalysisReader::numbers(const std::string& column) const {
  const Column& cells = input_.frame.column(column);
  if (!number_like(cells.type())) {
    throw ArgumentError({.what = "'" + column + "' holds no numbers",
                         .got = cells.type().name(),
                         .expected = "an integer, number or boolean column"});
  }
  std::vector<double> storage;
  const auto span = cells.to_numbers(storage);
  return {span.begin(), span.end()};
}

FactorCodes AnalysisReader::groups(const std::string& column) const {
  const Column& cells = input_.frame.column(column);
  if (cells.type().kind != TypeKind::kNumber) return factor_codes(input_.frame, column);
  // Whole numbers in a column of numbers: years, scores, 0 and 1.
  std::set<double> values;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (cells.missing(row) || std::isnan(cells.as_numbers()[row])) continue;
    const double value = cells.as_numbers()[row];
    if (value != std::floor(value) || std::abs(value) > 9007199254740992.0) {
      throw ArgumentError({.what = "'" + column + "' is a measure, not groups",
                           .got = format_double(value),
                           .expected = "a column of texts, categories, booleans or whole numbers",
                           .hint = "cut it into classes first"});
    }
    values.insert(value);
  }
  FactorCodes out;
  const std::vector<double> sorted(values.begin(), values.end());
  for (const double value : sorted) {
    out.levels.push_back(format_integer(static_cast<std::int64_t>(value)));
  }
  for (std::size_t row = 0; row < cells.size(); ++row) {
    const double value =
        cells.missing(row) ? std::numeric_limits<double>::quiet_NaN() : cells.as_numbers()[row];
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), value);
    out.codes.push_back(std::isnan(value) ? -1 : static_cast<std::int32_t>(at - sorted.begin()));
  }
  return out;
}

TwoGroups AnalysisReader::two_groups() const {
  const std::string& by = name("by");
  const FactorCodes factor = groups(by);
  const auto present = occurring(factor);
  std::vector<std::string> labels;
  for (const std::size_t level : present) labels.push_back(factor.levels[level]);
  TwoGroups out;
  std::int32_t first = -1;
  std::int32_t second = -1;
  if (given("between")) {
    const auto& pair = input_.options["between"];
    out.first_name = pair.at(0).get<std::string>();
    out.second_name = pair.at(1).get<std::string>();
    for (std::size_t i = 0; i < factor.levels.size(); ++i) {
      if (factor.levels[i] == out.first_name) first = static_cast<std::int32_t>(i);
      if (factor.levels[i] == out.second_name) second = static_cast<std::int32_t>(i);
    }
    for (const auto& [value, code] :
         {std::pair(&out.first_name, first), {&out.second_name, second}}) {
      if (code >= 0) continue;
      const std::string meant = did_you_mean(*value, labels);
      out.warnings.push_back("no row has " + by + " = '" + *value + "'; its values: " +
                             list_words(labels) + (meant.empty() ? "" : "; " + meant));
    }
  } else {
    if (present.size() > 2) {
      throw ArgumentError({.what = "'" + by + "' makes " + std::to_string(present.size()) +
                                   " groups, this method compares two",
                           .got = list_words(labels),
                           .expected = "by = table." + by + ":between(\"" + labels[0] + "\", \"" +
                                       labels[1] + "\")"});
    }
    if (!present.empty()) first = static_cast<std::int32_t>(present[0]);
    if (present.size() == 2) second = static_cast<std::int32_t>(present[1]);
    out.first_name = present.empty() ? "first" : labels[0];
    out.second_name = present.size() < 2 ? "second" : labels[1];
    if (present.size() < 2) {
      out.warnings.push_back("'" + by + "' has " + (present.empty() ? "no value" : "one value") +
                             ": there are no two groups to compare");
    }
  }
  const std::vector<double> values = has("of") ? numbers(name("of")) : std::vector<double>();
  std::size_t missing = 0;
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (factor.codes[row] < 0) ++missing;
    if (first >= 0 && factor.codes[row] == first) out.first.push_back(values[row]);
    if (second >= 0 && factor.codes[row] == second) out.second.push_back(values[row]);
  }
  if (missing > 0) {
    out.warnings.push_back(row_count(missing) + " left out because '" + by + "' is missing");
  }
  return out;
}

std::vector<double> AnalysisReader::outcomes() const {
  const std::string& of = name("of");
  const Column& cells = input_.frame.column(of);
  if (!given("success")) {
    std::vector<double> values = number_like(cells.type()) ? numbers(of) : std::vector<double>{0.5};
    for (const double value : values) {
      if (std::isnan(value) || value == 0.0 || value == 1.0) continue;
      throw ArgumentError(
          {.what = "'" + of + "' is not an outcome that happens or not",
           .got = number_like(cells.type()) ? format_double(value) : cells.type().name(),
           .expected = "a boolean column, 0 and 1, or success = \"value\""});
    }
    return values;
  }
  const std::string wanted = text("success", "");
  const FactorCodes factor = groups(of);
  const auto at = std::find(factor.levels.begin(), factor.levels.end(), wanted);
  if (at == factor.levels.end()) {
    throw ArgumentError({.what = "'" + of + "' never is '" + wanted + "'",
                         .got = wanted,
                         .expected = list_words(factor.levels),
                         .hint = did_you_mean(wanted, factor.levels)});
  }
  const auto code = static_cast<std::int32_t>(at - factor.levels.begin());
  std::vector<double> out;
  out.reserve(factor.codes.size());
  for (const std::int32_t cell : factor.codes) {
    out.push_back(cell < 0 ? std::numeric_limits<double>::quiet_NaN() : cell == code ? 1.0 : 0.0);
  }
  return out;
}

Alternative AnalysisReader::alternative() const {
  const std::string name = text("alternative", "two_sided");
  return name == "greater" ? Alternative::kGreater
         : name == "less"  ? Alternative::kLess
                           : Alternative::kTwoSided;
}

bool AnalysisReader::given(const char* option) const {
  return input_.options.contains(option) && !input_.options[option].is_null();
}

double AnalysisReader::number(const char* option, double otherwise) const {
  return given(option) ? input_.options[option].get<double>() : otherwise;
}

std::int64_t AnalysisReader::integer(const char* option, std::int64_t otherwise) const {
  return given(option) ? input_.options[option].get<std::int64_t>() : otherwise;
}

bool AnalysisReader::flag(const char* option, bool otherwise) const {
  return given(option) ? input_.options[option].get<bool>() : otherwise;
}

std::string AnalysisReader::text(const char* option, const std::string& otherwise) const {
  return given(option) ? input_.options[option].get<std::string>() : otherwise;
}

std::vector<double> AnalysisReader::list(const char* option) const {
  if (!given(option)) return {};
  const auto& value = input_.options[option];
  if (value.is_number()) return {value.get<double>()};
  return value.get<std::vector<double>>();
}

void TableBuilder::texts(std::string name, const std::vector<std::string>& cells) {
  names_.push_back(std::move(name));
  columns_.push_back(Column::texts(cells));
}

void TableBuilder::numbers(std::string name, std::vector<double> cells) {
  std::vector<std::uint64_t> valid;
  for (std::size_t row = 0; row < cells.size(); ++row) {
    if (!std::isnan(cells[row])) continue;
    if (valid.empty()) valid.assign((cells.size() + 63) / 64, ~std::uint64_t{0});
    valid[row / 64] &= ~(std::uint64_t{1} << (row % 64));
    cells[row] = 0.0;
  }
  names_.push_back(std::move(name));
  columns_.push_back(Column::numbers(std::move(cells), std::move(valid)));
}

void TableBuilder::integers(std::string name, std::vector<std::int64_t> cells) {
  names_.push_back(std::move(name));
  columns_.push_back(Column::integers(std::move(cells)));
}

void TableBuilder::column(std::string name, Column cells) {
  names_.push_back(std::move(name));
  columns_.push_back(std::move(cells));
}

Frame TableBuilder::build() { return {std::move(names_), std::move(columns_)}; }

void keep_warnings(AnalysisResult* result, const char* method,
                   const std::vector<std::string>& warnings) {
  if (!result->estimates.empty()) return;
  result->estimates.push_back({.term = "no estimate", .method = method, .warnings = warnings});
}

void prepend(std::vector<std::string>* warnings, const std::vector<std::string>& first) {
  warnings->insert(warnings->begin(), first.begin(), first.end());
}

}  // namespace impact::detail
