#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

#include "engine/core/error.h"
#include "engine/learn/elastic_net.h"
#include "engine/learn/feature_scores.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/step_tools.h"
#include "engine/learn/rigorous_lasso.h"

/// `keep_best` keeps the columns that say most about the outcome of the training rows and drops the
/// others; columns outside of `of` stay.
///
/// of: candidates; by: "mutual_information" (numbers and texts), "f", "variance" (feature_scores.h)
/// or "l1"; count: that many of the best; share: that share of the candidates, rounded up;
/// threshold: those with a higher score. One of the three, but that variance has a threshold of 0
/// and l1 the plug-in penalty by default. Ties go to the column that comes first; a column without
/// a score is not kept. neighbours, discrete, discrete_up_to: of mutual information.
///
/// l1 keeps columns of numbers with a coefficient that is not 0 in a lasso (of classes: logistic or
/// multinomial; elastic_net.h) at the lambda `threshold`, or the `count` that enter its path first;
/// by default in a rigorous lasso (rigorous_lasso.h), which needs no choice; of more than two
/// classes there is none. Weights count for l1; to the scores a row of weight 0 is none.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;

class KeepBest final : public PreparedStep {
 public:
  std::vector<std::string> kept = {};
  std::vector<std::int32_t> text = {};  // Of each kept column.
  std::vector<std::string> dropped = {};

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    const TableEdit table(features, "keep_best");
    for (std::size_t k = 0; k < kept.size(); ++k) {
      static_cast<void>(
          table.place(kept[k], text[k] != 0 ? ColumnType::kText : ColumnType::kNumber));
    }
    const std::set<std::string_view> out_of(dropped.begin(), dropped.end());
    std::vector<std::shared_ptr<const Feature>> columns;
    for (std::size_t j = 0; j < features.size(); ++j) {
      if (!out_of.contains(features[j].name)) columns.push_back(features.shared(j));
    }
    return FeatureTable(std::move(columns));
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step keep_best", .version = kVersion};
    file.header["kept"] = kept;
    file.header["dropped"] = dropped;
    file.blocks["text"] = text;
    return file;
  }
};

// How many, or above what.
struct Limit {
  std::size_t count = 0;
  bool by_count = false;
  bool by_threshold = false;
  double threshold = 0.0;
};

Limit limit_of(OptionReader& options, std::size_t candidates) {
  Limit out;
  int given = 0;
  if (options.given("count")) {
    ++given;
    out.by_count = true;
    out.count = static_cast<std::size_t>(options.integer("count", 1, 1));
  }
  if (options.given("share")) {
    ++given;
    out.by_count = true;
    const double share = options.number("share", 1.0, 0.0, 1.0);
    out.count = static_cast<std::size_t>(std::ceil(share * static_cast<double>(candidates)));
  }
  if (options.given("threshold")) {
    ++given;
    out.by_threshold = true;
    out.threshold = options.number("threshold", 0.0);
  }
  if (given > 1) options.fail("threshold", "is one of three limits", "count, share or threshold");
  return out;
}

struct Chosen {
  std::vector<std::size_t> places = {};  // Among the candidates.
  std::vector<std::string> warnings = {};
};

Chosen best_by_score(const FeatureTable& candidates, const StepInput& input, const Limit& limit,
                     const FeatureScoreSpec& spec, const Context& context) {
  std::vector<std::uint32_t> rows;
  std::vector<double> outcome;
  for (const std::uint32_t row : every_row(candidates.rows())) {
    if (!input.weights.empty() && !(input.weights[row] > 0.0)) continue;
    rows.push_back(row);
    if (!input.outcome.empty()) outcome.push_back(input.outcome[row]);
  }
  const auto scores = feature_scores(candidates.take(rows), outcome, input.classes, spec,
                                     input.key.child("keep_best"), context);
  Chosen out;
  for (const ColumnScore& score : scores) {
    for (const std::string& warning : score.warnings) {
      out.warnings.push_back("'" + score.column + "': " + warning);
    }
  }
  for (const std::size_t place : ranked(scores)) {
    const double score = scores[place].score;
    if (std::isnan(score)) continue;
    if (limit.by_count ? out.places.size() < limit.count : score > limit.threshold) {
      out.places.push_back(place);
    }
  }
  return out;
}

Chosen best_by_lasso(const FeatureTable& candidates, const StepInput& input, const Limit& limit,
                     const Context& context) {
  Chosen out;
  const FeatureColumns x = candidates.matrix();
  std::vector<std::uint32_t> rows;
  for (const std::uint32_t row : every_row(candidates.rows())) {
    if (!std::isnan(input.outcome[row])) rows.push_back(row);
  }
  if (!limit.by_count && !limit.by_threshold) {
    const RigorousLasso fit =
        input.classes == 0
            ? fit_rigorous_lasso(x, input.outcome, rows, {}, input.weights, input.key, context)
            : fit_rigorous_logit(x, input.outcome, rows, {}, input.weights, context);
    out.places = fit.selected;
    out.warnings = fit.warnings;
    return out;
  }
  ElasticNetSpec spec{.family = input.classes == 0   ? ElasticNetFamily::kGaussian
                                : input.classes <= 2 ? ElasticNetFamily::kBinomial
                                                     : ElasticNetFamily::kMultinomial,
                      .classes = input.classes > 2 ? input.classes : 0};
  if (limit.by_threshold) spec.lambda = {limit.threshold};
  const ElasticNetPath path =
      fit_elastic_net(x, input.outcome, rows, spec, input.weights, {}, context);
  out.warnings = path.warnings;
  // By the place in the path where a column enters; of those of one place the larger coefficient
  // of a standardised column first.
  std::vector<std::pair<std::size_t, double>> entry(x.columns, {path.size(), 0.0});
  for (std::size_t k = 0; k < path.size(); ++k) {
    for (std::size_t j = 0; j < x.columns; ++j) {
      double size = 0.0;
      for (std::size_t output = 0; output < path.outputs; ++output) {
        size = std::max(size, std::abs(path.coefficients(k, output)[j]) * path.scale[j]);
      }
      if (size > 0.0 && entry[j].first == path.size()) entry[j] = {k, -size};
    }
  }
  std::vector<std::size_t> order(x.columns);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return entry[a] < entry[b]; });
  for (const std::size_t j : order) {
    if (entry[j].first == path.size()) break;
    if (!limit.by_count || out.places.size() < limit.count) out.places.push_back(j);
  }
  return out;
}

StepResult prepare(const nlohmann::json& json, const StepInput& input, const Context& context) {
  OptionReader options("keep_best", json);
  enum By : std::size_t { kMutualInformation, kF, kVariance, kLasso };
  const std::size_t by =
      options.place("by", "mutual_information", {"mutual_information", "f", "variance", "l1"});
  const auto chosen = chosen_columns(
      options, input.features, by == kMutualInformation ? ColumnType::kAny : ColumnType::kNumber);
  const Limit limit = limit_of(options, chosen.size());
  FeatureScoreSpec spec{.score = by == kF          ? FeatureScore::kF
                                 : by == kVariance ? FeatureScore::kVariance
                                                   : FeatureScore::kMutualInformation};
  if (by == kMutualInformation) {
    spec.neighbours = static_cast<std::size_t>(options.integer("neighbours", 3, 1, 1000));
    spec.discrete = options.texts("discrete");
    spec.discrete_up_to = static_cast<std::size_t>(options.integer("discrete_up_to", 2, 0, 1000));
  }
  options.done();
  const bool needs_limit =
      by == kMutualInformation || by == kF || (by == kLasso && input.classes > 2);
  if (needs_limit && !limit.by_count && !limit.by_threshold) {
    options.fail("count", "is missing: how many columns stay?", "count, share or threshold");
  }
  if (by == kLasso && limit.by_threshold && !(limit.threshold >= 0.0)) {
    options.fail("threshold", "is a penalty here, and negative", "0 or more");
  }
  if (by != kVariance && input.outcome.empty()) {
    throw ArgumentError({.what = "'keep_best' scores columns by an outcome, but there is none",
                         .expected = "an outcome, or by = \"variance\""});
  }
  std::vector<std::shared_ptr<const Feature>> columns;
  for (const std::size_t j : chosen) columns.push_back(input.features.shared(j));
  const FeatureTable candidates(std::move(columns));
  auto step = std::make_shared<KeepBest>();
  StepResult result{.step = step};
  if (chosen.empty()) {
    result.warnings.push_back(nothing_to_do(
        "keep_best", by == kMutualInformation ? ColumnType::kAny : ColumnType::kNumber));
    return result;
  }
  Chosen best = by == kLasso ? best_by_lasso(candidates, input, limit, context)
                             : best_by_score(candidates, input, limit, spec, context);
  result.warnings = std::move(best.warnings);
  const std::set<std::size_t> places(best.places.begin(), best.places.end());
  for (std::size_t j = 0; j < candidates.size(); ++j) {
    if (places.contains(j)) {
      step->kept.push_back(candidates[j].name);
      step->text.push_back(candidates[j].text ? 1 : 0);
    } else {
      step->dropped.push_back(candidates[j].name);
    }
  }
  if (step->kept.empty()) result.warnings.emplace_back("'keep_best' keeps no column");
  return result;
}

std::shared_ptr<const PreparedStep> read(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<KeepBest>();
  step->kept = header.texts("kept");
  step->dropped = header.texts("dropped");
  step->text =
      model_block<std::int32_t>(file, "text", static_cast<std::int64_t>(step->kept.size()));
  return step;
}

}  // namespace

std::span<const StepKind> keep_best_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "keep_best",
        .words = "keeps the columns that say most about the outcome",
        .prepare = prepare,
        .read = read}}};
  return kKinds;
}

}  // namespace impact::detail
