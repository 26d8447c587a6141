#include "bindings/docs/reference_topics.h"

#include <algorithm>

namespace impact::bindings {
namespace {

constexpr const char* kStudies = "Studies";
constexpr const char* kTables = "Tables and columns";
constexpr const char* kStatistics = "Statistics";
constexpr const char* kLearning = "Learning";
constexpr const char* kShow = "Figures and reports";
constexpr const char* kRest = "Chance and values";

std::vector<std::string> with_prefix(std::string_view prefix, std::vector<std::string> names) {
  for (std::string& name : names) name.insert(0, prefix);
  return names;
}

std::vector<Topic> make_topics() {
  return {
      {"study",
       kStudies,
       "Declaring a study",
       "A study declares what it uses, asks and answers. Nothing is computed before the whole "
       "script has been read.",
       {"Study", "Inquiry", "Estimator", "Check", "Contrast", "Finding", "FindingTable"},
       {"study", "use"}},
      {"methods",
       kStudies,
       "Methods of estimators",
       "How an estimator answers its inquiry.",
       {"Method", "Formula"},
       {"difference_in_means", "blocked_difference_in_means", "ols", "ols.lin", "causal.ra",
        "causal.ipw", "causal.aipw", "causal.ipwra", "causal.tmle", "causal.irm", "causal.plr"}},
      {"models",
       kStudies,
       "Models and distributions",
       "A model says how data might arise, so that a study can be simulated before there are any.",
       {"Model"},
       {"normal", "lognormal", "uniform", "uniform_integer", "bernoulli", "binomial", "poisson",
        "exponential", "gamma", "beta", "categorical"}},
      {"reading",
       kTables,
       "Reading and making tables",
       "Tables come from files of the data folder, from Lua values, or from SQL text.",
       {"Type"},
       {"csv", "parquet", "jsonl", "frame", "sql", "category"}},
      {"table",
       kTables,
       "Table",
       "Every verb gives a new table and reads no data until it must.",
       {"Table", "Row", "Shape"}},
      {"column",
       kTables,
       "Column",
       "Columns carry operators and methods; an expression of columns is a column.",
       {"Column"},
       {"col", "all_of", "any_of", "not_", "coalesce", "concat", "greatest", "least", "if_else",
        "desc"}},
      {"column_text",
       kTables,
       "Columns of text",
       "Methods of columns that hold text.",
       {},
       with_prefix("Column:",
                   {"concat", "contains", "starts_with", "ends_with", "matches", "length", "lower",
                    "upper", "trim", "substring", "split_part", "replace", "regex_replace"})},
      {"column_time",
       kTables,
       "Dates and times",
       "Methods of columns that hold dates or times.",
       {},
       with_prefix("Column:", {"year",
                               "quarter",
                               "month",
                               "day",
                               "weekday",
                               "yearday",
                               "iso_year",
                               "iso_week",
                               "hour",
                               "minute",
                               "second",
                               "start_of_year",
                               "start_of_quarter",
                               "start_of_month",
                               "start_of_week",
                               "start_of_week_sunday",
                               "start_of_day",
                               "add_days",
                               "days_between",
                               "to_date",
                               "to_timestamp"})},
      {"column_aggregates",
       kTables,
       "Aggregates",
       "One value for the rows of a group.",
       {},
       {"count",
        "Column:count",
        "Column:count_distinct",
        "Column:count_missing",
        "Column:sum",
        "Column:mean",
        "Column:median",
        "Column:mode",
        "Column:min",
        "Column:max",
        "Column:quantile",
        "Column:iqr",
        "Column:sd",
        "Column:sd_population",
        "Column:var",
        "Column:var_population",
        "Column:covariance",
        "Column:correlation",
        "Column:all",
        "Column:any",
        "Column:first",
        "Column:last"}},
      {"column_windows",
       kTables,
       "Windows",
       "One value a row, computed from other rows of its group.",
       {},
       {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "Column:lag",
        "Column:lead", "Column:first_value", "Column:last_value", "Column:fill_forward",
        "Column:over"}},
      {"analysis",
       kStatistics,
       "Analysis",
       "What every function of stats gives: declared by a study, or computed at once.",
       {"Analysis", "EstimateRow"}},
      {"compare",
       kStatistics,
       "Two groups and pairs",
       "One sample, two samples, pairs of values.",
       {},
       with_prefix("stats.", {"t_test", "welch", "mann_whitney", "wilcoxon", "kolmogorov_smirnov",
                              "equivalence"})},
      {"groups",
       kStatistics,
       "Several groups",
       "Whether groups differ, and which.",
       {},
       with_prefix("stats.", {"anova", "welch_anova", "levene", "kruskal_wallis", "tukey_hsd",
                              "games_howell", "dunn"})},
      {"counts",
       kStatistics,
       "Counts and shares",
       "Tables of counts, and shares of rows.",
       {},
       with_prefix("stats.", {"chi_square", "fisher_exact", "mcnemar", "goodness_of_fit", "share",
                              "share_difference", "odds_ratio", "risk_ratio", "share_equality",
                              "share_trend"})},
      {"relate",
       kStatistics,
       "Relations and many tests",
       "How columns move together; p-values of several tests at once.",
       {},
       with_prefix("stats.", {"correlation", "partial_correlation", "adjust"})},
      {"describe",
       kStatistics,
       "Description",
       "What values look like.",
       {},
       with_prefix("stats.", {"describe", "weighted", "quantiles", "outliers", "shapiro_wilk",
                              "anderson_darling"})},
      {"regress",
       kStatistics,
       "Regressions",
       "An outcome explained by columns and curves.",
       {"Curve"},
       with_prefix("stats.", {"ols", "logit", "probit", "poisson", "negative_binomial",
                              "multinomial", "quantile_regression", "poly", "spline", "b_spline"})},
      {"resample",
       kStatistics,
       "Resampling",
       "Intervals and tests without formulas.",
       {},
       with_prefix("stats.", {"bootstrap", "permutation"})},
      {"power",
       kStatistics,
       "Power and sample size",
       "What a study of some size would find.",
       {},
       {"stats.power_*"}},
      {"classify",
       kStatistics,
       "Classifiers",
       "How well columns tell a class.",
       {},
       with_prefix("stats.", {"classifier"})},
      {"checks",
       kLearning,
       "Checks",
       "Alarms before conclusions: leakage, copies, drift, thresholds, swapped names, reversals.",
       {},
       {"check.*"}},
      {"learners",
       kLearning,
       "Learners",
       "What can be fitted: a value until something fits it.",
       {"Learner"},
       with_prefix("learn.",
                   {"baseline", "linear", "ridge", "lasso", "elastic_net", "rigorous_lasso",
                    "logistic", "tree", "forest", "extra_trees", "boost", "perceptron", "pipeline",
                    "stack", "super_learner", "tuned"})},
      {"preparation",
       kLearning,
       "Preparation of columns",
       "Steps before a model in learn.pipeline; each learns from training rows alone.",
       {"Step"},
       with_prefix("learn.", {"select", "impute", "scale", "one_hot", "ordinal", "target",
                              "hashing", "lump", "bin", "poly", "spline", "interact", "pca", "svd",
                              "tf_idf", "keep_best", "clusters"})},
      {"learning",
       kLearning,
       "Fitting, judging, choosing",
       "Fitting models, judging them on rows they did not learn from, choosing among them.",
       {"FittedModel"},
       {"learn.*"}},
      {"plots",
       kShow,
       "Kinds of plots",
       "A plot is a picture of columns; in a study it stands in a figure of the report.",
       {},
       {"plot.*"}},
      {"plot", kShow, "Plot", "What a function of plot.* gives.", {"Plot"}},
      {"report",
       kShow,
       "Pieces of a report",
       "What a reader sees, in order.",
       {"Figure", "Piece"},
       {"figure", "summary", "say", "values"}},
      {"random",
       kRest,
       "Random numbers",
       "Chance comes from named streams, the same everywhere.",
       {"Random"},
       {"random"}},
      {kLuaTopic, kRest, "Libraries and functions of Lua",
       "What scripts have of Lua's own. What would differ from run to run in plain Lua behaves "
       "alike everywhere here."},
      {kWordsTopic,
       kRest,
       "Words for types",
       "What the tables of parameters call the values of Lua. Every other word is a type of its "
       "own.",
       {"missing"}},
  };
}

const Topic* topic_called(std::string_view id) {
  const auto& all = reference_topics();
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const Topic& topic) { return topic.id == id; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace

const std::vector<Topic>& reference_topics() {
  static const std::vector<Topic> topics = make_topics();
  return topics;
}

const std::vector<TypeWord>& type_words_of_lua() {
  static const std::vector<TypeWord> words = {
      {"any", "Any value; the text says which ones make sense."},
      {"boolean", "`true` or `false`."},
      {"integer", "A whole number of 64 bits; `3.0` is taken as 3, `3.5` is an error."},
      {"number", "An integer or a double."},
      {"text", "A string of Lua in UTF-8."},
      {"list", "A table of Lua: `{ 1, 2 }`, or `{ name = value }` where the text says so."},
      {"function", "A function of Lua."},
      {"nothing", "There is no result."},
  };
  return words;
}

const Topic* topic_of(const NamedValue& value) {
  const Topic* topic = topic_of_type(value.type);
  return topic == nullptr ? topic_called(kLuaTopic) : topic;
}

const Topic* topic_of_type(std::string_view type) {
  for (const Topic& topic : reference_topics()) {
    if (std::find(topic.types.begin(), topic.types.end(), type) != topic.types.end()) {
      return &topic;
    }
  }
  return nullptr;
}

const Topic* topic_of(const Function& function) {
  const Topic* by_prefix = nullptr;
  for (const Topic& topic : reference_topics()) {
    for (const std::string& name : topic.functions) {
      if (name == function.name) return &topic;
      if (name.ends_with('*') && function.name.starts_with(name.substr(0, name.size() - 1))) {
        by_prefix = &topic;
      }
    }
  }
  if (by_prefix != nullptr) return by_prefix;
  if (function.standard) return topic_called(kLuaTopic);
  const std::size_t colon = function.name.find(':');
  if (colon == std::string::npos) return nullptr;
  return topic_of_type(std::string_view(function.name).substr(0, colon));
}

}  // namespace impact::bindings
