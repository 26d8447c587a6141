#include "engine/render/terminal_estimates.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "engine/core/number.h"
#include "engine/render/aligned_numbers.h"
#include "engine/render/terminal_grid.h"
#include "engine/render/terminal_table.h"

namespace impact {
namespace {

using detail::GridColumn;
using Rows = std::vector<Estimate>;

// Names, their notes, what is common to all rows.
constexpr int kLinesBesideRows = 4;
constexpr const char* kNotDefined = "–";

template <class Read>
bool same(const Rows& rows, Read&& read) {
  return std::all_of(rows.begin(), rows.end(),
                     [&](const Estimate& row) { return read(row) == read(rows.front()); });
}

// Numbers that are not defined are a dash.
GridColumn numbers(std::string name, std::vector<std::string> cells,
                   const std::vector<double>& values) {
  GridColumn out{.name = std::move(name), .cells = std::move(cells), .right = true};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) continue;
    out.cells[i] = kNotDefined;
  }
  return out;
}

std::vector<double> values_of(const Rows& rows, double Estimate::*member) {
  std::vector<double> out;
  for (const Estimate& row : rows) out.push_back(row.*member);
  return out;
}

std::string shown_p(double p) {
  if (std::isnan(p)) return "NaN";
  if (p == 0) return "0";
  return p >= 1e-3 ? fmt::format("{:.4f}", p) : fmt::format("{:.1e}", p);
}

GridColumn p_column(const Rows& rows) {
  std::vector<std::string> cells;
  for (const Estimate& row : rows) cells.push_back(shown_p(row.p_value));
  align_points(cells);
  return numbers("p", std::move(cells), values_of(rows, &Estimate::p_value));
}

// "t" where every row's statistic is one, "z" in the same way, else "statistic".
std::string statistic_name(const Rows& rows) {
  const auto all = [&](auto&& test) { return std::all_of(rows.begin(), rows.end(), test); };
  if (all([](const Estimate& row) { return std::isinf(row.df); })) return "z";
  if (all([](const Estimate& row) { return std::isfinite(row.df); })) return "t";
  return "statistic";
}

GridColumn text_column(std::string name, const Rows& rows, std::string Estimate::*member) {
  GridColumn out{.name = std::move(name)};
  for (const Estimate& row : rows) out.cells.push_back(printable_text(row.*member));
  return out;
}

struct Part {
  GridColumn column;
  int keep = 0;  // Where room is scarce the smallest goes first.
};

// Decimals that show three digits of what is known least: the standard error, else a quarter of the
// interval, else four of the estimate. Rows that need about the same get the same.
std::vector<int> decimals_of(const Rows& rows) {
  constexpr int kDigits = 3;
  constexpr int kMost = 12;
  constexpr int kAboutTheSame = 2;
  std::vector<int> out;
  for (const Estimate& row : rows) {
    const double width = (row.conf_high - row.conf_low) / 4;
    double size = row.std_error;
    int digits = kDigits;
    if (!(std::isfinite(size) && size > 0)) size = width;
    if (!(std::isfinite(size) && size > 0)) {
      size = std::abs(row.estimate);
      ++digits;
    }
    const bool usable = std::isfinite(size) && size > 0;
    const int leading = usable ? static_cast<int>(std::floor(std::log10(size))) + 1 : 0;
    out.push_back(std::clamp(digits - leading, 0, kMost));
  }
  const auto [least, most] = std::minmax_element(out.begin(), out.end());
  if (*most - *least <= kAboutTheSame) out.assign(out.size(), *most);
  return out;
}

std::string shown(double value, int decimals) {
  if (!std::isfinite(value)) return format_double(value);
  if (std::abs(value) >= 1e12) return fmt::format("{:.3e}", value);
  return fmt::format("{:.{}f}", value, decimals);
}

// Of the standard errors that there are.
std::vector<std::string> error_kinds(const Rows& rows) {
  std::vector<std::string> out;
  for (const Estimate& row : rows) {
    if (std::isnan(row.std_error)) continue;
    if (std::find(out.begin(), out.end(), row.se_type) == out.end()) out.push_back(row.se_type);
  }
  return out;
}

std::vector<Part> parts_of(const Rows& rows, double conf_level) {
  const std::vector<double> estimate = values_of(rows, &Estimate::estimate);
  const std::vector<double> error = values_of(rows, &Estimate::std_error);
  const std::vector<double> low = values_of(rows, &Estimate::conf_low);
  const std::vector<double> high = values_of(rows, &Estimate::conf_high);
  const std::vector<int> decimals = decimals_of(rows);
  const auto texts_of = [&](const std::vector<double>& values, bool align) {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < values.size(); ++i) out.push_back(shown(values[i], decimals[i]));
    if (align) align_points(out);
    return out;
  };
  const bool uniform =
      std::adjacent_find(decimals.begin(), decimals.end(), std::not_equal_to<>()) == decimals.end();
  std::vector<Part> parts;
  parts.push_back({text_column("term", rows, &Estimate::term), 9});
  parts.back().column.middle = true;
  parts.push_back({numbers("estimate", texts_of(estimate, true), estimate), 8});
  if (std::any_of(error.begin(), error.end(), [](double e) { return !std::isnan(e); })) {
    GridColumn column = numbers("std. error", texts_of(error, true), error);
    const std::vector<std::string> kinds = error_kinds(rows);
    if (kinds.size() == 1) column.note = printable_text(kinds.front());
    parts.push_back({std::move(column), 4});
    if (kinds.size() > 1) parts.push_back({text_column("kind", rows, &Estimate::se_type), 3});
  }
  const std::vector<double> statistic = values_of(rows, &Estimate::statistic);
  if (std::any_of(statistic.begin(), statistic.end(), [](double s) { return !std::isnan(s); })) {
    std::vector<std::string> cells;
    for (const double value : statistic) {
      const bool plain = std::abs(value) >= 1e-2 && std::abs(value) < 1e6;
      cells.push_back(!std::isfinite(value)   ? format_double(value)
                      : plain || value == 0.0 ? fmt::format("{:.3f}", value)
                                              : fmt::format("{:.3e}", value));
    }
    align_points(cells);
    parts.push_back({numbers(statistic_name(rows), std::move(cells), statistic), 1});
    const std::vector<double> df = values_of(rows, &Estimate::df);
    if (!same(rows, [](const Estimate& row) { return row.df; }) &&
        std::any_of(df.begin(), df.end(), [](double d) { return std::isfinite(d); })) {
      parts.push_back({numbers("df", aligned_numbers(df), df), 0});
    }
  }
  const std::vector<double> p = values_of(rows, &Estimate::p_value);
  if (std::any_of(p.begin(), p.end(), [](double v) { return !std::isnan(v); })) {
    parts.push_back({p_column(rows), 6});
  }
  const auto known = [](double end) { return !std::isnan(end); };
  if (std::any_of(low.begin(), low.end(), known) || std::any_of(high.begin(), high.end(), known)) {
    GridColumn column{.name = "interval", .right = true};
    if (!std::isnan(conf_level)) column.note = fmt::format("{:.6g} %", 100 * conf_level);
    const std::vector<std::string> lows = numbers("", texts_of(low, uniform), low).cells;
    const std::vector<std::string> highs = numbers("", texts_of(high, uniform), high).cells;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      column.cells.push_back(fmt::format("[{}, {}]", lows[i], highs[i]));
    }
    parts.push_back({std::move(column), 7});
  }
  if (!same(rows, [](const Estimate& row) { return row.n; })) {
    GridColumn column{.name = "n", .right = true};
    for (const Estimate& row : rows) column.cells.push_back(fmt::format("{}", row.n));
    parts.push_back({std::move(column), 5});
  }
  if (!same(rows, [](const Estimate& row) { return row.method; })) {
    parts.push_back({text_column("method", rows, &Estimate::method), 2});
  }
  return parts;
}

// What all rows share.
std::string common_of(const Rows& rows) {
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  const Estimate& first = rows.front();
  if (same(rows, [](const Estimate& row) { return row.n; }) && first.n > 0) {
    add("n = " + shown_count(first.n));
  }
  if (std::isfinite(first.df) && same(rows, [](const Estimate& row) { return row.df; })) {
    add("df = " + aligned_numbers({first.df}).front());
  }
  if (!first.method.empty() && same(rows, [](const Estimate& row) { return row.method; })) {
    add(printable_text(first.method));
  }
  return out;
}

}  // namespace

std::string terminal_estimates(const TerminalEstimates& estimates, const TerminalStyle& style) {
  const auto width = static_cast<std::size_t>(std::max(style.columns, 1));
  if (estimates.rows.empty()) return fit_text("no estimates", std::min<std::size_t>(width, 12));
  const auto most = static_cast<std::size_t>(std::max(style.rows - kLinesBesideRows, 1));
  const Rows rows(
      estimates.rows.begin(),
      estimates.rows.begin() + static_cast<std::ptrdiff_t>(std::min(most, estimates.rows.size())));
  std::vector<Part> parts = parts_of(rows, estimates.conf_level);
  const auto columns = [&] {
    std::vector<GridColumn> out;
    for (const Part& part : parts) out.push_back(part.column);
    return out;
  };
  std::string left_out;
  // Terms may be cut to this before a column of numbers has to go.
  const std::size_t term_room = std::clamp<std::size_t>(width / 5, 8, 24);
  const auto needed = [&] {
    const std::size_t whole = detail::natural_width(columns());
    const std::size_t term = detail::natural_width({parts.front().column});
    return whole - term + std::min(term, term_room);
  };
  while (parts.size() > 2 && needed() > width) {
    const auto last = std::min_element(
        parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.keep < b.keep; });
    left_out += (left_out.empty() ? "" : ", ") + last->column.name;
    parts.erase(last);
  }
  std::string out = detail::lay_out(columns(), style).text;
  const auto add = [&](const std::string& text, bool faint) {
    for (const std::string& line : wrap_text(text, width)) {
      out += (faint ? dim(line, style.colour) : line) + "\n";
    }
  };
  if (rows.size() < estimates.rows.size()) {
    add(fmt::format("first {} of {} rows", rows.size(), estimates.rows.size()), true);
  }
  add(common_of(rows), true);
  if (!left_out.empty()) add("no room for: " + left_out, true);
  std::vector<std::string> said;
  for (const Estimate& row : estimates.rows) {
    for (const std::string& warning : row.warnings) {
      const std::string about = same(estimates.rows, [](const Estimate& e) { return e.warnings; })
                                    ? ""
                                    : printable_text(row.term) + ": ";
      const std::string text = "warning: " + about + printable_text(warning);
      if (std::find(said.begin(), said.end(), text) != said.end()) continue;
      said.push_back(text);
      add(text, false);
    }
  }
  out.pop_back();
  return out;
}

}  // namespace impact
