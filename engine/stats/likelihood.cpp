#include "engine/stats/likelihood.h"

#include <cmath>
#include <numbers>
#include <boost/math/special_functions/gamma.hpp>

#include "engine/core/rng.h"
#include "engine/stats/two_lanes.h"

namespace impact::detail {
namespace {

// Below this Phi comes from its asymptotic series.
constexpr double kFarTail = -35.0;

double xlogx(double x) { return x > 0.0 && x != 1.0 ? x * std::log(x) : 0.0; }

// The end that a 0/1 outcome pulls eta to.
int binary_end(double y) { return y == 1.0 ? 1 : y == 0.0 ? -1 : 0; }

// Beyond it exp(-|eta|) needs the library's handling of what underflows.
constexpr double kTame = 700.0;

// body(begin, load, store) for pairs of [0, count); a last odd row is paired with itself.
template <class Body>
void by_pairs(std::size_t count, const Body& body) {
  const auto store = [](Lanes x, double* to) { store_lanes(x, to); };
  std::size_t i = 0;
  for (; i + 2 <= count; i += 2) body(i, load_lanes, store);
  if (i < count) {
    body(
        i, [](const double* from) { return both(*from); }, [](Lanes x, double* to) { *to = x[0]; });
  }
}

Lanes exp_of_minus(Lanes size) { return exp_lanes(-(size <= kTame ? size : both(kTame))); }

class Logistic final : public Likelihood {
 public:
  // With e = exp(-|eta|): the larger of p and 1 - p is 1 / (1 + e), the smaller e / (1 + e), and
  // neither is found by subtraction. l = y log p + (1 - y) log(1 - p).
  void terms(const double* y, const double* eta, std::size_t count, double* value, double* score,
             double* information) const override {
    by_pairs(count, [&](std::size_t i, const auto& load, const auto& store) {
      const Lanes x = load(eta + i);
      const Lanes outcome = load(y + i);
      const Lanes size = magnitude(x);
      const Lanes e = exp_of_minus(size);
      const Lanes large = 1.0 / (1.0 + e);
      const Lanes small = e * large;
      const auto up = x >= 0.0;
      store(-log1p_lanes(e) - (up ? 1.0 - outcome : outcome) * size, value + i);
      store(outcome * (up ? small : large) - (1.0 - outcome) * (up ? large : small), score + i);
      store(large * small, information + i);
    });
    each_wild(eta, count, [&](std::size_t i, double e) {
      const double large = 1.0 / (1.0 + e);
      const double small = e * large;
      const bool up = eta[i] >= 0.0;
      value[i] = -std::log1p(e) - (up ? 1.0 - y[i] : y[i]) * std::abs(eta[i]);
      score[i] = y[i] * (up ? small : large) - (1.0 - y[i]) * (up ? large : small);
      information[i] = large * small;
    });
  }
  void expected(const double* eta, std::size_t count, double* information) const override {
    by_pairs(count, [&](std::size_t i, const auto& load, const auto& store) {
      const Lanes e = exp_of_minus(magnitude(load(eta + i)));
      const Lanes large = 1.0 / (1.0 + e);
      store(large * (e * large), information + i);
    });
    each_wild(eta, count, [&](std::size_t i, double e) {
      const double large = 1.0 / (1.0 + e);
      information[i] = large * (e * large);
    });
  }
  void moments(const double* eta, std::size_t count, double* mean,
               double* variance) const override {
    by_pairs(count, [&](std::size_t i, const auto& load, const auto& store) {
      const Lanes x = load(eta + i);
      const Lanes e = exp_of_minus(magnitude(x));
      const Lanes large = 1.0 / (1.0 + e);
      const Lanes small = e * large;
      store(x >= 0.0 ? large : small, mean + i);
      store(large * small, variance + i);
    });
    each_wild(eta, count, [&](std::size_t i, double e) {
      const double large = 1.0 / (1.0 + e);
      mean[i] = eta[i] >= 0.0 ? large : e * large;
      variance[i] = large * (e * large);
    });
  }
  [[nodiscard]] double constant(double /*y*/) const override { return 0.0; }
  [[nodiscard]] double saturated(double y) const override { return xlogx(y) + xlogx(1.0 - y); }
  [[nodiscard]] double link(double mean) const override { return std::log(mean / (1.0 - mean)); }
  [[nodiscard]] int open_end(double y) const override { return binary_end(y); }

 private:
  // body(i, exp(-|eta|)) for the rows that are not tame.
  template <class Body>
  static void each_wild(const double* eta, std::size_t count, const Body& body) {
    for (std::size_t i = 0; i < count; ++i) {
      const double size = std::abs(eta[i]);
      if (!(size <= kTame)) body(i, std::exp(-size));
    }
  }
};

class Probit final : public Likelihood {
 public:
  // With the hazard m(x) = phi(x) / Phi(x): d log Phi(x) / dx = m, d2 = -m (x + m); the failure's
  // side is Phi(-eta).
  void terms(const double* y, const double* eta, std::size_t count, double* value, double* score,
             double* information) const override {
    for (std::size_t i = 0; i < count; ++i) {
      value[i] = score[i] = information[i] = 0.0;
      if (y[i] > 0.0) {
        const NormalTail up = normal_tail(eta[i]);
        value[i] += y[i] * up.log_cdf;
        score[i] += y[i] * up.hazard;
        information[i] += y[i] * up.hazard * (eta[i] + up.hazard);
      }
      if (y[i] < 1.0) {
        const NormalTail down = normal_tail(-eta[i]);
        value[i] += (1.0 - y[i]) * down.log_cdf;
        score[i] -= (1.0 - y[i]) * down.hazard;
        information[i] += (1.0 - y[i]) * down.hazard * (down.hazard - eta[i]);
      }
    }
  }
  // phi^2 / (Phi(eta) Phi(-eta)) = m(eta) m(-eta).
  void expected(const double* eta, std::size_t count, double* information) const override {
    for (std::size_t i = 0; i < count; ++i) {
      information[i] = normal_tail(eta[i]).hazard * normal_tail(-eta[i]).hazard;
    }
  }
  void moments(const double* eta, std::size_t count, double* mean,
               double* variance) const override {
    for (std::size_t i = 0; i < count; ++i) {
      mean[i] = std::exp(normal_tail(eta[i]).log_cdf);
      variance[i] = mean[i] * std::exp(normal_tail(-eta[i]).log_cdf);
    }
  }
  [[nodiscard]] double constant(double /*y*/) const override { return 0.0; }
  [[nodiscard]] double saturated(double y) const override { return xlogx(y) + xlogx(1.0 - y); }
  [[nodiscard]] double link(double mean) const override { return normal_quantile(mean); }
  [[nodiscard]] int open_end(double y) const override { return binary_end(y); }
};

// l = y eta - mu - log y!
class Poisson final : public Likelihood {
 public:
  void terms(const double* y, const double* eta, std::size_t count, double* value, double* score,
             double* information) const override {
    for (std::size_t i = 0; i < count; ++i) {
      const double mean = std::exp(eta[i]);
      value[i] = y[i] * eta[i] - mean;
      score[i] = y[i] - mean;
      information[i] = mean;
    }
  }
  void expected(const double* eta, std::size_t count, double* information) const override {
    for (std::size_t i = 0; i < count; ++i) information[i] = std::exp(eta[i]);
  }
  void moments(const double* eta, std::size_t count, double* mean,
               double* variance) const override {
    for (std::size_t i = 0; i < count; ++i) mean[i] = variance[i] = std::exp(eta[i]);
  }
  [[nodiscard]] double constant(double y) const override { return -log_gamma(y + 1.0); }
  [[nodiscard]] double saturated(double y) const override { return xlogx(y) - y; }
  [[nodiscard]] double link(double mean) const override { return std::log(mean); }
  [[nodiscard]] int open_end(double y) const override { return y == 0.0 ? -1 : 0; }
};

}  // namespace

// l = log Gamma(y + theta) - log Gamma(theta) - log y! + theta log(theta / (mu + theta))
//     + y log(mu / (mu + theta)); with r = theta / (mu + theta): dl/deta = (y - mu) r,
// -d2l/deta2 = (y + theta) r mu / (mu + theta), expected theta mu / (mu + theta).
void NegativeBinomialLikelihood::terms(const double* y, const double* eta, std::size_t count,
                                       double* value, double* score, double* information) const {
  for (std::size_t i = 0; i < count; ++i) {
    const double mean = std::exp(eta[i]);
    const double sum = mean + theta_;
    const double r = theta_ / sum;
    value[i] = y[i] * (eta[i] - std::log(sum)) - theta_ * std::log1p(mean / theta_);
    score[i] = (y[i] - mean) * r;
    information[i] = (y[i] + theta_) * r * (mean / sum);
  }
}

void NegativeBinomialLikelihood::expected(const double* eta, std::size_t count,
                                          double* information) const {
  for (std::size_t i = 0; i < count; ++i) {
    const double mean = std::exp(eta[i]);
    information[i] = mean * (theta_ / (mean + theta_));
  }
}

void NegativeBinomialLikelihood::moments(const double* eta, std::size_t count, double* mean,
                                         double* variance) const {
  for (std::size_t i = 0; i < count; ++i) {
    mean[i] = std::exp(eta[i]);
    variance[i] = mean[i] + mean[i] * mean[i] / theta_;
  }
}

double NegativeBinomialLikelihood::constant(double y) const {
  return y == 0.0 ? 0.0 : log_gamma(y + theta_) - log_gamma(theta_) - log_gamma(y + 1.0);
}

double NegativeBinomialLikelihood::saturated(double y) const {
  if (y == 0.0) return 0.0;
  const double eta = std::log(y);
  double value = 0.0;
  double score = 0.0;
  double information = 0.0;
  terms(&y, &eta, 1, &value, &score, &information);
  return value;
}

double NegativeBinomialLikelihood::link(double mean) const { return std::log(mean); }

int NegativeBinomialLikelihood::open_end(double y) const { return y == 0.0 ? -1 : 0; }

std::unique_ptr<const Likelihood> logistic_likelihood() { return std::make_unique<Logistic>(); }

std::unique_ptr<const Likelihood> probit_likelihood() { return std::make_unique<Probit>(); }

std::unique_ptr<const Likelihood> poisson_likelihood() { return std::make_unique<Poisson>(); }

// Far out Phi(-t) = phi(t) / t (1 - 1/t^2 + 3/t^4 - 15/t^6 + ...) (Abramowitz & Stegun 26.2.12).
NormalTail normal_tail(double x) {
  const double log_density = -0.5 * x * x - 0.5 * std::log(2.0 * std::numbers::pi);
  if (x > kFarTail) {
    const double upper = 0.5 * std::erfc(x * (1.0 / std::numbers::sqrt2));
    const double cdf = 0.5 * std::erfc(-x * (1.0 / std::numbers::sqrt2));
    return {x > 0.0 ? std::log1p(-upper) : std::log(cdf), std::exp(log_density) / cdf};
  }
  const double z = 1.0 / (x * x);
  const double series =
      1.0 - z * (1.0 - 3.0 * z * (1.0 - 5.0 * z * (1.0 - 7.0 * z * (1.0 - 9.0 * z))));
  return {log_density - std::log(-x) + std::log(series), -x / series};
}

double log_gamma(double x) {
  if (x == 1.0 || x == 2.0) return 0.0;
  return boost::math::lgamma(x);
}

}  // namespace impact::detail
