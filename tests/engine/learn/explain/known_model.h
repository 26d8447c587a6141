#pragma once

#include <cmath>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "engine/learn/trained_model.h"

/// Models that are a function known to the test, and the peers' numbers of
/// tests/reference/learn/explain.json.
namespace impact::explaining {

/// Outputs of one row of a table of the model's columns.
using Known = std::function<void(const FeatureTable& table, std::size_t row, double* out)>;

class KnownPredictor final : public Predictor {
 public:
  KnownPredictor(Known known, std::size_t outputs) : known_(std::move(known)), outputs_(outputs) {}

  [[nodiscard]] std::size_t outputs() const override { return outputs_; }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context&) const override {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      known_(features, rows[i], out.data() + i * outputs_);
    }
  }
  [[nodiscard]] ModelFile save() const override { return {.kind = "known"}; }

 private:
  Known known_;
  std::size_t outputs_;
};

inline TrainedModel known_model(const FeatureTable& table, Known known,
                                std::vector<std::string> classes = {}) {
  TrainedModel model;
  model.spec.kind = "known";
  model.classes = std::move(classes);
  for (std::size_t j = 0; j < table.size(); ++j) {
    model.inputs.push_back({table[j].name, table[j].text});
  }
  model.predictor = std::make_shared<const KnownPredictor>(std::move(known), model.outputs());
  return model;
}

/// One number a row from the row's numbers.
inline TrainedModel number_model(const FeatureTable& table,
                                 std::function<double(const std::vector<double>& x)> f,
                                 std::vector<std::string> classes = {}) {
  return known_model(
      table,
      [f = std::move(f)](const FeatureTable& at, std::size_t row, double* out) {
        std::vector<double> x;
        for (std::size_t j = 0; j < at.size(); ++j) x.push_back(at[j].numbers[row]);
        *out = f(x);
      },
      std::move(classes));
}

inline const nlohmann::json& explain_reference() {
  static const nlohmann::json all = [] {
    std::ifstream file(IMPACT_SOURCE "/tests/reference/learn/explain.json");
    REQUIRE(file);
    return nlohmann::json::parse(file);
  }();
  return all;
}

/// Columns a ... e of the reference rows.
inline FeatureTable reference_table() {
  std::vector<Feature> columns;
  for (std::size_t j = 0; j < 5; ++j) {
    columns.push_back(number_feature(std::string(1, static_cast<char>('a' + j)),
                                     explain_reference().at("x")[j].get<std::vector<double>>()));
  }
  return FeatureTable(std::move(columns));
}

/// The function of make_explain.py.
inline double reference_function(const std::vector<double>& x) {
  return 2 * x[0] + x[1] * x[2] + std::abs(x[3]) - 0.5 * x[4] * x[4] + x[0] * x[3];
}

template <class Result>
bool warned(const Result& result, const std::string& text) {
  for (const std::string& warning : result.warnings) {
    if (warning.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace impact::explaining
