#include "engine/learn/tune/tuner.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/option_reader.h"
#include "engine/core/parallel.h"
#include "engine/learn/tune/tune_schedule.h"

namespace impact {
namespace {

using detail::TuneBatch;
using detail::TuneSchedule;

constexpr std::int64_t kTrials = 50;

void require(bool good, const char* name, double got, const char* expected) {
  if (good) return;
  throw ArgumentError({.what = fmt::format("'{}' of tuning is out of range", name),
                       .got = fmt::format("{}", got),
                       .expected = expected});
}

void check_spec(const TunerSpec& spec) {
  require(spec.trials >= 0, "trials", static_cast<double>(spec.trials), "0 or more");
  require(spec.seconds >= 0.0 && std::isfinite(spec.seconds), "seconds", spec.seconds, "0 or more");
  require(spec.batch >= 1, "batch", spec.batch, "1 or more");
  require(spec.levels >= 1, "levels", spec.levels, "1 or more");
  require(spec.startup >= 1, "startup", spec.startup, "1 or more");
  require(spec.factor >= 2, "factor", spec.factor, "2 or more");
  require(spec.least_resource > 0.0 && spec.least_resource <= 1.0, "least_resource",
          spec.least_resource, "above 0, at most 1");
  require(spec.candidates >= 0, "candidates", spec.candidates, "0 or more");
  require(spec.good_share > 0.0 && spec.good_share < 1.0, "good_share", spec.good_share,
          "between 0 and 1");
  require(spec.draws >= 1, "draws", spec.draws, "1 or more");
}

std::unique_ptr<TuneSchedule> schedule_of(const SearchSpace& space, const TunerSpec& spec,
                                          StreamKey key) {
  switch (spec.method) {
    case TuneMethod::kGrid: return detail::grid_schedule(space, spec);
    case TuneMethod::kHalving:
    case TuneMethod::kHyperband: return detail::halving_schedule(space, spec, key);
    case TuneMethod::kRandom:
    case TuneMethod::kParzen:
    case TuneMethod::kGaussianProcess: return detail::sampling_schedule(space, spec, key);
  }
  throw InternalError({.what = "a method of tuning without a schedule"});
}

bool same_trial(const Trial& a, const Trial& b) {
  const auto equal = [](double x, double y) { return x == y || (std::isnan(x) && std::isnan(y)); };
  return a.candidate == b.candidate && a.bracket == b.bracket && a.rung == b.rung &&
         a.resource == b.resource &&
         std::equal(a.point.begin(), a.point.end(), b.point.begin(), b.point.end(), equal);
}

// The batch's trials that the history has already are the same ones, or it is another search's.
void check_history(std::span<const Trial> history, const TuneBatch& batch) {
  for (std::size_t i = batch.begin; i < history.size(); ++i) {
    const std::size_t place = i - batch.begin;
    if (place < batch.trials.size() && same_trial(history[i], batch.trials[place])) continue;
    throw ArgumentError({.what = "the history is not one of this search",
                         .where = fmt::format("trial {}", i + 1),
                         .expected = "the same space, method, options and seed as before"});
  }
}

void take_result(Trial& trial, TrialResult result) {
  trial.error = std::move(result.error);
  if (trial.error.empty() && std::isnan(result.score)) trial.error = "the score is undefined";
  if (trial.error.empty() && std::isinf(result.score)) trial.error = "the score is infinite";
  if (trial.failed()) return;
  trial.score = result.score;
  trial.std_error = result.std_error;
}

std::optional<std::size_t> best_of(std::span<const Trial> history, bool maximise) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Trial& trial = history[i];
    if (trial.failed()) continue;
    if (best.has_value()) {
      const Trial& other = history[*best];
      if (trial.resource < other.resource) continue;
      const bool better = maximise ? trial.score > other.score : trial.score < other.score;
      if (trial.resource == other.resource && !better) continue;
    }
    best = i;
  }
  return best;
}

void warn_of_result(const TunerSpec& spec, const TuneSchedule& schedule, Tuning& tuning) {
  const auto& history = tuning.history;
  const auto failed = std::count_if(history.begin(), history.end(),
                                    [](const Trial& trial) { return trial.failed(); });
  if (failed > 0) {
    const auto first = std::find_if(history.begin(), history.end(),
                                    [](const Trial& trial) { return trial.failed(); });
    tuning.warnings.push_back(
        fmt::format("{} of {} trials failed; the first: {}", failed, history.size(), first->error));
  }
  if (spec.seconds > 0.0 && !tuning.complete) {
    tuning.warnings.push_back(
        fmt::format("limited to {} seconds, which is {} trials here and may be others elsewhere; "
                    "trials = {} repeats this search",
                    spec.seconds, history.size(), history.size()));
  }
  if (!tuning.complete && schedule.all() > history.size()) {
    tuning.warnings.push_back(
        fmt::format("{} of {} planned trials were run", history.size(), schedule.all()));
  }
  if (tuning.best.has_value() && history[*tuning.best].resource < 1.0) {
    tuning.warnings.push_back(
        fmt::format("no trial had the whole resource: the best had {:.3g} of it",
                    history[*tuning.best].resource));
  }
}

std::int64_t trials_to_run(const TunerSpec& spec, const TuneSchedule& schedule) {
  if (spec.trials > 0) return spec.trials;
  if (spec.seconds > 0.0) return std::numeric_limits<std::int64_t>::max();
  return schedule.all() > 0 ? static_cast<std::int64_t>(schedule.all()) : kTrials;
}

}  // namespace

TunerSpec tuner_spec(const nlohmann::json& options) {
  constexpr auto kMost = std::numeric_limits<int>::max();
  TunerSpec spec;
  OptionReader reader("tuning", options);
  const auto whole = [&](const char* name, int otherwise, int least) {
    return static_cast<int>(reader.integer(name, otherwise, least, kMost));
  };
  spec.method = static_cast<TuneMethod>(
      reader.place("method", "parzen",
                   {"grid", "random", "halving", "hyperband", "parzen", "gaussian_process"}));
  spec.trials = reader.integer("trials", 0, 0);
  spec.seconds = reader.number("seconds", 0.0);
  spec.batch = whole("batch", spec.batch, 1);
  spec.levels = whole("levels", spec.levels, 1);
  spec.startup = whole("startup", spec.startup, 1);
  spec.factor = whole("factor", spec.factor, 2);
  spec.least_resource = reader.number("least_resource", spec.least_resource);
  spec.candidates = whole("candidates", spec.candidates, 0);
  spec.good_share = reader.number("good_share", spec.good_share);
  spec.multivariate = reader.flag("multivariate", spec.multivariate);
  spec.draws = whole("draws", spec.draws, 1);
  reader.done();
  check_spec(spec);
  return spec;
}

BatchObjective batch_objective(TuneObjective objective) {
  return [objective = std::move(objective)](std::span<const TrialRequest> requests,
                                            const Context& context) {
    std::vector<TrialResult> results(requests.size());
    run_tasks(context, requests.size(), [&](std::size_t i) {
      try {
        results[i] = objective(requests[i], context);
      } catch (const Cancelled&) {
        throw;
      } catch (const InternalError&) {
        throw;
      } catch (const Error& error) {
        results[i].error = error.info().what;
      }
    });
    return results;
  };
}

Tuning tune(const SearchSpace& space, const TunerSpec& spec, const BatchObjective& objective,
            StreamKey key, std::span<const Trial> history, const Context& context) {
  using Clock = std::chrono::steady_clock;
  check_spec(spec);
  const auto start = Clock::now();
  for (const Trial& trial : history) check_point(space, trial.point);
  const auto schedule = schedule_of(space, spec, key);
  const auto trials = static_cast<std::size_t>(trials_to_run(spec, *schedule));
  Tuning tuning;
  tuning.history.assign(history.begin(), history.end());
  while (true) {
    context.check();
    TuneBatch batch = schedule->next(tuning.history, context);
    check_history(tuning.history, batch);
    const std::size_t end = batch.begin + batch.trials.size();
    if (end <= tuning.history.size()) {
      tuning.complete = true;
      break;
    }
    const std::size_t known = tuning.history.size();
    if (known >= trials) break;
    const std::chrono::duration<double> used = Clock::now() - start;
    if (spec.seconds > 0.0 && used.count() >= spec.seconds) break;
    std::vector<TrialRequest> requests;
    for (std::size_t i = known; i < std::min(end, trials); ++i) {
      const Trial& trial = batch.trials[i - batch.begin];
      requests.push_back({.point = trial.point,
                          .resource = trial.resource,
                          .key = key.child(fmt::format("candidate {}", trial.candidate))});
    }
    std::vector<TrialResult> results = objective(requests, context);
    if (results.size() != requests.size()) {
      throw InternalError({.what = "an objective gave another number of results than was asked"});
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      Trial trial = std::move(batch.trials[known + i - batch.begin]);
      take_result(trial, std::move(results[i]));
      tuning.history.push_back(std::move(trial));
    }
    if (context.progress != nullptr && trials < std::size_t{1} << 40U) {
      context.progress->report(
          "tuning", static_cast<double>(tuning.history.size()) / static_cast<double>(trials));
    }
  }
  tuning.best = best_of(tuning.history, spec.maximise);
  warn_of_result(spec, *schedule, tuning);
  return tuning;
}

}  // namespace impact
