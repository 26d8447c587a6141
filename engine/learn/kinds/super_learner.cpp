#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/learn/kinds/ensemble.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/nonnegative_least_squares.h"

// The convex combination of learners whose out-of-fold predictions are best (van der Laan, Polley &
// Hubbard 2007; its weights from non-negative least squares: Breiman 1996).
namespace impact::detail {
namespace {

constexpr const char* kFile = "super_learner";
constexpr int kVersion = 1;
constexpr int kSteps = 100000;

class SuperLearner final : public Predictor {
 public:
  SuperLearner(ModelTable table, std::vector<std::shared_ptr<const Predictor>> members)
      : table_(std::move(table)), members_(std::move(members)) {}

  [[nodiscard]] std::size_t outputs() const override { return members_[leading()]->outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    std::fill(out.begin(), out.end(), 0.0);
    std::vector<double> part(out.size());
    for (std::size_t m = 0; m < members_.size(); ++m) {
      if (members_[m] == nullptr) continue;
      members_[m]->predict(features, rows, part, context);
      const double weight = table_.numbers[1][m];
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += weight * part[i];
    }
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["names"] = table_.texts[0];
    file.blocks["risk"] = table_.numbers[0];
    file.blocks["weight"] = table_.numbers[1];
    for (std::size_t m = 0; m < members_.size(); ++m) {
      if (members_[m] != nullptr) add_part(file, fmt::format("member {}", m), *members_[m]);
    }
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override { return {table_}; }

 private:
  [[nodiscard]] std::size_t leading() const {
    const auto& weight = table_.numbers[1];
    return static_cast<std::size_t>(std::max_element(weight.begin(), weight.end()) -
                                    weight.begin());
  }

  ModelTable table_;
  std::vector<std::shared_ptr<const Predictor>> members_;  // Those without weight are none.
};

ModelTable weight_table(std::vector<std::string> names, std::vector<double> risk,
                        std::vector<double> weight) {
  return {.name = "weights",
          .text_names = {"learner"},
          .texts = {std::move(names)},
          .number_names = {"cv_risk", "weight"},
          .numbers = {std::move(risk), std::move(weight)}};
}

// What the weights are chosen on: rows that every member predicts.
struct Level {
  std::size_t members = 0;
  std::vector<std::size_t> rows = {};  // Places in Crossed::rows.
  std::vector<double> weight = {};     // Of those rows.
};

Level level_of(const Crossed& crossed, std::size_t members, const Training& training) {
  Level level{.members = members};
  const auto& weights = training.lesson.weights;
  for (std::size_t i = 0; i < crossed.rows.size(); ++i) {
    bool known = true;
    for (std::size_t m = 0; m < members && known; ++m) {
      for (const double p : crossed.at(m, i)) known = known && std::isfinite(p);
    }
    const double w = weights.empty() ? 1.0 : weights[crossed.rows[i]];
    if (!known || !(w > 0.0)) continue;
    level.rows.push_back(i);
    level.weight.push_back(w);
  }
  const std::size_t without = crossed.rows.size() - level.rows.size();
  if (without > 0) {
    tell(training, {fmt::format("{} of {} rows have no part in the weights of the super learner: a "
                                "learner does not predict them, or their weight is 0",
                                without, crossed.rows.size())});
  }
  return level;
}

// What row i should have been predicted in output k.
double target(const Lesson& lesson, const Crossed& crossed, std::size_t i, std::size_t k) {
  const double y = lesson.outcome[crossed.rows[i]];
  return crossed.outputs == 1 ? y : (static_cast<std::size_t>(y) == k ? 1.0 : 0.0);
}

// Probability that a member gave to the class of row i.
double given(const Lesson& lesson, const Crossed& crossed, std::size_t m, std::size_t i) {
  const double y = lesson.outcome[crossed.rows[i]];
  if (crossed.outputs > 1) return crossed.at(m, i)[static_cast<std::size_t>(y)];
  const double p = crossed.at(m, i)[0];
  return y == 1.0 ? p : 1.0 - p;
}

// Mean loss of each member: squared error (summed over the classes where there are more than two),
// or -log of the probability of what happened.
std::vector<double> risks(const Lesson& lesson, const Crossed& crossed, const Level& level,
                          bool likelihood) {
  std::vector<double> risk;
  for (std::size_t m = 0; m < level.members; ++m) {
    double sum = 0.0;
    double total = 0.0;
    for (std::size_t r = 0; r < level.rows.size(); ++r) {
      const std::size_t i = level.rows[r];
      double loss = 0.0;
      if (likelihood) {
        loss = -std::log(given(lesson, crossed, m, i));
      } else {
        for (std::size_t k = 0; k < crossed.outputs; ++k) {
          const double e = crossed.at(m, i)[k] - target(lesson, crossed, i, k);
          loss += e * e;
        }
      }
      sum += level.weight[r] * loss;
      total += level.weight[r];
    }
    risk.push_back(sum / total);
  }
  return risk;
}

// min over a >= 0 of sum w (y - sum_m a_m z_m)^2, then a / sum a.
std::vector<double> by_least_squares(const Lesson& lesson, const Crossed& crossed,
                                     const Level& level, const Training& training) {
  const std::size_t n = level.rows.size() * crossed.outputs;
  std::vector<double> a(level.members * n);
  std::vector<double> b(n);
  for (std::size_t r = 0; r < level.rows.size(); ++r) {
    const double root = std::sqrt(level.weight[r]);
    for (std::size_t k = 0; k < crossed.outputs; ++k) {
      const std::size_t place = r * crossed.outputs + k;
      b[place] = root * target(lesson, crossed, level.rows[r], k);
      for (std::size_t m = 0; m < level.members; ++m) {
        a[m * n + place] = root * crossed.at(m, level.rows[r])[k];
      }
    }
  }
  const NonnegativeLeastSquares fit = nonnegative_least_squares(a, b);
  if (!fit.converged) {
    tell(training, {"the weights of the super learner have not converged"});
  }
  return fit.coefficient;
}

// max over the simplex of sum w log sum_m a_m p_m, p_m the probability of what happened: concave,
// so the steps a_m <- a_m mean(p_m / sum a p) of expectation-maximisation, which never lower it,
// end at the best. A member's gain sum w p_m / sum a p is at most its mean at the end (Karush-Kuhn-
// Tucker); that is when to stop.
std::vector<double> by_likelihood(const Lesson& lesson, const Crossed& crossed, const Level& level,
                                  const Training& training) {
  const std::size_t members = level.members;
  std::vector<double> p(level.rows.size() * members);
  double total = 0.0;
  for (std::size_t r = 0; r < level.rows.size(); ++r) {
    for (std::size_t m = 0; m < members; ++m) {
      p[r * members + m] = std::clamp(given(lesson, crossed, m, level.rows[r]), 1e-15, 1.0);
    }
    total += level.weight[r];
  }
  std::vector<double> a(members, 1.0 / static_cast<double>(members));
  std::vector<double> gain(members);
  for (int step = 0; step < kSteps; ++step) {
    if (step % 64 == 0) training.context.check();
    std::fill(gain.begin(), gain.end(), 0.0);
    for (std::size_t r = 0; r < level.rows.size(); ++r) {
      double mixed = 0.0;
      for (std::size_t m = 0; m < members; ++m) mixed += a[m] * p[r * members + m];
      for (std::size_t m = 0; m < members; ++m) {
        gain[m] += level.weight[r] * p[r * members + m] / mixed;
      }
    }
    double most = 0.0;
    for (std::size_t m = 0; m < members; ++m) {
      most = std::max(most, gain[m] / total);
      a[m] *= gain[m] / total;
    }
    if (most - 1.0 < 1e-9) return a;
  }
  tell(training, {"the weights of the super learner have not converged"});
  return a;
}

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("super_learner", options);
  const std::vector<Member> members = members_of(read);
  const bool likelihood =
      read.place("loss", "squared_error", {"squared_error", "log_likelihood"}) == 1;
  const bool discrete = read.flag("discrete", false);
  const int folds = folds_of(read, 10);
  const Lesson& lesson = training.lesson;
  if (likelihood && !lesson.of_classes()) {
    read.fail("loss", "is for classes", "\"squared_error\" for numbers");
  }
  read.done();

  Crossed crossed = cross_members(members, folds, training);
  const Level level = level_of(crossed, members.size(), training);
  std::vector<double> risk = risks(lesson, crossed, level, likelihood);
  std::vector<double> weight(members.size(), 0.0);
  if (level.rows.empty()) {
    tell(training, {"no row is predicted by every learner of the super learner: all weigh alike"});
    std::fill(weight.begin(), weight.end(), 1.0);
  } else if (discrete) {
    weight[static_cast<std::size_t>(std::min_element(risk.begin(), risk.end()) - risk.begin())] =
        1.0;
  } else {
    weight = likelihood ? by_likelihood(lesson, crossed, level, training)
                        : by_least_squares(lesson, crossed, level, training);
  }
  double sum = 0.0;
  for (const double w : weight) sum += w;
  if (!(sum > 0.0)) {
    tell(training, {"no learner of the super learner is of any use: all weigh alike"});
    std::fill(weight.begin(), weight.end(), 1.0);
    sum = static_cast<double>(weight.size());
  }
  std::vector<std::string> names;
  for (std::size_t m = 0; m < members.size(); ++m) {
    weight[m] /= sum;
    if (weight[m] == 0.0) crossed.models[m] = nullptr;
    names.push_back(members[m].name);
  }
  return std::make_shared<const SuperLearner>(
      weight_table(std::move(names), std::move(risk), std::move(weight)),
      std::move(crossed.models));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  std::vector<std::string> names = fields.texts("names");
  const std::vector<double>& risk = model_block<double>(file, "risk", std::ssize(names));
  const std::vector<double>& weight = model_block<double>(file, "weight", std::ssize(names));
  std::vector<std::shared_ptr<const Predictor>> members(names.size());
  std::size_t outputs = 0;
  double sum = 0.0;
  for (std::size_t m = 0; m < names.size(); ++m) {
    if (!(weight[m] >= 0.0 && weight[m] <= 1.0)) fields.refuse("a weight is no share");
    sum += weight[m];
    if (weight[m] == 0.0) continue;
    members[m] = read_part(file, fmt::format("member {}", m));
    if (outputs != 0 && members[m]->outputs() != outputs) {
      fields.refuse("its learners predict different things");
    }
    outputs = members[m]->outputs();
  }
  if (!(std::abs(sum - 1.0) < 1e-9)) fields.refuse("its weights do not sum to 1");
  return std::make_shared<const SuperLearner>(weight_table(std::move(names), risk, weight),
                                              std::move(members));
}

constexpr LearnerKind kKinds[] = {
    {"super_learner",
     "The weighted mean of learners whose predictions of rows they have not seen are best (van der "
     "Laan, Polley & Hubbard 2007).",
     kFile, "as its learners say", true, true, true, fit, read},
};

}  // namespace

std::span<const LearnerKind> super_learner_kinds() { return kKinds; }

}  // namespace impact::detail
