#include <algorithm>
#include <cmath>

#include "engine/analysis/classifier_tables.h"
#include "engine/analysis/reader.h"
#include "engine/analysis/words.h"
#include "engine/core/error.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_columns.h"
#include "engine/learn/folds.h"
#include "engine/learn/leakage.h"
#include "engine/learn/logistic_classifier.h"

// A classifier, judged on rows it did not learn from.
namespace impact::detail {
namespace {

AnalysisTable coefficient_table(const LogisticClassifier& model,
                                const std::vector<std::string>& names) {
  TableBuilder table;
  std::vector<std::string> terms{"(intercept)"};
  terms.insert(terms.end(), names.begin(), names.end());
  std::vector<double> own{model.intercept};
  own.insert(own.end(), model.coefficient.begin(), model.coefficient.end());
  std::vector<double> standardised{model.standardised_intercept};
  standardised.insert(standardised.end(), model.standardised.begin(), model.standardised.end());
  table.texts("term", terms);
  table.numbers("coefficient", std::move(own));
  table.numbers("per standard deviation", std::move(standardised));
  return {"coefficients", table.build()};
}

AnalysisTable rules_table(const std::vector<ColumnRule>& rules) {
  std::vector<std::string> columns, texts;
  std::vector<double> auc, accuracy, precision, recall;
  std::vector<std::int64_t> errors;
  for (const ColumnRule& rule : rules) {
    columns.push_back(rule.column);
    texts.push_back(rule.rule);
    auc.push_back(rule.auc);
    accuracy.push_back(rule.accuracy);
    precision.push_back(rule.precision);
    recall.push_back(rule.recall);
    errors.push_back(rule.errors);
  }
  TableBuilder table;
  table.texts("column", columns);
  table.texts("best rule", texts);
  table.numbers("auc", std::move(auc));
  table.numbers("accuracy", std::move(accuracy));
  table.numbers("precision", std::move(precision));
  table.numbers("recall", std::move(recall));
  table.integers("errors", std::move(errors));
  return {"single_columns", table.build()};
}

AnalysisTable folds_table(const NestedThreshold& nested, const FoldScores& scores) {
  TableBuilder table;
  std::vector<std::int64_t> fold;
  std::vector<double> auc, threshold;
  for (std::size_t i = 0; i < nested.threshold.size(); ++i) {
    fold.push_back(static_cast<std::int64_t>(i) + 1);
    threshold.push_back(nested.threshold[i]);
    auc.push_back(i < scores.value.size() ? scores.value[i]
                                          : std::numeric_limits<double>::quiet_NaN());
  }
  table.integers("fold", std::move(fold));
  table.numbers("auc", std::move(auc));
  table.numbers("threshold", std::move(threshold));
  return {"folds", table.build()};
}

// One class of the rows: labels, and the features column by column.
struct Rows {
  std::vector<std::int32_t> label;
  std::vector<double> x;
  std::vector<std::string> names;
  std::vector<std::size_t> places;  // Of the rows in the frame.
  std::int64_t missing = 0;
};

std::vector<double> kept_rows(const std::vector<double>& cells,
                              const std::vector<std::size_t>& places) {
  std::vector<double> out;
  out.reserve(places.size());
  for (const std::size_t place : places) out.push_back(cells[place]);
  return out;
}

// Rows without a label take no part; those that lack a number are predicted by no one.
Rows read_rows(const AnalysisReader& read) {
  const std::vector<double> outcome = read.outcomes();
  Rows out{{}, {}, read.names("features"), {}, 0};
  for (std::size_t row = 0; row < outcome.size(); ++row) {
    if (std::isnan(outcome[row])) {
      ++out.missing;
      continue;
    }
    out.places.push_back(row);
    out.label.push_back(outcome[row] == 1.0 ? 1 : 0);
  }
  for (const std::string& name : out.names) {
    const std::vector<double> column = kept_rows(read.numbers(name), out.places);
    out.x.insert(out.x.end(), column.begin(), column.end());
  }
  return out;
}

// Folds inside the training rows: no more than they have rows of the rarer class.
int inner_folds(std::size_t rarer, std::size_t folds) {
  const std::size_t left_out = (rarer + folds - 1) / folds;
  return static_cast<int>(std::clamp<std::size_t>(rarer - left_out, 2, 5));
}

AnalysisResult classifier(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const Rows rows = read_rows(read);
  const std::size_t n = rows.label.size();
  const auto positives =
      static_cast<std::size_t>(std::count(rows.label.begin(), rows.label.end(), 1));
  const auto folds_wanted = static_cast<int>(read.integer("folds", 10));
  const auto least = static_cast<std::size_t>(folds_wanted);
  if (positives < least || n - positives < least) {
    return {.estimates = {{.term = "auc",
                           .n = static_cast<std::int64_t>(n),
                           .method = "logistic_classifier",
                           .warnings = {"each class needs a row for each of the " +
                                        std::to_string(folds_wanted) + " folds: there are " +
                                        std::to_string(positives) + " positive and " +
                                        std::to_string(n - positives) + " negative rows"}}}};
  }
  const FeatureColumns features{rows.x, rows.names.size(), rows.names};
  const LogisticClassifierSpec model_spec{.penalty = read.number("penalty", 1.0)};
  const Learner learner = logistic_learner(features, rows.label, model_spec);
  const Folds folds =
      draw_folds(n, {.folds = folds_wanted, .strata = rows.label}, input.stream.child("folds"));
  const OutOfFold predicted = out_of_fold(folds, learner, input.stream.child("fits"), context);
  const ScoredLabels scored{predicted.prediction, rows.label};
  const FoldScores by_fold = fold_scores(
      folds, predicted,
      classifier_metric([](const ScoredLabels& d) { return auc(d).estimate; }, rows.label));
  const NestedThreshold nested =
      nested_threshold(folds, learner, rows.label, input.stream.child("threshold"),
                       {.inner_folds = inner_folds(std::min(positives, n - positives), least),
                        .threshold = threshold_spec(read)},
                       context);
  ThresholdSpec choice = threshold_spec(read);
  choice.origin = ScoreOrigin::kOutOfFold;
  const ThresholdChoice chosen = choose_threshold(scored, choice);

  AnalysisResult out;
  out.estimates.push_back(
      auc(scored, {.conf_level = read.conf_level(), .interval = AucInterval::kLogit}));
  out.estimates.push_back(brier_score(scored, read.conf_level()));
  out.estimates.push_back(log_loss(scored, read.conf_level()));
  for (const Estimate& row : nested.scores) out.estimates.push_back(row);
  Estimate threshold{.term = "threshold",
                     .estimate = chosen.threshold,
                     .n = static_cast<std::int64_t>(n),
                     .method = "threshold",
                     .se_type = "",
                     .warnings = chosen.warnings};
  out.estimates.push_back(std::move(threshold));
  std::vector<std::string> notes;
  if (rows.missing > 0) {
    notes.push_back(std::to_string(rows.missing) + " rows were left out because '" +
                    read.name("of") + "' is missing");
  }
  notes.insert(notes.end(), folds.warnings.begin(), folds.warnings.end());
  notes.insert(notes.end(), predicted.warnings.begin(), predicted.warnings.end());
  notes.insert(notes.end(), nested.warnings.begin(), nested.warnings.end());
  prepend(&out.estimates.front().warnings, notes);

  std::vector<std::uint32_t> every(n);
  for (std::size_t i = 0; i < n; ++i) every[i] = static_cast<std::uint32_t>(i);
  const LogisticClassifier model =
      fit_logistic_classifier(features, rows.label, every, model_spec, {}, context);
  const std::string positive = read.text("success", read.name("of"));
  const auto rules = single_column_rules(features, rows.label);
  out.tables.push_back(roc_table(roc_curve(scored, true)));
  out.tables.push_back(precision_recall_table(precision_recall_curve(scored)));
  out.tables.push_back(confusion_table(nested.matrix, positive, "not " + positive));
  out.tables.push_back(calibration_table(calibration(
      scored, {.bins = CalibrationBins::kEqualCount, .conf_level = read.conf_level()})));
  out.tables.push_back(coefficient_table(model, rows.names));
  out.tables.push_back(rules_table(rules));
  out.tables.push_back(folds_table(nested, by_fold));
  for (const std::string& source : read.names("label_sources")) {
    const auto cells = kept_rows(read.numbers(source), rows.places);
    for (const ExactRelation& found :
         {find_exact_sum(cells, features), find_exact_product(cells, features)}) {
      if (!found.alarm) continue;
      out.alarms.push_back({"the label is computed from the features",
                            "'" + source + "', which the label comes from: " + found.text});
      break;
    }
  }
  for (const ColumnRule& rule : rules) {
    if (rule.alarm) out.alarms.push_back({"one column separates the classes", rule.text});
  }
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"classifier",
     "Logistic regression with a ridge penalty, judged on rows it did not learn from "
     "(cross-validation); the threshold is chosen inside each training part, so that no row helps "
     "to choose its own.",
     {},
     classifier,
     true},
};

}  // namespace

std::span<const AnalysisMethod> classifier_methods() { return kMethods; }

}  // namespace impact::detail
