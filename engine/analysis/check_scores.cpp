#include <cmath>
#include <limits>

#include "engine/analysis/check_parts.h"
#include "engine/analysis/words.h"
#include "engine/learn/association_reversal.h"
#include "engine/learn/leakage_threshold.h"
#include "engine/learn/swapped_classes.h"

// Scores, thresholds and associations that are not what they seem.
namespace impact::detail {
namespace {

AnalysisResult threshold(const AnalysisInput& input, const Context& context) {
  (void)context;
  const AnalysisReader read(input);
  CheckReport report;
  const std::string rule = read.text("rule", "f");
  TunedThresholdSpec spec{
      .rule = {.rule = rule == "youden"      ? ThresholdRule::kYouden
                       : rule == "cost"      ? ThresholdRule::kLeastCost
                       : rule == "recall"    ? ThresholdRule::kLeastRecall
                       : rule == "precision" ? ThresholdRule::kLeastPrecision
                                             : ThresholdRule::kMaxF,
               .beta = read.number("beta", 1.0),
               .cost_false_positive = read.number("cost_false_positive", 1.0),
               .cost_false_negative = read.number("cost_false_negative", 1.0),
               .least = read.number("least", 0.9)},
      .threshold = read.number("threshold", std::numeric_limits<double>::quiet_NaN()),
      .folds = static_cast<int>(read.integer("folds", 10)),
      .repeats = static_cast<int>(read.integer("repeats", 20))};
  const std::vector<std::int32_t> label = labels_of(read);
  const std::vector<double> scores = read.numbers(read.name("scores"));
  const TunedThreshold found =
      find_tuned_threshold({.score = scores, .label = label}, input.stream.child("folds"), spec);
  if (found.alarm) {
    report.alarm("the threshold was tuned on the rows it is judged by",
                 readable_number(found.threshold), found.metrics.front().optimism, found.text);
  }
  report.notes(found.warnings);
  std::vector<std::string> name;
  std::vector<double> reported, nested, optimism;
  for (const ThresholdMetric& metric : found.metrics) {
    name.push_back(metric.name);
    reported.push_back(metric.reported);
    nested.push_back(metric.nested);
    optimism.push_back(metric.optimism);
  }
  TableBuilder table;
  table.texts("metric", name);
  table.numbers("reported", std::move(reported));
  table.numbers("nested", std::move(nested));
  table.numbers("optimism", std::move(optimism));
  report.table({"optimism", table.build()});
  return report.take();
}

AnalysisResult class_names(const AnalysisInput& input, const Context& context) {
  (void)context;
  const AnalysisReader read(input);
  CheckReport report;
  const double gone = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::int32_t> label = labels_of(read);
  const std::vector<double> scores = read.numbers(read.name("scores"));
  const SwappedClassesSpec spec{.reported = {.precision = read.number("precision", gone),
                                             .recall = read.number("recall", gone),
                                             .f1 = read.number("f1", gone),
                                             .rate = read.number("rate", gone)},
                                .threshold = read.number("threshold", 0.5),
                                .rounding = read.number("rounding", 0.005)};
  const SwappedClasses found = find_swapped_classes({.score = scores, .label = label}, spec);
  for (const SwappedClasses::Finding& one : found.findings) {
    report.alarm(one.rule, "class names swapped", one.value, one.text);
  }
  report.notes(found.warnings);
  const auto row = [](const ReportedClass& c) {
    return std::vector<double>{c.precision, c.recall, c.f1, c.rate};
  };
  TableBuilder table;
  table.texts("metric", {"precision", "recall", "f1", "rate"});
  table.numbers("reported", row(spec.reported));
  table.numbers("as declared", row(found.as_declared));
  table.numbers("names swapped", row(found.swapped));
  report.table({"classes", table.build()});
  return report.take();
}

AnalysisResult reversal(const AnalysisInput& input, const Context& context) {
  (void)context;
  const AnalysisReader read(input);
  CheckReport report;
  const CheckFeatures features = features_of(read, "features", &report);
  std::vector<FactorCodes> factors;
  for (const std::string& name : read.names("within")) factors.push_back(read.groups(name));
  std::vector<StrataColumn> strata;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    strata.push_back(
        {.name = read.names("within")[i], .codes = factors[i].codes, .levels = factors[i].levels});
  }
  std::vector<std::string> feature, within, level;
  std::vector<double> correlation, p;
  std::vector<std::int64_t> n;
  const auto add = [&](const AssociationReversal& one, const std::string& where, double r, double q,
                       std::int64_t rows) {
    feature.push_back(one.feature);
    within.push_back(one.within);
    level.push_back(where);
    correlation.push_back(r);
    p.push_back(q);
    n.push_back(rows);
  };
  const double gone = std::numeric_limits<double>::quiet_NaN();
  for (const AssociationReversal& one :
       find_reversals(features.columns(), outcome_of(read), strata)) {
    if (!one.rule.empty()) {
      report.alarm(one.rule + " within " + one.within, one.feature, one.pooled, one.text);
    }
    std::int64_t rows = 0;
    for (const ReversalStratum& stratum : one.strata) {
      add(one, stratum.level, stratum.correlation, stratum.p_value, stratum.n);
      rows += stratum.n;
    }
    add(one, "(all rows)", one.overall, one.overall_p, rows);
    add(one, "(pooled within)", one.pooled, gone, rows);
  }
  TableBuilder table;
  table.texts("feature", feature);
  table.texts("within", within);
  table.texts("level", level);
  table.numbers("correlation", std::move(correlation));
  table.numbers("p_value", std::move(p));
  table.integers("n", std::move(n));
  report.table({"strata", table.build()});
  return report.take();
}

constexpr AnalysisMethod kMethods[] = {
    {"check.class_names",
     "Looks for signs that two classes' names were exchanged: scores that rank the wrong way "
     "round, reported precision and recall that are those of the other class, a declared share of "
     "positives that is the negatives'.",
     {},
     class_names},
    {"check.reversal",
     "Compares each feature's rank correlation with the outcome over all rows with the one inside "
     "the values of other columns (Simpson's paradox).",
     {},
     reversal},
    {"check.threshold",
     "Asks whether a threshold is the one that the rows it is judged by would choose, and "
     "estimates by how much that flatters: chosen on other parts of the rows (Varma & Simon 2006).",
     {},
     threshold},
};

}  // namespace

std::span<const AnalysisMethod> score_checks() { return kMethods; }

}  // namespace impact::detail
