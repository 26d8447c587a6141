#include "engine/analysis/words.h"

#include <fmt/format.h>

#include <cmath>

namespace impact {
namespace {

constexpr const char* kMinus = "\u2212";

// Digits of a whole number in groups of three.
std::string grouped(std::string digits) {
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

std::string trimmed(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string magnitude_text(double magnitude) {
  if (magnitude == 0) return "0";
  if (magnitude >= 1e15 || magnitude < 1e-4) return fmt::format("{:.3e}", magnitude);
  if (magnitude >= 999.95) {
    const double kept = magnitude < 99999.5 && magnitude != std::floor(magnitude)
                            ? std::round(magnitude * 10) / 10
                            : std::round(magnitude);
    const std::string text = trimmed(fmt::format("{:.1f}", kept));
    const std::size_t point = text.find('.');
    const std::string fraction = point == std::string::npos ? "" : text.substr(point);
    return grouped(text.substr(0, point)) + fraction;
  }
  const int before_point = magnitude < 1 ? 0 : static_cast<int>(std::floor(std::log10(magnitude)));
  const int leading_zeros =
      magnitude < 1 ? static_cast<int>(-std::floor(std::log10(magnitude))) : 0;
  const int decimals = magnitude < 1 ? leading_zeros + 3 : 3 - before_point;
  return trimmed(fmt::format("{:.{}f}", magnitude, decimals));
}

}  // namespace

std::string readable_number(double value) {
  if (std::isnan(value)) return "undefined";
  const std::string sign = value < 0 ? kMinus : "";
  if (std::isinf(value)) return sign + "\u221e";
  return sign + magnitude_text(std::abs(value));
}

std::string readable_p(double p) {
  if (std::isnan(p)) return "p undefined";
  if (p < 0.001) return "p < 0.001";
  return "p = " + trimmed(fmt::format("{:.3f}", p));
}

std::string readable_share(double share) {
  if (std::isnan(share)) return "undefined";
  const std::string sign = share < 0 ? kMinus : "";
  return sign + trimmed(fmt::format("{:.1f}", std::abs(share) * 100)) + " %";
}

}  // namespace impact
