#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/trained_model.h"
#include "engine/learn/tune/search_space.h"

/// The search for the point of a space where a score is best. What is tried next follows from the
/// key and from the scores of finished batches, whose size is fixed; so neither the number of
/// threads nor an interruption changes it.
namespace impact {

enum class TuneMethod {
  kGrid,             ///< Every combination, see grid_points().
  kRandom,           ///< Uniform draws (Bergstra & Bengio 2012).
  kHalving,          ///< Successive halving (Jamieson & Talwalkar 2016).
  kHyperband,        ///< Halving with several first resources in turn (Li et al. 2018).
  kParzen,           ///< Tree-structured Parzen estimator (Bergstra et al. 2011).
  kGaussianProcess,  ///< Expected improvement under a Gaussian process, Matern 5/2 (Jones, Schonlau
                     ///< & Welch 1998; Snoek, Larochelle & Adams 2012).
};

struct TunerSpec {
  TuneMethod method = TuneMethod::kParzen;
  bool maximise = false;  ///< High scores are good.
  /// Evaluations in all, those of the history among them. 0: the whole grid, one pass of halving,
  /// else 50, or any number where there is a limit of seconds.
  std::int64_t trials = 0;
  /// No new batch begins after this time; 0: no limit. How many trials that makes differs from run
  /// to run, which Tuning::warnings says with the number of `trials` that repeats the run.
  double seconds = 0.0;
  int batch = 4;     ///< Candidates chosen together, knowing the scores of earlier batches only.
  int levels = 5;    ///< Of ranges in a grid.
  int startup = 10;  ///< Uniform draws before a model of the score chooses.

  /// Halving: of each rung the best 1 / factor go on, with factor times the resource, up to 1.
  int factor = 3;
  double least_resource = 1.0 / 27.0;  ///< Of the first rung or more: a power of 1 / factor.
  int candidates = 0;                  ///< On the first rung; 0: as many as leave one on the last.

  /// Parzen: trials better than this share's quantile (at most 25) are good; parameters together
  /// by product kernels (Falkner, Klein & Hutter 2018), or each on its own.
  double good_share = 0.1;
  bool multivariate = true;
  int draws = 64;  ///< Candidates drawn from the good ones' density for each choice.
};

/// {"method": "parzen", "trials": 60, ...}: names as above; methods "grid", "random", "halving",
/// "hyperband", "parzen", "gaussian_process". `maximise` is no option: the metric knows.
/// Throws ArgumentError.
[[nodiscard]] TunerSpec tuner_spec(const nlohmann::json& options);

/// What was asked of the objective.
struct TrialRequest {
  SearchPoint point = {};
  double resource = 1.0;  ///< Share of the whole: of rows, trees, rounds, epochs.
  StreamKey key = {};     ///< The same for one candidate on all rungs.
};

struct TrialResult {
  double score = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();
  std::string error = {};  ///< Why there is no score.
};

/// Results in the order of the requests, which may be computed in parallel with the context.
using BatchObjective =
    std::function<std::vector<TrialResult>(std::span<const TrialRequest>, const Context&)>;
/// One result; called from several threads at once. Errors it throws (not Cancelled, InternalError)
/// become TrialResult::error.
using TuneObjective = std::function<TrialResult(const TrialRequest&, const Context&)>;
[[nodiscard]] BatchObjective batch_objective(TuneObjective objective);

struct Trial {
  std::int64_t candidate = 0;  ///< Trial where this point was first tried; counted from 0.
  int bracket = 0;             ///< Of halving: pass through the rungs.
  int rung = 0;
  double resource = 1.0;
  SearchPoint point = {};
  double score = std::numeric_limits<double>::quiet_NaN();
  double std_error = std::numeric_limits<double>::quiet_NaN();
  std::string error = {};  ///< Of a trial that failed.

  [[nodiscard]] bool failed() const { return !error.empty(); }
};

struct Tuning {
  std::vector<Trial> history = {};  ///< In order; earlier ones first.
  /// Place in the history of the best score among trials with the largest resource, the first of
  /// equal ones; none where all failed.
  std::optional<std::size_t> best = {};
  bool complete = false;  ///< The method has nothing more to try.
  std::vector<std::string> warnings = {};
};

/// Searches until the budget is used up. `history`: trials of a search with the same space, key and
/// spec (trials and seconds aside), interrupted anywhere: it goes on as if it had never stopped.
/// Failed trials (an error, or a score that is NaN or infinite) stay in the history and lose.
/// Throws ArgumentError for options out of range and a history of another search.
[[nodiscard]] Tuning tune(const SearchSpace& space, const TunerSpec& spec,
                          const BatchObjective& objective, StreamKey key,
                          std::span<const Trial> history = {}, const Context& context = {});

/// "history": trial (from 1), candidate, bracket, rung, resource, the parameters by path (choices
/// as texts), score, std_error, status "done" or "failed", error. No times: they don't repeat.
[[nodiscard]] ModelTable history_table(const SearchSpace& space, const Tuning& tuning);

/// Trials as data, to go on later, and back. Throws ArgumentError for JSON of another shape.
[[nodiscard]] nlohmann::json trials_json(const SearchSpace& space, std::span<const Trial> trials);
[[nodiscard]] std::vector<Trial> trials_of(const SearchSpace& space, const nlohmann::json& json);

}  // namespace impact
