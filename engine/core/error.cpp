#include "engine/core/error.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace impact {
namespace {

// One labelled line; further lines of a long value are indented under the first.
void append_part(std::string& text, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  constexpr std::size_t kIndent = 12;
  std::string line = "\n  ";
  line += label;
  line += ':';
  line.resize(1 + kIndent, ' ');
  text += line;
  for (const char c : value) {
    text += c;
    if (c == '\n') text.append(kIndent, ' ');
  }
}

// Code points with ASCII capitals folded. A byte that starts no well-formed sequence stands for
// itself, so any text, also broken text, has a length and a distance.
std::vector<char32_t> fold(std::string_view text) {
  std::vector<char32_t> points;
  points.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t size = lead >= 0xF0 ? 4U : lead >= 0xE0 ? 3U : lead >= 0xC0 ? 2U : 1U;
    char32_t point = lead;
    std::size_t used = 1;
    for (; used < size && i + used < text.size(); ++used) {
      const auto next = static_cast<unsigned char>(text[i + used]);
      if ((next & 0xC0U) != 0x80U) break;
      point = (point << 6U) | (next & 0x3FU);
    }
    if (used != size) {
      point = lead;
      used = 1;
    }
    if (point >= U'A' && point <= U'Z') point += U'a' - U'A';
    points.push_back(point);
    i += used;
  }
  return points;
}

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours, each 1.
// d[i][j] = min(d[i-1][j] + 1, d[i][j-1] + 1, d[i-1][j-1] + [a_i != b_j],
//               d[i-2][j-2] + 1 when a_i = b_(j-1) and a_(i-1) = b_j)
std::size_t edit_distance(const std::vector<char32_t>& a, const std::vector<char32_t>& b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> above(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + changed});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

}  // namespace

Error::Error(std::string_view kind, ErrorInfo info)
    : kind_(kind), info_(std::move(info)), text_(format_error(info_)) {}

std::string format_error(const ErrorInfo& info) {
  std::string text = info.what;
  append_part(text, "where", info.where);
  append_part(text, "got", info.got);
  append_part(text, "expected", info.expected);
  append_part(text, "hint", info.hint);
  return text;
}

std::string nearest_word(std::string_view word, std::span<const std::string> candidates) {
  const std::vector<char32_t> wanted = fold(word);
  // A third of the length, rounded; words of one or two letters allow no mistake but case.
  const std::size_t limit = wanted.size() < 3 ? 0 : (2 * wanted.size() + 3) / 6;
  std::size_t best = limit + 1;
  std::string nearest;
  for (const std::string& candidate : candidates) {
    const std::vector<char32_t> letters = fold(candidate);
    const auto [shorter, longer] = std::minmax({letters.size(), wanted.size()});
    if (letters.empty() || longer - shorter >= best) continue;
    const std::size_t distance = edit_distance(wanted, letters);
    if (distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const std::string nearest = nearest_word(word, candidates);
  return nearest.empty() ? std::string() : "did you mean '" + nearest + "'?";
}

std::string list_words(std::span<const std::string> words, std::size_t most) {
  std::string text;
  const std::size_t shown = std::min(most, words.size());
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += ", ";
    text += words[i];
  }
  if (shown < words.size()) {
    text += shown > 0 ? ", ... (" : "... (";
    text += std::to_string(words.size()) + " in all)";
  }
  return text;
}

}  // namespace impact
