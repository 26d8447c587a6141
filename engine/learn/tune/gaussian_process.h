#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

namespace impact::detail {

/// What a Gaussian process says of a place that it may not have seen.
struct ProcessValue {
  double mean = 0.0;
  double sd = 0.0;  ///< Of the function, without the noise of an observation.
};

/// y = mu + f(x) + noise; f a Gaussian process with covariance s^2 k(r),
///   k(r) = (1 + sqrt 5 r + 5 r^2 / 3) exp(-sqrt 5 r)   (Matern 5/2),
///   r^2 = sum_j d_j(x, x')^2 / l_j^2,
/// noise with variance s^2 g. d_j is the difference of numbers; of codes it is 0 where they are
/// equal, else 1 (the distance of one-hot columns, its factor sqrt 2 inside l_j). mu and s^2 are at
/// their best for given l and g; l in [0.05, 20] and g in [1e-8, 1] maximise the marginal
/// likelihood times a lognormal prior on l (log median -0.7, log sd 1.5), which matters as long as
/// there are few points only.
/// Source: Rasmussen & Williams, Gaussian processes for machine learning (2006), sections 2.7, 4.2
/// and 5.4.1.
class GaussianProcess {
 public:
  /// x: y.size() >= 2 rows of `columns` numbers, about [0, 1]; code[j]: column j holds codes.
  /// O(columns n^2 + n^3) an evaluation of the likelihood. The same bits every time.
  GaussianProcess(std::vector<double> x, std::vector<bool> code, std::vector<double> y);

  [[nodiscard]] ProcessValue at(std::span<const double> x) const;
  /// One more observation, lengths and noise unchanged.
  void add(std::span<const double> x, double y);
  [[nodiscard]] std::span<const double> lengths() const { return lengths_; }
  [[nodiscard]] double noise() const { return noise_; }
  /// log of the marginal likelihood at the values chosen, without the prior.
  [[nodiscard]] double log_likelihood() const { return log_likelihood_; }

 private:
  struct Solved;
  void solve();

  std::vector<double> x_;
  std::vector<bool> code_;
  std::vector<double> y_;
  std::vector<double> lengths_ = {};
  double noise_ = 0.0;
  double log_likelihood_ = 0.0;
  std::shared_ptr<const Solved> solved_ = nullptr;
};

}  // namespace impact::detail
