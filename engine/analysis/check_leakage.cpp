#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <unordered_map>

#include "engine/analysis/check_parts.h"
#include "engine/analysis/lesson.h"
#include "engine/core/error.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/leakage.h"
#include "engine/learn/leakage_encoding.h"
#include "engine/learn/leakage_model.h"
#include "engine/learn/leakage_sums.h"

// Features that know the answer.
namespace impact::detail {
namespace {

constexpr const char* kComputed = "the label is computed from the features";

// Columns of a table of rules.
struct RuleRows {
  std::vector<std::string> kind = {}, rule = {};
  std::vector<std::int64_t> errors = {}, n = {};
  std::vector<double> accuracy = {}, precision = {}, recall = {}, f1 = {};

  [[nodiscard]] AnalysisTable table() {
    TableBuilder out;
    out.texts("kind", kind);
    out.texts("rule", rule);
    out.integers("errors", std::move(errors));
    out.integers("n", std::move(n));
    out.numbers("accuracy", std::move(accuracy));
    out.numbers("precision", std::move(precision));
    out.numbers("recall", std::move(recall));
    out.numbers("f1", std::move(f1));
    return {"rules", out.build()};
  }
};

template <class Rule>
void add_rule(RuleRows* rows, const char* kind, const Rule& rule) {
  rows->kind.emplace_back(kind);
  rows->rule.push_back(rule.rule);
  rows->errors.push_back(rule.errors);
  rows->n.push_back(rule.n);
  rows->accuracy.push_back(rule.accuracy);
  rows->precision.push_back(rule.precision);
  rows->recall.push_back(rule.recall);
  rows->f1.push_back(2.0 * rule.precision * rule.recall / (rule.precision + rule.recall));
}

void look_for_relations(const std::string& name, std::span<const double> source,
                        const FeatureColumns& features, CheckReport* report) {
  for (std::size_t j = 0; j < features.columns; ++j) {
    if (features.name(j) != name) continue;
    report->alarm(kComputed, name, std::numeric_limits<double>::quiet_NaN(),
                  "the label is computed from '" + name + "', which is itself a feature");
    return;
  }
  for (const ExactRelation& found :
       {find_exact_sum(source, features), find_exact_product(source, features)}) {
    if (!found.alarm) continue;
    std::string terms;
    for (const RelationTerm& term : found.terms) {
      terms += terms.empty() ? "" : ", ";
      terms += term.column;
    }
    report->alarm(kComputed, terms, found.largest_difference, "'" + name + "': " + found.text);
    return;
  }
}

bool of_classes(const AnalysisReader& read) {
  if (read.given("success")) return true;
  const Column& cells = read.input().frame.column(read.name("of"));
  if (cells.type().kind == TypeKind::kBoolean) return true;
  if (!cells.type().numeric()) {
    (void)read.outcomes();  // Throws: says what is expected.
  }
  for (const double value : read.numbers(read.name("of"))) {
    if (!std::isnan(value) && value != 0.0 && value != 1.0) return false;
  }
  return true;
}

AnalysisResult leakage(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  CheckReport report;
  const CheckFeatures features = features_of(read, "features", &report);
  const FeatureColumns columns = features.columns();
  for (const std::string& source : read.names("label_sources")) {
    look_for_relations(source, read.numbers(source), columns, &report);
  }
  if (!of_classes(read)) {
    look_for_relations(read.name("of"), read.numbers(read.name("of")), columns, &report);
    return report.take();
  }
  const std::vector<std::int32_t> label = labels_of(read);
  const double limit = read.number("limit", 0.99);
  RuleRows rows;
  for (const ColumnRule& rule : single_column_rules(columns, label, {.limit = limit})) {
    add_rule(&rows, "one column", rule);
    if (!rule.alarm) continue;
    report.alarm("one column separates the classes", rule.rule, rule.balanced_accuracy, rule.text);
  }
  const SumRules sums = find_separating_sums(
      columns, label,
      {.limit = limit, .most_terms = static_cast<std::size_t>(read.integer("terms", 3))}, context);
  for (const SumRule& rule : sums.rules) {
    add_rule(&rows, "several columns", rule);
    report.alarm("a few features together are the label", rule.rule, rule.balanced_accuracy,
                 rule.text);
  }
  report.notes(sums.warnings);
  report.table(rows.table());
  return report.take();
}

FeatureTable as_table(const CheckFeatures& features) {
  const FeatureColumns columns = features.columns();
  std::vector<Feature> out;
  for (std::size_t j = 0; j < columns.columns; ++j) {
    const auto column = columns.column(j);
    out.push_back(number_feature(columns.name(j), {column.begin(), column.end()}));
  }
  return FeatureTable(std::move(out));
}

// Out-of-fold probabilities of a model of the features.
std::vector<double> model_scores(const AnalysisReader& read, const LearnerSpec& spec,
                                 const FeatureTable& features, std::span<const std::int32_t> label,
                                 const Folds& folds, CheckReport* report, const Context& context) {
  const std::vector<std::string> classes = {"no", "yes"};
  std::vector<double> outcome(label.begin(), label.end());
  const Lesson lesson{.features = features, .outcome = outcome, .classes = classes};
  const Learner learner = [&](std::span<const std::uint32_t> rows, StreamKey key,
                              const Context& inner) {
    std::vector<std::uint32_t> known;
    for (const std::uint32_t row : rows) {
      if (label[row] >= 0) known.push_back(row);
    }
    const auto model = std::make_shared<const TrainedModel>(
        train(spec, lesson, known, read.name("of"), key, inner));
    return FittedModel{
        .predict = [model, &lesson](
                       std::span<const std::uint32_t> wanted,
                       std::span<double> out) { model->predict(lesson.features, wanted, out); },
        .warnings = model->warnings};
  };
  const OutOfFold fitted = out_of_fold(folds, learner, read.input().stream.child("fits"), context);
  report->notes(fitted.warnings);
  return fitted.prediction;
}

// Scores of the rows and the folds they come from.
struct FoldedScores {
  std::vector<double> scores = {};
  Folds folds = {};
};

// What names a row: the cells of these columns.
std::vector<std::string> row_names(const Frame& frame, const std::vector<std::string>& key) {
  std::vector<std::string> out(frame.rows());
  for (const std::string& name : key) {
    const Column& cells = frame.column(name);
    for (std::size_t row = 0; row < out.size(); ++row) {
      out[row] += format_value(cells.value(row));
      out[row] += '\x1f';
    }
  }
  return out;
}

[[noreturn]] void refuse_predictions(const EarlierAnswer& answer, std::string what) {
  throw ArgumentError({.what = std::move(what),
                       .where = "'scores'",
                       .got = "'" + answer.node + "'",
                       .expected = "a column, or a declared learn.evaluate of two classes with a "
                                   "learner, of the same table"});
}

// Out-of-fold probabilities that another analysis found, by the key of its rows.
FoldedScores earlier_scores(const AnalysisReader& read, const EarlierAnswer& answer,
                            std::span<const std::int32_t> label) {
  const Frame* found = nullptr;
  for (std::size_t k = 0; answer.tables != nullptr && k < answer.tables->size(); ++k) {
    const auto& [name, frame] = (*answer.tables)[k];
    if (name == "predictions") found = &frame;
  }
  const auto holds = [&](const char* name) { return found->schema().find(name).has_value(); };
  if (found == nullptr || !holds("fold") || !holds("probability") || !holds("observed")) {
    refuse_predictions(answer, "the analysis has no predictions of two classes by folds");
  }
  const AnalysisInput& input = read.input();
  if (input.key.empty()) refuse_predictions(answer, "without a key rows can't be found again");
  std::vector<double> storage, fold_storage;
  const auto probability = found->column("probability").to_numbers(storage);
  const auto fold = found->column("fold").to_numbers(fold_storage);
  std::unordered_map<std::string, std::size_t> place;
  const std::vector<std::string> known = row_names(*found, input.key);
  for (std::size_t i = 0; i < known.size(); ++i) place.emplace(known[i], i);
  FoldedScores out;
  out.folds = {.rows = label.size(), .folds = 1, .repeats = 1};
  out.scores.assign(label.size(), std::numeric_limits<double>::quiet_NaN());
  out.folds.fold.assign(label.size(), -1);
  // The class that each label was there: two names, one for each label.
  std::array<std::string, 2> observed;
  const std::vector<std::string> rows = row_names(input.frame, input.key);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const auto at = place.find(rows[row]);
    if (at == place.end()) continue;
    out.scores[row] = probability[at->second];
    out.folds.fold[row] = static_cast<std::int32_t>(fold[at->second]) - 1;
    out.folds.folds = std::max(out.folds.folds, out.folds.fold[row] + 1);
    if (label[row] < 0) continue;
    std::string& name = observed[label[row] == 1 ? 1 : 0];
    const std::string cell = format_value(found->column("observed").value(at->second));
    if (name.empty()) name = cell;
    if (name != cell || observed[0] == observed[1]) {
      refuse_predictions(answer, "the analysis predicts something else than 'of' of this check");
    }
  }
  return out;
}

AnalysisResult one_rule(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  CheckReport report;
  const CheckFeatures features = features_of(read, "features", &report);
  const FeatureColumns columns = features.columns();
  const std::vector<std::int32_t> label = labels_of(read);
  std::vector<std::int32_t> strata = label;  // A class of their own for rows without a label.
  for (std::int32_t& code : strata) code = code < 0 ? 2 : code;
  const auto folds_wanted = static_cast<int>(read.integer("folds", 5));
  if (label.size() < static_cast<std::size_t>(2 * folds_wanted)) {
    report.note("there are too few rows for " + std::to_string(folds_wanted) + " folds");
    return report.take();
  }
  FoldedScores found_before;
  if (!input.earlier.empty()) found_before = earlier_scores(read, input.earlier.front(), label);
  const bool before = !found_before.scores.empty();
  const Folds folds = before ? std::move(found_before.folds)
                             : draw_folds(label.size(), {.folds = folds_wanted, .strata = strata},
                                          input.stream.child("folds"));
  const bool given = before || read.has("scores");
  const LearnerSpec spec =
      read.given("learner") ? learner_option(read, "learner") : LearnerSpec{.kind = "forest"};
  // A declared learner brings its own encoding of texts.
  const FeatureTable table =
      read.given("learner") ? feature_columns(read, "features") : as_table(features);
  const std::vector<double> scores =
      before  ? std::move(found_before.scores)
      : given ? read.numbers(read.name("scores"))
              : model_scores(read, spec, table, label, folds, &report, context);
  const OneRuleComparison found = compare_one_rule(
      columns, label, scores, folds,
      {.threshold = read.number("threshold", 0.5), .margin = read.number("margin", 0.01)});
  if (found.alarm) {
    report.alarm("one rule does as well as the model", found.rule, found.rule_accuracy, found.text);
  }
  report.notes(found.warnings);
  const double gone = std::numeric_limits<double>::quiet_NaN();
  TableBuilder comparison;
  comparison.texts("what", {before  ? "model (" + input.earlier.front().node + ")"
                            : given ? "model (its scores)"
                                    : "model (" + spec.kind + ")",
                            "rule: " + found.rule, "always the larger class", "model - rule"});
  comparison.numbers("accuracy", {found.model_accuracy, found.rule_accuracy,
                                  found.majority_accuracy, found.difference.estimate});
  comparison.numbers("conf_low", {gone, gone, gone, found.difference.conf_low});
  comparison.numbers("conf_high", {gone, gone, gone, found.difference.conf_high});
  comparison.numbers("p_value", {gone, gone, gone, found.difference.p_value});
  comparison.numbers("auc_difference", {gone, gone, gone, found.auc_difference.estimate});
  comparison.numbers("auc_p_value", {gone, gone, gone, found.auc_difference.p_value});
  report.table({"comparison", comparison.build()});
  return report.take();
}

AnalysisResult target_encoding(const AnalysisInput& input, const Context& context) {
  (void)context;
  const AnalysisReader read(input);
  CheckReport report;
  const CheckFeatures features = features_of(read, "features", &report);
  std::vector<FactorCodes> factors;
  for (const std::string& name : read.names("groups")) factors.push_back(read.groups(name));
  std::vector<GroupColumn> groups;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    groups.push_back({.name = read.names("groups")[i], .codes = factors[i].codes});
  }
  const TargetEncodings all = find_target_encodings(features.columns(), outcome_of(read), groups,
                                                    input.stream.child("folds"));
  for (const TargetEncoding& found : all.found) {
    report.alarm("a column was made from the label", found.column, found.r2, found.text);
  }
  report.notes(all.warnings);
  return report.take();
}

constexpr AnalysisMethod kMethods[] = {
    {"check.leakage",
     "Looks for features that give the label away: a column, or a sum, product or weighted sum of "
     "two or three, that separates the classes; an exact formula of what the label comes from.",
     {},
     leakage,
     true},
    {"check.one_rule",
     "Compares a model with the best rule of one column (1R, Holte 1993), both on rows they did "
     "not learn from: McNemar's exact test of their calls, DeLong's test of their AUCs.",
     {},
     one_rule},
    {"check.target_encoding",
     "Looks for columns that were computed from the label of all rows: means of the label within "
     "groups, plain, smoothed or without the row's own label.",
     {},
     target_encoding},
};

}  // namespace

std::span<const AnalysisMethod> leakage_checks() { return kMethods; }

}  // namespace impact::detail
