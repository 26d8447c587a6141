#include "engine/design/binomial.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

constexpr std::int64_t kFewTrials = 30;

// Smallest k whose distribution function reaches u, by P(k) = P(k - 1) (n - k + 1) / k p / (1 - p).
// For p <= 1/2, so that (1 - p)^30 does not underflow.
std::int64_t invert(double u, std::int64_t trials, double p) {
  double mass = 1.0;
  for (std::int64_t i = 0; i < trials; ++i) mass *= 1.0 - p;
  double below = mass;
  std::int64_t k = 0;
  while (u >= below && k < trials) {
    ++k;
    mass *= static_cast<double>(trials - k + 1) / static_cast<double>(k) * (p / (1.0 - p));
    below += mass;
  }
  return k;
}

}  // namespace

// The i-th smallest of n uniforms is Beta(i, n + 1 - i). Where it is at most p, i trials have
// succeeded and the n - i above it are uniform on the rest; else the n - i + 1 from it up have
// failed and the i - 1 below are uniform under it.
std::int64_t binomial(Stream& stream, std::int64_t trials, double p) {
  if (trials < 0) {
    throw ArgumentError({.what = "the number of trials is negative",
                         .got = format_integer(trials),
                         .expected = "0 or more"});
  }
  if (!(p >= 0.0 && p <= 1.0)) {
    throw ArgumentError({.what = "a probability is out of range",
                         .got = format_double(p),
                         .expected = "0 <= p <= 1"});
  }
  std::int64_t successes = 0;
  while (trials > kFewTrials) {
    const std::int64_t i = (trials + 1) / 2;
    const double split = stream.beta(static_cast<double>(i), static_cast<double>(trials + 1 - i));
    if (split <= p) {
      successes += i;
      trials -= i;
      p = split < 1.0 ? (p - split) / (1.0 - split) : 0.0;
    } else {
      trials = i - 1;
      p /= split;
    }
  }
  const double u = stream.uniform_open();
  return successes + (p <= 0.5 ? invert(u, trials, p) : trials - invert(1.0 - u, trials, 1.0 - p));
}

}  // namespace impact
