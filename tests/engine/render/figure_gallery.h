#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/rng.h"
#include "engine/render/figure.h"
#include "tests/engine/render/figure_gallery_learn.h"

/// One figure of every kind and of most options, over invented data, for tests that look at all.
namespace impact::gallery {

using nlohmann::json;

/// Videos: skewed counts by status, a tier with levels, dates, gaps, and columns with awkward
/// names.
inline Frame videos(std::size_t rows) {
  Stream chance(StreamKey::root(7).child("gallery"));
  std::vector<std::string> status(rows);
  std::vector<std::int32_t> tier(rows);
  std::vector<double> views(rows);
  std::vector<double> likes(rows);
  std::vector<std::int64_t> duration(rows);
  std::vector<std::int32_t> day(rows);
  std::vector<std::uint8_t> verified(rows);
  std::vector<std::uint64_t> present((rows + 63) / 64, ~std::uint64_t{0});
  for (std::size_t i = 0; i < rows; ++i) {
    const bool claim = chance.bernoulli(0.5);
    status[i] = claim ? "claim" : "opinion";
    tier[i] = static_cast<std::int32_t>(chance.below(3));
    views[i] = claim ? 100000 + 800000 * chance.uniform() : 4 + std::exp(chance.normal(8.0, 0.9));
    likes[i] = std::floor(views[i] * (0.05 + 0.4 * chance.uniform()));
    duration[i] = chance.integer(5, 60);
    day[i] = static_cast<std::int32_t>(19000 + chance.below(365));
    verified[i] = chance.bernoulli(0.1) ? 1 : 0;
    if (i % 97 == 3) present[i / 64] &= ~(std::uint64_t{1} << (i % 64));
  }
  std::vector<Column> columns;
  columns.push_back(Column::texts(status));
  columns.push_back(Column::categories(category_type({"small", "medium", "large"}), tier));
  columns.push_back(Column::numbers(views, present));
  columns.push_back(Column::numbers(likes));
  columns.push_back(Column::integers(duration));
  columns.push_back(Column::dates(day));
  columns.push_back(Column::booleans(verified));
  return Frame(
      {"status", "tier", "views", "likes \"per\" [video].x", "duration", "day", "verified"},
      std::move(columns));
}

inline Frame rates() {
  std::vector<double> x;
  std::vector<double> y;
  std::vector<std::string> model;
  for (const char* name : {"logistic", "forest"}) {
    const double power = name[0] == 'l' ? 0.35 : 0.2;
    for (int i = 0; i <= 50; ++i) {
      x.push_back(i / 50.0);
      y.push_back(std::pow(i / 50.0, power));
      model.emplace_back(name);
    }
  }
  std::vector<Column> columns;
  columns.push_back(Column::numbers(x));
  columns.push_back(Column::numbers(y));
  columns.push_back(Column::texts(model));
  return Frame({"fpr", "tpr", "model"}, std::move(columns));
}

inline Frame bins() {
  std::vector<double> predicted;
  std::vector<double> observed;
  std::vector<double> low;
  std::vector<double> high;
  std::vector<std::int64_t> count;
  for (int i = 0; i < 10; ++i) {
    predicted.push_back(0.05 + i * 0.1);
    observed.push_back(std::min(1.0, 0.02 + predicted.back() * 1.05));
    low.push_back(std::max(0.0, observed.back() - 0.06));
    high.push_back(std::min(1.0, observed.back() + 0.06));
    count.push_back(40 + 25 * i);
  }
  std::vector<Column> columns;
  columns.push_back(Column::numbers(predicted));
  columns.push_back(Column::numbers(observed));
  columns.push_back(Column::numbers(low));
  columns.push_back(Column::numbers(high));
  columns.push_back(Column::integers(count));
  return Frame({"predicted", "observed", "low", "high", "n"}, std::move(columns));
}

struct Case {
  std::string name;
  std::string kind;
  FigureInput input;
};

using Roles = std::vector<std::pair<std::string, std::vector<std::string>>>;

inline std::vector<Case> cases() {
  const Frame few = videos(900);
  const Frame many = videos(9000);
  const std::string likes = "likes \"per\" [video].x";
  std::vector<Case> all;
  const auto add = [&](std::string name, std::string kind, const Frame& frame, Roles roles,
                       json options = json::object()) {
    all.push_back({std::move(name),
                   std::move(kind),
                   {.frame = frame, .roles = std::move(roles), .options = std::move(options)}});
  };
  add("histogram", "histogram", few, {{"of", {"duration"}}},
      {{"title", "How long the videos are"}, {"x_unit", "seconds"}});
  add("histogram_by", "histogram", few, {{"of", {"views"}}, {"by", {"status"}}},
      {{"bins", 30}, {"title", "Views by status"}, {"subtitle", "900 invented videos"}});
  add("histogram_log_facet", "histogram", few, {{"of", {"views"}}, {"facet", {"tier"}}},
      {{"x_scale", "log"}, {"measure", "share"}});
  add("histogram_stack_days", "histogram", few, {{"of", {"day"}}, {"by", {"tier"}}},
      {{"position", "stack"}});
  add("density", "density", few, {{"of", {"views"}}, {"by", {"status"}}}, {{"x_scale", "log"}});
  add("density_sj", "density", few, {{"of", {"duration"}}},
      {{"bandwidth", "sheather_jones"}, {"cut", 3}});
  add("box", "box", few, {{"of", {"views"}}}, {{"title", "Views"}});
  add("box_by_colour", "box", few, {{"of", {"views"}}, {"by", {"tier"}}, {"colour", {"status"}}},
      {{"y_scale", "log"}});
  add("box_lying", "box", many, {{"of", {"views"}}, {"by", {"status"}}},
      {{"orientation", "horizontal"}});
  add("violin", "violin", few, {{"of", {"views"}}, {"by", {"status"}}}, {{"y_scale", "log"}});
  add("ecdf", "ecdf", few, {{"of", {"views"}}, {"by", {"status"}}}, {{"x_scale", "log"}});
  add("qq", "qq", few, {{"of", {"duration"}}, {"by", {"status"}}});
  add("bar", "bar", few, {{"of", {"status"}}}, {{"labels", true}, {"title", "Videos by status"}});
  add("bar_group", "bar", few, {{"of", {"tier"}}, {"by", {"status"}}});
  add("bar_stack", "bar", few, {{"of", {"tier"}}, {"by", {"status"}}}, {{"position", "stack"}});
  add("bar_fill", "bar", few, {{"of", {"tier"}}, {"by", {"status"}}},
      {{"position", "fill"}, {"labels", true}});
  add("bar_median", "bar", few, {{"of", {"tier"}}, {"by", {"status"}}, {"value", {"views"}}},
      {{"summary", "median"}, {"y_title", "median views"}});
  add("bar_lying", "bar", few, {{"of", {"duration"}}, {"value", {"views"}}},
      {{"sort", "descending"}, {"limit", 12}});
  add("pie", "pie", few, {{"of", {"tier"}}, {"value", {"views"}}},
      {{"title", "Who holds the views"}});
  add("pie_facet", "pie", few, {{"of", {"tier"}}, {"facet", {"status"}}}, {{"hole", true}});
  add("line", "line", few, {{"x", {"day"}}, {"y", {"views"}}, {"by", {"status"}}},
      {{"summary", "median"}});
  add("line_two", "line", few, {{"x", {"duration"}}, {"y", {"views", likes}}},
      {{"y_scale", "log"}, {"points", true}});
  add("line_band", "line", bins(),
      {{"x", {"predicted"}}, {"y", {"observed"}}, {"low", {"low"}}, {"high", {"high"}}});
  add("area", "area", few, {{"x", {"duration"}}, {"y", {"views"}}, {"by", {"tier"}}});
  add("area_fill", "area", few, {{"x", {"duration"}}, {"y", {"views"}}, {"by", {"tier"}}},
      {{"position", "fill"}});
  add("scatter", "scatter", few, {{"x", {"views"}}, {"y", {likes}}, {"by", {"status"}}},
      {{"fit", "linear"}, {"x_scale", "log"}, {"y_scale", "log"}});
  add("scatter_loess", "scatter", few, {{"x", {"duration"}}, {"y", {likes}}}, {{"fit", "loess"}});
  add("scatter_number", "scatter", few, {{"x", {"views"}}, {"y", {likes}}, {"by", {"duration"}}});
  add("scatter_many", "scatter", many, {{"x", {"views"}}, {"y", {likes}}, {"by", {"status"}}},
      {{"fit", "linear"}});
  add("hexbin", "hexbin", many, {{"x", {"views"}}, {"y", {likes}}},
      {{"x_scale", "log"}, {"y_scale", "log"}, {"title", "Likes and views"}});
  add("heat_map", "heat_map", few, {{"x", {"tier"}}, {"y", {"status"}}, {"value", {"views"}}});
  add("heat_map_bins", "heat_map", many, {{"x", {"duration"}}, {"y", {"views"}}});
  add("heat_map_mixed", "heat_map", few, {{"x", {"day"}}, {"y", {"tier"}}, {"value", {"views"}}});
  add("correlation", "correlation", few, {{"of", {"views", likes, "duration", "verified"}}},
      {{"method", "spearman"}});
  add("correlation_half", "correlation", few, {{"of", {"views", likes, "duration", "verified"}}},
      {{"half", true}, {"palette", "purplegreen"}});
  add("linked", "linked", many, {{"of", {"status", "duration", "views", "tier"}}},
      {{"title", "Drag over one chart: the others follow"}});
  add("roc", "roc", rates(),
      {{"false_positive_rate", {"fpr"}}, {"true_positive_rate", {"tpr"}}, {"by", {"model"}}});
  add("precision_recall", "precision_recall", rates(),
      {{"recall", {"tpr"}}, {"precision", {"fpr"}}, {"by", {"model"}}}, {{"prevalence", 0.3}});
  add("confusion", "confusion", few, {{"truth", {"status"}}, {"predicted", {"verified"}}});
  add("calibration", "calibration", bins(),
      {{"predicted", {"predicted"}},
       {"observed", {"observed"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"count", {"n"}}});
  add("roc_one", "roc", rates(),
      {{"false_positive_rate", {"fpr"}}, {"true_positive_rate", {"tpr"}}, {"facet", {"model"}}});
  const Roles rates_of = {{"recall", {"recall"}},
                          {"precision", {"precision"}},
                          {"threshold", {"threshold"}},
                          {"share", {"share"}}};
  add("precision_recall_cursor", "precision_recall", thresholds(1), rates_of,
      {{"prevalence", 0.3}, {"title", "What a threshold achieves"}});
  Roles rates_by = rates_of;
  rates_by.emplace_back("by", std::vector<std::string>{"by"});
  add("precision_recall_models", "precision_recall", thresholds(3), rates_by,
      {{"prevalence", 0.3}, {"cursor", 0.4}, {"beta", 2}});
  add("gain", "gain", gains(), {{"share", {"share"}}, {"gain", {"gain"}}, {"by", {"by"}}},
      {{"prevalence", 0.2}});
  add("lift", "lift", gains(), {{"share", {"share"}}, {"lift", {"lift"}}, {"by", {"by"}}});
  add("confusion_three", "confusion", classes(3),
      {{"truth", {"truth"}}, {"predicted", {"predicted"}}, {"count", {"count"}}});
  add("confusion_ten", "confusion", classes(10),
      {{"truth", {"truth"}}, {"predicted", {"predicted"}}, {"count", {"count"}}});
  add("calibration_models", "calibration", calibrations(),
      {{"predicted", {"predicted"}},
       {"observed", {"observed"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"count", {"count"}},
       {"by", {"by"}}});
  const Roles importance = {{"feature", {"feature"}}, {"importance", {"importance"}}};
  Roles ends = importance;
  ends.insert(ends.end(), {{"low", {"low"}}, {"high", {"high"}}, {"by", {"model"}}});
  add("importance", "importance", importances(), importance, {{"limit", 5}});
  add("importance_models", "importance", importances(), ends,
      {{"x_title", "rise of the log loss"}});
  add("importance_points", "importance", importances(), ends, {{"mark", "point"}});
  add("model_comparison", "model_comparison", compared(),
      {{"model", {"model"}},
       {"score", {"score"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"by", {"feature_set"}},
       {"facet", {"metric"}}});
  add("residuals", "residuals", left_over(), {{"fitted", {"fitted"}}, {"residual", {"residual"}}});
  add("learning_curve", "learning_curve", learning(true),
      {{"rows", {"rows"}}, {"score", {"score"}}, {"by", {"by"}}}, {{"x_scale", "log"}});
  add("validation_curve", "validation_curve", learning(false),
      {{"value", {"rows"}},
       {"score", {"score"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"by", {"by"}}},
      {{"best", "highest"}});
  add("validation_levels", "validation_curve", kinds_tried(),
      {{"value", {"value"}},
       {"score", {"score"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"by", {"by"}}},
      {{"best", "highest"}});
  add("partial_dependence", "partial_dependence", dependence(true),
      {{"value", {"value"}},
       {"prediction", {"prediction"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"case", {"case"}}});
  add("partial_dependence_levels", "partial_dependence", surface(),
      {{"value", {"level"}}, {"prediction", {"prediction"}}});
  add("partial_dependence_two", "partial_dependence", surface(),
      {{"value", {"value"}}, {"second", {"second"}}, {"prediction", {"prediction"}}});
  add("partial_dependence_mixed", "partial_dependence", surface(),
      {{"value", {"value"}}, {"second", {"level"}}, {"prediction", {"prediction"}}});
  add("ale", "ale", dependence(false),
      {{"value", {"value"}}, {"effect", {"effect"}}, {"by", {"model"}}});
  add("ale_two", "ale", surface(),
      {{"value", {"value"}}, {"second", {"second"}}, {"effect", {"effect"}}});
  add("shap_beeswarm", "shap_beeswarm", shap_values(300),
      {{"feature", {"feature"}}, {"shap", {"shap"}}, {"value", {"value"}}});
  add("shap_dependence", "shap_dependence", shap_values(120),
      {{"value", {"value"}}, {"shap", {"shap"}}, {"by", {"other"}}}, {{"fit", "loess"}});
  add("shap_waterfall", "shap_waterfall", one_row(),
      {{"feature", {"feature"}}, {"shap", {"shap"}}, {"value", {"value"}}},
      {{"base", 0.41}, {"limit", 5}});
  add("tuning_history", "tuning_history", trials(),
      {{"trial", {"trial"}},
       {"score", {"score"}},
       {"low", {"low"}},
       {"high", {"high"}},
       {"by", {"rung"}}});
  add("tuning_slices", "tuning_slices", tuned(),
      {{"parameter", {"parameter"}},
       {"value", {"value"}},
       {"score", {"score"}},
       {"trial", {"trial"}}});
  add("spec", "spec", videos(60), {},
      {{"spec",
        {{"mark", "bar"},
         {"encoding",
          {{"x", {{"field", "duration"}, {"bin", true}}}, {"y", {{"aggregate", "count"}}}}}}}});
  add("panel_grid", "histogram", few,
      {{"of", {"duration"}}, {"row", {"status"}}, {"column", {"tier"}}, {"by", {"verified"}}});

  const auto rows = [](bool groups) {
    std::vector<FigureRow> estimates;
    const char* labels[] = {"views (per 100,000)", "duration", "banned author", "under review"};
    for (int i = 0; i < 4; ++i) {
      estimates.push_back(
          {labels[i], groups ? "logit" : "", 0.4 - 0.25 * i, 0.1 - 0.25 * i, 0.7 - 0.25 * i, 0.01});
      if (groups) {
        estimates.push_back(
            {labels[i], "probit", 0.3 - 0.2 * i, 0.05 - 0.2 * i, 0.55 - 0.2 * i, 0.02});
      }
    }
    return estimates;
  };
  all.push_back({"coefficients", "coefficients", {.estimates = rows(false)}});
  all.push_back(
      {"coefficients_ratio",
       "coefficients",
       {.options = {{"exponentiate", true}, {"title", "Odds ratios"}}, .estimates = rows(true)}});
  return all;
}

}  // namespace impact::gallery
