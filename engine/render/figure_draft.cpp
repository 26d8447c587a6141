#include "engine/render/figure_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::detail {
namespace {

constexpr double kDayMillis = 86400000.0;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostPanels = 12;

json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::monostate> || std::is_same_v<T, Date> ||
                      std::is_same_v<T, Timestamp>) {
          return nullptr;
        } else {
          return held;
        }
      },
      value);
}

bool is_type(const json& value, const std::string& types) {
  for (std::size_t begin = 0; begin <= types.size();) {
    std::size_t end = types.find('|', begin);
    if (end == std::string::npos) end = types.size();
    const std::string type = types.substr(begin, end - begin);
    if (type == "boolean" && value.is_boolean()) return true;
    if (type == "integer" && value.is_number() && value == std::floor(value.get<double>())) {
      return true;
    }
    if (type == "number" && value.is_number() && !std::isnan(value.get<double>())) return true;
    if (type == "text" && value.is_string()) return true;
    if (type == "list" && value.is_array()) return true;
    if (type == "object" && value.is_object()) return true;
    begin = end + 1;
  }
  return false;
}

void check_option(const FigureKind& kind, const FigureOption& option, const json& value) {
  const std::string where = "figure '" + kind.name + "', option '" + option.name + "'";
  const auto refuse = [&](const std::string& expected, const std::string& hint) {
    throw ArgumentError({.what = "option '" + option.name + "' has a wrong value",
                         .where = where,
                         .got = value.is_string() ? value.get<std::string>() : value.dump(),
                         .expected = expected,
                         .hint = hint});
  };
  if (!is_type(value, option.type)) refuse(option.type, "");
  if (value.is_string() && !option.allowed.empty() &&
      std::find(option.allowed.begin(), option.allowed.end(), value) == option.allowed.end()) {
    refuse(list_words(option.allowed), did_you_mean(value.get<std::string>(), option.allowed));
  }
  if (value.is_number()) {
    const auto number = value.get<double>();
    if (!(number >= option.min.value_or(-1e300) && number <= option.max.value_or(1e300))) {
      refuse(option.max ? fmt::format("{} to {}", option.min.value_or(0), *option.max)
                        : fmt::format("at least {}", option.min.value_or(0)),
             "");
    }
  }
}

struct Counts {
  std::size_t missing = 0;
  std::size_t infinite = 0;
  std::size_t below = 0;  ///< Zero or negative on a logarithmic axis.
};

std::vector<double> numbers_of(const Column& column) {
  std::vector<double> values;
  const std::size_t n = column.size();
  switch (column.type().kind) {
    case TypeKind::kDate:
      values.resize(n);
      for (std::size_t i = 0; i < n; ++i) {
        values[i] = column.missing(i) ? kNaN : column.as_dates()[i] * kDayMillis;
      }
      return values;
    case TypeKind::kTimestamp:
      values.resize(n);
      for (std::size_t i = 0; i < n; ++i) {
        values[i] =
            column.missing(i) ? kNaN : static_cast<double>(column.as_timestamps()[i]) / 1000.0;
      }
      return values;
    case TypeKind::kInteger:
      // Drawn, not computed with: ids beyond 2^53 may round.
      values.resize(n);
      for (std::size_t i = 0; i < n; ++i) {
        values[i] = column.missing(i) ? kNaN : static_cast<double>(column.as_integers()[i]);
      }
      return values;
    default: {
      std::vector<double> storage;
      const std::span<const double> all = column.to_numbers(storage);
      return {all.begin(), all.end()};
    }
  }
}

bool is_time(TypeKind kind) { return kind == TypeKind::kDate || kind == TypeKind::kTimestamp; }

// Labels in their own order: levels, false before true, numbers and times by size, texts by bytes.
FigureFactor factor_of(const Column& column, const std::string& title) {
  FigureFactor factor;
  factor.title = title;
  const std::size_t n = column.size();
  factor.codes.assign(n, -1);
  const TypeKind kind = column.type().kind;
  factor.ordered = kind != TypeKind::kText;
  if (kind == TypeKind::kText || kind == TypeKind::kCategory) {
    std::unordered_map<std::string_view, std::int32_t> seen;
    std::vector<std::string_view> labels;
    for (std::size_t i = 0; i < n; ++i) {
      if (column.missing(i)) continue;
      const auto [at, fresh] =
          seen.try_emplace(column.text_at(i), static_cast<std::int32_t>(labels.size()));
      if (fresh) labels.push_back(at->first);
      factor.codes[i] = at->second;
    }
    std::unordered_map<std::string_view, std::size_t> level;
    if (kind == TypeKind::kCategory) {
      for (const std::string& text : *column.type().levels) level.emplace(text, level.size());
    }
    std::vector<std::size_t> order(labels.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return level.empty() ? labels[a] < labels[b] : level[labels[a]] < level[labels[b]];
    });
    std::vector<std::int32_t> place(labels.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      place[order[i]] = static_cast<std::int32_t>(i);
      factor.labels.emplace_back(labels[order[i]]);
    }
    for (std::int32_t& code : factor.codes) {
      if (code >= 0) code = place[static_cast<std::size_t>(code)];
    }
    return factor;
  }
  const std::vector<double> values = numbers_of(column);
  std::vector<double> distinct;
  for (const double value : values) {
    if (!std::isnan(value)) distinct.push_back(value);
  }
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  std::vector<bool> named(distinct.size(), false);
  factor.labels.resize(distinct.size());
  for (std::size_t i = 0; i < n; ++i) {
    if (std::isnan(values[i])) continue;
    const auto code = static_cast<std::size_t>(
        std::lower_bound(distinct.begin(), distinct.end(), values[i]) - distinct.begin());
    factor.codes[i] = static_cast<std::int32_t>(code);
    if (!named[code]) {
      named[code] = true;
      const Value value = column.value(i);
      factor.labels[code] = std::holds_alternative<std::string>(value)
                                ? std::get<std::string>(value)
                                : format_value(value);
    }
  }
  return factor;
}

// Keeps the most frequent limit - 1 groups (ties: the earlier label), merges the others.
void merge_small(Draft& draft, FigureFactor& factor, const FactorWant& want) {
  // Labels whose rows were all left out have no group.
  std::vector<std::size_t> count(factor.labels.size(), 0);
  for (const std::int32_t code : factor.codes) ++count[static_cast<std::size_t>(code)];
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < count.size(); ++i) {
    if (count[i] > 0) order.push_back(i);
  }
  const std::size_t used = order.size();
  const bool merge = want.limit > 0 && used > want.limit;
  const std::size_t kept = merge ? std::max<std::size_t>(1, want.limit - 1) : used;
  if (merge) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return count[a] > count[b]; });
    order.resize(kept);
    std::sort(order.begin(), order.end());
  }
  std::vector<std::int32_t> place(factor.labels.size(), static_cast<std::int32_t>(kept));
  std::vector<std::string> labels;
  for (const std::size_t i : order) {
    place[i] = static_cast<std::int32_t>(labels.size());
    labels.push_back(factor.labels[i]);
  }
  for (std::int32_t& code : factor.codes) code = place[static_cast<std::size_t>(code)];
  if (merge) {
    factor.merged = used - kept;
    labels.push_back("other (" + say_count(factor.merged) + " groups)");
    draft.warn(in_quotes(factor.title) + " has " + say_count(used) + " groups: the " +
               say_count(kept) + " most frequent are shown, the others are drawn together as \"" +
               labels.back() + "\".");
  }
  factor.labels = std::move(labels);
}

template <class T>
void keep(std::vector<T>& values, const std::vector<std::uint32_t>& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) values[i] = values[rows[i]];
  values.resize(rows.size());
}

void report_left_out(Draft& draft, const std::string& column, const Counts& counts) {
  if (counts.missing > 0) {
    draft.warn(say_count(counts.missing, "row", "rows") + " without a value of " +
               in_quotes(column) + (counts.missing == 1 ? " is" : " are") + " left out.");
  }
  if (counts.infinite > 0) {
    draft.warn(say_count(counts.infinite, "row", "rows") + " with an infinite value of " +
               in_quotes(column) + (counts.infinite == 1 ? " is" : " are") + " left out.");
  }
  if (counts.below > 0) {
    draft.warn(say_count(counts.below, "row", "rows") + " with a value of " + in_quotes(column) +
               " of zero or below " + (counts.below == 1 ? "has" : "have") +
               " no place on a logarithmic axis and " + (counts.below == 1 ? "is" : "are") +
               " left out.");
  }
}

}  // namespace

FigureOptions::FigureOptions(const FigureKind& kind, const json& given) {
  std::vector<std::string> names;
  for (const FigureOption& option : kind.options) {
    names.push_back(option.name);
    values_[option.name] = to_json(option.fallback);
  }
  if (!given.is_object()) {
    throw ArgumentError({.what = "the options of a figure are an object", .got = given.dump()});
  }
  for (const auto& [name, value] : given.items()) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      throw ArgumentError({.what = "figure '" + kind.name + "' has no option '" + name + "'",
                           .got = name,
                           .expected = list_words(names, 40),
                           .hint = did_you_mean(name, names)});
    }
    if (value.is_null()) continue;
    check_option(kind, kind.options[static_cast<std::size_t>(at - names.begin())], value);
    values_[name] = value;
  }
}

const json& FigureOptions::raw(const std::string& name) const {
  const auto at = values_.find(name);
  if (at == values_.end())
    throw InternalError({.what = "a figure reads an option it lacks: " + name});
  return at->second;
}
bool FigureOptions::has(const std::string& name) const {
  const auto at = values_.find(name);
  return at != values_.end() && !at->second.is_null();
}
std::string FigureOptions::text(const std::string& name) const {
  const json& value = raw(name);
  return value.is_string() ? value.get<std::string>() : "";
}
double FigureOptions::number(const std::string& name) const {
  const json& value = raw(name);
  return value.is_number() ? value.get<double>() : kNaN;
}
std::int64_t FigureOptions::integer(const std::string& name, std::int64_t otherwise) const {
  const json& value = raw(name);
  return value.is_number() ? static_cast<std::int64_t>(value.get<double>()) : otherwise;
}
bool FigureOptions::flag(const std::string& name) const {
  const json& value = raw(name);
  return value.is_boolean() && value.get<bool>();
}

std::vector<std::string> Draft::columns(std::string_view role) const {
  for (const auto& [name, columns] : roles) {
    if (name == role) return columns;
  }
  return {};
}

std::string Draft::column(std::string_view role) const {
  const std::vector<std::string> all = columns(role);
  return all.empty() ? "" : all.front();
}

std::string Draft::title(const std::string& option, const std::string& unit,
                         const std::string& otherwise) const {
  std::string text = options.has(option) ? options.text(option) : otherwise;
  if (!unit.empty() && options.has(unit)) text += " (" + options.text(unit) + ")";
  return text;
}

AxisScale Draft::scale(const std::string& option) const {
  const std::string name = options.text(option);
  return name == "log"      ? AxisScale::kLog
         : name == "symlog" ? AxisScale::kSymlog
                            : AxisScale::kLinear;
}

std::vector<Cell> Sheet::cells(const FigureFactor& group) const {
  return cells(FigureFactor{}, group);
}

std::vector<Cell> Sheet::cells(const FigureFactor& category, const FigureFactor& group) const {
  const std::size_t groups = group.count();
  const std::size_t a_panel = groups * category.count();
  const std::size_t panels = std::max<std::size_t>(1, panel_keys.size());
  std::vector<Cell> all(panels * a_panel);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto outer = category.given() ? static_cast<std::size_t>(category.codes[row]) : 0;
    const auto inner = group.given() ? static_cast<std::size_t>(group.codes[row]) : 0;
    all[static_cast<std::size_t>(panel[row]) * a_panel + outer * groups + inner].rows.push_back(
        static_cast<std::uint32_t>(row));
  }
  std::vector<Cell> used;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].rows.empty()) continue;
    Cell cell = std::move(all[i]);
    cell.panel = i / a_panel;
    cell.category = i % a_panel / groups;
    cell.group = i % groups;
    if (!panel_keys.empty()) cell.keys = panel_keys[cell.panel];
    if (category.given()) cell.keys["category"] = category.labels[cell.category];
    if (group.given()) cell.keys["group"] = group.labels[cell.group];
    used.push_back(std::move(cell));
  }
  return used;
}

Sheet read_sheet(Draft& draft, const std::vector<MeasureWant>& measures,
                 const std::vector<FactorWant>& factors) {
  const Frame& frame = draft.input.frame;
  const std::size_t n = frame.rows();
  std::vector<FactorWant> wanted = factors;
  for (const char* role : {"facet", "row", "column"}) {
    wanted.push_back({.column = draft.column(role), .limit = kMostPanels});
  }
  if (!wanted[factors.size()].column.empty() &&
      !(wanted[factors.size() + 1].column + wanted[factors.size() + 2].column).empty()) {
    throw ArgumentError({.what = "a figure has either facet or row and column, not both",
                         .where = "figure '" + draft.kind.name + "'",
                         .hint = "use row and column for a grid of panels, facet for a list"});
  }
  Sheet sheet;
  std::vector<std::uint8_t> good(n, 1);
  for (const MeasureWant& want : measures) {
    draft.context.check();
    if (want.column.empty()) {
      sheet.measures.emplace_back().values.assign(n, kNaN);
      continue;
    }
    const Column& column = frame.column(want.column);
    Measure measure;
    measure.title = want.column;
    measure.time = is_time(column.type().kind);
    measure.whole =
        column.type().kind == TypeKind::kInteger || column.type().kind == TypeKind::kBoolean;
    measure.values = numbers_of(column);
    if (want.gaps) {
      for (double& value : measure.values) {
        if (!std::isfinite(value) || (want.scale == AxisScale::kLog && value <= 0)) value = kNaN;
      }
      sheet.measures.push_back(std::move(measure));
      continue;
    }
    Counts counts;
    for (std::size_t i = 0; i < n; ++i) {
      const double value = measure.values[i];
      const bool missing = std::isnan(value);
      const bool infinite = std::isinf(value);
      const bool below = want.scale == AxisScale::kLog && value <= 0 && !infinite;
      counts.missing += missing ? 1 : 0;
      counts.infinite += infinite ? 1 : 0;
      counts.below += below ? 1 : 0;
      if (missing || infinite || below) good[i] = 0;
    }
    report_left_out(draft, want.column, counts);
    sheet.measures.push_back(std::move(measure));
  }
  std::vector<FigureFactor> all;
  for (const FactorWant& want : wanted) {
    draft.context.check();
    if (want.column.empty()) {
      all.emplace_back();
      continue;
    }
    all.push_back(factor_of(frame.column(want.column), want.column));
    if (want.gaps && frame.column(want.column).missing_count() > 0) {
      const auto none = static_cast<std::int32_t>(all.back().labels.size());
      all.back().labels.emplace_back();
      for (std::int32_t& code : all.back().codes) code = code < 0 ? none : code;
    }
    Counts counts;
    for (std::size_t i = 0; i < n; ++i) {
      if (all.back().codes[i] >= 0) continue;
      good[i] = 0;
      ++counts.missing;
    }
    report_left_out(draft, want.column, counts);
  }
  std::vector<std::uint32_t> rows;
  for (std::size_t i = 0; i < n; ++i) {
    if (good[i] != 0) rows.push_back(static_cast<std::uint32_t>(i));
  }
  sheet.rows = rows.size();
  draft.figure.rows_left_out = n - rows.size();
  for (Measure& measure : sheet.measures) keep(measure.values, rows);
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].given()) continue;
    keep(all[i].codes, rows);
    merge_small(draft, all[i], wanted[i]);
  }

  const FigureFactor wrap = std::move(all[factors.size()]);
  const FigureFactor row = std::move(all[factors.size() + 1]);
  const FigureFactor column = std::move(all[factors.size() + 2]);
  all.resize(factors.size());
  sheet.factors = std::move(all);
  sheet.panel.assign(sheet.rows, 0);
  if (wrap.given()) {
    sheet.panel = wrap.codes;
    for (const std::string& label : wrap.labels) sheet.panel_keys.push_back({{"panel", label}});
    const std::size_t side = wrap.labels.size() <= 3   ? wrap.labels.size()
                             : wrap.labels.size() == 4 ? 2
                                                       : 3;
    draft.picture.wrap_panels(wrap.title, wrap.labels,
                              static_cast<std::size_t>(draft.options.integer(
                                  "panel_columns", static_cast<std::int64_t>(side))));
  } else if (row.given() || column.given()) {
    for (std::size_t i = 0; i < sheet.rows; ++i) {
      const std::int32_t across = column.given() ? column.codes[i] : 0;
      sheet.panel[i] =
          (row.given() ? row.codes[i] : 0) * static_cast<std::int32_t>(column.count()) + across;
    }
    for (std::size_t r = 0; r < row.count(); ++r) {
      for (std::size_t c = 0; c < column.count(); ++c) {
        json keys = json::object();
        if (row.given()) keys["panel_row"] = row.labels[r];
        if (column.given()) keys["panel_column"] = column.labels[c];
        sheet.panel_keys.push_back(std::move(keys));
      }
    }
    draft.picture.grid_panels(row.title, row.labels, column.title, column.labels);
  }
  if (sheet.rows == 0) {
    draft.warn(n == 0 ? "The table has no rows: there is nothing to draw."
                      : "No row is left: there is nothing to draw.");
  }
  return sheet;
}

}  // namespace impact::detail
