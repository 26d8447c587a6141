#include "engine/stats/equivalence.h"

#include <cmath>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/stats/t_test.h"

namespace impact {

EquivalenceTest equivalence_test(std::span<const double> x, std::span<const double> y,
                                 const EquivalenceSpec& spec) {
  if (!(std::isfinite(spec.low) && std::isfinite(spec.high) && spec.low < spec.high)) {
    throw ArgumentError({.what = "equivalence needs two bounds in order",
                         .where = "low, high",
                         .got = format_double(spec.low) + ", " + format_double(spec.high),
                         .expected = "finite numbers, low < high"});
  }
  if (!(spec.alpha > 0.0 && spec.alpha < 0.5)) {
    throw ArgumentError({.what = "a significance level of equivalence lies between 0 and 1/2",
                         .where = "alpha",
                         .got = format_double(spec.alpha),
                         .expected = "for example 0.05"});
  }
  const auto test = [&](double null, Alternative alternative, double conf_level) {
    TTestSpec one;
    one.term = spec.term;
    one.null_value = null;
    one.alternative = alternative;
    one.conf_level = conf_level;
    switch (spec.design) {
      case MeanDesign::kOneSample: return one_sample_t_test(x, one).difference;
      case MeanDesign::kPaired: return paired_t_test(x, y, one).difference;
      case MeanDesign::kPooled: return pooled_t_test(x, y, one).difference;
      case MeanDesign::kWelch: break;
    }
    return welch_t_test(x, y, one).difference;
  };
  EquivalenceTest result;
  result.above_low = test(spec.low, Alternative::kGreater, 1.0 - spec.alpha);
  result.below_high = test(spec.high, Alternative::kLess, 1.0 - spec.alpha);
  result.above_low.term += ":above_low";
  result.below_high.term += ":below_high";
  const bool lower = result.above_low.p_value >= result.below_high.p_value;
  result.row = test(lower ? spec.low : spec.high, Alternative::kTwoSided, 1.0 - 2.0 * spec.alpha);
  result.row.method = "equivalence";
  result.row.null_value = 0.0;
  result.row.p_value = lower ? result.above_low.p_value : result.below_high.p_value;
  return result;
}

}  // namespace impact
