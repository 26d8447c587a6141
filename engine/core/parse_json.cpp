#include <charconv>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using nlohmann::json;

// Recursive descent over RFC 8259. The library's own parser accepts duplicate keys and turns
// integers beyond 64 bits into doubles without a word; here both are errors with a line and a
// column.
class Parser {
 public:
  Parser(std::string_view text, std::string_view where) : text_(text), where_(where) {}

  json document() {
    if (const auto bad = find_invalid_utf8(text_)) fail(*bad, "JSON text is not valid UTF-8");
    if (text_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;  // a byte order mark may be ignored
    json result = value(0);
    skip_space();
    if (at_ < text_.size()) fail(at_, "unexpected text after the JSON value", "the end");
    return result;
  }

 private:
  static constexpr int kMaxDepth = 256;

  [[noreturn]] void fail(std::size_t at, std::string what, std::string expected = {},
                         std::string hint = {}) const {
    std::size_t line = 1;
    std::size_t column = 1;
    for (const char c : text_.substr(0, at)) {
      if (c == '\n') {
        ++line;
        column = 1;
      } else if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) {
        ++column;  // continuation bytes belong to the character before
      }
    }
    std::string got = at >= text_.size() ? "the end of the text" : excerpt(at);
    throw DataError({.what = std::move(what),
                     .where = std::string(where_) + ", line " + std::to_string(line) + ", column " +
                              std::to_string(column),
                     .got = std::move(got),
                     .expected = std::move(expected),
                     .hint = std::move(hint)});
  }

  // The start of what stands at `at`, up to the end of the line, cut between characters.
  [[nodiscard]] std::string excerpt(std::size_t at) const {
    constexpr std::size_t kLength = 40;
    std::string_view part = text_.substr(at, kLength);
    part = part.substr(0, part.find_first_of("\r\n"));
    return std::string(part.substr(0, find_invalid_utf8(part).value_or(part.size())));
  }

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\n\r").find(text_[at_]) != text_.npos) ++at_;
  }

  void expect(char c, const char* expected) {
    skip_space();
    if (peek() != c) fail(at_, "malformed JSON", expected);
    ++at_;
  }

  json value(int depth) {
    skip_space();
    if (depth == kMaxDepth && (peek() == '{' || peek() == '[')) {
      fail(at_, "JSON is nested too deeply", "at most " + std::to_string(kMaxDepth) + " levels");
    }
    switch (peek()) {
      case '{': return object(depth);
      case '[': return array(depth);
      case '"': return string();
      case 't': return word("true", true);
      case 'f': return word("false", false);
      case 'n': return word("null", nullptr);
      default: return number();
    }
  }

  json word(std::string_view name, json result) {
    if (text_.substr(at_, name.size()) != name) fail(at_, "malformed JSON", "a value");
    at_ += name.size();
    return result;
  }

  json array(int depth) {
    ++at_;
    json result = json::array();
    skip_space();
    if (peek() == ']') {
      ++at_;
      return result;
    }
    while (true) {
      result.push_back(value(depth + 1));
      skip_space();
      if (peek() != ',') break;
      ++at_;
    }
    expect(']', "',' or ']'");
    return result;
  }

  json object(int depth) {
    ++at_;
    json result = json::object();
    skip_space();
    if (peek() == '}') {
      ++at_;
      return result;
    }
    while (true) {
      skip_space();
      const std::size_t start = at_;
      if (peek() != '"') fail(at_, "malformed JSON", "a key in double quotes");
      std::string key = string();
      if (result.contains(key)) {
        fail(start, "the key \"" + key + "\" stands twice in one JSON object", "each key once");
      }
      expect(':', "':' after the key");
      json item = value(depth + 1);
      result.emplace(std::move(key), std::move(item));
      skip_space();
      if (peek() != ',') break;
      ++at_;
    }
    expect('}', "',' or '}'");
    return result;
  }

  // The text was checked to be UTF-8 as a whole; only escapes can still go wrong.
  std::string string() {
    const std::size_t start = at_++;
    std::string result;
    while (true) {
      if (at_ >= text_.size()) fail(start, "a JSON string does not end", "a closing '\"'");
      const char c = text_[at_];
      if (c == '"') break;
      if (static_cast<unsigned char>(c) < 0x20U) {
        fail(at_, "a control character inside a JSON string", "an escape such as \\n or \\u0001");
      }
      if (c == '\\') {
        escape(result);
      } else {
        result += c;
        ++at_;
      }
    }
    ++at_;
    return result;
  }

  void escape(std::string& result) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    const std::size_t start = at_++;
    const char name = peek();
    if (name == 'u') {
      ++at_;
      append_utf8(result, code_point(start));
      return;
    }
    const std::size_t i = at_ < text_.size() ? kNames.find(name) : kNames.npos;
    if (i == kNames.npos) {
      fail(start, "unknown escape in a JSON string",
           "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX");
    }
    result += kMeant[i];
    ++at_;
  }

  std::uint32_t four_digits(std::size_t start) {
    const std::string_view digits = text_.substr(at_, 4);
    std::uint32_t unit = 0;
    const auto [stop, status] =
        std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || status != std::errc() || stop != digits.data() + 4) {
      fail(start, "incomplete escape in a JSON string", "\\u and four hexadecimal digits");
    }
    at_ += 4;
    return unit;
  }

  std::uint32_t code_point(std::size_t start) {
    const std::uint32_t unit = four_digits(start);
    if (unit < 0xD800U || unit > 0xDFFFU) return unit;
    if (unit <= 0xDBFFU && text_.substr(at_, 2) == "\\u") {
      at_ += 2;
      const std::uint32_t low = four_digits(start);
      if (low >= 0xDC00U && low <= 0xDFFFU) {
        return 0x10000U + ((unit - 0xD800U) << 10U) + (low - 0xDC00U);
      }
    }
    fail(start, "half a surrogate pair in a JSON string", "a high and a low surrogate together");
  }

  static void append_utf8(std::string& result, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { result += static_cast<char>(byte); };
    if (point < 0x80U) {
      put(point);
    } else if (point < 0x800U) {
      put(0xC0U | (point >> 6U));
      put(0x80U | (point & 0x3FU));
    } else if (point < 0x10000U) {
      put(0xE0U | (point >> 12U));
      put(0x80U | ((point >> 6U) & 0x3FU));
      put(0x80U | (point & 0x3FU));
    } else {
      put(0xF0U | (point >> 18U));
      put(0x80U | ((point >> 12U) & 0x3FU));
      put(0x80U | ((point >> 6U) & 0x3FU));
      put(0x80U | (point & 0x3FU));
    }
  }

  std::size_t skip_digits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ - start;
  }

  // -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
  json number() {
    const std::size_t start = at_;
    if (peek() == '-') ++at_;
    const bool zero = peek() == '0';
    const std::size_t digits = skip_digits();
    if (digits == 0) fail(start, "malformed JSON", "a value");
    if (zero && digits > 1) fail(start, "a JSON number starts with a needless 0");
    bool integral = true;
    if (peek() == '.') {
      ++at_;
      integral = false;
      if (skip_digits() == 0) fail(start, "malformed JSON number", "digits after the point");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      integral = false;
      if (peek() == '+' || peek() == '-') ++at_;
      if (skip_digits() == 0) fail(start, "malformed JSON number", "digits in the exponent");
    }
    const std::string_view token = text_.substr(start, at_ - start);
    return integral ? integer(token, start) : real(token, start);
  }

  [[nodiscard]] json integer(std::string_view token, std::size_t start) const {
    if (const auto value = parse_integer(token)) return *value;
    std::uint64_t large = 0;
    const char* end = token.data() + token.size();
    const auto [stop, status] = std::from_chars(token.data(), end, large);
    if (status == std::errc() && stop == end) return large;
    fail(start, "a JSON integer does not fit 64 bits", "-2^63 to 2^64 - 1",
         "write identifiers of this length as strings");
  }

  [[nodiscard]] json real(std::string_view token, std::size_t start) const {
    if (const auto value = parse_double(token)) return *value;
    fail(start, "a JSON number does not fit a double", "0, or 5e-324 to 1.7976931348623157e+308");
  }

  std::string_view text_;
  std::string_view where_;
  std::size_t at_ = 0;
};

}  // namespace

json parse_json(std::string_view text, std::string_view where) {
  return Parser(text, where).document();
}

}  // namespace impact
