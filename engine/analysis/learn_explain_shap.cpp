#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "engine/analysis/learn_explained.h"
#include "engine/core/error.h"
#include "engine/learn/explain/kernel_shap.h"
#include "engine/learn/explain/mixed_rows.h"
#include "engine/learn/explain/shap_interactions.h"
#include "engine/learn/explain/shap_summary.h"

// Predictions shared out among columns.
namespace impact::detail {
namespace {

// Values of the columns that were explained, and those columns of every row: of trees the columns
// their pipeline prepares. `shown` has texts where trees see the codes of texts.
struct Explained {
  ShapValues values = {};
  FeatureTable columns = {};
  FeatureTable shown = {};
};

FeatureTable shown_columns(const FeatureTable& columns, const FeatureTable& inputs) {
  std::vector<std::shared_ptr<const Feature>> out;
  for (std::size_t j = 0; j < columns.size(); ++j) {
    const std::size_t at = inputs.find(columns[j].name);
    const bool text = at < inputs.size() && inputs[at].text;
    out.push_back(text ? inputs.shared(at) : columns.shared(j));
  }
  return FeatureTable(std::move(out));
}

bool by_trees(const AnalysisReader& read, const ExplainedModel& asked) {
  const std::string method = read.text("method", "auto");
  const bool trees = asked.model->predictor->trees(asked.output).has_value();
  if (method == "tree" && !trees) {
    throw ArgumentError({.what = "'" + asked.model->spec.kind + "' is no sum of trees",
                         .got = "method = \"tree\"",
                         .expected = "method = \"kernel\", or a forest, a tree or boosted trees"});
  }
  return trees && method != "kernel";
}

Explained explain(const AnalysisReader& read, const ExplainedModel& asked,
                  const std::vector<std::uint32_t>& rows, const Context& context) {
  const FeatureTable inputs = asked.model->inputs_of(asked.features);
  Explained out;
  if (by_trees(read, asked)) {
    if (read.given("link") || read.given("background")) {
      throw ArgumentError({.what = "trees are explained as they are",
                           .got = read.given("link") ? "link" : "background",
                           .expected = "link and background with method = \"kernel\""});
    }
    out.values = model_tree_shap(*asked.model, asked.features, rows, asked.output, context);
    out.columns = asked.model->predictor->inner(inputs, context);
    out.shown = shown_columns(out.columns, inputs);
    return out;
  }
  KernelShapSpec spec;
  spec.background = static_cast<std::size_t>(read.integer("background", 100));
  spec.samples = static_cast<std::size_t>(read.integer("samples", 0));
  spec.output = asked.output;
  spec.weights = asked.weights;
  if (read.text("link", "identity") == "logit") {
    if (asked.model->classes.empty()) {
      throw ArgumentError({.what = "numbers have no log odds",
                           .got = "link = \"logit\"",
                           .expected = "link = \"identity\", or a model of classes"});
    }
    spec.link = ShapLink::kLogit;
  }
  out.values = kernel_shap(*asked.model, asked.features, rows, asked.features, asked.rows, spec,
                           read.input().stream.child("kernel"), context);
  out.columns = inputs;
  out.shown = inputs;
  return out;
}

AnalysisTable shap_table(const AnalysisReader& read, const Explained& found) {
  const ShapValues& values = found.values;
  const std::size_t p = values.columns.size();
  std::vector<std::uint32_t> places;
  std::vector<std::string> feature;
  MixedCells cells;
  for (const std::uint32_t row : values.rows) {
    for (std::size_t j = 0; j < p; ++j) {
      places.push_back(row);
      feature.push_back(values.columns[j]);
      cells.cell(found.shown[j], row);
    }
  }
  TableBuilder table;
  add_key(read, places, &table);
  table.texts("feature", feature);
  table.column("value", cells.column());
  table.numbers("shap", values.value);
  if (!values.std_error.empty()) table.numbers("std_error", values.std_error);
  return {"shap", table.build()};
}

AnalysisTable said_table(const AnalysisReader& read, const ShapValues& values) {
  TableBuilder table;
  add_key(read, values.rows, &table);
  table.numbers("expectation", std::vector<double>(values.rows.size(), values.expectation));
  table.numbers("prediction", values.prediction);
  return {"explained", table.build()};
}

AnalysisTable importance_table(const std::vector<ShapImportance>& all,
                               const std::vector<std::size_t>& order) {
  std::vector<std::string> feature;
  std::vector<double> absolute, mean, sd, share;
  for (const std::size_t j : order) {
    feature.push_back(all[j].column);
    absolute.push_back(all[j].mean_absolute);
    mean.push_back(all[j].mean);
    sd.push_back(all[j].sd);
    share.push_back(all[j].share);
  }
  TableBuilder table;
  table.texts("feature", feature);
  table.numbers("importance", std::move(absolute));
  table.numbers("mean", std::move(mean));
  table.numbers("sd", std::move(sd));
  table.numbers("share", std::move(share));
  return {"importance", table.build()};
}

Column cells_of(const FeatureTable& columns, const std::string& name,
                const std::vector<std::uint32_t>& rows) {
  MixedCells cells;
  const Feature& feature = columns[columns.find(name)];
  for (const std::uint32_t row : rows) cells.cell(feature, row);
  return cells.column();
}

AnalysisTable dependence_table(const AnalysisReader& read, const Explained& all,
                               const ShapDependence& found, std::string name) {
  TableBuilder table;
  add_key(read, found.rows, &table);
  table.texts("feature", std::vector<std::string>(found.rows.size(), found.column));
  table.column("value", cells_of(all.shown, found.column, found.rows));
  table.numbers("shap", found.shap);
  const std::size_t n = found.rows.size();
  const bool alone = found.partner.empty();
  table.column("partner", texts_with_gaps(std::vector<std::string>(n, found.partner),
                                          std::vector<bool>(n, alone)));
  if (alone) {
    table.numbers("partner_value", std::vector<double>(n, std::nan("")));
  } else {
    table.column("partner_value", cells_of(all.shown, found.partner, found.rows));
  }
  return {std::move(name), table.build()};
}

// Mean absolute interaction of each pair over the rows, both halves of it together.
AnalysisTable interaction_table(const ExplainedModel& asked, const Explained& found,
                                const Context& context) {
  const std::size_t p = found.values.columns.size();
  const auto& rows = found.values.rows;
  std::vector<double> cells(rows.size() * p * p);
  const auto trees = asked.model->predictor->trees(asked.output);
  tree_shap_interactions(*trees, found.columns.matrix(), rows, cells, context);
  struct Pair {
    std::size_t first;
    std::size_t second;
    double strength;
  };
  std::vector<Pair> pairs;
  for (std::size_t a = 0; a < p; ++a) {
    for (std::size_t b = a + 1; b < p; ++b) {
      double sum = 0.0;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        sum += 2.0 * std::abs(cells[(i * p + a) * p + b]);
      }
      pairs.push_back({a, b, sum / static_cast<double>(rows.size())});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.strength > b.strength; });
  std::vector<std::string> first, second;
  std::vector<double> strength;
  for (const Pair& pair : pairs) {
    first.push_back(found.values.columns[pair.first]);
    second.push_back(found.values.columns[pair.second]);
    strength.push_back(pair.strength);
  }
  TableBuilder table;
  table.texts("first", first);
  table.texts("second", second);
  table.numbers("strength", std::move(strength));
  return {"interactions", table.build()};
}

AnalysisResult shap(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const ExplainedModel asked = explained_model(read);
  const auto most = static_cast<std::size_t>(read.integer("rows", 1000));
  const auto rows = sampled_rows(asked.rows, most, input.stream.child("rows"));
  const Explained found = explain(read, asked, rows, context);
  std::vector<double> weights;
  if (!asked.weights.empty()) {
    for (const std::uint32_t row : rows) weights.push_back(asked.weights[row]);
  }
  const auto importance = shap_importance(found.values, weights);
  std::vector<std::size_t> order(importance.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return importance[a].mean_absolute > importance[b].mean_absolute;
  });
  AnalysisResult out;
  for (const std::size_t j : order) {
    out.estimates.push_back({.term = importance[j].column,
                             .estimate = importance[j].mean_absolute,
                             .n = static_cast<std::int64_t>(rows.size()),
                             .method = "shap_" + found.values.method});
  }
  std::vector<std::string> notes = found.values.warnings;
  if (rows.size() < asked.rows.size()) {
    notes.push_back(std::to_string(rows.size()) + " of " + std::to_string(asked.rows.size()) +
                    " rows were drawn to be explained; rows = 0 takes all");
  }
  prepend(&out.estimates.front().warnings, notes);
  out.tables.push_back(shap_table(read, found));
  out.tables.push_back(importance_table(importance, order));
  out.tables.push_back(said_table(read, found.values));
  out.tables.push_back(dependence_table(
      read, found, shap_dependence(found.values, found.shown, importance[order[0]].column),
      "dependence"));
  const std::string partner = read.text("partner", "");
  for (const std::string& name : named_columns(read, "at")) {
    out.tables.push_back(dependence_table(read, found,
                                          shap_dependence(found.values, found.shown, name, partner),
                                          "dependence " + name));
  }
  if (read.flag("interactions", false)) {
    if (found.values.method != "tree") {
      throw ArgumentError({.what = "interactions of SHAP values are known of trees only",
                           .got = asked.model->spec.kind,
                           .expected = "a forest, a tree or boosted trees",
                           .hint = "learn.interactions measures them for any model"});
    }
    out.tables.push_back(interaction_table(asked, found, context));
  }
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.shap",
     "Each prediction shared out among the columns by Shapley values: exact for trees (Lundberg, "
     "Erion & Lee 2018), else by coalitions (Lundberg & Lee 2017).",
     {},
     shap},
};

}  // namespace

std::span<const AnalysisMethod> shap_methods() { return kMethods; }

}  // namespace impact::detail
