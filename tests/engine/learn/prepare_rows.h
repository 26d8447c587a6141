#pragma once

#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/learn/prepare/step.h"

/// What the tests of preparation share.
namespace impact::preparation {

inline constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// "" is missing.
inline Feature texts(std::string name, const std::vector<std::string>& cells) {
  std::vector<const std::string*> places;
  for (const std::string& cell : cells) places.push_back(cell.empty() ? nullptr : &cell);
  return text_feature(std::move(name), places);
}

/// Numbers of a reference; null is NaN.
inline std::vector<double> numbers_of(const nlohmann::json& json) {
  std::vector<double> out;
  for (const auto& cell : json) out.push_back(cell.is_null() ? kMissing : cell.get<double>());
  return out;
}

/// tests/reference/learn/prepare.json
inline const nlohmann::json& prepare_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/prepare.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

/// Columns "a", "b", ... of the reference's `name`, its first rows or all.
inline FeatureTable reference_table(const std::string& name, std::size_t rows = 0) {
  std::vector<Feature> columns;
  for (const auto& json : prepare_reference().at(name)) {
    std::vector<double> numbers = numbers_of(json);
    if (rows > 0) numbers.resize(rows);
    columns.push_back(number_feature(std::string(1, static_cast<char>('a' + columns.size())),
                                     std::move(numbers)));
  }
  return FeatureTable(std::move(columns));
}
inline constexpr std::size_t kTrain = 30;

/// The same columns, names, types and bits; any NaN is a NaN.
inline bool same_table(const FeatureTable& a, const FeatureTable& b) {
  if (a.names() != b.names() || a.rows() != b.rows()) return false;
  for (std::size_t j = 0; j < a.size(); ++j) {
    if (a[j].text != b[j].text || a[j].rows() != b[j].rows()) return false;
    for (std::size_t i = 0; i < a[j].rows(); ++i) {
      if (a[j].text) {
        const std::string* left = a[j].codes[i] < 0 ? nullptr : &a[j].levels[a[j].codes[i]];
        const std::string* right = b[j].codes[i] < 0 ? nullptr : &b[j].levels[b[j].codes[i]];
        if ((left == nullptr) != (right == nullptr) || (left != nullptr && *left != *right)) {
          return false;
        }
      } else if (std::isnan(a[j].numbers[i]) != std::isnan(b[j].numbers[i]) ||
                 (!std::isnan(a[j].numbers[i]) &&
                  std::memcmp(&a[j].numbers[i], &b[j].numbers[i], sizeof(double)) != 0)) {
        return false;
      }
    }
  }
  return true;
}

inline StepResult prepared(const std::string& kind, const nlohmann::json& options,
                           const FeatureTable& features, const std::vector<double>& outcome = {},
                           std::size_t classes = 0) {
  return prepare_step({kind, options},
                      {.features = features, .outcome = outcome, .classes = classes});
}

inline const std::vector<double>& numbers(const FeatureTable& table, const std::string& name) {
  const std::size_t place = table.find(name);
  INFO(name);
  REQUIRE(place < table.size());
  REQUIRE_FALSE(table[place].text);
  return table[place].numbers;
}

/// The texts of a column, "" for missing.
inline std::vector<std::string> cells(const FeatureTable& table, const std::string& name) {
  const std::size_t place = table.find(name);
  INFO(name);
  REQUIRE(place < table.size());
  REQUIRE(table[place].text);
  std::vector<std::string> out;
  for (const std::int32_t code : table[place].codes) {
    out.push_back(code < 0 ? "" : table[place].levels[static_cast<std::size_t>(code)]);
  }
  return out;
}

/// Equal to `tolerance`, relative to the larger of 1 and the number; NaN where NaN.
inline void agree(const std::vector<double>& ours, const std::vector<double>& theirs,
                  double tolerance = 1e-10) {
  REQUIRE(ours.size() == theirs.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    INFO("row " << i << ": ours " << ours[i] << ", theirs " << theirs[i]);
    REQUIRE(std::isnan(ours[i]) == std::isnan(theirs[i]));
    if (std::isnan(ours[i])) continue;
    REQUIRE(std::abs(ours[i] - theirs[i]) <= tolerance * std::fmax(1.0, std::abs(theirs[i])));
  }
}

inline bool warned(const StepResult& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

/// What is read back bakes the same bits and is saved as the same bytes; every row baked on its own
/// is what it is among the others, and threads change no bit.
inline void check_step(const StepResult& result, const FeatureTable& features) {
  const FeatureTable all = result.step->bake(features, {});
  const std::string bytes = encode_model(result.step->save());
  const auto back = read_step(decode_model(bytes, "here"));
  CHECK(same_table(back->bake(features, {}), all));
  CHECK(encode_model(back->save()) == bytes);
  for (const int threads : {2, 3, 8}) {
    CHECK(same_table(result.step->bake(features, {.threads = threads}), all));
  }
  for (std::uint32_t row = 0; row < features.rows(); row += 3) {
    const std::vector<std::uint32_t> one = {row};
    CHECK(same_table(result.step->bake(features.take(one), {}), all.take(one)));
  }
  // Forged: a block or a part of the header that lacks or has another shape.
  const ModelFile good = result.step->save();
  for (const auto& [name, block] : good.blocks) {
    INFO(name);
    ModelFile bad = good;
    bad.blocks.erase(name);
    CHECK_THROWS_AS(read_step(bad), DataError);
    bad = good;
    std::visit([](auto& values) { values.push_back({}); }, bad.blocks[name]);
    CHECK_THROWS_AS(read_step(bad), DataError);
  }
  for (const auto& [name, value] : good.header.items()) {
    INFO(name);
    ModelFile bad = good;
    bad.header.erase(name);
    CHECK_THROWS_AS(read_step(bad), DataError);
    bad = good;
    bad.header[name] = nlohmann::json::object();
    CHECK_THROWS_AS(read_step(bad), DataError);
  }
  ModelFile bad = good;
  bad.version = 1000;
  CHECK_THROWS_AS(read_step(bad), DataError);
}

}  // namespace impact::preparation
