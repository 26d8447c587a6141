#pragma once

#include <string>

namespace impact {

/// Numbers as a sentence shows them: about four digits, thousands separated by commas, a true minus
/// sign: "174,225", "-0.0023". NaN is "undefined".
[[nodiscard]] std::string readable_number(double value);
/// "p = 0.024", "p < 0.001"; "p undefined" for NaN.
[[nodiscard]] std::string readable_p(double p);
/// "12.3 %" of 0.123.
[[nodiscard]] std::string readable_share(double share);

}  // namespace impact
