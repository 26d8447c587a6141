#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/design/design.h"
#include "engine/table/frame.h"

namespace impact {

struct DiagnoseOptions {
  std::int64_t simulations = 1000;  ///< R, at least 2.
  bool keep_simulations = false;    ///< Also fill Diagnosis::simulations.
};

/// What repeated simulation says about every estimator.
struct Diagnosis {
  /// One row for every estimator, in order of declaration. Columns: inquiry, estimator (text),
  /// simulations, failed (integer), then numbers, each followed by its Monte-Carlo standard error
  /// <name>_mcse. With a = estimate, t = estimand, d = a - t in the r = simulations - failed
  /// simulations that count, var with divisor r - 1:
  ///   mean_estimand   mean t                     sqrt(var(t) / r)
  ///   mean_estimate   mean a                     sqrt(var(a) / r)
  ///   sd_estimate     sqrt(var(a))               delta method on the fourth central moment
  ///   mean_std_error  mean std_error             sqrt(var(std_error) / r)
  ///   bias            mean d                     sqrt(var(d) / r)
  ///   rmse            sqrt(mean d^2)             sqrt(var(d^2) / r) / (2 rmse)
  ///   power           share of p <= alpha        sqrt(x (1 - x) / r)
  ///   coverage        share of low <= t <= high  sqrt(x (1 - x) / r)
  ///   type_s          share of sign(a) != sign(t) among significant ones with t != 0
  ///   type_m          mean |a| / mean |t| among them, delta method for a ratio
  ///   mean_width      mean high - low            sqrt(var(width) / r)
  /// A simulation fails when estimand, estimate, standard error or p-value is NaN. What is not
  /// defined is NaN: everything when all fail, type_s and type_m without a significant result.
  /// Sources: Blair, Cooper, Coppock & Humphreys, APSR 113 (2019) 838-859; Morris, White &
  /// Crowther, Statistics in Medicine 38 (2019) 2074-2102, table 6; Gelman & Carlin, Perspectives
  /// on Psychological Science 9 (2014) 641-651.
  Frame table = {};
  /// Sentences for a reader, each naming its estimator: failed simulations and why, warnings that
  /// the estimator gives in the first simulation, Monte-Carlo error that is large.
  std::vector<std::string> warnings = {};
  /// One row for every simulation and estimator, if asked for: simulation, inquiry, estimator,
  /// estimand, estimate, std_error, df, p_value, conf_low, conf_high; NaN becomes missing.
  Frame simulations = {};
};

/// Simulates the design R times on up to context.threads threads. The bits depend on design and R
/// only; the first R simulations of a longer run are those of a shorter one. Memory: 56 bytes for
/// every simulation and estimator, and the columns of the model once a thread. Progress is reported
/// as "diagnose"; cancelling stops within one chunk of simulations. Errors as check_design;
/// ArgumentError when there is nothing to diagnose or R < 2.
[[nodiscard]] Diagnosis diagnose(const Design& design, const DiagnoseOptions& options = {},
                                 const Context& context = {});

}  // namespace impact
