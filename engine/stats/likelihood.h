#pragma once

#include <cstddef>
#include <memory>

/// Likelihoods of one linear predictor: not for other callers.
namespace impact::detail {

/// l(y, eta), the log-likelihood of one row, and its derivatives. Blocks of rows; pure.
class Likelihood {
 public:
  virtual ~Likelihood() = default;

  /// Writes l - constant(y), dl/deta and -d2l/deta2 (>= 0: all of these are concave).
  virtual void terms(const double* y, const double* eta, std::size_t count, double* value,
                     double* score, double* information) const = 0;
  /// Expected -d2l/deta2.
  virtual void expected(const double* eta, std::size_t count, double* information) const = 0;
  /// Mean and variance of the outcome.
  virtual void moments(const double* eta, std::size_t count, double* mean,
                       double* variance) const = 0;
  /// The part of l that eta does not enter.
  [[nodiscard]] virtual double constant(double y) const = 0;
  /// The greatest l - constant(y) that any eta gives the row.
  [[nodiscard]] virtual double saturated(double y) const = 0;
  /// eta with this mean, > 0 (and < 1 for shares).
  [[nodiscard]] virtual double link(double mean) const = 0;
  /// The end of the line towards which l(y, .) never falls: 1, -1, or 0 for a finite maximum.
  [[nodiscard]] virtual int open_end(double y) const = 0;
};

[[nodiscard]] std::unique_ptr<const Likelihood> logistic_likelihood();
[[nodiscard]] std::unique_ptr<const Likelihood> probit_likelihood();
[[nodiscard]] std::unique_ptr<const Likelihood> poisson_likelihood();

/// NB2: variance mean + mean^2 / theta, log(mean) = eta.
class NegativeBinomialLikelihood final : public Likelihood {
 public:
  explicit NegativeBinomialLikelihood(double theta) : theta_(theta) {}
  void terms(const double* y, const double* eta, std::size_t count, double* value, double* score,
             double* information) const override;
  void expected(const double* eta, std::size_t count, double* information) const override;
  void moments(const double* eta, std::size_t count, double* mean, double* variance) const override;
  [[nodiscard]] double constant(double y) const override;
  [[nodiscard]] double saturated(double y) const override;
  [[nodiscard]] double link(double mean) const override;
  [[nodiscard]] int open_end(double y) const override;

 private:
  double theta_;
};

/// log(Phi(x)) and phi(x) / Phi(x), accurate also where Phi underflows.
struct NormalTail {
  double log_cdf;
  double hazard;
};
[[nodiscard]] NormalTail normal_tail(double x);

/// log Gamma(x) for x > 0, safe in threads.
[[nodiscard]] double log_gamma(double x);

}  // namespace impact::detail
