#include <cmath>
#include <string>
#include <utility>

#include "engine/analysis/judged.h"
#include "engine/core/error.h"
#include "engine/learn/explain/residual_diagnostics.h"

// What a model leaves unexplained.
namespace impact::detail {
namespace {

// Rows of the input that predictions belong to.
std::vector<std::uint32_t> places_of(const LessonData& whole, const Judged& judged,
                                     const std::vector<std::uint32_t>& rows) {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t row : rows) out.push_back(whole.rows[judged.tested[row]]);
  return out;
}

AnalysisTable binned_table(const ResidualDiagnostics& found) {
  std::vector<std::string> of;
  std::vector<double> x, mean, low, high;
  std::vector<std::int64_t> n;
  for (const auto* bins : {&found.by_fitted, &found.by_scale}) {
    for (const BinnedMean& bin : *bins) {
      of.emplace_back(bins == &found.by_fitted ? "residual" : "scale");
      x.push_back(bin.x);
      mean.push_back(bin.mean);
      low.push_back(bin.conf_low);
      high.push_back(bin.conf_high);
      n.push_back(bin.n);
    }
  }
  TableBuilder table;
  table.texts("of", of);
  table.numbers("fitted", std::move(x));
  table.numbers("mean", std::move(mean));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  table.integers("n", std::move(n));
  return {"binned", table.build()};
}

AnalysisResult of_numbers(const AnalysisReader& read, const LessonData& whole, const Judged& judged,
                          const Context& context) {
  std::vector<std::int64_t> time;
  for (const double at : judged.data.time) {
    if (!std::isfinite(at)) {
      throw ArgumentError({.what = "'" + read.name("time") + "' is missing in some rows",
                           .expected = "a time of every row"});
    }
    time.push_back(static_cast<std::int64_t>(std::floor(at)));
  }
  ResidualSpec spec;
  spec.bins = static_cast<int>(read.integer("bins", 20));
  spec.conf_level = read.conf_level();
  const ResidualDiagnostics found =
      residual_diagnostics({.outcome = judged.data.outcome,
                            .fitted = judged.prediction,
                            .time = time,
                            .parameters = read.integer("parameters", 1)},
                           spec, context);
  AnalysisResult out;
  out.estimates = found.tests;
  for (Estimate& row : out.estimates) row.term = row.method;
  keep_warnings(&out, "residuals", found.warnings);
  prepend(&out.estimates.front().warnings, found.warnings);

  TableBuilder residuals;
  const auto places = places_of(whole, judged, found.rows);
  add_key(read, places, &residuals);
  residuals.numbers("fitted", found.fitted);
  residuals.numbers("residual", found.residual);
  residuals.numbers("studentised", found.studentised);
  residuals.numbers("scale", found.scale);
  out.tables.push_back({"residuals", residuals.build()});

  TableBuilder qq;
  add_key(read, places, &qq);
  qq.numbers("normal", found.normal);
  qq.numbers("studentised", found.studentised);
  qq.numbers("low", found.qq_low);
  qq.numbers("high", found.qq_high);
  out.tables.push_back({"qq", qq.build()});
  out.tables.push_back(binned_table(found));

  std::vector<std::uint32_t> rows;
  std::vector<double> outcome, fitted, studentised, p, bonferroni;
  for (const ResidualOutlier& row : found.outliers) {
    rows.push_back(row.row);
    outcome.push_back(row.outcome);
    fitted.push_back(row.fitted);
    studentised.push_back(row.studentised);
    p.push_back(row.p_value);
    bonferroni.push_back(row.bonferroni);
  }
  TableBuilder outliers;
  add_key(read, places_of(whole, judged, rows), &outliers);
  outliers.numbers("observed", std::move(outcome));
  outliers.numbers("fitted", std::move(fitted));
  outliers.numbers("studentised", std::move(studentised));
  outliers.numbers("p_value", std::move(p));
  outliers.numbers("bonferroni", std::move(bonferroni));
  out.tables.push_back({"outliers", outliers.build()});
  return out;
}

AnalysisResult of_two_classes(const AnalysisReader& read, const LessonData& whole,
                              const Judged& judged, bool held_out) {
  const auto labels = judged.data.labels();
  const BinaryResiduals found =
      binary_residuals({.score = judged.prediction, .label = labels},
                       {.bins = static_cast<int>(read.integer("bins", 0)), .held_out = held_out});
  AnalysisResult out;
  out.estimates.push_back(found.hosmer_lemeshow);
  out.estimates.front().term = out.estimates.front().method;
  prepend(&out.estimates.front().warnings, found.warnings);

  TableBuilder residuals;
  add_key(read, places_of(whole, judged, found.rows), &residuals);
  residuals.numbers("fitted", found.probability);
  residuals.numbers("residual", found.deviance);
  residuals.numbers("pearson", found.pearson);
  out.tables.push_back({"residuals", residuals.build()});

  std::vector<double> probability, residual, low, high;
  std::vector<std::int64_t> n;
  for (const BinnedResidual& bin : found.bins) {
    probability.push_back(bin.probability);
    residual.push_back(bin.residual);
    low.push_back(-bin.bound);
    high.push_back(bin.bound);
    n.push_back(bin.n);
  }
  TableBuilder bins;
  bins.numbers("fitted", std::move(probability));
  bins.numbers("mean", std::move(residual));
  bins.numbers("low", std::move(low));
  bins.numbers("high", std::move(high));
  bins.integers("n", std::move(n));
  out.tables.push_back({"binned", bins.build()});

  std::vector<double> from, to, observed, expected;
  std::vector<std::int64_t> rows;
  for (const ProbabilityGroup& group : found.groups) {
    from.push_back(group.low);
    to.push_back(group.high);
    observed.push_back(group.observed);
    expected.push_back(group.expected);
    rows.push_back(group.n);
  }
  TableBuilder groups;
  groups.numbers("from", std::move(from));
  groups.numbers("to", std::move(to));
  groups.numbers("observed", std::move(observed));
  groups.numbers("expected", std::move(expected));
  groups.integers("n", std::move(rows));
  out.tables.push_back({"groups", groups.build()});
  return out;
}

AnalysisResult residuals(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const bool fitted = !read.given("learner");
  const auto model = fitted ? model_of(read) : nullptr;
  const LessonData whole = fitted ? lesson_data(read, *model) : lesson_data(read);
  LessonData data = whole.complete();
  if (data.classes.size() > 2) {
    throw ArgumentError({.what = "residuals are those of numbers or of two classes",
                         .got = list_words(data.classes),
                         .hint = "success = names one class against all others"});
  }
  std::vector<std::string> notes = whole.warnings;
  if (!data.weights.empty()) {
    data.weights.clear();
    notes.push_back("weights taught the model but play no part in the diagnostics");
  }
  Judged judged;
  if (fitted) {
    judged = judge_model(read, data, *model, context);
  } else {
    LessonData weighted = whole.complete();
    const Folds folds = drawn_folds(read, weighted);
    judged = judge_learner(read, weighted, learner_option(read, "learner"), folds,
                           input.stream.child("fits"), context);
    notes.insert(notes.end(), folds.warnings.begin(), folds.warnings.end());
  }
  notes.insert(notes.end(), judged.warnings.begin(), judged.warnings.end());
  AnalysisResult out =
      data.classes.empty()
          ? of_numbers(read, whole, judged, context)
          : of_two_classes(read, whole, judged, !fitted || read.flag("held_out", false));
  prepend(&out.estimates.front().warnings, notes);
  return out;
}

constexpr AnalysisMethod kMethods[] = {
    {"learn.residuals",
     "What a model leaves: its spread, its shape and what it still follows (Cook & Weisberg 1983; "
     "of two classes Gelman & Hill 2007, Hosmer & Lemeshow 1980).",
     {},
     residuals},
};

}  // namespace

std::span<const AnalysisMethod> residual_methods() { return kMethods; }

}  // namespace impact::detail
