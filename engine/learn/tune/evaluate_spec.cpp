#include "engine/learn/tune/evaluate_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/parallel.h"

namespace impact {
namespace {

struct FoldResult {
  double value = std::numeric_limits<double>::quiet_NaN();
  std::string error = {};
  std::vector<std::string> warnings = {};
};

// The first of a random order within each class, at least one of each: the order does not depend on
// the share, so rungs of halving are nested.
std::vector<std::uint32_t> share_of_rows(const Lesson& lesson, std::vector<std::uint32_t> rows,
                                         double share, StreamKey key) {
  if (share >= 1.0) return rows;
  std::map<std::int64_t, std::vector<std::uint32_t>> classes;
  for (const std::uint32_t row : rows) {
    const double y = lesson.outcome[row];
    classes[lesson.of_classes() && !std::isnan(y) ? static_cast<std::int64_t>(y) : 0].push_back(
        row);
  }
  std::vector<std::uint32_t> out;
  for (auto& [code, of_class] : classes) {
    Stream stream(key, static_cast<std::uint64_t>(code));
    stream.shuffle(of_class);
    const auto wanted =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(of_class.size())));
    out.insert(out.end(), of_class.begin(),
               of_class.begin() + static_cast<std::ptrdiff_t>(std::min(wanted, of_class.size())));
  }
  std::sort(out.begin(), out.end());
  return out;
}

double judge(const TrainedModel& model, const Lesson& lesson, std::span<const std::uint32_t> test,
             const Metric& metric, const Context& context) {
  std::vector<double> prediction(test.size() * model.outputs());
  model.predictor->predict(lesson.features, test, prediction, context);
  std::vector<double> outcome;
  std::vector<double> weights;
  for (const std::uint32_t row : test) {
    outcome.push_back(lesson.outcome[row]);
    if (!lesson.weights.empty()) weights.push_back(lesson.weights[row]);
  }
  return metric_value(metric, prediction, outcome, lesson.classes.size(), weights);
}

FoldResult score_fold(const LearnerSpec& spec, const FoldedLesson& data, const Metric& metric,
                      StreamKey key, double share, int repeat, int fold, const Context& context) {
  Split split = data.folds.split(fold, repeat);
  for (auto* side : {&split.train, &split.test}) {
    for (std::uint32_t& place : *side) place = data.rows[place];
  }
  const StreamKey own = key.child(fmt::format("repeat {} fold {}", repeat, fold));
  FoldResult result;
  try {
    const auto rows =
        share_of_rows(data.lesson, std::move(split.train), share, own.child("share of rows"));
    TrainedModel model = train(spec, data.lesson, rows, "outcome", own, context);
    result.value = judge(model, data.lesson, split.test, metric, context);
    result.warnings = std::move(model.warnings);
  } catch (const Cancelled&) {
    throw;
  } catch (const InternalError&) {
    throw;
  } catch (const Error& error) {
    result.error = error.info().what;
    if (!error.info().got.empty()) result.error += ": " + error.info().got;
  }
  return result;
}

// sd sqrt(1 / J + 1 / (folds - 1)): see FoldScores.
SpecScore gathered(std::span<FoldResult> results, int folds) {
  SpecScore score;
  ExactMoments moments;
  for (FoldResult& result : results) {
    score.value.push_back(result.value);
    if (score.error.empty()) score.error = result.error;
    for (std::string& warning : result.warnings) {
      const auto& known = score.warnings;
      if (std::find(known.begin(), known.end(), warning) == known.end()) {
        score.warnings.push_back(std::move(warning));
      }
    }
    if (!std::isnan(result.value)) moments.add(result.value);
  }
  const auto defined = static_cast<double>(moments.count());
  if (moments.count() < std::ssize(results) && score.error.empty()) {
    score.warnings.push_back(fmt::format("the score is undefined in {} of {} folds",
                                         std::ssize(results) - moments.count(), results.size()));
  }
  score.mean = moments.mean();
  score.std_error = std::sqrt(moments.variance(1)) * std::sqrt(1.0 / defined + 1.0 / (folds - 1.0));
  return score;
}

// The number at `path` of the options, times the share.
LearnerSpec with_share(LearnerSpec spec, const std::string& path, double share) {
  const nlohmann::json* at = &spec.options;
  std::size_t begin = 0;
  while (at != nullptr) {
    const std::size_t dot = std::min(path.find('.', begin), path.size());
    const std::string word = path.substr(begin, dot - begin);
    if (at->is_object() && at->contains("learner") && at->contains("options") &&
        !at->contains(word)) {
      at = &(*at)["options"];
    }
    at = at->is_object() && at->contains(word) ? &(*at)[word] : nullptr;
    if (dot == path.size()) break;
    begin = dot + 1;
  }
  if (at == nullptr || !at->is_number() || !(at->get<double>() >= 1.0)) {
    throw ArgumentError({.what = fmt::format("the resource '{}' is no number of the learner", path),
                         .got = at == nullptr ? "" : at->dump(),
                         .expected = "\"rows\", or an option that is given, such as trees = 500"});
  }
  const auto part = static_cast<std::int64_t>(std::ceil(share * at->get<double>()));
  SearchParameter parameter{.path = path, .kind = SearchParameter::Kind::kChoices};
  parameter.choices = {std::max<std::int64_t>(part, 1)};
  return apply_point(search_space({parameter}), std::vector<double>{0.0}, std::move(spec));
}

}  // namespace

std::vector<std::uint32_t> rows_with_outcome(const Lesson& lesson,
                                             std::span<const std::uint32_t> rows) {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t row : rows) {
    if (!std::isnan(lesson.outcome[row])) out.push_back(row);
  }
  return out;
}

Folds lesson_folds(const Lesson& lesson, std::span<const std::uint32_t> rows, int folds,
                   int repeats, StreamKey key) {
  std::vector<std::int32_t> strata;
  std::vector<std::int32_t> groups;
  for (const std::uint32_t row : rows) {
    if (lesson.of_classes()) strata.push_back(static_cast<std::int32_t>(lesson.outcome[row]));
    if (!lesson.groups.empty()) groups.push_back(lesson.groups[row]);
  }
  return draw_folds(rows.size(),
                    {.folds = folds, .repeats = repeats, .strata = strata, .groups = groups}, key);
}

std::vector<SpecScore> evaluate_specs(std::span<const LearnerSpec> specs, const FoldedLesson& data,
                                      const Metric& metric, StreamKey key,
                                      std::span<const double> share, const Context& context) {
  if (data.folds.rows != data.rows.size() || (!share.empty() && share.size() != specs.size())) {
    throw ArgumentError(
        {.what = "folds, rows, learners and shares differ in length",
         .got = fmt::format("{} rows in folds, {} rows, {} learners, {} shares", data.folds.rows,
                            data.rows.size(), specs.size(), share.size())});
  }
  const auto folds = static_cast<std::size_t>(data.folds.folds);
  const std::size_t each = folds * static_cast<std::size_t>(data.folds.repeats);
  std::vector<FoldResult> results(specs.size() * each);
  run_tasks(context, results.size(), [&](std::size_t task) {
    const std::size_t s = task / each;
    results[task] = score_fold(specs[s], data, metric, key, share.empty() ? 1.0 : share[s],
                               static_cast<int>(task % each / folds),
                               static_cast<int>(task % each % folds), context);
  });
  std::vector<SpecScore> scores;
  for (std::size_t s = 0; s < specs.size(); ++s) {
    scores.push_back(gathered(std::span(results).subspan(s * each, each), data.folds.folds));
  }
  return scores;
}

SpecScore evaluate_spec(const LearnerSpec& spec, const FoldedLesson& data, const Metric& metric,
                        StreamKey key, const Context& context) {
  SpecScore score = evaluate_specs({&spec, 1}, data, metric, key, {}, context)[0];
  if (!score.error.empty()) {
    throw DataError(
        {.what = fmt::format("'{}' can't be cross-validated", spec.kind), .got = score.error});
  }
  return score;
}

BatchObjective cross_validated_objective(const SearchSpace& space, const LearnerSpec& base,
                                         const FoldedLesson& data, const Metric& metric,
                                         StreamKey key, std::string resource) {
  return [&space, &base, &data, metric, key, resource = std::move(resource)](
             std::span<const TrialRequest> requests, const Context& context) {
    std::vector<LearnerSpec> specs;
    std::vector<double> share;
    for (const TrialRequest& request : requests) {
      LearnerSpec spec = apply_point(space, request.point, base);
      const bool rows = resource == "rows";
      specs.push_back(rows || request.resource >= 1.0
                          ? std::move(spec)
                          : with_share(std::move(spec), resource, request.resource));
      share.push_back(rows ? request.resource : 1.0);
    }
    std::vector<TrialResult> results;
    for (SpecScore& score : evaluate_specs(specs, data, metric, key, share, context)) {
      results.push_back(
          {.score = score.mean, .std_error = score.std_error, .error = std::move(score.error)});
    }
    return results;
  };
}

}  // namespace impact
