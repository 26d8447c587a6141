#include "engine/core/option_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

std::string range_words(const std::string& least, const std::string& most, bool low, bool high) {
  if (low && high) return "between " + least + " and " + most;
  if (low) return least + " or more";
  return most + " or less";
}

}  // namespace

OptionReader::OptionReader(std::string owner, const nlohmann::json& options)
    : owner_(std::move(owner)), options_(options) {
  if (!options_.is_object()) {
    throw ArgumentError({.what = "options of " + owner_ + " are no object",
                         .got = options_.dump(),
                         .expected = "name = value"});
  }
}

void OptionReader::fail(std::string_view name, std::string what, std::string expected) const {
  const auto found = options_.find(name);
  throw ArgumentError({.what = "'" + std::string(name) + "' of " + owner_ + " " + std::move(what),
                       .got = found == options_.end() ? "" : found->dump(),
                       .expected = std::move(expected)});
}

const nlohmann::json* OptionReader::find(std::string_view name) {
  asked_.emplace(name);
  const auto found = options_.find(name);
  return found == options_.end() || found->is_null() ? nullptr : &*found;
}

bool OptionReader::given(std::string_view name) { return find(name) != nullptr; }

double OptionReader::number(std::string_view name, double otherwise, double least, double most) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_number()) fail(name, "is no number", "a number");
  const auto out = value->get<double>();
  if (!(out >= least && out <= most)) {
    fail(name, "is out of range",
         range_words(format_double(least), format_double(most), std::isfinite(least),
                     std::isfinite(most)));
  }
  return out;
}

std::int64_t OptionReader::integer(std::string_view name, std::int64_t otherwise,
                                   std::int64_t least, std::int64_t most) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return otherwise;
  std::int64_t out = 0;
  if (value->is_number_integer()) {
    out = value->get<std::int64_t>();
  } else if (value->is_number_float() && std::trunc(value->get<double>()) == value->get<double>() &&
             std::abs(value->get<double>()) < 9e15) {
    out = static_cast<std::int64_t>(value->get<double>());
  } else {
    fail(name, "is no whole number", "a whole number");
  }
  if (out < least || out > most) {
    fail(name, "is out of range",
         range_words(std::to_string(least), std::to_string(most),
                     least != std::numeric_limits<std::int64_t>::min(),
                     most != std::numeric_limits<std::int64_t>::max()));
  }
  return out;
}

bool OptionReader::flag(std::string_view name, bool otherwise) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) fail(name, "is neither true nor false", "true or false");
  return value->get<bool>();
}

std::string OptionReader::text(std::string_view name, std::string otherwise) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_string()) fail(name, "is no text", "a text");
  return value->get<std::string>();
}

std::string OptionReader::choice(std::string_view name, std::string otherwise,
                                 std::initializer_list<std::string_view> allowed) {
  std::string out = text(name, std::move(otherwise));
  if (std::find(allowed.begin(), allowed.end(), out) == allowed.end()) {
    const std::vector<std::string> words(allowed.begin(), allowed.end());
    throw ArgumentError({.what = "unknown '" + std::string(name) + "' of " + owner_,
                         .got = out,
                         .expected = list_words(words),
                         .hint = did_you_mean(out, words)});
  }
  return out;
}

std::size_t OptionReader::place(std::string_view name, std::string_view otherwise,
                                std::initializer_list<std::string_view> allowed) {
  const std::string chosen = choice(name, std::string(otherwise), allowed);
  return static_cast<std::size_t>(std::find(allowed.begin(), allowed.end(), chosen) -
                                  allowed.begin());
}

std::vector<double> OptionReader::numbers(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return {};
  std::vector<double> out;
  const auto add = [&](const nlohmann::json& item) {
    if (!item.is_number()) fail(name, "holds something that is no number", "numbers");
    out.push_back(item.get<double>());
  };
  if (value->is_array()) {
    for (const nlohmann::json& item : *value) add(item);
  } else {
    add(*value);
  }
  return out;
}

std::vector<std::string> OptionReader::texts(std::string_view name) {
  const nlohmann::json* value = find(name);
  if (value == nullptr) return {};
  std::vector<std::string> out;
  const auto add = [&](const nlohmann::json& item) {
    if (!item.is_string()) fail(name, "holds something that is no text", "texts");
    out.push_back(item.get<std::string>());
  };
  if (value->is_array()) {
    for (const nlohmann::json& item : *value) add(item);
  } else {
    add(*value);
  }
  return out;
}

const nlohmann::json& OptionReader::value(std::string_view name) {
  static const nlohmann::json kNull;
  const nlohmann::json* found = find(name);
  return found == nullptr ? kNull : *found;
}

void OptionReader::done() const {
  for (const auto& [name, value] : options_.items()) {
    if (asked_.contains(name)) continue;
    const std::vector<std::string> known(asked_.begin(), asked_.end());
    std::string hint = did_you_mean(name, known);
    for (const char* const way : {"how", "by", "as"}) {
      if (!hint.empty() || !asked_.contains(way)) continue;
      hint = fmt::format("options may belong to one way only: see '{}'", way);
    }
    throw ArgumentError({.what = owner_ + " has no option '" + name + "'",
                         .expected = known.empty() ? "no options" : list_words(known),
                         .hint = hint});
  }
}

}  // namespace impact
