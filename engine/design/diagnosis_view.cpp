#include "engine/design/diagnosis_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace impact {
namespace {

constexpr std::array kMeasures{"bias",   "rmse",   "power",     "coverage",
                               "type_s", "type_m", "mean_width"};
constexpr int kMostDecimals = 6;

std::string figure(double value, double error) {
  if (!std::isfinite(value)) return "-";
  if (!std::isfinite(error) || error <= 0) return fmt::format("{:.4g} (0)", value);
  const int power = static_cast<int>(std::floor(std::log10(error)));
  const int digits = error < 3 * std::pow(10.0, power) ? 2 : 1;
  const int decimals = std::max(digits - 1 - power, 0);
  if (decimals > kMostDecimals) return fmt::format("{:.3g} ({:.2g})", value, error);
  const bool zero = std::abs(value) * std::pow(10.0, decimals) < 0.5;  // Without a sign.
  return fmt::format("{0:.{2}f} ({1:.{2}f})", zero ? 0.0 : value, error, decimals);
}

}  // namespace

Frame diagnosis_view(const Frame& table, std::size_t leading) {
  std::vector<std::string> names;
  std::vector<Column> columns;
  const auto add = [&](const std::string& name, Column column) {
    names.push_back(name);
    columns.push_back(std::move(column));
  };
  for (std::size_t i = 0; i < leading; ++i) add(table.schema()[i].name, table.column(i));
  for (const char* name : {"estimator", "inquiry"}) add(name, table.column(name));
  std::vector<std::string> cells(table.rows());
  const auto estimands = table.column("mean_estimand").as_numbers();
  for (std::size_t row = 0; row < cells.size(); ++row) {
    cells[row] = std::isfinite(estimands[row]) ? fmt::format("{:.4g}", estimands[row]) : "-";
  }
  add("estimand", Column::texts(cells));
  for (const std::string name : kMeasures) {
    const auto values = table.column(name).as_numbers();
    const auto errors = table.column(name + "_mcse").as_numbers();
    for (std::size_t row = 0; row < cells.size(); ++row) {
      cells[row] = figure(values[row], errors[row]);
    }
    add(name, Column::texts(cells));
  }
  return {std::move(names), std::move(columns)};
}

}  // namespace impact
