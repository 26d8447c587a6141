#pragma once

#include <span>
#include <vector>

#include "engine/core/context.h"

namespace impact {

/// Rules for the bandwidth h (sd of the Gaussian kernel), spread = min(sd, IQR / 1.34), type 7:
enum class BandwidthRule {
  kSilverman,      ///< 0.9 spread n^(-1/5) (Silverman 1986, eq. 3.31).
  kScott,          ///< 1.06 spread n^(-1/5) (Scott 1992).
  kSheatherJones,  ///< Solve-the-equation plug-in (Sheather & Jones 1991); distances of pairs are
                   ///< put on steps of range / 32,768, beyond 5,000 values places to range / 4,096.
                   ///< NaN where no root lies in reach (very coarse data).
};

/// Bandwidth for finite values in increasing order. spread 0 falls back to the sd, then |x_1|, then
/// 1. NaN for fewer than two values.
[[nodiscard]] double kernel_bandwidth(std::span<const double> sorted, BandwidthRule rule);

/// f(x) = 1 / (n h) sum phi((x - x_i) / h) at each x of `at`, for values in increasing order,
/// h > 0. Up to 20,000 values it is that sum (terms beyond 9 h, below 1e-17 of the peak, are left
/// out); beyond, values nearer to each other than h / 512 are replaced by their mean, a relative
/// change below 1e-6. Bits do not depend on threads.
[[nodiscard]] std::vector<double> kernel_density(std::span<const double> sorted, double bandwidth,
                                                 std::span<const double> at,
                                                 const Context& context = {});

}  // namespace impact
