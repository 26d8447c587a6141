#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/design/diagnose.h"
#include "engine/table/expr.h"

namespace impact::testing {

inline ExprPtr num(double v) { return literal(v); }
inline ExprPtr text(const char* v) { return literal(std::string(v)); }
inline ExprPtr col(const char* name) { return column(name); }
inline ExprPtr plus(ExprPtr a, ExprPtr b) { return call("add", {std::move(a), std::move(b)}); }
inline ExprPtr times(ExprPtr a, ExprPtr b) {
  return call("multiply", {std::move(a), std::move(b)});
}
inline ExprPtr normal(double mean, double sd, std::vector<ExprPtr> per = {}) {
  return draw("normal", {num(mean), num(sd)}, std::move(per));
}
inline ExprPtr is_treated() { return call("eq", {col("z"), text("treated")}); }

/// Assignment "z" with arms "control" and "treated".
inline DeclaredAssignment half(std::vector<std::string> within = {},
                               std::vector<std::string> clusters = {}) {
  return {.assignment = {.name = "z", .arms = {"control", "treated"}},
          .within = std::move(within),
          .clusters = std::move(clusters)};
}

/// Inquiry "ATE" about variable y.
inline Inquiry ate() {
  return {.name = "ATE", .outcome = col("y"), .contrast = Contrast{"z", "treated", "control"}};
}

inline EstimatorSpec estimator(const char* name, EstimatorSpec::Method method) {
  return {.name = name, .inquiry = "ATE", .method = method};
}

/// Two-arm trial of n units: y = effect [treated] + u, u normal.
inline Design two_arm(std::int64_t n, double effect) {
  return {.seed = 20240611,
          .model = {.levels = {{"unit", {n}}},
                    .variables = {{"u", normal(0, 1)},
                                  {"y", plus(times(num(effect), is_treated()), col("u"))}}},
          .assignments = {half()},
          .inquiries = {ate()},
          .estimators = {estimator("dim", EstimatorSpec::Method::kDifferenceInMeans)}};
}

/// Cell of a diagnosis by estimator and column.
inline double cell(const Frame& table, std::string_view estimator_name, std::string_view name) {
  const Column& names = table.column("estimator");
  for (std::size_t r = 0; r < table.rows(); ++r) {
    if (names.text_at(r) != estimator_name) continue;
    const Value value = table.column(name).value(r);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
    if (const auto* number = std::get_if<double>(&value)) return *number;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

/// Every cell as text, for comparing bits.
inline std::string print(const Frame& table) {
  std::string out;
  for (std::size_t r = 0; r < table.rows(); ++r) {
    for (std::size_t c = 0; c < table.schema().size(); ++c) {
      out += format_value(table.column(c).value(r)) + (c + 1 < table.schema().size() ? "," : "\n");
    }
  }
  return out;
}

}  // namespace impact::testing
