#include <map>
#include <set>

#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "engine/stats/bootstrap.h"
#include "engine/stats/linear.h"
#include "engine/stats/permutation.h"

// What resampling and re-assignment say.
namespace impact::detail {
namespace {

std::vector<std::int32_t> codes_of(const AnalysisReader& read, const char* role) {
  return read.has(role) ? read.groups(read.name(role)).codes : std::vector<std::int32_t>();
}

// 1 the first group, 0 the second, -1 neither; the term says which.
struct Arms {
  std::vector<std::int32_t> codes;
  std::string term;
  std::vector<std::string> warnings;
};

Arms arms_of(const AnalysisReader& read) {
  const TwoGroups groups = read.two_groups();
  const FactorCodes factor = read.groups(read.name("by"));
  Arms out{{}, groups.term(), groups.warnings};
  std::vector<std::int32_t> arm;
  for (const std::string& level : factor.levels) {
    arm.push_back(level == groups.first_name ? 1 : level == groups.second_name ? 0 : -1);
  }
  for (const std::int32_t code : factor.codes) {
    out.codes.push_back(code < 0 ? -1 : arm[static_cast<std::size_t>(code)]);
  }
  return out;
}

const std::map<std::string, BootstrapStatistic>& statistics() {
  static const std::map<std::string, BootstrapStatistic> all = {
      {"mean", BootstrapStatistic::kMean},
      {"median", BootstrapStatistic::kMedian},
      {"quantile", BootstrapStatistic::kQuantile},
      {"trimmed_mean", BootstrapStatistic::kTrimmedMean},
      {"sd", BootstrapStatistic::kStandardDeviation},
      {"correlation", BootstrapStatistic::kCorrelation},
      {"ratio_of_means", BootstrapStatistic::kRatioOfMeans},
      {"difference_of_means", BootstrapStatistic::kDifferenceOfMeans},
      {"difference_of_medians", BootstrapStatistic::kDifferenceOfMedians},
      {"welch_t", BootstrapStatistic::kWelchT}};
  return all;
}

BootstrapInterval interval_of(const std::string& name) {
  return name == "percentile"    ? BootstrapInterval::kPercentile
         : name == "basic"       ? BootstrapInterval::kBasic
         : name == "normal"      ? BootstrapInterval::kNormal
         : name == "studentised" ? BootstrapInterval::kStudentised
                                 : BootstrapInterval::kBca;
}

AnalysisResult resampled(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  const std::string name = read.text("statistic", read.has("by") ? "difference_of_means" : "mean");
  const BootstrapStatistic statistic = statistics().at(name);
  const bool two = statistic == BootstrapStatistic::kDifferenceOfMeans ||
                   statistic == BootstrapStatistic::kDifferenceOfMedians ||
                   statistic == BootstrapStatistic::kWelchT;
  const bool pair = statistic == BootstrapStatistic::kCorrelation ||
                    statistic == BootstrapStatistic::kRatioOfMeans;
  if (two != read.has("by") || pair != read.has("with")) {
    throw ArgumentError({.what = "the statistic '" + name + "' does not fit the columns",
                         .expected = two    ? "of = values, by = two groups"
                                     : pair ? "of = values, with = another column"
                                            : "of = values alone"});
  }
  const auto y = read.numbers(read.name("of"));
  const auto x = pair ? read.numbers(read.name("with")) : std::vector<double>();
  const Arms arms = two ? arms_of(read) : Arms{};
  const auto cluster = codes_of(read, "clusters");
  const auto stratum = codes_of(read, "within");
  const std::string term = two    ? arms.term
                           : pair ? read.name("of") + " ~ " + read.name("with")
                                  : read.name("of");
  Bootstrap found =
      bootstrap({.y = y, .x = x, .arm = arms.codes, .cluster = cluster, .stratum = stratum},
                {.term = term,
                 .statistic = statistic,
                 .interval = interval_of(read.text("interval", "bca")),
                 .draws = read.integer("draws", 9999),
                 .conf_level = read.conf_level(),
                 .alternative = read.alternative(),
                 .null_value = read.number(
                     "null", statistic == BootstrapStatistic::kRatioOfMeans ? 1.0 : 0.0),
                 .quantile = read.number("quantile", 0.5),
                 .trim = read.number("trim", 0.1),
                 .key = input.stream.child("bootstrap")},
                context);
  prepend(&found.row.warnings, arms.warnings);
  const std::set<std::int32_t> drawn(cluster.begin(), cluster.end());
  if (!cluster.empty() && drawn.size() < kFewClusters) {
    found.row.warnings.push_back("there are only " + std::to_string(drawn.size()) +
                                 " clusters to draw from: intervals are too short");
  }
  AnalysisResult out{.estimates = {std::move(found.row)}};
  if (read.flag("keep_draws", false)) {
    TableBuilder table;
    table.numbers("draw", std::move(found.draws.values));
    out.tables.push_back({"draws", table.build()});
  }
  return out;
}

PermutationStatistic compared(const std::string& name) {
  return name == "difference_of_medians" ? PermutationStatistic::kDifferenceOfMedians
         : name == "studentised_means"   ? PermutationStatistic::kStudentisedMeans
         : name == "studentised_medians" ? PermutationStatistic::kStudentisedMedians
                                         : PermutationStatistic::kDifferenceOfMeans;
}

AnalysisResult permuted(const AnalysisInput& input, const Context& context) {
  const AnalysisReader read(input);
  PermutationSpec spec{.draws = read.integer("draws", 99999),
                       .alternative = read.alternative(),
                       .key = input.stream.child("permutation")};
  const auto y = read.numbers(read.name("of"));
  const auto cluster = codes_of(read, "clusters");
  PermutationTest test;
  std::vector<std::string> warnings;
  const std::string statistic = read.text("statistic", "difference_of_means");
  if (read.has("with")) {
    spec.term = read.name("of") + " ~ " + read.name("with");
    auto x = read.numbers(read.name("with"));
    if (statistic == "correlation") {
      test = permuted_correlation(x, y, spec, context);
    } else {
      spec.term = read.name("of") + " - " + read.name("with");
      for (std::size_t row = 0; row < x.size(); ++row) x[row] = y[row] - x[row];
      test = sign_flip_test(x, spec, cluster, context);
    }
  } else if (statistic == "anova") {
    spec.term = read.name("by");
    test = permuted_anova(y, read.groups(read.name("by")).codes, spec, context);
  } else {
    const Arms arms = arms_of(read);
    const auto stratum = codes_of(read, "within");
    spec.term = arms.term;
    spec.statistic = compared(statistic);
    warnings = arms.warnings;
    test = permutation_test({.y = y, .arm = arms.codes, .stratum = stratum, .cluster = cluster},
                            spec, context);
  }
  prepend(&test.row.warnings, warnings);
  TableBuilder table;
  table.integers("assignments", {test.assignments});
  table.integers("as extreme", {test.extreme});
  table.numbers("p low", {test.p_low});
  table.numbers("p high", {test.p_high});
  return {.estimates = {std::move(test.row)}, .tables = {{"assignments", table.build()}}};
}

constexpr AnalysisMethod kMethods[] = {
    {"bootstrap",
     "The bootstrap draws rows again with replacement to see how much a statistic varies (Efron "
     "1979); the interval is bias-corrected and accelerated unless another is declared (1987).",
     "welch", resampled},
    {"permutation",
     "A permutation test assigns the groups anew, as chance could have (Fisher 1935; Pitman 1937).",
     "welch", permuted},
};

}  // namespace

std::span<const AnalysisMethod> resampling_methods() { return kMethods; }

}  // namespace impact::detail
