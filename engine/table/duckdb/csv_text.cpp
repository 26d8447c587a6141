#include "engine/table/duckdb/csv_text.h"

#include <algorithm>

#include "engine/table/duckdb/functions.h"

namespace impact::duck {

namespace {

bool ends_line(char c) noexcept { return c == '\n' || c == '\r'; }

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

bool is_word(std::string_view text, std::string_view lower) noexcept {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

// Decimal notation; hexadecimal and the like are not numbers of a table.
bool is_number(std::string_view text) noexcept {
  if (is_word(text, "nan") || is_word(text, "inf") || is_word(text, "-inf") ||
      is_word(text, "infinity") || is_word(text, "-infinity")) {
    return true;
  }
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const std::size_t start = at;
  std::size_t count = 0;
  for (; at < text.size() && is_digit(text[at]); ++at) ++count;
  // A leading zero marks a code: "007".
  if (count > 1 && text[start] == '0') return false;
  if (at < text.size() && text[at] == '.') {
    for (++at; at < text.size() && is_digit(text[at]); ++at) ++count;
  } else if (at == text.size()) {
    // Digits only, and parse_cell_integer refused them: too long to be exact.
    return count > 0 && count < 19;
  }
  if (count == 0) return false;
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (at == text.size()) return false;
    while (at < text.size() && is_digit(text[at])) ++at;
  }
  return at == text.size();
}

bool is_integer(std::string_view text) noexcept {
  std::int64_t value = 0;
  const std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
  if (text.size() > at + 1 && text[at] == '0') return false;
  return text.size() > at && is_digit(text[at]) && is_digit(text.back()) &&
         parse_cell_integer(text, value);
}

}  // namespace

std::size_t CsvRecords::skip_lines(std::size_t count) {
  std::size_t blank = 0;
  while (at_ < text_.size()) {
    const std::size_t end = std::min(text_.find_first_of("\r\n", at_), text_.size());
    if (count == 0 && end > at_) break;
    if (count == 0) {
      ++blank;
    } else {
      --count;
    }
    at_ = end;
    if (at_ < text_.size()) {
      at_ += text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 1;
    }
  }
  return blank;
}

std::optional<std::vector<std::string>> CsvRecords::next() {
  if (at_ >= text_.size()) return std::nullopt;
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (; at_ < text_.size(); ++at_) {
    const char c = text_[at_];
    if (quote_ != '\0' && c == quote_) {
      const bool doubled = quoted && at_ + 1 < text_.size() && text_[at_ + 1] == quote_;
      if (doubled) {
        fields.back() += quote_;
        ++at_;
      } else if (quoted || fields.back().empty()) {
        quoted = !quoted;
      } else {
        fields.back() += c;
      }
    } else if (quoted) {
      fields.back() += c;
    } else if (c == delimiter_) {
      fields.emplace_back();
    } else if (ends_line(c)) {
      at_ += c == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 1;
      return fields;
    } else {
      fields.back() += c;
    }
  }
  return fields;
}

std::optional<char> better_delimiter(std::string_view text, char delimiter, char quote) {
  constexpr int kLook = 6;
  for (const char candidate : {',', ';', '\t', '|'}) {
    if (candidate == delimiter) continue;
    CsvRecords records(text, candidate, quote);
    const auto header = records.next();
    if (!header || header->size() < 2) continue;
    bool same = true;
    for (int i = 1; i < kLook && same; ++i) {
      const auto record = records.next();
      // The last record of a sample may be cut.
      if (!record || records.position() >= text.size()) break;
      same = record->size() == header->size();
    }
    if (same) return candidate;
  }
  return std::nullopt;
}

void TypeGuess::see(std::string_view cell) noexcept {
  seen_ = true;
  if (integer_ && is_integer(cell)) {
    boolean_ = date_ = timestamp_ = false;
    return;
  }
  integer_ = false;
  number_ = number_ && is_number(cell);
  boolean_ = boolean_ && (is_word(cell, "true") || is_word(cell, "false"));
  std::int64_t micros = 0;
  timestamp_ = timestamp_ && parse_cell_timestamp(cell, micros);
  // Every date alone is a timestamp too.
  date_ = date_ && timestamp_ && cell.size() == 10;
}

Type TypeGuess::type() const {
  if (!seen_) return text_type();
  if (integer_) return integer_type();
  if (number_) return number_type();
  if (boolean_) return boolean_type();
  if (date_) return date_type();
  if (timestamp_) return timestamp_type();
  return text_type();
}

}  // namespace impact::duck
