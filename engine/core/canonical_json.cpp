#include "engine/core/canonical_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"

namespace impact {
namespace {

// Writes either kind of JSON value: sorted keys on one line, or keys as they stand, indented.
template <class Json>
class Writer {
 public:
  explicit Writer(bool pretty) : pretty_(pretty) {}

  std::string write(const Json& value) {
    put(value);
    return std::move(text_);
  }

 private:
  void put(const Json& value) {
    switch (value.type()) {
      case Json::value_t::null: text_ += "null"; return;
      case Json::value_t::boolean: text_ += value.template get<bool>() ? "true" : "false"; return;
      case Json::value_t::number_integer:
        text_ += format_integer(value.template get<std::int64_t>());
        return;
      case Json::value_t::number_unsigned:
        text_ += std::to_string(value.template get<std::uint64_t>());
        return;
      case Json::value_t::number_float: put_double(value.template get<double>()); return;
      case Json::value_t::string: put_string(value.template get_ref<const std::string&>()); return;
      case Json::value_t::array: put_array(value); return;
      case Json::value_t::object: put_object(value); return;
      case Json::value_t::binary:
      case Json::value_t::discarded: break;
    }
    throw InternalError({.what = "a JSON value of a kind that has no text", .where = place()});
  }

  void put_double(double value) { text_ += std::isfinite(value) ? format_double(value) : "null"; }

  void put_string(const std::string& value) {
    if (const auto bad = find_invalid_utf8(value)) {
      throw DataError(
          {.what = "text is not valid UTF-8",
           .where = place(),
           .got = "byte " + std::to_string(*bad + 1) + " of " + std::to_string(value.size()),
           .hint = "convert the source to UTF-8"});
    }
    constexpr std::string_view kHex = "0123456789abcdef";
    text_ += '"';
    for (const char c : value) {
      switch (c) {
        case '"': text_ += "\\\""; break;
        case '\\': text_ += "\\\\"; break;
        case '\b': text_ += "\\b"; break;
        case '\f': text_ += "\\f"; break;
        case '\n': text_ += "\\n"; break;
        case '\r': text_ += "\\r"; break;
        case '\t': text_ += "\\t"; break;
        default: {
          const auto code = static_cast<unsigned char>(c);
          if (code >= 0x20U) {
            text_ += c;
          } else {
            text_ += "\\u00";
            text_ += kHex[code >> 4U];
            text_ += kHex[code & 0xFU];
          }
        }
      }
    }
    text_ += '"';
  }

  void put_array(const Json& value) {
    text_ += '[';
    std::size_t i = 0;
    for (const Json& item : value) {
      path_.push_back(std::to_string(i));
      start_item(i++);
      put(item);
      path_.pop_back();
    }
    end_items(i);
    text_ += ']';
  }

  void put_object(const Json& value) {
    text_ += '{';
    std::size_t i = 0;
    for (const auto& [key, item] : value.items()) {
      path_.push_back(key);
      start_item(i++);
      put_string(key);
      text_ += pretty_ ? ": " : ":";
      put(item);
      path_.pop_back();
    }
    end_items(i);
    text_ += '}';
  }

  void start_item(std::size_t i) {
    if (i > 0) text_ += ',';
    break_line(path_.size());
  }
  void end_items(std::size_t count) {
    if (count > 0) break_line(path_.size());
  }
  void break_line(std::size_t depth) {
    if (!pretty_) return;
    text_ += '\n';
    text_.append(2 * depth, ' ');
  }

  // JSON pointer to the value being written, for messages: the root is "/".
  [[nodiscard]] std::string place() const {
    std::string text;
    for (const std::string& part : path_) text += "/" + part;
    return text.empty() ? "/" : text;
  }

  bool pretty_;
  std::string text_;
  std::vector<std::string> path_;
};

}  // namespace

// nlohmann::json keeps object keys in a std::map ordered by their bytes: iteration is sorted.
std::string canonical_json(const nlohmann::json& value) {
  return Writer<nlohmann::json>(false).write(value);
}

std::string pretty_json(const nlohmann::ordered_json& value) {
  return Writer<nlohmann::ordered_json>(true).write(value);
}

std::string hash_json(const nlohmann::json& value) { return to_hex(sha256(canonical_json(value))); }

}  // namespace impact
