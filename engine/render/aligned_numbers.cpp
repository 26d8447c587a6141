#include "engine/render/aligned_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "engine/core/number.h"
#include "engine/render/shown_number.h"

namespace impact {
namespace {

// Wider than that, one number of decimals for all would fill the column with zeros.
constexpr double kWideRange = 1e4;
constexpr int kShort = 4;
constexpr double kLargest = 1e15;
constexpr double kSmallest = 1e-5;

struct Range {
  double largest = 0;
  double smallest = std::numeric_limits<double>::infinity();  // But zero.
  bool whole = true;
};

Range range_of(const std::vector<double>& values) {
  Range range;
  for (const double value : values) {
    const double size = std::abs(value);
    if (!std::isfinite(size)) continue;
    range.largest = std::max(range.largest, size);
    if (size > 0) range.smallest = std::min(range.smallest, size);
    range.whole = range.whole && size == std::floor(size);
  }
  return range;
}

// Digits before the point; of 0.00123: -2.
int leading(double size) { return static_cast<int>(std::floor(std::log10(size))) + 1; }

bool all_distinct(const std::vector<double>& values, const std::vector<std::string>& texts) {
  const std::set<double> numbers(values.begin(), values.end());
  const std::set<std::string> shown(texts.begin(), texts.end());
  return shown.size() >= numbers.size();
}

std::vector<std::string> with_decimals(const std::vector<double>& values, int decimals) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) {
    // No minus before a zero.
    texts.push_back(fmt::format("{:.{}f}", value == 0 ? 0.0 : value, decimals));
  }
  return texts;
}

bool all_exact(const std::vector<double>& values, const std::vector<std::string>& texts) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (parse_double(texts[i]) != values[i]) return false;
  }
  return true;
}

// 1.500e-09 -> 1.5e-09.
std::string without_zeros(std::string text) {
  const std::size_t power = text.find('e');
  if (power == std::string::npos || text.find('.') > power) return text;
  std::size_t last = text.find_last_not_of('0', power - 1);
  if (text[last] == '.') --last;
  return text.erase(last + 1, power - last - 1);
}

std::vector<std::string> each_by_itself(const std::vector<double>& values,
                                        const AlignedNumbers& options) {
  std::vector<std::string> texts;
  for (int digits = options.least; digits <= options.most; ++digits) {
    texts.clear();
    for (const double value : values) {
      texts.push_back(without_zeros(shown_number(value, kPerCell, digits)));
    }
    if (!options.distinct || all_distinct(values, texts)) break;
  }
  return texts;
}

std::vector<std::string> finite_texts(const std::vector<double>& values,
                                      const AlignedNumbers& options) {
  const Range range = range_of(values);
  if (range.whole && range.largest < kLargest) return with_decimals(values, 0);
  if (range.largest >= kLargest || range.smallest < kSmallest ||
      range.largest > range.smallest * kWideRange) {
    return each_by_itself(values, options);
  }
  const int most = std::max({options.most - std::max(leading(range.largest), 0),
                             options.least - leading(range.smallest), 1});
  std::vector<std::string> texts;
  // Prices and shares as they were written, where that is short.
  for (int decimals = 1; decimals <= std::min(kShort, options.most - leading(range.largest));
       ++decimals) {
    texts = with_decimals(values, decimals);
    if (all_exact(values, texts)) return texts;
  }
  for (int decimals = 1; decimals <= most; ++decimals) {
    texts = with_decimals(values, decimals);
    bool enough = !options.distinct || all_distinct(values, texts);
    for (std::size_t i = 0; enough && i < values.size(); ++i) {
      const double size = std::abs(values[i]);
      enough = size == 0 || leading(size) + decimals >= options.least ||
               parse_double(texts[i]) == values[i];
    }
    if (enough) break;
  }
  return texts;
}

}  // namespace

std::vector<std::string> aligned_numbers(const std::vector<double>& values,
                                         const AlignedNumbers& options) {
  std::vector<double> finite;
  for (const double value : values) {
    if (std::isfinite(value)) finite.push_back(value);
  }
  const std::vector<std::string> shown = finite_texts(finite, options);
  std::vector<std::string> texts;
  texts.reserve(values.size());
  std::size_t next = 0;
  for (const double value : values) {
    texts.push_back(std::isfinite(value) ? shown[next++] : format_double(value));
  }
  align_points(texts);
  return texts;
}

void align_points(std::vector<std::string>& texts) {
  const auto is_number = [](const std::string& text) {
    return text.find_first_of("0123456789") != std::string::npos;
  };
  const auto behind = [](const std::string& text) {
    return text.size() - std::min(text.find_first_of(".e"), text.size());
  };
  std::size_t most = 0;
  std::size_t width = 0;
  for (const std::string& text : texts) {
    if (is_number(text)) most = std::max(most, behind(text));
  }
  for (std::string& text : texts) {
    if (is_number(text)) text.append(most - behind(text), ' ');
    width = std::max(width, text.size());
  }
  for (std::string& text : texts) text.insert(0, width - text.size(), ' ');
}

}  // namespace impact
