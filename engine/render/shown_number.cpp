#include "engine/render/shown_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/core/number.h"

namespace impact {
namespace {

constexpr int kDigits = 7;
constexpr double kWideRange = 1e4;

// Decimals that give a value, and smaller ones beside it, seven digits.
int decimals_for(double magnitude) {
  const int before_point =
      magnitude < 1 ? 1 : static_cast<int>(std::floor(std::log10(magnitude))) + 1;
  return std::clamp(kDigits - before_point, 0, kDigits - 1);
}

}  // namespace

int column_decimals(const Column& column) {
  double largest = 0;
  double smallest = std::numeric_limits<double>::infinity();
  bool whole = true;
  for (std::size_t row = 0; row < column.size(); ++row) {
    const double cell = std::abs(column.as_numbers()[row]);
    if (column.missing(row) || !std::isfinite(cell)) continue;
    largest = std::max(largest, cell);
    if (cell > 0) smallest = std::min(smallest, cell);
    whole = whole && cell == std::floor(cell);
  }
  if (whole && largest < 1e15) return 0;
  return largest > smallest * kWideRange ? kPerCell : decimals_for(largest);
}

std::string shown_number(double value, int decimals, int digits) {
  if (!std::isfinite(value)) return format_double(value);
  const double magnitude = std::abs(value);
  if (magnitude >= 1e15 || (value != 0 && magnitude < 1e-5)) {
    return fmt::format("{:.{}e}", value, digits - 1);
  }
  if (decimals != kPerCell) return fmt::format("{:.{}f}", value, decimals);
  // Zeros after the point are no digits: 0.00015123, not 0.0002.
  const int leading = magnitude > 0 ? static_cast<int>(std::floor(std::log10(magnitude))) : 0;
  std::string text = fmt::format("{:.{}f}", value, std::max(digits - 1 - leading, 0));
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return text;
}

}  // namespace impact
