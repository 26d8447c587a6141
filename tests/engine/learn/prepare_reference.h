#pragma once

#include <cmath>
#include <cstddef>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/core/error.h"
#include "engine/learn/prepare/step.h"

/// Tables and peers' numbers of tests/reference/learn/prepare_steps.json, and what every test of a
/// step asks.
namespace impact::learning {

inline constexpr double kGap = std::numeric_limits<double>::quiet_NaN();

inline const nlohmann::json& steps_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/prepare_steps.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

/// Columns "a", "b", ... of numbers.
inline FeatureTable lettered(const nlohmann::json& table, std::size_t most = 26) {
  std::vector<Feature> out;
  for (const auto& column : table) {
    if (out.size() == most) break;
    out.push_back(number_feature(std::string(1, static_cast<char>('a' + out.size())),
                                 column.get<std::vector<double>>()));
  }
  return FeatureTable(std::move(out));
}

inline Feature texts(std::string name, const std::vector<std::string>& cells) {
  std::vector<const std::string*> at;
  for (const std::string& cell : cells) at.push_back(&cell);
  return text_feature(std::move(name), at);
}

inline StepResult prepared(std::string kind, nlohmann::json options, const StepInput& input,
                           const Context& context = {}) {
  return prepare_step({.kind = std::move(kind), .options = std::move(options)}, input, context);
}

inline StepResult prepared(std::string kind, nlohmann::json options, const FeatureTable& table) {
  return prepared(std::move(kind), std::move(options), StepInput{.features = table});
}

inline bool same_bits(const FeatureTable& a, const FeatureTable& b) {
  if (a.size() != b.size() || a.rows() != b.rows()) return false;
  for (std::size_t j = 0; j < a.size(); ++j) {
    if (a[j].name != b[j].name || a[j].text != b[j].text || a[j].codes != b[j].codes ||
        a[j].levels != b[j].levels) {
      return false;
    }
    for (std::size_t i = 0; i < a[j].numbers.size(); ++i) {
      const double x = a[j].numbers[i];
      const double y = b[j].numbers[i];
      if (std::isnan(x) ? !std::isnan(y) : x != y) return false;
    }
  }
  return true;
}

/// Bakes, and asks what is true of every step: saved and read back it gives the same bits, on any
/// number of threads, and a row does not depend on the others. A file that lacks a part is refused.
inline FeatureTable baked(const PreparedStep& step, const FeatureTable& table) {
  const FeatureTable out = step.bake(table, {});
  const ModelFile file = step.save();
  const auto back = read_step(decode_model(encode_model(file), "here"));
  CHECK(same_bits(back->bake(table, {}), out));
  CHECK(encode_model(back->save()) == encode_model(file));
  for (const int threads : {2, 3, 8}) {
    CHECK(same_bits(step.bake(table, {.threads = threads}), out));
  }
  for (std::uint32_t row = 0; row < table.rows() && row < 5; ++row) {
    const std::vector<std::uint32_t> one = {row};
    CHECK(same_bits(step.bake(table.take(one), {}), out.take(one)));
  }
  for (const auto& [name, block] : file.blocks) {
    INFO(name);
    ModelFile bad = file;
    bad.blocks.erase(name);
    CHECK_THROWS_AS(read_step(bad), DataError);
  }
  for (const auto& [name, value] : file.header.items()) {
    INFO(name);
    ModelFile bad = file;
    bad.header.erase(name);
    CHECK_THROWS_AS(read_step(bad), DataError);
  }
  ModelFile newer = file;
  newer.version = 99;
  CHECK_THROWS_AS(read_step(newer), DataError);
  return out;
}

/// The last columns of a table are these.
inline void check_last(const FeatureTable& table, const nlohmann::json& columns,
                       double tolerance = 1e-10) {
  REQUIRE(table.size() >= columns.size());
  const std::size_t first = table.size() - columns.size();
  for (std::size_t j = 0; j < columns.size(); ++j) {
    for (std::size_t i = 0; i < table.rows(); ++i) {
      INFO(table[first + j].name << ", row " << i);
      CHECK(table[first + j].numbers[i] ==
            Approx(columns[j][i].get<double>()).epsilon(tolerance).margin(tolerance));
    }
  }
}

}  // namespace impact::learning
