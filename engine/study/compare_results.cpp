#include "engine/study/compare_results.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <tuple>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/number.h"
#include "engine/study/align.h"
#include "engine/study/plan_text.h"

namespace impact {
namespace {

using nlohmann::json;

constexpr std::size_t kShort = 60;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Not ==, for which 1 and 1.0, 0.0 and -0.0 are equal.
bool same(const json& a, const json& b) {
  if (a.type() != b.type()) return false;
  if (a.is_structured()) return canonical_json(a) == canonical_json(b);
  if (!a.is_number_float()) return a == b;
  return std::bit_cast<std::uint64_t>(a.get<double>()) ==
         std::bit_cast<std::uint64_t>(b.get<double>());
}

std::string text_at(const json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : std::string();
}

// A floating-point number, also one that JSON lacks.
std::optional<double> number_of(const json& value) {
  if (value.is_number_float()) return value.get<double>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  const auto number = parse_double(text);
  return number && !std::isfinite(*number) ? number : std::nullopt;
}

// |a - b| / max(|a|, |b|), divided first where the difference overflows. 0 and -0 differ by
// nothing.
double relative_difference(double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return kInfinity;
  const double larger = std::max(std::fabs(a), std::fabs(b));
  if (larger == 0) return 0;
  const double difference = std::fabs(a - b);
  if (std::isfinite(difference)) return difference / larger;
  return std::fabs(a / larger - b / larger);
}

// Relative difference where both are floating-point numbers, or one is and the other a word for
// one: two words may as well be two texts.
std::optional<double> relative_of(const json& a, const json& b) {
  if (!a.is_number_float() && !b.is_number_float()) return std::nullopt;
  const auto x = number_of(a);
  const auto y = number_of(b);
  if (!x || !y) return std::nullopt;
  return relative_difference(*x, *y);
}

bool is_table(const json& value) {
  return value.is_object() && value.size() == 2 && value.contains("columns") &&
         value.contains("rows") && value["columns"].is_array() && value["rows"].is_array() &&
         std::all_of(value["columns"].begin(), value["columns"].end(),
                     [](const json& name) { return name.is_string(); }) &&
         std::all_of(value["rows"].begin(), value["rows"].end(), [&](const json& row) {
           return row.is_array() && row.size() == value["columns"].size();
         });
}

using Position = std::pair<std::string, std::size_t>;  // Name, column in the table.

std::vector<Position> columns_of(const json& table) {
  std::vector<Position> columns;
  for (const json& name : table["columns"]) {
    columns.emplace_back(name.get<std::string>(), columns.size());
  }
  return columns;
}

std::vector<std::string> row_texts(const json& table, const std::vector<std::size_t>& columns) {
  std::vector<std::string> texts;
  for (const json& row : table["rows"]) {
    json cells = json::array();
    for (const std::size_t column : columns) cells.push_back(row[column]);
    texts.push_back(canonical_json(cells));
  }
  return texts;
}

class Comparison {
 public:
  explicit Comparison(std::size_t most) : most_(most) {}

  void results(const json& a, const json& b) {
    if (!a.is_object() || !b.is_object()) return any("results.json", a, b);
    rows_of(a, b, "estimates", [](const json& row) { return estimate_name(row); });
    rows_of(a, b, "checks", [](const json& row) { return "check '" + text_at(row, "node") + "'"; });
    tables(a, b);
    for (const auto& [key, value] : a.items()) {
      if (!known(key)) field(key, &value, b.contains(key) ? &b[key] : nullptr);
    }
    for (const auto& [key, value] : b.items()) {
      if (!known(key) && !a.contains(key)) field(key, nullptr, &value);
    }
  }
  ResultsComparison take() { return std::move(found_); }

 private:
  static bool known(const std::string& key) {
    return key == "estimates" || key == "checks" || key == "tables";
  }

  static std::string estimate_name(const json& row) {
    std::string name = "estimate '" + text_at(row, "node") + "'";
    const std::string inquiry = text_at(row, "inquiry");
    const std::string term = text_at(row, "term");
    if (!inquiry.empty()) name += " of '" + inquiry + "'";
    if (!term.empty()) name += ", term '" + term + "'";
    return name;
  }

  void add(std::string where, const json* a, const json* b) {
    ValueDifference difference;
    if (a != nullptr && b != nullptr) {
      difference.relative = relative_of(*a, *b);
      std::tie(difference.before, difference.after) =
          shorten_pair(canonical_json(*a), canonical_json(*b), kShort);
    } else {
      if (a != nullptr) difference.before = shorten(canonical_json(*a), kShort);
      if (b != nullptr) difference.after = shorten(canonical_json(*b), kShort);
    }
    ++found_.count;
    if (!difference.relative) found_.only_numbers = false;
    // The first difference is named even if it is none in size: 0 and -0.
    if (difference.relative &&
        (found_.largest_where.empty() || *difference.relative > found_.largest_relative)) {
      found_.largest_relative = *difference.relative;
      found_.largest_where = where;
    }
    difference.where = std::move(where);
    if (found_.values.size() < most_) found_.values.push_back(std::move(difference));
  }

  void field(const std::string& where, const json* a, const json* b) {
    if (a != nullptr && b != nullptr) return any(where, *a, *b);
    if (a != nullptr || b != nullptr) add(where, a, b);
  }

  void any(const std::string& where, const json& a, const json& b) {
    if (is_table(a) && is_table(b)) return table(where, a, b);
    if (a.is_object() && b.is_object()) {
      for (const auto& [key, value] : a.items()) {
        // The rows of a check are a table of their own, but no more than the check.
        const std::string name = key == "rows" ? where : where + ", " + key;
        field(name, &value, b.contains(key) ? &b[key] : nullptr);
      }
      for (const auto& [key, value] : b.items()) {
        if (!a.contains(key)) add(where + ", " + key, nullptr, &value);
      }
      return;
    }
    if (a.is_array() && b.is_array() && a.size() == b.size()) {
      for (std::size_t i = 0; i < a.size(); ++i) {
        any(where + "[" + std::to_string(i + 1) + "]", a[i], b[i]);
      }
      return;
    }
    if (!same(a, b)) add(where, &a, &b);
  }

  // Lists of named rows: "estimates" and "checks".
  template <class Name>
  void rows_of(const json& a, const json& b, const char* list, Name&& name) {
    const auto is_list = [&](const json& results) {
      return results.contains(list) && results[list].is_array();
    };
    if (!is_list(a) || !is_list(b)) {
      return field(list, a.contains(list) ? &a[list] : nullptr,
                   b.contains(list) ? &b[list] : nullptr);
    }
    // A name that stands again is told apart by its number.
    const auto named = [&](const json& results) {
      std::vector<std::pair<std::string, const json*>> rows;
      std::map<std::string, int> seen;
      for (const json& row : results[list]) {
        std::string text = name(row);
        const int count = ++seen[text];
        if (count > 1) text += " (" + std::to_string(count) + ")";
        rows.emplace_back(std::move(text), &row);
      }
      return rows;
    };
    const auto before = named(a);
    const auto after = named(b);
    match(list, before, after);
  }

  using NamedRows = std::vector<std::pair<std::string, const json*>>;

  void match(const std::string& list, const NamedRows& before, const NamedRows& after) {
    const std::map<std::string, const json*> old_rows(before.begin(), before.end());
    const std::map<std::string, const json*> new_rows(after.begin(), after.end());
    std::vector<std::string> old_order;
    std::vector<std::string> new_order;
    for (const auto& [name, row] : before) {
      const auto other = new_rows.find(name);
      if (other != new_rows.end()) old_order.push_back(name);
      field(name, row, other == new_rows.end() ? nullptr : other->second);
    }
    for (const auto& [name, row] : after) {
      if (old_rows.contains(name)) {
        new_order.push_back(name);
      } else {
        add(name, nullptr, row);
      }
    }
    if (old_order != new_order) {
      const json first = old_order;
      const json second = new_order;
      add("order of " + list, &first, &second);
    }
  }

  void tables(const json& a, const json& b) {
    const auto find = [](const json& results) -> const json* {
      return results.contains("tables") ? &results["tables"] : nullptr;
    };
    const json* before = find(a);
    const json* after = find(b);
    if (before == nullptr || after == nullptr || !before->is_object() || !after->is_object()) {
      return field("tables", before, after);
    }
    for (const auto& [name, value] : before->items()) {
      field("table '" + name + "'", &value, after->contains(name) ? &(*after)[name] : nullptr);
    }
    for (const auto& [name, value] : after->items()) {
      if (!before->contains(name)) add("table '" + name + "'", nullptr, &value);
    }
  }

  void table(const std::string& where, const json& a, const json& b) {
    const auto before = columns_of(a);
    const auto after = columns_of(b);
    const std::map<std::string, std::size_t> old_columns(before.begin(), before.end());
    const std::map<std::string, std::size_t> new_columns(after.begin(), after.end());
    std::vector<std::size_t> left;
    std::vector<std::size_t> right;
    for (const auto& [name, column] : before) {
      const auto other = new_columns.find(name);
      const json text = name;
      if (other == new_columns.end()) {
        add(where + ", column '" + name + "'", &text, nullptr);
      } else {
        left.push_back(column);
        right.push_back(other->second);
      }
    }
    for (const auto& [name, column] : after) {
      const json text = name;
      if (!old_columns.contains(name)) add(where + ", column '" + name + "'", nullptr, &text);
    }
    if (!std::is_sorted(right.begin(), right.end())) {
      add(where + ", order of columns", &a["columns"], &b["columns"]);
    }
    const json& old_rows = a["rows"];
    const json& new_rows = b["rows"];
    const auto cells = [&](std::size_t i, std::size_t j) {
      for (std::size_t k = 0; k < left.size(); ++k) {
        const json& old_cell = old_rows[i][left[k]];
        const json& new_cell = new_rows[j][right[k]];
        if (same(old_cell, new_cell)) continue;
        any(where + ", row " + std::to_string(i + 1) + ", column '" + before[left[k]].first + "'",
            old_cell, new_cell);
      }
    };
    if (old_rows.size() == new_rows.size()) {
      for (std::size_t i = 0; i < old_rows.size(); ++i) cells(i, i);
      return;
    }
    const json old_count = old_rows.size();
    const json new_count = new_rows.size();
    add(where + ", number of rows", &old_count, &new_count);
    auto pairs = align(row_texts(a, left), row_texts(b, right));
    pairs.emplace_back(old_rows.size(), new_rows.size());
    std::size_t i = 0;
    std::size_t j = 0;
    for (const auto& [end_a, end_b] : pairs) {
      // As many rows on both sides: each was changed. Else nobody knows which is which.
      const bool paired = end_a - i == end_b - j;
      for (; i < end_a && paired; ++i, ++j) cells(i, j);
      for (; i < end_a; ++i) {
        add(where + ", row " + std::to_string(i + 1), &old_rows[i], nullptr);
      }
      for (; j < end_b; ++j) {
        add(where + ", row " + std::to_string(j + 1) + " of the second run", nullptr, &new_rows[j]);
      }
      i = end_a + 1;
      j = end_b + 1;
    }
  }

  std::size_t most_;
  ResultsComparison found_;
};

}  // namespace

ResultsComparison compare_results(std::string_view a, std::string_view where_a, std::string_view b,
                                  std::string_view where_b, std::size_t most) {
  if (a == b) return {};
  const json before = parse_json(a, where_a);
  const json after = parse_json(b, where_b);
  Comparison comparison(most);
  comparison.results(before, after);
  return comparison.take();
}

}  // namespace impact
