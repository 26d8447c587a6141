#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "engine/core/context.h"
#include "engine/stats/inference.h"

namespace impact {

/// Arrays of one length; an empty span means "none". Codes are small non-negative integers, as a
/// category column has them (memory grows with the largest); a negative code is a missing one.
struct DifferenceInMeansData {
  std::span<const double> y;
  std::span<const std::int32_t> arm;           ///< 1 treated, 0 control, other: row not used.
  std::span<const std::int32_t> block = {};    ///< Units were randomised within blocks.
  std::span<const std::int32_t> cluster = {};  ///< Clusters were randomised, not units.
  std::span<const double> weight = {};         ///< Inverse inclusion probabilities and the like.
};

struct DifferenceInMeansSpec {
  std::string term = "treatment";  ///< Name of the row.
  double conf_level = 0.95;
};

/// The result in numbers. What is undefined is NaN; the counts say why.
struct DifferenceInMeans {
  /// Which formula was used; see difference_in_means().
  enum class Design {
    kStandard,
    kBlocked,
    kMatchedPair,
    kClustered,
    kBlockClustered,
    kMatchedPairClustered
  };
  Design design = Design::kStandard;
  PointEstimate point = {};
  std::int64_t treated = 0;         ///< Rows in the arm.
  std::int64_t control = 0;         ///< Rows in the other arm.
  std::int64_t blocks = 0;          ///< Blocks in use; 0 when there are no blocks.
  std::int64_t clusters = 0;        ///< Clusters in use; 0 when there are no clusters.
  std::int64_t missing = 0;         ///< Rows left out: outcome, weight or a code is missing (NaN).
  std::int64_t infinite = 0;        ///< Rows left out: the outcome is infinite.
  std::int64_t one_armed = 0;       ///< Blocks without treated or without control rows.
  std::int64_t lone = 0;            ///< Arms of blocks with one unit (cluster), no pair design.
  std::int64_t split_clusters = 0;  ///< Clusters with rows in both arms.
  std::int64_t cross_clusters = 0;  ///< Clusters with rows in several blocks.
};

/// Difference in means of y, treated minus control, as numbers. With N_j the sum of weights (rows)
/// of block j, N their sum, tau_j the difference of the block's (weighted) means:
///   estimate   sum_j N_j / N tau_j; one block when there are none
///   standard   s1^2/n1 + s0^2/n0; df of Satterthwaite (1946) and Welch (1947). Weighted: each term
///              is sum w^2 e^2 / (1 - w/W) / W^2 (HC2 of the weighted regression on the arm), which
///              is s^2/n for equal weights
///   blocked    sum_j (N_j/N)^2 V_j, V_j as standard; df = rows - 2 blocks
///   clustered  CR2 of the (weighted) regression on the arm; df of Bell & McCaffrey (2002) and
///              Pustejovsky & Tipton (2018), working model: independent, equal variances
///   blocked and clustered   sum_j (N_j/N)^2 V_j, V_j as clustered; df = clusters - 2 blocks
///   matched pairs (every block has one unit, or cluster, in each arm)
///              J / ((J-1) N^2) sum_j (N_j tau_j - N tau / J)^2; df = J - 1 (Imai, King & Nall
///              2009, eq. 6)
/// Sources: Neyman (1923); Gerber & Green, Field Experiments (2012), ch. 3; the mathematical notes
/// of estimatr, whose numbers the tests reproduce (but its df of weighted data without clusters).
/// A block without one of the arms makes everything NaN; an arm of one unit in a block (unless all
/// are pairs), or a cluster in several blocks, makes the standard error NaN.
/// Throws ArgumentError when lengths differ or a weight is negative. O(rows), one thread, no
/// allocation after the first calls of a thread; any thread may call. Rows of weight 0 do not
/// count.
[[nodiscard]] DifferenceInMeans difference_in_means_numbers(const DifferenceInMeansData& data);

/// The same as a row, with warnings in words. method "difference_in_means"; se_type "neyman",
/// "blocked", "matched_pair", "CR2", "blocked_CR2" or "matched_pair_clustered".
[[nodiscard]] Estimate difference_in_means(const DifferenceInMeansData& data,
                                           const DifferenceInMeansSpec& spec = {});

}  // namespace impact
