#include "engine/design/diagnosands.h"

#include <vector>

namespace impact {
namespace {

// Central moments about the mean of a list, in two passes.
struct Moments {
  double count = 0;
  double mean = 0;
  double variance = 0;  // divisor count - 1
  double fourth = 0;    // divisor count
};

Moments moments(const std::vector<double>& values) {
  Moments out;
  out.count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  out.mean = sum / out.count;
  double squares = 0;
  double fourths = 0;
  for (const double value : values) {
    const double square = (value - out.mean) * (value - out.mean);
    squares += square;
    fourths += square * square;
  }
  out.variance = squares / (out.count - 1);
  out.fourth = fourths / out.count;
  return out;
}

Diagnosand mean_of(const std::vector<double>& values) {
  const Moments m = moments(values);
  return {m.mean, std::sqrt(m.variance / m.count)};
}

// Var(s^2) is about (m4 - s^4) / r, so s has (m4 - s^4) / (4 s^2 r).
Diagnosand sd_of(const std::vector<double>& values) {
  const Moments m = moments(values);
  const double sd = std::sqrt(m.variance);
  const double of_variance = std::fmax(m.fourth - m.variance * m.variance, 0.0) / m.count;
  return {sd, sd > 0 ? std::sqrt(of_variance) / (2 * sd) : 0.0};
}

Diagnosand root_mean_square(const std::vector<double>& values) {
  std::vector<double> squares;
  squares.reserve(values.size());
  for (const double value : values) squares.push_back(value * value);
  const Diagnosand square = mean_of(squares);
  const double root = std::sqrt(square.value);
  return {root, root > 0 ? square.mcse / (2 * root) : 0.0};
}

Diagnosand share_of(double hits, double count) {
  const double share = hits / count;
  return {share, std::sqrt(share * (1 - share) / count)};
}

// Mean |a| / mean |t|: linearised, the residuals |a| - ratio |t| carry its error.
Diagnosand ratio_of(const std::vector<double>& above, const std::vector<double>& below) {
  const double denominator = moments(below).mean;
  const double ratio = moments(above).mean / denominator;
  std::vector<double> rest;
  rest.reserve(above.size());
  for (std::size_t i = 0; i < above.size(); ++i) rest.push_back(above[i] - ratio * below[i]);
  return {ratio, mean_of(rest).mcse / denominator};
}

}  // namespace

const std::array<DiagnosandMember, 11>& diagnosand_members() {
  static const std::array<DiagnosandMember, 11> all = {{
      {"mean_estimand", &Diagnosands::mean_estimand},
      {"mean_estimate", &Diagnosands::mean_estimate},
      {"sd_estimate", &Diagnosands::sd_estimate},
      {"mean_std_error", &Diagnosands::mean_std_error},
      {"bias", &Diagnosands::bias},
      {"rmse", &Diagnosands::rmse},
      {"power", &Diagnosands::power},
      {"coverage", &Diagnosands::coverage},
      {"type_s", &Diagnosands::type_s},
      {"type_m", &Diagnosands::type_m},
      {"mean_width", &Diagnosands::mean_width},
  }};
  return all;
}

Diagnosands diagnosands(std::span<const SimulatedResult> results, double alpha) {
  Diagnosands out;
  out.simulations = static_cast<std::int64_t>(results.size());
  std::vector<double> estimand;
  std::vector<double> estimate;
  std::vector<double> std_error;
  std::vector<double> error;
  std::vector<double> width;
  std::vector<double> found;  // |estimate| and |estimand| where there is an effect and it is found
  std::vector<double> real;
  double significant = 0;
  double covered = 0;
  double wrong_sign = 0;
  for (const auto& r : results) {
    if (r.failed()) {
      ++out.failed;
      continue;
    }
    estimand.push_back(r.estimand);
    estimate.push_back(r.estimate);
    std_error.push_back(r.std_error);
    error.push_back(r.estimate - r.estimand);
    width.push_back(r.conf_high - r.conf_low);
    if (r.conf_low <= r.estimand && r.estimand <= r.conf_high) ++covered;
    if (!(r.p_value <= alpha)) continue;
    ++significant;
    if (r.estimand == 0.0) continue;
    if ((r.estimate > 0) != (r.estimand > 0)) ++wrong_sign;
    found.push_back(std::fabs(r.estimate));
    real.push_back(std::fabs(r.estimand));
  }
  if (estimate.empty()) return out;
  const auto count = static_cast<double>(estimate.size());
  out.mean_estimand = mean_of(estimand);
  out.mean_estimate = mean_of(estimate);
  out.sd_estimate = sd_of(estimate);
  out.mean_std_error = mean_of(std_error);
  out.bias = mean_of(error);
  out.rmse = root_mean_square(error);
  out.power = share_of(significant, count);
  out.coverage = share_of(covered, count);
  out.mean_width = mean_of(width);
  if (!found.empty()) {
    out.type_s = share_of(wrong_sign, static_cast<double>(found.size()));
    out.type_m = ratio_of(found, real);
  }
  return out;
}

}  // namespace impact
