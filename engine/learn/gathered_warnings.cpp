#include "engine/learn/gathered_warnings.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace impact::detail {
namespace {

constexpr char kCount = '\x01';  // Where a count stood.

bool digit(char c) { return c >= '0' && c <= '9'; }

bool starts_at(const std::string& text, std::size_t at, std::string_view word) {
  return text.compare(at, word.size(), word) == 0;
}

// The sentence with its counts taken out, in the plural.
std::string shape_of(const std::string& text, std::vector<std::string>* counts) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    while (end < text.size() && digit(text[end])) ++end;
    const bool begins = i == 0 || text[i - 1] == ' ';
    const bool counted =
        end > i && begins && (i == 0 ? starts_at(text, end, " ") : starts_at(text, end, " row"));
    if (!counted) {
      out += text[i++];
      continue;
    }
    counts->push_back(text.substr(i, end - i));
    out += kCount;
    i = end;
    constexpr std::string_view kOne = " row was ";
    if (starts_at(text, i, kOne)) {
      out += " rows were ";
      i += kOne.size();
    }
  }
  return out;
}

bool less(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

void GatheredWarnings::add(const std::vector<std::string>& warnings) {
  ++fits_;
  for (const std::string& text : warnings) {
    std::vector<std::string> counts;
    const std::string shape = shape_of(text, &counts);
    const auto at = std::find_if(sentences_.begin(), sentences_.end(),
                                 [&](const Sentence& each) { return each.shape == shape; });
    if (at == sentences_.end()) {
      sentences_.push_back({shape, text, counts, counts, 1, fits_});
      continue;
    }
    for (std::size_t k = 0; k < counts.size(); ++k) {
      if (less(counts[k], at->low[k])) at->low[k] = counts[k];
      if (less(at->high[k], counts[k])) at->high[k] = counts[k];
    }
    if (at->last != fits_) ++at->fits;
    at->last = fits_;
  }
}

std::vector<std::string> GatheredWarnings::said() const {
  std::vector<std::string> out;
  for (const Sentence& each : sentences_) {
    std::string text = each.first;
    if (each.low != each.high) {
      text.clear();
      std::size_t k = 0;
      for (const char c : each.shape) {
        if (c != kCount) {
          text += c;
          continue;
        }
        text += each.low[k];
        if (each.high[k] != each.low[k]) text.append(" to ").append(each.high[k]);
        ++k;
      }
    }
    out.push_back(fmt::format("in {} of {} fits: {}", each.fits, fits_, text));
  }
  return out;
}

}  // namespace impact::detail
