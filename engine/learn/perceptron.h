#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/cross_validate.h"
#include "engine/learn/feature_columns.h"

namespace impact {

enum class Activation { kRelu, kTanh, kGelu };  ///< GELU: x Phi(x) (Hendrycks & Gimpel 2016).
enum class Optimiser { kSgd, kAdam, kAdamW };
enum class RateSchedule { kConstant, kStep, kCosine, kPlateau };
enum class PerceptronLoss { kSquared, kAbsolute, kHuber, kPoisson };
/// Of weights, uniform on +-bound: 1 / sqrt(inputs), of biases too (PyTorch's Linear);
/// sqrt(6 / inputs) (He et al. 2015); sqrt(6 / (inputs + outputs)) (Glorot & Bengio 2010); biases
/// 0.
enum class InitialWeights { kLinear, kKaiming, kXavier };

/// Constants are named as in PyTorch, whose formulas these are.
struct OptimiserSpec {
  Optimiser method = Optimiser::kAdam;
  double learning_rate = 1e-3;
  double momentum = 0.0;  ///< SGD, in [0, 1).
  bool nesterov = false;  ///< SGD with momentum.
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  /// Of all parameters. SGD and Adam add weight_decay x parameter to the gradient; AdamW shrinks
  /// parameters by learning_rate x weight_decay instead (Loshchilov & Hutter 2019).
  double weight_decay = 0.0;
  double clip_norm = 0.0;  ///< Longest gradient, all parameters together; 0: any.
};

/// How the learning rate changes after an epoch.
struct RateScheduleSpec {
  RateSchedule kind = RateSchedule::kConstant;
  int step_size = 30;       ///< Step: every so many epochs
  double gamma = 0.1;       ///< times this.
  int t_max = 0;            ///< Cosine: epochs down to
  double eta_min = 0.0;     ///< this rate; 0 epochs: all of them.
  double factor = 0.1;      ///< Plateau: times this once more than
  int patience = 10;        ///< so many epochs have not brought the (validation) loss below
  double threshold = 1e-4;  ///< (1 - this) x the best.
};

struct Perceptron;

struct PerceptronSpec {
  std::vector<std::size_t> hidden = {64};  ///< Units of each hidden layer; none: a linear model.
  Activation activation = Activation::kRelu;
  /// Share of hidden units that a training step leaves out, in [0, 0.99], to the nearest 1 / 65536;
  /// the others are scaled up. Predictions use all.
  double dropout = 0.0;
  /// Normalise each hidden unit over the mini-batch, before its activation (Ioffe & Szegedy 2015;
  /// eps 1e-5, momentum 0.1); predictions use the running mean and variance.
  bool batch_norm = false;
  InitialWeights initial = InitialWeights::kLinear;
  OptimiserSpec optimiser = {};
  RateScheduleSpec schedule = {};
  PerceptronLoss loss = PerceptronLoss::kSquared;  ///< Of numbers. Labels: cross-entropy.
  double huber_delta = 1.0;
  std::size_t classes = 0;  ///< Of labels; 0: the largest of the training rows + 1, at least 2.
  std::vector<double> class_weights = {};  ///< Times the weights of rows; none: 1.
  bool balanced = false;                   ///< As if all classes had the same weight.
  std::size_t batch_size = 256;
  int epochs = 100;
  bool shuffle = true;  ///< Rows in a new random order each epoch; false: as given.
  /// Rows to judge epochs by: these, or this share of `rows` drawn (strata: classes).
  std::span<const std::uint32_t> validation = {};
  double validation_share = 0.0;
  int patience = 0;          ///< Stop after so many epochs without a validation loss that is lower
  double min_delta = 0.0;    ///< by more than this than the best; 0: never.
  bool restore_best = true;  ///< With validation rows: the weights of the best epoch.
  bool standardise = true;   ///< Columns to mean 0 and sd 1 in the training rows.
  bool standardise_outcome = true;  ///< Numbers too (not for Poisson), so delta is in their sds.
  bool double_precision = false;    ///< Three to four times as slow as float.
  /// Go on from this model: its weights and scales, but not its optimiser's memory.
  const Perceptron* start = nullptr;
};

/// Values before the activation are weight x inputs + bias.
struct PerceptronLayer {
  std::size_t inputs = 0, outputs = 0;
  std::vector<double> weight = {};  ///< outputs x inputs, row by row.
  std::vector<double> bias = {};
  /// Batch norm; else none.
  std::vector<double> gamma = {}, beta = {}, running_mean = {}, running_variance = {};
};

struct PerceptronEpoch {
  /// Mean over the steps of the epoch, each with the weights (and the dropout) it met.
  double train_loss = std::numeric_limits<double>::quiet_NaN();
  double validation_loss = std::numeric_limits<double>::quiet_NaN();  ///< After the epoch.
  double learning_rate = std::numeric_limits<double>::quiet_NaN();
};

/// A fitted network. Two classes give the probability of class 1, more one probability each,
/// numbers their mean (Poisson: the rate).
struct Perceptron {
  std::vector<PerceptronLayer> layers = {};
  Activation activation = Activation::kRelu;
  std::size_t classes = 0;  ///< 0: numbers.
  PerceptronLoss loss = PerceptronLoss::kSquared;
  bool double_precision = false;  ///< How it computes; else float, which all its weights are.
  std::vector<double> centre = {}, scale = {};  ///< Of the columns; NaN scale: a constant one.
  double outcome_centre = 0.0, outcome_scale = 1.0;
  std::vector<double> constant = {};  ///< What is predicted where there are no layers.
  std::int64_t n = 0;                 ///< PerceptronTraining rows, without those for validation.
  int best_epoch = 0;                 ///< 1 ...: whose weights these are.
  bool stopped_early = false;
  std::vector<PerceptronEpoch> history = {};
  std::vector<std::string> warnings = {};

  [[nodiscard]] std::size_t outputs() const { return classes > 2 ? classes : 1; }
  /// Rows x outputs(), row by row; NaN where a number is missing or infinite. Parallel over rows.
  void predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context = {}) const;
};

/// Multilayer perceptron by mini-batch gradient descent. A step minimises the weighted mean of its
/// rows' losses: binary or multiclass cross-entropy of logits, (y - f)^2, |y - f|, Huber's
/// (r^2 / 2, beyond delta delta (|r| - delta / 2)) or Poisson's exp(f) - y f. Initial weights,
/// order and dropout come from children of `key`; the last mini-batch of an epoch may be smaller.
/// Rows with a missing or infinite number, a missing label or weight 0 are left out and counted;
/// constant columns are warned of. One class, or no row: every row is called so, with a warning. A
/// loss that is no longer finite ends the fit with the weights of the epoch before and a warning;
/// without an epoch whose loss stays finite there is no fit, and predictions are NaN.
/// Throws ArgumentError for lengths that differ, negative weights, negative counts with Poisson,
/// options out of range, a `start` of another shape. context.cancel is polled each mini-batch.
/// Parallel over slices of a mini-batch, with 16 slices at most; bits depend neither on threads nor
/// on the machine's vector registers. O(epochs rows weights).
[[nodiscard]] Perceptron fit_perceptron(const FeatureColumns& features,
                                        std::span<const double> outcome,
                                        std::span<const std::uint32_t> rows,
                                        const PerceptronSpec& spec = {},
                                        std::span<const double> weights = {}, StreamKey key = {},
                                        const Context& context = {});

/// The same of classes 0, 1, ...; below 0: missing.
[[nodiscard]] Perceptron fit_perceptron(const FeatureColumns& features,
                                        std::span<const std::int32_t> label,
                                        std::span<const std::uint32_t> rows,
                                        const PerceptronSpec& spec = {},
                                        std::span<const double> weights = {}, StreamKey key = {},
                                        const Context& context = {});

/// A network for two classes as a Learner for cross-validation; the spans must outlive it.
[[nodiscard]] Learner perceptron_learner(const FeatureColumns& features,
                                         std::span<const std::int32_t> label,
                                         const PerceptronSpec& spec = {},
                                         std::span<const double> weights = {});

}  // namespace impact
