#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/learn/classification.h"
#include "engine/learn/scored_labels.h"
#include "engine/stats/estimate.h"

namespace impact {

/// Rows by what they are and what they were called, for any number of classes.
struct ClassMatrix {
  std::size_t classes = 0;
  /// classes x classes, row by row: count[label * classes + called]; sums of weights, or numbers.
  std::vector<double> count = {};
  double weight_squares = 0.0;   ///< Sum of squared weights; without weights, the rows.
  std::int64_t n = 0;            ///< Rows.
  std::int64_t missing = 0;      ///< Rows left out: no label or no weight,
  std::int64_t unpredicted = 0;  ///< not called anything.

  [[nodiscard]] double at(std::size_t label, std::size_t called) const {
    return count[label * classes + called];
  }
};

/// Rows with a negative code or a NaN weight are left out and counted; rows of weight 0 do not
/// count. Throws ArgumentError for lengths that differ, codes of `classes` and more, negative or
/// infinite weights, fewer than two classes.
[[nodiscard]] ClassMatrix class_matrix(std::span<const std::int32_t> called,
                                       std::span<const std::int32_t> label, std::size_t classes,
                                       std::span<const double> weights = {});

/// What follows from the counts, in this order by `term`; means are over the classes that occur
/// (as labels for recalls, as labels or calls for the others), with a warning about those that do
/// not:
///   accuracy           Wilson's interval
///   balanced_accuracy  mean recall
///   macro_precision    mean TP / (TP + FP); 0, with a warning, of a class that nothing was called
///   macro_f1           mean 2 TP / (2 TP + FP + FN)
///   micro_f1           that of all classes' TP, FP, FN summed: the accuracy, where every row is
///                      called something
///   weighted_f1        mean by the classes' shares of labels
///   mcc                Gorodkin (2004): correlation of labels and calls; NaN where either is of
///                      one class, as of two classes
///   kappa              (accuracy - chance) / (1 - chance) (Cohen 1960)
/// All but accuracy and micro_f1 have the error of the delta method for multinomial counts and a
/// normal interval cut at the ends of their range. With weights the error is that of
/// sum w / (sum w^2 / sum w) rows (Kish 1965). For two classes mcc and kappa are those of
/// classification_scores. method "class_matrix". Throws ArgumentError for conf_level and a matrix
/// that is not square or holds negative or infinite counts.
[[nodiscard]] std::vector<Estimate> class_matrix_scores(const ClassMatrix& matrix,
                                                        double conf_level = 0.95);

/// One class against all others, for classification_scores.
[[nodiscard]] ConfusionMatrix one_against_rest(const ClassMatrix& matrix, std::size_t one);

/// Probabilities of several classes. A row with a NaN is left out and counted.
struct ClassProbabilities {
  std::span<const double> probability;  ///< rows x classes, row by row.
  std::span<const std::int32_t> label;  ///< 0 ... classes - 1, below 0 missing.
  std::size_t classes = 0;
  std::span<const double> weights = {};
};

/// The most probable class of each row, of equals the first; -1 where one is NaN.
[[nodiscard]] std::vector<std::int32_t> most_probable(std::span<const double> probability,
                                                      std::size_t classes);

struct ClassProbabilitySpec {
  std::vector<std::size_t> top = {};  ///< k of "top_k_accuracy", each 1 ... classes.
  double conf_level = 0.95;
};

/// How good probabilities are, in this order by `term`:
///   log_loss        mean -log p of what happened; infinite, with a warning, for a certain mistake
///   brier_score     mean sum_k (p_k - y_k)^2 (Brier 1950), 0 ... 2: for two classes twice
///                   brier_score()
///   macro_auc       mean over the classes of the AUC of one class against all others (Provost &
///                   Domingos 2000), ties half; classes without rows, or with all, are left out.
///                   Error: DeLong's, of the mean, so that covariances count
///   top_k_accuracy  share of rows whose class is among the k most probable, of equals the first;
///                   Wilson's interval
/// method "class_probabilities". Throws ArgumentError for lengths, labels, weights and classes as
/// class_matrix, numbers outside [0, 1], rows whose sum is not 1 to within 1e-6, k and conf_level.
[[nodiscard]] std::vector<Estimate> class_probability_scores(const ClassProbabilities& data,
                                                             const ClassProbabilitySpec& spec = {});

namespace detail {
/// Rows that count. Errors as class_probability_scores.
[[nodiscard]] UsedRows used_class_rows(const ClassProbabilities& data);
}  // namespace detail

}  // namespace impact
