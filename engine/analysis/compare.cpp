#include "engine/analysis/reader.h"
#include "engine/core/error.h"
#include "engine/stats/equivalence.h"
#include "engine/stats/rank_tests.h"
#include "engine/stats/t_test.h"

// Two samples, one sample, pairs.
namespace impact::detail {
namespace {

AnalysisResult rows_of(TTest test, const std::vector<std::string>& warnings) {
  prepend(&test.difference.warnings, warnings);
  return {.estimates = {std::move(test.difference), std::move(test.cohens_d),
                        std::move(test.hedges_g)}};
}

AnalysisResult only(Estimate row, const std::vector<std::string>& warnings = {}) {
  prepend(&row.warnings, warnings);
  return {.estimates = {std::move(row)}};
}

TTestSpec t_spec(const AnalysisReader& read, std::string term) {
  return {.term = std::move(term),
          .null_value = read.number("null", 0.0),
          .conf_level = read.conf_level(),
          .alternative = read.alternative()};
}

AnalysisResult t_test(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  if (read.has("with")) {
    const std::string term = read.name("of") + " - " + read.name("with");
    return rows_of(paired_t_test(read.numbers(read.name("of")), read.numbers(read.name("with")),
                                 t_spec(read, term)),
                   {});
  }
  if (!read.has("by")) {
    return rows_of(one_sample_t_test(read.numbers(read.name("of")), t_spec(read, read.name("of"))),
                   {});
  }
  const TwoGroups groups = read.two_groups();
  return rows_of(pooled_t_test(groups.first, groups.second, t_spec(read, groups.term())),
                 groups.warnings);
}

AnalysisResult welch(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const TwoGroups groups = read.two_groups();
  return rows_of(welch_t_test(groups.first, groups.second, t_spec(read, groups.term())),
                 groups.warnings);
}

RankTestSpec rank_spec(const AnalysisReader& read, std::string term) {
  const std::string p = read.text("p_value", "auto");
  return {.term = std::move(term),
          .p_value = p == "exact"   ? PValue::kExact
                     : p == "limit" ? PValue::kLimit
                                    : PValue::kAuto,
          .continuity = read.flag("continuity", true),
          .conf_level = read.conf_level(),
          .alternative = read.alternative()};
}

// The test, and Cliff's delta as the size of the effect.
AnalysisResult ranks(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const TwoGroups groups = read.two_groups();
  const RankTestSpec spec = rank_spec(read, groups.term());
  AnalysisResult out = only(mann_whitney(groups.first, groups.second, spec), groups.warnings);
  out.estimates.push_back(cliffs_delta(groups.first, groups.second, spec));
  return out;
}

AnalysisResult signed_ranks(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  if (read.has("with")) {
    const RankTestSpec spec = rank_spec(read, read.name("of") + " - " + read.name("with"));
    return only(
        wilcoxon_signed_rank(read.numbers(read.name("of")), read.numbers(read.name("with")), spec));
  }
  std::vector<double> differences = read.numbers(read.name("of"));
  for (double& value : differences) value -= read.number("null", 0.0);
  return only(wilcoxon_signed_rank(differences, rank_spec(read, read.name("of"))));
}

AnalysisResult distributions(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const TwoGroups groups = read.two_groups();
  return only(kolmogorov_smirnov(groups.first, groups.second, rank_spec(read, groups.term())),
              groups.warnings);
}

// Is a mean, or a difference, within a margin of zero? The decision, then the two tests it is of.
AnalysisResult equivalent(const AnalysisInput& input, const Context&) {
  const AnalysisReader read(input);
  const double margin = read.number("margin", 0.0);
  EquivalenceSpec spec{.low = -margin, .high = margin, .alpha = read.number("alpha", 0.05)};
  TwoGroups groups;
  if (read.has("by")) {
    groups = read.two_groups();
    spec.term = groups.term();
  } else if (read.has("with")) {
    groups.first = read.numbers(read.name("of"));
    groups.second = read.numbers(read.name("with"));
    spec.term = read.name("of") + " - " + read.name("with");
    spec.design = MeanDesign::kPaired;
  } else {
    groups.first = read.numbers(read.name("of"));
    spec.term = read.name("of");
    spec.design = MeanDesign::kOneSample;
  }
  EquivalenceTest test = equivalence_test(groups.first, groups.second, spec);
  prepend(&test.row.warnings, groups.warnings);
  return {
      .estimates = {std::move(test.row), std::move(test.above_low), std::move(test.below_high)}};
}

constexpr AnalysisMethod kMethods[] = {
    {"t_test",
     "Student's t test of a mean, of a mean difference within pairs, or of two means with equal "
     "variances (Student 1908), with Cohen's d and Hedges' g.",
     "welch", t_test},
    {"welch",
     "Welch's t test compares two means whose variances may differ (Welch 1947), with Cohen's d "
     "and Hedges' g.",
     "welch", welch},
    {"equivalence",
     "Two one-sided t tests ask whether a difference lies within a margin that does not matter "
     "(Schuirmann 1987).",
     {},
     equivalent},
    {"mann_whitney",
     "The rank sum test asks whether values of one group tend to exceed those of the other (Mann & "
     "Whitney 1947); Cliff's delta says by how much.",
     "welch", ranks},
    {"wilcoxon",
     "The signed rank test asks whether differences centre on zero (Wilcoxon 1945).",
     {},
     signed_ranks},
    {"kolmogorov_smirnov",
     "The Kolmogorov-Smirnov test compares two whole distributions by their largest distance.",
     "welch", distributions},
};

}  // namespace

std::span<const AnalysisMethod> comparison_methods() { return kMethods; }

}  // namespace impact::detail
