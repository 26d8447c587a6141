#include <limits>

#include "engine/analysis/check_parts.h"
#include "engine/analysis/lesson.h"
#include "engine/learn/drift.h"
#include "engine/learn/leakage.h"
#include "engine/learn/leakage_rows.h"

// Rows on both sides of a split, and rows that are no longer what they were.
namespace impact::detail {
namespace {

// The split as declared, or folds as cross-validation would draw them.
Folds sides_of(const AnalysisReader& read, CheckReport* report) {
  const std::size_t n = read.input().frame.rows();
  if (read.has("split")) {
    FactorCodes side = read.groups(read.name("split"));
    // Rows without a side stand on one of their own.
    for (std::int32_t& code : side.codes) {
      if (code < 0) code = static_cast<std::int32_t>(side.levels.size());
    }
    return folds_of_sides(side.codes);
  }
  const auto folds = static_cast<int>(read.integer("folds", 5));
  if (n < static_cast<std::size_t>(folds)) {
    report->note("there are fewer rows than folds");
    return {.rows = n, .folds = 1, .repeats = 1, .fold = std::vector<std::int32_t>(n, 0)};
  }
  return draw_folds(n, {.folds = folds}, read.input().stream.child("folds"));
}

AnalysisResult duplicates(const AnalysisInput& input, const Context& context) {
  (void)context;
  const AnalysisReader read(input);
  CheckReport report;
  const Folds folds = sides_of(read, &report);
  const double limit = read.number("limit", 0.01);
  const CheckFeatures features = features_of(read, "features", &report);
  const FeatureColumns columns = features.columns();
  std::vector<std::string> what;
  std::vector<std::int64_t> rows, n;
  const auto count = [&](const char* name, std::int64_t found, std::int64_t all) {
    what.emplace_back(name);
    rows.push_back(found);
    n.push_back(all);
  };
  if (columns.columns > 0) {
    const FoldTwins twins = find_fold_twins(columns, folds, limit);
    if (twins.alarm) {
      report.alarm("the same rows on both sides of the split", std::to_string(twins.rows) + " rows",
                   twins.share, twins.text);
    }
    count("exact copies", twins.rows, twins.n);
    const NearTwins near =
        find_near_twins(columns, folds, input.stream.child("shuffled"),
                        {.digits = static_cast<int>(read.integer("digits", 3)), .limit = limit});
    if (near.alarm) {
      report.alarm("near copies on both sides of the split",
                   std::to_string(near.twins.rows) + " rows", near.twins.share, near.text);
    }
    count("near copies", near.twins.rows, near.twins.n);
  }
  if (read.has("group")) {
    const FactorCodes group = read.groups(read.name("group"));
    const SharedGroups shared =
        find_shared_groups(group.codes, group.levels, read.name("group"), folds);
    if (shared.alarm) {
      report.alarm("the same " + read.name("group") + " on both sides of the split",
                   std::to_string(shared.groups) + " values", shared.share, shared.text);
    }
    count("rows of shared groups", shared.rows, shared.n);
  }
  TableBuilder table;
  table.texts("what", what);
  table.integers("rows", std::move(rows));
  table.integers("n", std::move(n));
  report.table({"shared", table.build()});
  return report.take();
}

AnalysisTable columns_table(const Drift& drift) {
  std::vector<std::string> column, test, levels;
  std::vector<double> psi, statistic, p, adjusted, missing_before, missing_now, outside, new_share;
  for (const ColumnDrift& one : drift.columns) {
    column.push_back(one.column);
    test.push_back(one.test);
    psi.push_back(one.psi);
    statistic.push_back(one.statistic);
    p.push_back(one.p_value);
    adjusted.push_back(one.p_adjusted);
    missing_before.push_back(one.missing_before);
    missing_now.push_back(one.missing_now);
    outside.push_back(one.outside);
    new_share.push_back(one.new_share);
  }
  TableBuilder table;
  table.texts("column", column);
  table.numbers("psi", std::move(psi));
  table.texts("test", test);
  table.numbers("statistic", std::move(statistic));
  table.numbers("p_value", std::move(p));
  table.numbers("p_holm", std::move(adjusted));
  table.numbers("missing_before", std::move(missing_before));
  table.numbers("missing_now", std::move(missing_now));
  table.numbers("outside_range", std::move(outside));
  table.numbers("new_levels", std::move(new_share));
  return {"columns", table.build()};
}

AnalysisResult drift(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  CheckReport report;
  const TwoGroups names = read.two_groups();
  const FactorCodes by = read.groups(read.name("by"));
  std::vector<std::uint32_t> before, now;
  for (std::size_t row = 0; row < by.codes.size(); ++row) {
    if (by.codes[row] < 0) continue;
    const std::string& level = by.levels[static_cast<std::size_t>(by.codes[row])];
    if (level == names.first_name) before.push_back(static_cast<std::uint32_t>(row));
    if (level == names.second_name) now.push_back(static_cast<std::uint32_t>(row));
  }
  report.notes(names.warnings);
  const FeatureTable table = feature_columns(read, "features");
  const Drift found = find_drift(table.take(before), table.take(now), input.stream,
                                 {.psi = read.number("psi", 0.25),
                                  .outside = read.number("outside", 0.05),
                                  .missing = read.number("missing", 0.05),
                                  .auc = read.number("auc", 0.6),
                                  .bins = static_cast<int>(read.integer("bins", 10))},
                                 context);
  for (const ColumnDrift& column : found.columns) {
    if (column.alarm) report.alarm("a column has drifted", column.column, column.psi, column.text);
  }
  if (found.two_sample_alarm) {
    report.alarm("new rows can be told from old ones", found.telling, found.two_sample.estimate,
                 found.two_sample_text);
  }
  report.notes(found.warnings);
  report.table(columns_table(found));
  TableBuilder whole;
  whole.texts("test", {"random forest, out of bag"});
  whole.numbers("auc", {found.two_sample.estimate});
  whole.numbers("conf_low", {found.two_sample.conf_low});
  whole.numbers("conf_high", {found.two_sample.conf_high});
  whole.texts("telling", {found.telling});
  whole.integers("before", {found.before});
  whole.integers("now", {found.now});
  report.table({"two_sample", whole.build()});
  return report.take();
}

constexpr AnalysisMethod kMethods[] = {
    {"check.drift",
     "Compares new rows with those a model was trained on: the population stability index, "
     "Kolmogorov-Smirnov and chi-squared tests adjusted by Holm, ranges left, new values, missing "
     "cells, and a random forest that tries to tell the two apart (Lopez-Paz & Oquab 2017).",
     {},
     drift},
    {"check.duplicates",
     "Looks for rows of which a copy, or a row that agrees to a few digits, stands on the other "
     "side of the split, and for groups with rows on both sides.",
     {},
     duplicates},
};

}  // namespace

std::span<const AnalysisMethod> row_checks() { return kMethods; }

}  // namespace impact::detail
