#include "engine/learn/multiclass_scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/learn/left_out.h"
#include "engine/learn/row_means.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace {

void check_classes(std::size_t classes) {
  if (classes >= 2 && classes <= std::numeric_limits<std::uint16_t>::max()) return;
  throw ArgumentError({.what = "there are two classes at least",
                       .where = "classes",
                       .got = std::to_string(classes)});
}

void check_code(const char* what, std::int32_t code, std::size_t classes, std::size_t row) {
  if (code < 0 || static_cast<std::size_t>(code) < classes) return;
  throw ArgumentError({.what = "there is no such class",
                       .where = fmt::format("{}, row {}", what, row + 1),
                       .got = std::to_string(code),
                       .expected = fmt::format("0 to {}, or below 0 for missing", classes - 1)});
}

// The matrix with its margins, and the rows of the result.
class Scores {
 public:
  Scores(const ClassMatrix& matrix, double conf_level)
      : m_(matrix), k_(matrix.classes), conf_level_(conf_level) {
    is_.resize(k_);
    called_.resize(k_);
    for (std::size_t l = 0; l < k_; ++l) {
      for (std::size_t c = 0; c < k_; ++c) {
        is_[l] += m_.at(l, c);
        called_[c] += m_.at(l, c);
        all_ += m_.at(l, c);
      }
      right_ += m_.at(l, l);
    }
    row_weight_ = all_ > 0.0 ? m_.weight_squares / all_ : 1.0;
  }

  std::vector<Estimate> all() {
    share("accuracy");
    balanced();
    macro("macro_precision");
    macro("macro_f1");
    share("micro_f1");
    weighted_f1();
    correlation();
    kappa();
    return std::move(rows_);
  }

 private:
  Estimate* start(const char* term) {
    Estimate& row = rows_.emplace_back();
    row.term = term;
    row.n = m_.n;
    row.method = "class_matrix";
    detail::warn_unjudged(row.warnings, m_.missing, m_.unpredicted);
    if (all_ > 0.0) return &row;
    row.warnings.emplace_back("there is no row");
    return nullptr;
  }

  void share(const char* term) {
    Estimate* row = start(term);
    if (row == nullptr) return;
    const double n = all_ / row_weight_;
    row->estimate = right_ / all_;
    row->se_type = "wilson";
    row->std_error = std::sqrt(row->estimate * (1.0 - row->estimate) / n);
    const auto limits = detail::wilson_limits(row->estimate, n, conf_level_);
    row->conf_low = limits.low;
    row->conf_high = limits.high;
  }

  // The scores do not change when all counts are multiplied, so sum count g = 0 for the derivatives
  // g by the counts, and the multinomial variance is sum count g^2 (counts of weight 1).
  template <class Slope>
  void delta(Estimate& row, double estimate, double least, Slope&& slope) {
    ExactSum variance;
    for (std::size_t l = 0; l < k_; ++l) {
      for (std::size_t c = 0; c < k_; ++c) {
        const double g = slope(l, c);
        if (m_.at(l, c) > 0.0) variance.add(m_.at(l, c) * (g * g));
      }
    }
    row.se_type = "delta";
    detail::set_score(row, estimate, std::sqrt(variance.round() * row_weight_), conf_level_,
                      {.least = least, .most = 1.0});
  }

  static void absent(Estimate& row, std::size_t count, const char* what) {
    if (count == 0) return;
    row.warnings.push_back(fmt::format(
        "{} without {}: left out of the mean",
        count == 1 ? std::string("1 class is") : fmt::format("{} classes are", count), what));
  }

  // Recall C_ll / R_l has slope ([c = l] - recall) / R_l in row l.
  void balanced() {
    Estimate* row = start("balanced_accuracy");
    if (row == nullptr) return;
    double sum = 0.0;
    double count = 0.0;
    for (std::size_t l = 0; l < k_; ++l) {
      if (!(is_[l] > 0.0)) continue;
      sum += m_.at(l, l) / is_[l];
      count += 1.0;
    }
    absent(*row, k_ - static_cast<std::size_t>(count), "labels");
    delta(*row, sum / count, 0.0, [&](std::size_t l, std::size_t c) {
      if (!(is_[l] > 0.0)) return 0.0;
      return ((l == c ? 1.0 : 0.0) - m_.at(l, l) / is_[l]) / (is_[l] * count);
    });
  }

  [[nodiscard]] double f1(std::size_t c) const {
    return is_[c] + called_[c] > 0.0 ? 2.0 * m_.at(c, c) / (is_[c] + called_[c]) : 0.0;
  }
  // F_j = 2 C_jj / (R_j + K_j) by count (l, c), summed over j with factors.
  template <class Factor>
  double f1_slope(std::size_t l, std::size_t c, Factor&& factor) const {
    const auto side = [&](std::size_t j) {
      return factor(j) * ((l == c ? 1.0 : 0.0) - f1(j)) / (is_[j] + called_[j]);
    };
    return side(l) + side(c);
  }

  void macro(const char* term) {
    Estimate* row = start(term);
    if (row == nullptr) return;
    const bool precision = std::string_view(term) == "macro_precision";
    double sum = 0.0;
    double count = 0.0;
    std::size_t never = 0;
    for (std::size_t j = 0; j < k_; ++j) {
      if (!(is_[j] + called_[j] > 0.0)) continue;
      count += 1.0;
      if (precision && !(called_[j] > 0.0)) {
        ++never;
        continue;
      }
      sum += precision ? m_.at(j, j) / called_[j] : f1(j);
    }
    absent(*row, k_ - static_cast<std::size_t>(count), "labels and calls");
    if (never > 0) {
      row->warnings.push_back(
          fmt::format("no row was called any of {} classes that occur: precision 0", never));
    }
    delta(*row, sum / count, 0.0, [&](std::size_t l, std::size_t c) {
      if (!precision) return f1_slope(l, c, [&](std::size_t) { return 1.0 / count; });
      if (!(called_[c] > 0.0)) return 0.0;
      return ((l == c ? 1.0 : 0.0) - m_.at(c, c) / called_[c]) / (called_[c] * count);
    });
  }

  // sum_j R_j F_j / N: the shares move too.
  void weighted_f1() {
    Estimate* row = start("weighted_f1");
    if (row == nullptr) return;
    double sum = 0.0;
    for (std::size_t j = 0; j < k_; ++j) sum += is_[j] * f1(j);
    const double value = sum / all_;
    delta(*row, value, 0.0, [&](std::size_t l, std::size_t c) {
      return (f1(l) - value) / all_ + f1_slope(l, c, [&](std::size_t j) { return is_[j] / all_; });
    });
  }

  // With s right, N all, R and K the margins: cov = N s - sum R K, and
  // mcc = cov / sqrt((N^2 - sum K^2)(N^2 - sum R^2)); shares instead of counts, against overflow.
  void correlation() {
    Estimate* row = start("mcc");
    if (row == nullptr) return;
    const auto [cov, of_calls, of_labels] = moments();
    const double root = std::sqrt(of_calls) * std::sqrt(of_labels);
    if (!(root > 0.0)) {
      row->warnings.emplace_back("rows of one class only, or all called the same");
      return;
    }
    const double value = std::clamp(cov / root, -1.0, 1.0);
    delta(*row, value, -1.0,
          [&, of_calls = of_calls, of_labels = of_labels](std::size_t l, std::size_t c) {
            return (slope_of_cov(l, c) / root - value * ((1.0 - called_[c] / all_) / of_calls +
                                                         (1.0 - is_[l] / all_) / of_labels)) /
                   all_;
          });
  }

  // kappa = cov / (N^2 - sum R K).
  void kappa() {
    Estimate* row = start("kappa");
    if (row == nullptr) return;
    const double cov = moments()[0];
    const double chance = right_ / all_ - cov;
    const double rest = 1.0 - chance;
    if (!(rest > 0.0)) {
      row->warnings.emplace_back("all rows are of one class and all were called so");
      return;
    }
    const double value = cov / rest;
    delta(*row, value, -1.0, [&](std::size_t l, std::size_t c) {
      const double margins = called_[l] / all_ + is_[c] / all_;
      return (slope_of_cov(l, c) - value * (2.0 - margins)) / (rest * all_);
    });
  }

  // cov, 1 - sum K^2, 1 - sum R^2 of shares.
  [[nodiscard]] std::array<double, 3> moments() const {
    ExactSum chance, calls, labels;
    for (std::size_t j = 0; j < k_; ++j) {
      const double r = is_[j] / all_, k = called_[j] / all_;
      chance.add(r * k);
      calls.add(k * k);
      labels.add(r * r);
    }
    return {right_ / all_ - chance.round(), 1.0 - calls.round(), 1.0 - labels.round()};
  }
  [[nodiscard]] double slope_of_cov(std::size_t l, std::size_t c) const {
    return (l == c ? 1.0 : 0.0) + (right_ - called_[l] - is_[c]) / all_;
  }

  const ClassMatrix& m_;
  std::size_t k_;
  double conf_level_;
  std::vector<double> is_, called_;
  double all_ = 0.0;
  double right_ = 0.0;
  double row_weight_ = 1.0;
  std::vector<Estimate> rows_;
};

}  // namespace

ClassMatrix class_matrix(std::span<const std::int32_t> called, std::span<const std::int32_t> label,
                         std::size_t classes, std::span<const double> weights) {
  check_classes(classes);
  require_length("called", called.size(), label.size());
  require_optional_length("weights", weights.size(), label.size());
  require_weights(weights);
  ClassMatrix matrix{.classes = classes};
  std::vector<ExactSum> cell(classes * classes);
  ExactSum squares;
  for (std::size_t i = 0; i < label.size(); ++i) {
    check_code("called", called[i], classes, i);
    check_code("label", label[i], classes, i);
    const double weight = weights.empty() ? 1.0 : weights[i];
    if (label[i] < 0 || std::isnan(weight)) {
      ++matrix.missing;
    } else if (called[i] < 0) {
      ++matrix.unpredicted;
    } else if (weight > 0.0) {
      cell[static_cast<std::size_t>(label[i]) * classes + static_cast<std::size_t>(called[i])].add(
          weight);
      squares.add(weight * weight);
      ++matrix.n;
    }
  }
  for (const ExactSum& sum : cell) matrix.count.push_back(sum.round());
  matrix.weight_squares = squares.round();
  return matrix;
}

std::vector<Estimate> class_matrix_scores(const ClassMatrix& matrix, double conf_level) {
  check_conf_level(conf_level);
  check_classes(matrix.classes);
  if (matrix.count.size() != matrix.classes * matrix.classes) {
    throw ArgumentError({.what = "a matrix of classes is square",
                         .got = fmt::format("{} counts", matrix.count.size()),
                         .expected = fmt::format("{0} x {0}", matrix.classes)});
  }
  for (const double count : matrix.count) {
    if (count >= 0.0 && std::isfinite(count)) continue;
    throw ArgumentError({.what = "a confusion matrix holds finite counts",
                         .got = format_double(count),
                         .expected = "0 or more"});
  }
  return Scores(matrix, conf_level).all();
}

ConfusionMatrix one_against_rest(const ClassMatrix& matrix, std::size_t one) {
  if (one >= matrix.classes) {
    throw ArgumentError({.what = "there is no such class",
                         .got = std::to_string(one),
                         .expected = fmt::format("below {}", matrix.classes)});
  }
  ConfusionMatrix two;
  for (std::size_t l = 0; l < matrix.classes; ++l) {
    for (std::size_t c = 0; c < matrix.classes; ++c) {
      double& cell = l == one ? (c == one ? two.true_positive : two.false_negative)
                              : (c == one ? two.false_positive : two.true_negative);
      cell += matrix.at(l, c);
    }
  }
  two.weight_squares = matrix.weight_squares;
  two.n = matrix.n;
  two.missing = matrix.missing;
  two.unpredicted = matrix.unpredicted;
  return two;
}

}  // namespace impact
