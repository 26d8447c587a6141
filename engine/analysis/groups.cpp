#include "engine/analysis/reader.h"
#include "engine/stats/anova.h"
#include "engine/stats/rank_tests.h"

// Several groups at once, and their pairs.
namespace impact::detail {
namespace {

struct Grouped {
  std::vector<double> values;
  FactorCodes factor;
  std::string by;
};

Grouped read_groups(const AnalysisReader& read) {
  return {read.numbers(read.name("of")), read.groups(read.name("by")), read.name("by")};
}

AnalysisResult result_of(const AnovaTest& test) {
  TableBuilder table;
  table.texts("source", {"between groups", "within groups"});
  table.numbers("df", {test.row.df, test.df_within});
  table.numbers("sum of squares", {test.sum_between, test.sum_within});
  table.numbers("mean square", {test.sum_between / test.row.df, test.sum_within / test.df_within});
  AnalysisResult out;
  out.estimates.push_back(test.row);
  // The limits are those of the population's share, which both estimate.
  Estimate omega{.term = test.row.term,
                 .estimate = test.omega_squared,
                 .p_value = test.row.p_value,
                 .conf_low = test.row.conf_low,
                 .conf_high = test.row.conf_high,
                 .n = test.row.n,
                 .method = "omega_squared",
                 .warnings = test.row.warnings};
  out.estimates.push_back(std::move(omega));
  out.tables.push_back({"anova", table.build()});
  return out;
}

AnalysisResult anova(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Grouped all = read_groups(read);
  return result_of(one_way_anova(all.values, all.factor.codes, all.by, read.conf_level()));
}

AnalysisResult anova_welch(const AnalysisInput& input, const Context&) {
  const Grouped all = read_groups(AnalysisReader(input));
  AnovaTest test = welch_anova(all.values, all.factor.codes, all.by);
  return {.estimates = {std::move(test.row)}};
}

AnalysisResult levene(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Grouped all = read_groups(read);
  const Centre centre = read.text("centre", "median") == "mean" ? Centre::kMean : Centre::kMedian;
  return {.estimates = {levene_test(all.values, all.factor.codes, centre, all.by).row}};
}

AnalysisResult kruskal(const AnalysisInput& input, const Context&) {
  const Grouped all = read_groups(AnalysisReader(input));
  return {.estimates = {kruskal_wallis(all.values, all.factor.codes, all.by)}};
}

AnalysisResult pairs(PairwiseTests tests, const char* method) {
  AnalysisResult out;
  TableBuilder table;
  std::vector<std::string> terms;
  std::vector<double> differences, p;
  for (Estimate& row : tests.rows) {
    terms.push_back(row.term);
    differences.push_back(row.estimate);
    p.push_back(row.p_value);
    prepend(&row.warnings, tests.warnings);
  }
  table.texts("pair", terms);
  table.numbers("difference", std::move(differences));
  table.numbers("p", std::move(p));
  table.numbers("p adjusted", std::move(tests.p_adjusted));
  out.estimates = std::move(tests.rows);
  keep_warnings(&out, method, tests.warnings);
  out.tables.push_back({"pairs", table.build()});
  return out;
}

AnalysisResult tukey(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Grouped all = read_groups(read);
  return pairs(tukey_hsd(all.values, all.factor.codes,
                         {.names = all.factor.levels, .conf_level = read.conf_level()}),
               "tukey_hsd");
}

AnalysisResult games(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Grouped all = read_groups(read);
  return pairs(games_howell(all.values, all.factor.codes,
                            {.names = all.factor.levels, .conf_level = read.conf_level()}),
               "games_howell");
}

AnalysisResult dunn(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const Grouped all = read_groups(read);
  return pairs(dunn_test(all.values, all.factor.codes,
                         {.names = all.factor.levels,
                          .adjust = parse_adjustment(read.text("adjust", "holm"))}),
               "dunn");
}

constexpr AnalysisMethod kMethods[] = {
    {"anova",
     "One-way analysis of variance compares the means of groups (Fisher 1925).",
     {},
     anova},
    {"welch_anova",
     "Welch's analysis of variance lets the groups' variances differ (Welch 1951).",
     {},
     anova_welch},
    {"levene",
     "Levene's test asks whether groups vary equally, by deviations from their medians (Brown & "
     "Forsythe 1974) or means (Levene 1960).",
     {},
     levene},
    {"kruskal_wallis", "The Kruskal-Wallis test compares the ranks of groups (1952).", {}, kruskal},
    {"tukey_hsd",
     "Tukey's honest significant differences of all pairs of means (Kramer 1956).",
     {},
     tukey},
    {"games_howell",
     "All pairs of means, each with its own variances (Games & Howell 1976).",
     {},
     games},
    {"dunn", "Dunn's test of all pairs of mean ranks (1964).", {}, dunn},
};

}  // namespace

std::span<const AnalysisMethod> group_methods() { return kMethods; }

}  // namespace impact::detail
