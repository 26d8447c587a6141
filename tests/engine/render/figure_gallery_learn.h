#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/rng.h"
#include "engine/render/figure.h"

/// Invented tables as learners give them.
namespace impact::gallery {

/// A frame put together column by column.
class Table {
 public:
  Table& numbers(const std::string& name, std::vector<double> cells) {
    return add(name, Column::numbers(std::move(cells)));
  }
  Table& integers(const std::string& name, std::vector<std::int64_t> cells) {
    return add(name, Column::integers(std::move(cells)));
  }
  Table& texts(const std::string& name, const std::vector<std::string>& cells) {
    return add(name, Column::texts(cells));
  }
  /// "" is missing.
  Table& gappy(const std::string& name, const std::vector<std::string>& cells) {
    std::vector<std::uint64_t> present((cells.size() + 63) / 64, ~std::uint64_t{0});
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (cells[i].empty()) present[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    }
    return add(name, Column::texts(cells, present));
  }
  [[nodiscard]] Frame build() { return Frame(std::move(names_), std::move(columns_)); }

 private:
  Table& add(const std::string& name, Column column) {
    names_.push_back(name);
    columns_.push_back(std::move(column));
    return *this;
  }
  std::vector<std::string> names_ = {};
  std::vector<Column> columns_ = {};
};

inline const std::vector<std::string>& features() {
  static const std::vector<std::string> names = {"followers",  "likes per video", "video count",
                                                 "bio length", "has a link",      "account age"};
  return names;
}

inline Frame importances() {
  std::vector<std::string> feature, model;
  std::vector<double> importance, low, high;
  for (const char* name : {"forest", "boosting"}) {
    for (std::size_t i = 0; i < features().size(); ++i) {
      feature.push_back(features()[i]);
      model.emplace_back(name);
      importance.push_back(0.31 / static_cast<double>(i * i + 1) + (name[0] == 'b' ? 0.02 : 0.0));
      low.push_back(importance.back() - 0.02);
      high.push_back(importance.back() + 0.02);
    }
  }
  return Table()
      .texts("feature", feature)
      .numbers("importance", importance)
      .numbers("low", low)
      .numbers("high", high)
      .texts("model", model)
      .build();
}

/// What thresholds achieve, by the closed form of two shifted logistic scores; `models` of them.
inline Frame thresholds(int models) {
  std::vector<double> threshold, precision, recall, share;
  std::vector<std::string> model;
  const char* names[] = {"logistic", "forest", "network"};
  for (int m = 0; m < models; ++m) {
    for (int i = 0; i <= 200; ++i) {
      const double t = i / 200.0;
      const double tpr = 1 - std::pow(t, 2.5 + m);
      const double fpr = std::pow(1 - t, 3.0 + m);
      const double called = 0.3 * tpr + 0.7 * fpr;
      if (called <= 0) continue;
      threshold.push_back(t);
      precision.push_back(0.3 * tpr / called);
      recall.push_back(tpr);
      share.push_back(called);
      model.emplace_back(names[m]);
    }
  }
  return Table()
      .numbers("threshold", threshold)
      .numbers("precision", precision)
      .numbers("recall", recall)
      .numbers("share", share)
      .texts("by", model)
      .build();
}

inline Frame gains() {
  std::vector<double> share, gain, lift;
  std::vector<std::string> model;
  for (const char* name : {"forest", "logistic"}) {
    for (int i = 1; i <= 20; ++i) {
      share.push_back(i / 20.0);
      gain.push_back(1 - std::pow(1 - i / 20.0, name[0] == 'f' ? 3.0 : 2.0));
      lift.push_back(gain.back() / share.back());
      model.emplace_back(name);
    }
  }
  return Table()
      .numbers("share", share)
      .numbers("gain", gain)
      .numbers("lift", lift)
      .texts("by", model)
      .build();
}

inline Frame calibrations() {
  std::vector<double> predicted, observed, low, high;
  std::vector<std::int64_t> count;
  std::vector<std::string> model;
  for (const char* name : {"forest", "boosting", "network"}) {
    const double bend = name[0] == 'f' ? 0.12 : name[0] == 'b' ? -0.1 : 0.02;
    for (int i = 0; i < 10; ++i) {
      const double p = 0.05 + i * 0.1;
      predicted.push_back(p);
      observed.push_back(std::clamp(p + bend * std::sin(2 * 3.14159 * p), 0.0, 1.0));
      low.push_back(std::max(0.0, observed.back() - 0.05));
      high.push_back(std::min(1.0, observed.back() + 0.05));
      count.push_back(static_cast<std::int64_t>(400 * std::pow(2 * p - 1, 2)) + 20);
      model.emplace_back(name);
    }
  }
  return Table()
      .numbers("predicted", predicted)
      .numbers("observed", observed)
      .numbers("low", low)
      .numbers("high", high)
      .integers("count", count)
      .texts("by", model)
      .build();
}

inline Frame learning(bool repeats) {
  Stream chance(StreamKey::root(7).child("learning"));
  std::vector<double> rows, score, low, high;
  std::vector<std::string> part;
  for (const char* name : {"test", "train"}) {
    for (const double n : {100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0}) {
      for (int fold = 0; fold < (repeats ? 5 : 1); ++fold) {
        const double gap = 2.0 / std::sqrt(n);
        rows.push_back(n);
        score.push_back(0.91 + (name[1] == 'r' ? gap : -gap) +
                        (repeats ? 0.01 * chance.normal(0, 1) : 0.0));
        low.push_back(score.back() - 0.02);
        high.push_back(score.back() + 0.02);
        part.emplace_back(name);
      }
    }
  }
  Table table;
  table.numbers("rows", rows).numbers("score", score).texts("by", part);
  if (!repeats) table.numbers("low", low).numbers("high", high);
  return table.build();
}

inline Frame kinds_tried() {
  return Table()
      .texts("value", {"relu", "tanh", "gelu", "relu", "tanh", "gelu"})
      .numbers("score", {0.91, 0.89, 0.92, 0.95, 0.92, 0.97})
      .numbers("low", {0.90, 0.87, 0.91, 0.94, 0.91, 0.96})
      .numbers("high", {0.92, 0.91, 0.93, 0.96, 0.93, 0.98})
      .texts("by", {"test", "test", "test", "train", "train", "train"})
      .build();
}

/// Curves of 20 cases and their mean.
inline Frame dependence(bool cases) {
  Stream chance(StreamKey::root(7).child("dependence"));
  std::vector<double> value, prediction, low, high;
  std::vector<std::string> id, model;
  for (int c = cases ? 0 : 20; c <= 20; ++c) {
    const double shift = c < 20 ? 0.12 * chance.normal(0, 1) : 0.0;
    for (int i = 0; i <= 24; ++i) {
      const double x = 60.0 * i * i / 576;
      value.push_back(x);
      prediction.push_back(0.4 + 0.3 * std::tanh((x - 20) / 10) + shift);
      const double band = c < 20 ? std::numeric_limits<double>::quiet_NaN() : 0.05;
      low.push_back(prediction.back() - band);
      high.push_back(prediction.back() + band);
      id.push_back(c < 20 ? "case " + std::to_string(c) : "");
      model.emplace_back(i % 2 == 0 ? "forest" : "boosting");
    }
  }
  return Table()
      .numbers("value", value)
      .numbers("prediction", prediction)
      .numbers("effect", prediction)
      .numbers("low", low)
      .numbers("high", high)
      .gappy("case", id)
      .texts("model", model)
      .build();
}

inline Frame surface() {
  std::vector<double> value, second, prediction;
  std::vector<std::string> level;
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 12; ++j) {
      value.push_back(i * 0.5);
      second.push_back(j * j);
      prediction.push_back(std::sin(i * 0.4) * std::sqrt(j + 1.0));
      level.push_back(std::string(1, static_cast<char>('a' + j % 4)));
    }
  }
  return Table()
      .numbers("value", value)
      .numbers("second", second)
      .numbers("prediction", prediction)
      .numbers("effect", prediction)
      .texts("level", level)
      .build();
}

inline Frame shap_values(std::size_t rows) {
  Stream chance(StreamKey::root(7).child("shap"));
  std::vector<std::string> feature, partner;
  std::vector<double> shap, value, other;
  for (std::size_t i = 0; i < rows; ++i) {
    const double common = chance.normal(0, 1);
    for (std::size_t f = 0; f < features().size(); ++f) {
      const double x = chance.normal(0, 1);
      feature.push_back(features()[f]);
      value.push_back(f == 4 && i % 5 == 0 ? std::numeric_limits<double>::quiet_NaN() : x);
      shap.push_back((f % 2 == 0 ? 0.4 : -0.3) / static_cast<double>(f + 1) *
                     (x + 0.3 * x * common));
      other.push_back(common);
      partner.emplace_back(common > 0 ? "yes" : "no");
    }
  }
  return Table()
      .texts("feature", feature)
      .numbers("shap", shap)
      .numbers("value", value)
      .numbers("other", other)
      .texts("partner", partner)
      .build();
}

inline Frame one_row() {
  return Table()
      .texts("feature", features())
      .numbers("shap", {0.24, -0.13, 0.07, -0.02, 0.015, 0.01})
      .texts("value", {"12400", "310", "57", "88", "true", "3.5"})
      .build();
}

inline Frame classes(int count) {
  std::vector<std::string> truth, predicted;
  std::vector<std::int64_t> rows;
  const char* names[] = {"cat", "dog",   "music", "dance", "food",
                         "gym", "craft", "news",  "games", "travel"};
  for (int t = 0; t < count; ++t) {
    for (int p = 0; p < count; ++p) {
      if ((t + 2 * p) % 5 == 1 && t != p) continue;
      truth.emplace_back(names[t]);
      predicted.emplace_back(names[p]);
      rows.push_back(t == p ? 800 + 40 * t : 7 * ((3 * t + p) % 9));
    }
  }
  return Table()
      .texts("truth", truth)
      .texts("predicted", predicted)
      .integers("count", rows)
      .build();
}

inline Frame trials() {
  Stream chance(StreamKey::root(7).child("trials"));
  std::vector<double> trial, score, low, high;
  std::vector<std::string> rung;
  for (int i = 1; i <= 40; ++i) {
    trial.push_back(i);
    score.push_back(0.8 + 0.002 * i + 0.03 * chance.normal(0, 1));
    low.push_back(score.back() - 0.01);
    high.push_back(score.back() + 0.01);
    rung.emplace_back(i % 3 == 0 ? "all rows" : "a third");
  }
  return Table()
      .numbers("trial", trial)
      .numbers("score", score)
      .numbers("low", low)
      .numbers("high", high)
      .texts("rung", rung)
      .build();
}

inline Frame tuned() {
  Stream chance(StreamKey::root(7).child("tuned"));
  std::vector<std::string> parameter, value;
  std::vector<double> score;
  std::vector<std::int64_t> trial;
  for (int i = 1; i <= 40; ++i) {
    const double rate = std::pow(10, -3 + 2.5 * chance.uniform());
    const auto depth = chance.integer(2, 8);
    const char* kind = i % 2 == 0 ? "gini" : "entropy";
    const double at = 0.9 - 0.05 * std::pow(std::log10(rate) + 1.5, 2) -
                      0.004 * static_cast<double>((depth - 5) * (depth - 5)) +
                      0.01 * chance.normal(0, 1);
    const std::pair<const char*, std::string> all[] = {
        {"learning_rate", std::to_string(rate)},
        {"max_depth", std::to_string(depth)},
        {"criterion", kind},
        {"subsample", std::to_string(0.5 + 0.5 * chance.uniform())}};
    for (const auto& [name, text] : all) {
      parameter.emplace_back(name);
      value.push_back(text);
      score.push_back(at);
      trial.push_back(i);
    }
  }
  return Table()
      .texts("parameter", parameter)
      .texts("value", value)
      .numbers("score", score)
      .integers("trial", trial)
      .build();
}

inline Frame compared() {
  std::vector<std::string> model, features, metric;
  std::vector<double> score, low, high;
  for (const char* name : {"one rule", "logistic", "forest", "boosting", "network"}) {
    for (const char* set : {"published", "honest"}) {
      for (const char* of : {"AUC", "F1"}) {
        const double base = 0.7 + 0.03 * static_cast<double>(std::string(name).size());
        model.emplace_back(name);
        features.emplace_back(set);
        metric.emplace_back(of);
        score.push_back(
            std::min(0.999, base + (set[0] == 'p' ? 0.06 : 0.0) - (of[0] == 'F' ? 0.2 : 0.0)));
        low.push_back(score.back() - 0.015);
        high.push_back(std::min(1.0, score.back() + 0.015));
      }
    }
  }
  return Table()
      .texts("model", model)
      .texts("feature_set", features)
      .texts("metric", metric)
      .numbers("score", score)
      .numbers("low", low)
      .numbers("high", high)
      .build();
}

inline Frame left_over() {
  Stream chance(StreamKey::root(7).child("residuals"));
  std::vector<double> fitted, residual;
  for (int i = 0; i < 400; ++i) {
    fitted.push_back(10 * chance.uniform());
    residual.push_back((0.3 + 0.15 * fitted.back()) * chance.normal(0, 1) +
                       0.06 * std::pow(fitted.back() - 5, 2) - 0.5);
  }
  return Table().numbers("fitted", fitted).numbers("residual", residual).build();
}

}  // namespace impact::gallery
