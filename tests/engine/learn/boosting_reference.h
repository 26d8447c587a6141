#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <string>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/learn/boosting.h"

/// The rows and the peer's answers of tests/reference/learn/make_boosting.py.
namespace impact::boosting {

struct Rows {
  static constexpr std::size_t kRows = 240;
  static constexpr std::uint32_t kTrain = 160;
  std::vector<double> x = std::vector<double>(4 * kRows);
  std::map<std::string, std::vector<double>> outcome = {};
  std::vector<double> w = {};
  std::vector<std::string> names = {"a", "b", "c", "d"};

  [[nodiscard]] FeatureColumns features() const { return {.x = x, .columns = 4, .names = names}; }
};

inline std::string text_of(const std::string& name) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/" + name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline const Rows& rows() {
  static const Rows all = [] {
    Rows result;
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/boosting_rows.txt");
    REQUIRE(file);
    const auto next = [&] {
      std::string word;
      REQUIRE(file >> word);
      return std::stod(word);
    };
    for (std::size_t i = 0; i < Rows::kRows; ++i) {
      for (std::size_t j = 0; j < 4; ++j) result.x[j * Rows::kRows + i] = next();
      for (const char* name : {"y", "label", "count", "positive", "group"}) {
        result.outcome[name].push_back(next());
      }
      result.w.push_back(next());
    }
    return result;
  }();
  return all;
}

inline std::vector<std::uint32_t> range(std::uint32_t from, std::uint32_t to) {
  std::vector<std::uint32_t> result(to - from);
  std::iota(result.begin(), result.end(), from);
  return result;
}
inline std::vector<std::uint32_t> everything() { return range(0, Rows::kRows); }
inline std::vector<std::uint32_t> training() { return range(0, Rows::kTrain); }

/// The stream whose seed the peer was given.
inline StreamKey peer_key() { return StreamKey::root(20240611).child("boosting"); }

inline BoostingModel fit(const std::string& outcome, const BoostingSpec& spec,
                         StreamKey key = peer_key(), const Context& context = {}) {
  return fit_boosting(rows().features(), rows().outcome.at(outcome), training(), spec, {}, key,
                      context);
}

inline std::vector<double> predicted(const BoostingModel& model) {
  std::vector<double> out(Rows::kRows * model.outputs());
  model.predict(rows().features(), everything(), out);
  return out;
}

inline bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](double u, double v) {
           return u == v || (std::isnan(u) && std::isnan(v));
         });
}

template <class Result>
bool warned(const Result& result, const std::string& text) {
  return std::any_of(result.warnings.begin(), result.warnings.end(),
                     [&](const std::string& w) { return w.find(text) != std::string::npos; });
}

}  // namespace impact::boosting
