#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>

#include "engine/analysis/judged.h"
#include "engine/core/error.h"
#include "engine/learn/leakage.h"
#include "engine/learn/model_comparison.h"
#include "engine/learn/multiclass_scores.h"
#include "engine/learn/roc.h"
#include "engine/stats/multiplicity.h"

// Learners judged on rows they did not learn from, one or several on the same folds.
namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// `where`: which columns these are, for the alarm's text; "" where there is one set only.
void look_for_leaks(const LessonData& data, const std::string& where, AnalysisResult* out) {
  if (!data.two_classes()) return;
  std::vector<std::shared_ptr<const Feature>> numbers;
  for (std::size_t j = 0; j < data.features.size(); ++j) {
    if (!data.features[j].text) numbers.push_back(data.features.shared(j));
  }
  if (numbers.empty()) return;
  const FeatureTable table(std::move(numbers));
  for (const ColumnRule& rule : single_column_rules(table.matrix(), data.labels())) {
    if (rule.alarm) out->alarms.push_back({"one column separates the classes", where + rule.text});
  }
}

// Of what the label comes from, if it is computed.
void look_for_sums(const AnalysisReader& read, const LessonData& data,
                   const std::vector<std::uint32_t>& rows, const std::string& where,
                   AnalysisResult* out) {
  std::vector<std::shared_ptr<const Feature>> numbers;
  for (std::size_t j = 0; j < data.features.size(); ++j) {
    if (!data.features[j].text) numbers.push_back(data.features.shared(j));
  }
  if (numbers.empty()) return;
  const FeatureTable table(std::move(numbers));
  for (const std::string& source : read.names("label_sources")) {
    // Rows without an outcome are no part of the lesson.
    const auto all = read.numbers(source);
    std::vector<double> cells;
    for (const std::uint32_t row : rows) cells.push_back(all[row]);
    for (const ExactRelation& found :
         {find_exact_sum(cells, table.matrix()), find_exact_product(cells, table.matrix())}) {
      if (!found.alarm) continue;
      out->alarms.push_back(
          {"the label is computed from the features",
           where + "'" + source + "', which the label comes from: " + found.text});
      break;
    }
  }
}

AnalysisTable predictions_table(const AnalysisReader& read, const LessonData& whole,
                                const Judged& judged, const Folds* folds) {
  const LessonData& data = judged.data;
  TableBuilder table;
  std::vector<std::uint32_t> places;
  for (const std::uint32_t row : judged.tested) places.push_back(whole.rows[row]);
  add_key(read, places, &table);
  if (folds != nullptr) {
    std::vector<std::int64_t> fold;
    for (const std::uint32_t row : judged.tested) fold.push_back(folds->at(row) + 1);
    table.integers("fold", std::move(fold));
  }
  if (data.classes.empty()) {
    table.numbers("observed", data.outcome);
    table.numbers("predicted", judged.prediction);
    if (!std::isnan(judged.level)) {
      JudgedIntervals ends = judged_intervals(judged);
      table.numbers("low", std::move(ends.low));
      table.numbers("high", std::move(ends.high));
    }
    return {"predictions", table.build()};
  }
  std::vector<std::string> observed;
  for (const double y : data.outcome) observed.push_back(data.classes[static_cast<std::size_t>(y)]);
  table.texts("observed", observed);
  for (std::size_t k = 0; k < judged.outputs; ++k) {
    std::vector<double> own;
    for (std::size_t i = k; i < judged.prediction.size(); i += judged.outputs) {
      own.push_back(judged.prediction[i]);
    }
    table.numbers(
        judged.outputs == 1 ? std::string("probability") : "probability of " + data.classes[k],
        std::move(own));
  }
  return {"predictions", table.build()};
}

AnalysisTable folds_table(const LessonData& data, const Folds& folds, const Judged& judged) {
  const FoldScores scores = fold_headline(data, folds, judged);
  TableBuilder table;
  std::vector<std::int64_t> repeat, fold;
  for (int r = 0; r < folds.repeats; ++r) {
    for (int f = 0; f < folds.folds; ++f) {
      repeat.push_back(r + 1);
      fold.push_back(f + 1);
    }
  }
  table.integers("repeat", std::move(repeat));
  table.integers("fold", std::move(fold));
  table.numbers(headline_name(data), scores.value);
  if (!std::isnan(judged.level)) {
    FoldIntervals intervals = fold_intervals(data, folds, judged);
    table.numbers("coverage", std::move(intervals.coverage));
    table.numbers("mean_width", std::move(intervals.width));
  }
  if (!judged.fold_threshold.empty()) {
    std::vector<double> threshold = judged.fold_threshold;
    threshold.resize(scores.value.size(), kNaN);
    table.numbers("threshold", std::move(threshold));
  }
  return {"folds", table.build()};
}

AnalysisResult evaluate(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  AnalysisResult out;
  const bool fitted = !read.given("learner");
  const auto model = fitted ? model_of(read) : nullptr;
  const LessonData whole = fitted ? lesson_data(read, *model) : lesson_data(read);
  const LessonData data = whole.complete();
  Judged judged;
  if (fitted) {
    judged = judge_model(read, data, *model, context);
    out.estimates = judged.rows;
    out.tables = judged_tables(read, judged);
    out.tables.push_back(predictions_table(read, whole, judged, nullptr));
  } else {
    const Folds folds = drawn_folds(read, data);
    judged = judge_learner(read, data, learner_option(read, "learner"), folds,
                           input.stream.child("fits"), context);
    judged.warnings.insert(judged.warnings.begin(), folds.warnings.begin(), folds.warnings.end());
    out.estimates = judged.rows;
    out.tables = judged_tables(read, judged);
    out.tables.push_back(folds_table(data, folds, judged));
    out.tables.push_back(predictions_table(read, whole, judged, &folds));
  }
  std::vector<std::string> notes = whole.warnings;
  notes.insert(notes.end(), judged.warnings.begin(), judged.warnings.end());
  prepend(&out.estimates.front().warnings, notes);
  look_for_leaks(data, "", &out);
  look_for_sums(read, data, whole.rows, "", &out);
  return out;
}

struct Candidate {
  std::string model;
  std::string feature_set;
  LearnerSpec spec;
  std::vector<std::string> columns;
};

// Each learner with each set of columns. Learners: { name = learner } or a list, named by kind.
std::vector<Candidate> candidates(const AnalysisReader& read) {
  std::vector<std::pair<std::string, LearnerSpec>> learners;
  const nlohmann::json& given = read.input().options.at("learners");
  if (given.is_object() && !given.contains("learner")) {
    for (const auto& [name, value] : given.items()) {
      learners.emplace_back(name, learner_spec(value));
    }
  } else {
    const nlohmann::json list = given.is_array() ? given : nlohmann::json::array({given});
    std::map<std::string, int> used;
    for (const nlohmann::json& item : list) {
      LearnerSpec spec = learner_spec(item);
      std::string name =
          spec.kind == "pipeline" ? learner_spec(spec.options.at("model")).kind : spec.kind;
      const int count = ++used[name];
      if (count > 1) name += " " + std::to_string(count);
      learners.emplace_back(std::move(name), std::move(spec));
    }
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> sets;
  if (read.given("feature_sets")) {
    for (const auto& [name, columns] : read.input().options["feature_sets"].items()) {
      sets.emplace_back(name, columns.get<std::vector<std::string>>());
    }
  } else {
    sets.emplace_back("all", read.names("features"));
  }
  std::vector<Candidate> out;
  for (const auto& [set, columns] : sets) {
    for (const auto& [name, spec] : learners) out.push_back({name, set, spec, columns});
  }
  return out;
}

// What a comparison shows of each candidate, with its interval.
const std::vector<std::string>& compared_terms(const LessonData& data) {
  static const std::vector<std::string> kClasses{
      "f1",          "precision", "recall", "auc",     "accuracy", "balanced_accuracy",
      "specificity", "mcc",       "brier",  "log_loss"};
  static const std::vector<std::string> kMany{
      "accuracy", "balanced_accuracy", "macro_f1", "macro_auc", "mcc", "log_loss", "brier_score"};
  static const std::vector<std::string> kNumbers{"r2", "rmse", "mae", "median_ae", "bias"};
  return data.classes.empty() ? kNumbers : data.two_classes() ? kClasses : kMany;
}

const Estimate* find_term(const std::vector<Estimate>& rows, const std::string& term) {
  for (const Estimate& row : rows) {
    if (row.term == term || (term == "brier" && row.term == "brier_score")) return &row;
  }
  return nullptr;
}

AnalysisTable comparison_table(const LessonData& data, const std::vector<Candidate>& all,
                               const std::vector<Judged>& judged, std::vector<std::int64_t> rows) {
  TableBuilder table;
  std::vector<std::string> model, set;
  for (const Candidate& c : all) {
    model.push_back(c.model);
    set.push_back(c.feature_set);
  }
  table.texts("model", model);
  table.texts("feature_set", set);
  for (const std::string& term : compared_terms(data)) {
    std::vector<double> value, low, high;
    for (const Judged& j : judged) {
      const Estimate* row = find_term(j.rows, term);
      value.push_back(row == nullptr ? kNaN : row->estimate);
      low.push_back(row == nullptr ? kNaN : row->conf_low);
      high.push_back(row == nullptr ? kNaN : row->conf_high);
    }
    table.numbers(term, std::move(value));
    table.numbers(term + "_low", std::move(low));
    table.numbers(term + "_high", std::move(high));
  }
  if (data.two_classes()) {
    std::vector<double> threshold;
    std::vector<std::int64_t> wrong_positive, wrong_negative;
    for (const Judged& j : judged) {
      threshold.push_back(j.threshold);
      wrong_positive.push_back(static_cast<std::int64_t>(j.matrix.false_positive));
      wrong_negative.push_back(static_cast<std::int64_t>(j.matrix.false_negative));
    }
    table.numbers("threshold", std::move(threshold));
    table.integers("false_positives", std::move(wrong_positive));
    table.integers("false_negatives", std::move(wrong_negative));
  }
  table.integers("n", std::move(rows));
  return {"model_comparison", table.build()};
}

// The same, one row a score: for plots.
AnalysisTable scores_table(const LessonData& data, const std::vector<Candidate>& all,
                           const std::vector<Judged>& judged) {
  std::vector<std::string> model, set, metric;
  std::vector<double> score, low, high;
  for (const std::string& term : compared_terms(data)) {
    for (std::size_t c = 0; c < all.size(); ++c) {
      const Estimate* row = find_term(judged[c].rows, term);
      if (row == nullptr) continue;
      model.push_back(all[c].model);
      set.push_back(all[c].feature_set);
      metric.push_back(term);
      score.push_back(row->estimate);
      low.push_back(row->conf_low);
      high.push_back(row->conf_high);
    }
  }
  TableBuilder table;
  table.texts("model", model);
  table.texts("feature_set", set);
  table.texts("metric", metric);
  table.numbers("score", std::move(score));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  return {"scores", table.build()};
}

// The same table of every candidate, one below the other, with a first column "model".
AnalysisTable stacked(const char* name, const std::vector<std::string>& labels,
                      const std::vector<std::vector<AnalysisTable>>& tables) {
  std::vector<std::string> label;
  std::vector<std::string> columns;
  std::map<std::string, std::vector<double>> cells;
  for (std::size_t c = 0; c < tables.size(); ++c) {
    for (const AnalysisTable& table : tables[c]) {
      if (table.name != name) continue;
      label.insert(label.end(), table.frame.rows(), labels[c]);
      if (columns.empty()) {
        for (const ColumnInfo& info : table.frame.schema().columns()) columns.push_back(info.name);
      }
      for (std::size_t j = 0; j < columns.size(); ++j) {
        std::vector<double> storage;
        const auto own = table.frame.column(j).to_numbers(storage);
        auto& all = cells[columns[j]];
        all.insert(all.end(), own.begin(), own.end());
      }
    }
  }
  TableBuilder out;
  out.texts("model", label);
  for (const std::string& column : columns) out.numbers(column, std::move(cells[column]));
  return {name, out.build()};
}

// Calls of two classes at the candidate's own threshold.
std::vector<std::int32_t> calls_of(const LessonData& data, const Judged& judged) {
  std::vector<std::int32_t> out;
  if (!data.two_classes()) {
    return most_probable(judged.prediction, data.classes.size());
  }
  for (const double p : judged.prediction) {
    out.push_back(std::isnan(p) || std::isnan(judged.threshold) ? -1
                                                                : (p >= judged.threshold ? 1 : 0));
  }
  return out;
}

// A row that one of two models does not predict judges neither.
void keep_common(std::vector<double>* a, std::vector<double>* b) {
  for (std::size_t i = 0; i < a->size() && i < b->size(); ++i) {
    if (std::isnan((*a)[i]) || std::isnan((*b)[i])) (*a)[i] = (*b)[i] = kNaN;
  }
}

// Rows that each candidate could predict, and a sentence where they differ.
std::vector<std::int64_t> rows_judged(const std::vector<std::string>& labels,
                                      const std::vector<Judged>& judged,
                                      std::vector<std::string>* notes) {
  std::vector<std::int64_t> out;
  for (const Judged& j : judged) out.push_back(j.rows.front().n);
  const auto [least, most] = std::minmax_element(out.begin(), out.end());
  if (*least == *most) return out;
  std::string text =
      "the models are judged on different rows, because some predict no row with a "
      "missing number:";
  for (std::size_t c = 0; c < out.size(); ++c) {
    text += (c == 0 ? " " : ", ") + labels[c] + " on " + std::to_string(out[c]);
  }
  text += "; the tests of pairs use the rows that both predict";
  notes->push_back(std::move(text));
  return out;
}

// Every pair, on the rows that both predict: the headline by the corrected resampled t test, of two
// classes DeLong's test too, of classes McNemar's. p-values of each test are adjusted for the
// number of pairs (Holm 1979).
AnalysisTable differences_table(const AnalysisReader& read, const LessonData& data,
                                const Folds& folds, const std::vector<std::string>& labels,
                                const std::vector<Judged>& judged) {
  const double level = read.conf_level();
  std::vector<HeadlineMetric> headlines;
  std::vector<std::vector<std::int32_t>> calls;
  for (const Judged& j : judged) {
    headlines.push_back(headline_metric(data, j));
    if (!data.classes.empty()) calls.push_back(calls_of(data, j));
  }
  const auto label = judged.front().data.labels();
  std::vector<std::string> first, second, metric, method;
  std::vector<double> difference, error, p, low, high;
  std::map<std::string, std::vector<std::size_t>> by_method;
  const auto add = [&](std::size_t a, std::size_t b, const char* what, const Estimate& row) {
    by_method[row.method].push_back(first.size());
    first.push_back(labels[a]);
    second.push_back(labels[b]);
    metric.emplace_back(what);
    method.push_back(row.method);
    difference.push_back(row.estimate);
    error.push_back(row.std_error);
    p.push_back(row.p_value);
    low.push_back(row.conf_low);
    high.push_back(row.conf_high);
  };
  for (std::size_t a = 0; a < judged.size(); ++a) {
    for (std::size_t b = a + 1; b < judged.size(); ++b) {
      HeadlineMetric one = headlines[a];
      HeadlineMetric other = headlines[b];
      keep_common(&one.predictions.prediction, &other.predictions.prediction);
      add(a, b, headline_name(data),
          compare_by_folds(folds, one.predictions, other.predictions, metric_of(data, one),
                           {.conf_level = level}));
      if (data.two_classes()) {
        add(a, b, "auc",
            auc_difference_paired(judged[a].prediction, judged[b].prediction, label,
                                  judged[a].data.weights, {.conf_level = level}));
      }
      if (!data.classes.empty()) {
        add(a, b, "accuracy",
            compare_calls(calls[a], calls[b], label, McNemarTest::kMidP, {.conf_level = level})
                .row);
      }
    }
  }
  std::vector<double> adjusted(p.size(), kNaN);
  for (const auto& [name, places] : by_method) {
    std::vector<double> own;
    for (const std::size_t i : places) own.push_back(p[i]);
    const auto holm = adjust_p_values(own, Adjustment::kHolm);
    for (std::size_t k = 0; k < places.size(); ++k) adjusted[places[k]] = holm[k];
  }
  TableBuilder table;
  table.texts("first", first);
  table.texts("second", second);
  table.texts("metric", metric);
  table.numbers("difference", std::move(difference));
  table.numbers("std_error", std::move(error));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  table.numbers("p_value", std::move(p));
  table.numbers("p_adjusted", std::move(adjusted));
  table.texts("method", method);
  return {"differences", table.build()};
}

AnalysisResult compare(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const LessonData whole = lesson_data(read);
  const LessonData data = whole.complete();
  const std::vector<Candidate> all = candidates(read);
  const Folds folds = drawn_folds(read, data);
  std::vector<Judged> judged;
  std::vector<std::string> labels;
  std::vector<std::vector<AnalysisTable>> tables;
  AnalysisResult out;
  std::vector<std::string> notes = whole.warnings;
  notes.insert(notes.end(), folds.warnings.begin(), folds.warnings.end());
  const bool several_sets = read.given("feature_sets");
  for (const Candidate& candidate : all) {
    context.check();
    // The stream depends on the model and its columns, not on what it is compared with.
    const StreamKey key =
        input.stream.child("fits").child(candidate.model).child(candidate.feature_set);
    const LessonData own = data.complete(candidate.columns);
    judged.push_back(judge_learner(read, own, candidate.spec, folds, key, context));
    labels.push_back(several_sets ? candidate.model + ", " + candidate.feature_set
                                  : candidate.model);
    tables.push_back(judged_tables(read, judged.back()));
    Estimate headline = judged.back().rows.front();
    headline.term = labels.back();
    headline.term += ": " + judged.back().rows.front().term;
    headline.warnings.insert(headline.warnings.begin(), judged.back().warnings.begin(),
                             judged.back().warnings.end());
    out.estimates.push_back(std::move(headline));
  }
  const auto rows = rows_judged(labels, judged, &notes);
  prepend(&out.estimates.front().warnings, notes);
  out.tables.push_back(comparison_table(data, all, judged, rows));
  out.tables.push_back(scores_table(data, all, judged));
  out.tables.push_back(differences_table(read, data, folds, labels, judged));
  if (data.two_classes()) {
    for (const char* name : {"roc", "precision_recall", "calibration", "gain"}) {
      out.tables.push_back(stacked(name, labels, tables));
    }
  } else if (data.classes.empty()) {
    out.tables.push_back(stacked("residuals", labels, tables));
  }
  std::vector<std::string> seen;
  for (const Candidate& candidate : all) {
    if (std::find(seen.begin(), seen.end(), candidate.feature_set) != seen.end()) continue;
    seen.push_back(candidate.feature_set);
    std::string where;
    if (several_sets) where = "among the columns '" + candidate.feature_set + "', ";
    const LessonData own = data.complete(candidate.columns);
    look_for_leaks(own, where, &out);
    look_for_sums(read, own, whole.rows, where, &out);
  }
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.compare",
     "Models judged on the same folds, each on rows that it did not learn from.",
     {},
     compare,
     true},
    {"learn.evaluate", "A model judged on rows that it did not learn from.", {}, evaluate, true},
};

}  // namespace

std::span<const AnalysisMethod> evaluation_methods() { return kMethods; }

}  // namespace impact::detail
