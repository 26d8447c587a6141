#include "engine/causal/tailored_loss.h"

#include <cmath>

namespace impact::detail {
namespace {

// Each family: the loss l of a treated (y = 1) and of a control row, its score g = dl/deta and
// -dg/deta. With p = 1 / (1 + exp(-eta)): 1/p = 1 + exp(-eta), 1/(1-p) = 1 + exp(eta).
struct Terms {
  double value;
  double score;
  double information;
};

Terms up(double eta) {  // eta - exp(-eta): score 1/p.
  const double e = std::exp(-eta);
  return {eta - e, 1.0 + e, e};
}
Terms down(double eta) {  // -(eta + exp(eta)): score -1/(1-p).
  const double e = std::exp(eta);
  return {-eta - e, -1.0 - e, e};
}
Terms rise(double eta) { return {eta, 1.0, 0.0}; }
Terms fall(double eta) { return {-eta, -1.0, 0.0}; }
Terms minus_exp(double eta) {  // -exp(eta).
  const double e = std::exp(eta);
  return {-e, -e, e};
}
Terms minus_exp_turned(double eta) {  // -exp(-eta): score exp(-eta).
  const double e = std::exp(-eta);
  return {-e, e, e};
}
Terms peak(double eta) {  // eta - exp(eta).
  const double e = std::exp(eta);
  return {eta - e, 1.0 - e, e};
}

using Part = Terms (*)(double);

struct Family {
  MomentFamily family;
  Part treated;
  Part control;
  int treated_end;  // Where each part never falls.
  int control_end;
};

constexpr Family kFamilies[] = {
    {MomentFamily::kBalanceAll, up, down, 1, -1},
    {MomentFamily::kBalanceTreated, rise, minus_exp, 1, -1},
    {MomentFamily::kBalanceControls, minus_exp_turned, fall, 1, -1},
    {MomentFamily::kEntropyTreated, peak, rise, 0, 1},
    {MomentFamily::kEntropyControls, rise, peak, 1, 0},
};

class TailoredLoss final : public Likelihood {
 public:
  explicit TailoredLoss(const Family& family) : family_(family) {}
  void terms(const double* y, const double* eta, std::size_t count, double* value, double* score,
             double* information) const override {
    for (std::size_t i = 0; i < count; ++i) {
      const Terms t = y[i] > 0.5 ? family_.treated(eta[i]) : family_.control(eta[i]);
      value[i] = t.value;
      score[i] = t.score;
      information[i] = t.information;
    }
  }
  void expected(const double*, std::size_t count, double* information) const override {
    for (std::size_t i = 0; i < count; ++i) information[i] = 0.0;
  }
  void moments(const double*, std::size_t count, double* mean, double* variance) const override {
    for (std::size_t i = 0; i < count; ++i) mean[i] = variance[i] = 0.0;
  }
  [[nodiscard]] double constant(double) const override { return 0.0; }
  [[nodiscard]] double saturated(double) const override { return 0.0; }
  [[nodiscard]] double link(double mean) const override { return std::log(mean / (1.0 - mean)); }
  [[nodiscard]] int open_end(double y) const override {
    return y > 0.5 ? family_.treated_end : family_.control_end;
  }

 private:
  Family family_;
};

}  // namespace

std::unique_ptr<const Likelihood> moment_likelihood(MomentFamily family) {
  switch (family) {
    case MomentFamily::kLinear: return nullptr;
    case MomentFamily::kLogistic: return logistic_likelihood();
    case MomentFamily::kProbit: return probit_likelihood();
    case MomentFamily::kPoisson: return poisson_likelihood();
    default: break;
  }
  for (const Family& each : kFamilies) {
    if (each.family == family) return std::make_unique<const TailoredLoss>(each);
  }
  return nullptr;
}

double moment_start(MomentFamily family, double share) {
  switch (family) {
    case MomentFamily::kEntropyTreated: return -std::log(share);
    case MomentFamily::kEntropyControls: return -std::log(1.0 - share);
    default: return std::log(share / (1.0 - share));
  }
}

}  // namespace impact::detail
