#include "engine/learn/prepare/step_tools.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "engine/core/error.h"

namespace impact::detail {
namespace {

constexpr std::string_view kNumbers = "numbers";
constexpr std::string_view kTexts = "texts";

bool is_pattern(std::string_view word) {
  return word.find_first_of("*?") != std::string_view::npos;
}

bool fits(const Feature& column, ColumnType type) {
  return type == ColumnType::kAny || column.text == (type == ColumnType::kText);
}

// Bytes of the character of UTF-8 that begins here.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
  return size;
}

// The places that a list of names and patterns means.
std::vector<bool> meant(OptionReader& options, const char* option, const FeatureTable& features,
                        ColumnType type) {
  std::vector<bool> out(features.size(), false);
  const std::vector<std::string> words = options.texts(option);
  if (features.size() == 0) return out;  // Of no column names can be right or wrong.
  for (const std::string& word : words) {
    const std::size_t place = features.find(word);
    if (place < features.size()) {
      if (!fits(features[place], type)) {
        throw ArgumentError(
            {.what = "a step is given a column of another type",
             .where = option,
             .got = "'" + word + "' of " + std::string(features[place].text ? kTexts : kNumbers),
             .expected =
                 "a column of " + std::string(type == ColumnType::kText ? kTexts : kNumbers)});
      }
      out[place] = true;
      continue;
    }
    bool any = false;
    for (std::size_t j = 0; is_pattern(word) && j < features.size(); ++j) {
      if (!matches_pattern(features[j].name, word)) continue;
      any = true;
      if (fits(features[j], type)) out[j] = true;
    }
    if (any) continue;
    const auto names = features.names();
    throw ArgumentError({.what = is_pattern(word) ? "no column matches the pattern of a step"
                                                  : "a step is given a column that is not there",
                         .where = option,
                         .got = "'" + word + "'",
                         .expected = list_words(names),
                         .hint = did_you_mean(word, names)});
  }
  return out;
}

}  // namespace

bool matches_pattern(std::string_view name, std::string_view pattern) {
  // Greedy: after a mismatch the last star takes one character more.
  std::size_t i = 0, j = 0, star = std::string_view::npos, restart = 0;
  while (i < name.size()) {
    if (j < pattern.size() && pattern[j] == '*') {
      star = j++;
      restart = i;
    } else if (j < pattern.size() && pattern[j] == '?') {
      i += character_size(name.substr(i));
      ++j;
    } else if (j < pattern.size() && pattern[j] == name[i]) {
      ++i;
      ++j;
    } else if (star != std::string_view::npos) {
      restart += character_size(name.substr(restart));
      i = restart;
      j = star + 1;
    } else {
      return false;
    }
  }
  while (j < pattern.size() && pattern[j] == '*') ++j;
  return j == pattern.size();
}

std::vector<std::size_t> chosen_columns(OptionReader& options, const FeatureTable& features,
                                        ColumnType type) {
  const bool given = options.given("of");
  const std::vector<bool> of = meant(options, "of", features, type);
  const std::vector<bool> except = meant(options, "except", features, ColumnType::kAny);
  std::vector<std::size_t> out;
  for (std::size_t j = 0; j < features.size(); ++j) {
    if (!except[j] && (given ? of[j] : fits(features[j], type))) out.push_back(j);
  }
  return out;
}

std::string nothing_to_do(std::string_view step, ColumnType type) {
  std::string out = "there is no column";
  if (type != ColumnType::kAny) out.append(type == ColumnType::kText ? " of texts" : " of numbers");
  out.append(" that '").append(step).append("' could work on: it does nothing");
  return out;
}

TableEdit::TableEdit(const FeatureTable& features, std::string_view step)
    : features_(features), step_(step) {
  for (std::size_t j = 0; j < features.size(); ++j) places_.emplace(features[j].name, j);
}

std::size_t TableEdit::place(const std::string& name, ColumnType type) const {
  const auto found = places_.find(name);
  if (found == places_.end()) {
    const auto names = features_.names();
    throw DataError({.what = "a step of preparation lacks a column it was prepared with",
                     .where = "step '" + step_ + "'",
                     .got = list_words(names),
                     .expected = "'" + name + "'",
                     .hint = did_you_mean(name, names)});
  }
  const Feature& column = features_[found->second];
  if (fits(column, type)) return found->second;
  throw DataError({.what = "a column has another type than the step was prepared with",
                   .where = "step '" + step_ + "', column '" + name + "'",
                   .got = std::string(column.text ? kTexts : kNumbers),
                   .expected = std::string(column.text ? kNumbers : kTexts)});
}

const Feature& TableEdit::column(const std::string& name, ColumnType type) const {
  return features_[place(name, type)];
}

const std::vector<double>& TableEdit::finite(const std::string& name) const {
  const Feature& found = column(name, ColumnType::kNumber);
  check_finite(found, step_);
  return found.numbers;
}

void TableEdit::replace(const std::string& name, std::vector<Feature> by) {
  replaced_[place(name, ColumnType::kAny)] = std::move(by);
}

FeatureTable TableEdit::done() && {
  std::vector<std::shared_ptr<const Feature>> columns;
  const auto add = [&](Feature& column) {
    columns.push_back(std::make_shared<const Feature>(std::move(column)));
  };
  for (std::size_t j = 0; j < features_.size(); ++j) {
    const auto found = replaced_.find(j);
    if (found == replaced_.end()) {
      columns.push_back(features_.shared(j));
    } else {
      for (Feature& column : found->second) add(column);
    }
  }
  for (Feature& column : appended_) add(column);
  return FeatureTable(std::move(columns));
}

void check_finite(const Feature& column, std::string_view step) {
  const auto infinite = std::count_if(column.numbers.begin(), column.numbers.end(),
                                      [](double value) { return std::isinf(value); });
  if (infinite == 0) return;
  throw DataError({.what = "a column holds infinite numbers",
                   .where = "step '" + std::string(step) + "', column '" + column.name + "'",
                   .got = std::to_string(infinite) + " infinite numbers",
                   .expected = "finite or missing numbers",
                   .hint = "make them missing, or leave the rows out"});
}

StepFile::StepFile(const ModelFile& file, int version) : file_(file) {
  if (file.version > version || file.version < 1) {
    throw DataError({.what = "the step was saved by a newer version",
                     .where = file.kind,
                     .got = std::to_string(file.version),
                     .expected = "up to " + std::to_string(version),
                     .hint = "update the program, or save the model again with this one"});
  }
}

void StepFile::refuse(std::string what) const {
  throw DataError({.what = std::move(what), .where = file_.kind});
}

const nlohmann::json& StepFile::field(const char* name) const {
  const auto at = file_.header.find(name);
  if (at == file_.header.end()) refuse(std::string("the header lacks '") + name + "'");
  return *at;
}

std::vector<std::string> StepFile::texts(const char* name) const {
  const nlohmann::json& list = field(name);
  if (!list.is_array()) refuse(std::string("'") + name + "' is no list");
  std::vector<std::string> out;
  for (const auto& item : list) {
    if (!item.is_string()) refuse(std::string("'") + name + "' is no list of texts");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::vector<std::string>> StepFile::text_lists(const char* name) const {
  const nlohmann::json& lists = field(name);
  if (!lists.is_array()) refuse(std::string("'") + name + "' is no list");
  std::vector<std::vector<std::string>> out;
  for (const auto& list : lists) {
    if (!list.is_array()) refuse(std::string("'") + name + "' is no list of lists");
    std::vector<std::string>& part = out.emplace_back();
    for (const auto& item : list) {
      if (!item.is_string()) refuse(std::string("'") + name + "' is no list of lists of texts");
      part.push_back(item.get<std::string>());
    }
  }
  return out;
}

std::string StepFile::text(const char* name) const {
  const nlohmann::json& value = field(name);
  if (!value.is_string()) refuse(std::string("'") + name + "' is no text");
  return value.get<std::string>();
}

bool StepFile::flag(const char* name) const {
  const nlohmann::json& value = field(name);
  if (!value.is_boolean()) refuse(std::string("'") + name + "' is neither true nor false");
  return value.get<bool>();
}

std::int64_t StepFile::integer(const char* name, std::int64_t least, std::int64_t most) const {
  const nlohmann::json& value = field(name);
  if (!value.is_number_integer() || value.get<std::int64_t>() < least ||
      value.get<std::int64_t>() > most) {
    refuse(std::string("'") + name + "' is out of range");
  }
  return value.get<std::int64_t>();
}

std::size_t StepFile::place(const char* name, std::initializer_list<std::string_view> names) const {
  const std::string value = text(name);
  const auto* const at = std::find(names.begin(), names.end(), value);
  if (at == names.end()) refuse(std::string("'") + name + "' is unknown");
  return static_cast<std::size_t>(at - names.begin());
}

}  // namespace impact::detail
