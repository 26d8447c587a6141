#include <algorithm>
#include <cmath>

#include "engine/analysis/reader.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/normality.h"

// One column at a time.
namespace impact::detail {
namespace {

void add_warnings(const std::string& name, const std::vector<std::string>& more,
                  std::vector<std::string>* all) {
  for (const std::string& warning : more) {
    std::string text = name + ": " + warning;
    if (std::find(all->begin(), all->end(), text) == all->end()) all->push_back(std::move(text));
  }
}

// Warnings of a table travel in a row without numbers.
AnalysisResult with_warnings(AnalysisTable table, std::vector<std::string> warnings,
                             std::int64_t n) {
  AnalysisResult out;
  if (!warnings.empty()) {
    out.estimates.push_back(
        {.term = table.name, .n = n, .method = "describe", .warnings = std::move(warnings)});
  }
  out.tables.push_back(std::move(table));
  return out;
}

// Rows are the columns of "of", within each value of "by" if there is one.
AnalysisResult describe(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  FactorCodes factor;
  if (read.has("by")) factor = read.groups(read.name("by"));
  const std::size_t groups = read.has("by") ? factor.levels.size() : 1;
  const double trim = read.number("trim", 0.1);
  std::vector<std::string> columns, levels, warnings;
  std::vector<std::int64_t> n, missing;
  std::vector<double> numbers[16];
  for (const std::string& name : read.names("of")) {
    const std::vector<double> all = read.numbers(name);
    for (std::size_t group = 0; group < groups; ++group) {
      context.check();
      std::vector<double> values;
      for (std::size_t row = 0; row < all.size(); ++row) {
        if (!read.has("by") || factor.codes[row] == static_cast<std::int32_t>(group)) {
          values.push_back(all[row]);
        }
      }
      const Descriptive mean = sample_mean(values);
      columns.push_back(name);
      if (read.has("by")) levels.push_back(factor.levels[group]);
      n.push_back(mean.n);
      missing.push_back(mean.missing);
      const Descriptive cells[] = {mean,
                                   sample_sd(values),
                                   sample_quantile(values, 0.0),
                                   sample_quantile(values, 0.25),
                                   sample_median(values),
                                   sample_quantile(values, 0.75),
                                   sample_quantile(values, 1.0),
                                   sample_iqr(values),
                                   sample_mad(values),
                                   sample_qn(values),
                                   biweight_midvariance(values),
                                   huber_location(values),
                                   trimmed_mean(values, trim),
                                   winsorised_mean(values, trim),
                                   sample_skewness(values),
                                   sample_kurtosis(values)};
      const std::string place =
          read.has("by") ? name + " where " + read.name("by") + " = " + levels.back() : name;
      for (std::size_t i = 0; i < std::size(cells); ++i) {
        numbers[i].push_back(cells[i].value);
        add_warnings(place, cells[i].warnings, &warnings);
      }
    }
  }
  std::int64_t rows = 0;
  for (const std::int64_t count : n) rows += count;
  TableBuilder table;
  table.texts("column", columns);
  if (read.has("by")) {
    table.texts(read.name("by") == "column" ? "group" : read.name("by"), levels);
  }
  table.integers("n", std::move(n));
  table.integers("missing", std::move(missing));
  const char* const names[] = {"mean",
                               "sd",
                               "min",
                               "q25",
                               "median",
                               "q75",
                               "max",
                               "iqr",
                               "mad",
                               "qn",
                               "biweight midvariance",
                               "huber location",
                               "trimmed mean",
                               "winsorised mean",
                               "skewness",
                               "kurtosis"};
  for (std::size_t i = 0; i < std::size(names); ++i) table.numbers(names[i], std::move(numbers[i]));
  return with_warnings({"description", table.build()}, std::move(warnings), rows);
}

AnalysisResult quantiles(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const auto type = static_cast<int>(read.integer("type", 7));
  std::vector<double> p = read.list("p");
  if (p.empty()) p = {0.0, 0.25, 0.5, 0.75, 1.0};
  std::vector<std::string> columns, warnings;
  std::vector<double> ps, values;
  std::int64_t n = 0;
  for (const std::string& name : read.names("of")) {
    const std::vector<double> cells = read.numbers(name);
    for (const double at : p) {
      const Descriptive quantile = sample_quantile(cells, at, type);
      columns.push_back(name);
      ps.push_back(at);
      values.push_back(quantile.value);
      n = std::max(n, quantile.n);
      add_warnings(name, quantile.warnings, &warnings);
    }
  }
  TableBuilder table;
  table.texts("column", columns);
  table.numbers("p", std::move(ps));
  table.numbers("quantile", std::move(values));
  return with_warnings({"quantiles", table.build()}, std::move(warnings), n);
}

AnalysisResult outliers(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const std::string rule = read.text("rule", "tukey");
  const OutlierRule kind = rule == "median_iqr" ? OutlierRule::kMedianIqr
                           : rule == "mad"      ? OutlierRule::kMad
                                                : OutlierRule::kTukey;
  const double k = read.number("k", kind == OutlierRule::kMad ? 3.0 : 1.5);
  std::vector<std::string> warnings;
  std::vector<double> low, high;
  std::vector<std::int64_t> below, above, n;
  for (const std::string& name : read.names("of")) {
    const Outliers found = find_outliers(read.numbers(name), kind, k);
    low.push_back(found.low);
    high.push_back(found.high);
    below.push_back(found.below);
    above.push_back(found.above);
    n.push_back(found.n);
    add_warnings(name, found.warnings, &warnings);
  }
  const std::int64_t rows = n.empty() ? 0 : *std::max_element(n.begin(), n.end());
  TableBuilder table;
  table.texts("column", read.names("of"));
  table.numbers("low", std::move(low));
  table.numbers("high", std::move(high));
  table.integers("below", std::move(below));
  table.integers("above", std::move(above));
  table.integers("n", std::move(n));
  return with_warnings({"outliers", table.build()}, std::move(warnings), rows);
}

AnalysisResult each(const AnalysisReader& read,
                    Estimate (*test)(std::span<const double>, const std::string&)) {
  AnalysisResult out;
  for (const std::string& name : read.names("of")) {
    out.estimates.push_back(test(read.numbers(name), name));
  }
  return out;
}

AnalysisResult shapiro(const AnalysisInput& input, const Context&) {
  return each(AnalysisReader(input), shapiro_wilk);
}

AnalysisResult anderson(const AnalysisInput& input, const Context&) {
  return each(AnalysisReader(input), anderson_darling);
}

// sum w x / sum w with its standard error; weights are of rows.
AnalysisResult weighted(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const std::vector<double> weights = read.numbers(read.name("weights"));
  const WeightKind kind = read.text("kind", "reliability") == "frequency"
                              ? WeightKind::kFrequency
                              : WeightKind::kReliability;
  std::vector<std::string> warnings;
  std::vector<double> mean, sd, median;
  std::vector<std::int64_t> n;
  for (const std::string& name : read.names("of")) {
    const std::vector<double> values = read.numbers(name);
    const Descriptive centre = weighted_mean(values, weights);
    const Descriptive spread = weighted_variance(values, weights, kind);
    const Descriptive middle = weighted_quantile(values, weights, 0.5);
    mean.push_back(centre.value);
    sd.push_back(std::sqrt(spread.value));
    median.push_back(middle.value);
    n.push_back(centre.n);
    for (const Descriptive* item : {&centre, &spread, &middle}) {
      add_warnings(name, item->warnings, &warnings);
    }
  }
  const std::int64_t rows = n.empty() ? 0 : *std::max_element(n.begin(), n.end());
  TableBuilder table;
  table.texts("column", read.names("of"));
  table.integers("n", std::move(n));
  table.numbers("weighted mean", std::move(mean));
  table.numbers("weighted sd", std::move(sd));
  table.numbers("weighted median", std::move(median));
  return with_warnings({"weighted", table.build()}, std::move(warnings), rows);
}

constexpr AnalysisMethod kMethods[] = {
    {"describe", "Centre, spread and shape of columns, with robust versions.", {}, describe},
    {"weighted", "Weighted mean, standard deviation and median.", {}, weighted},
    {"quantiles",
     "Quantiles by one of the nine definitions of Hyndman & Fan (1996).",
     {},
     quantiles},
    {"outliers", "Values beyond a fence around the middle of a column.", {}, outliers},
    {"shapiro_wilk",
     "The Shapiro-Wilk test of normality (1965), p-value of Royston (1995).",
     {},
     shapiro},
    {"anderson_darling", "The Anderson-Darling test of normality (1954).", {}, anderson},
};

}  // namespace

std::span<const AnalysisMethod> description_methods() { return kMethods; }

}  // namespace impact::detail
