#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"
#include "engine/learn/perceptron.h"
#include "engine/learn/perceptron_kernels.h"

/// The layers of a perceptron: values, gradients and their place in memory.
namespace impact::detail {

enum class OutputLoss { kBinary, kMulticlass, kSquared, kAbsolute, kHuber, kPoisson };

struct LossRule {
  OutputLoss kind = OutputLoss::kSquared;
  std::size_t outputs = 1;
  double delta = 1.0;
};

/// Loss of one row from its outputs z (logits, logs of rates, numbers); y is its class or number.
/// d, if any: derivatives times `factor`. T: float, double.
template <class T>
[[nodiscard]] double row_loss(const LossRule& rule, const T* z, double y, double factor, T* d);

/// Tanh or GELU of n values in place; slope, if any: its derivative there.
template <class T>
void activate(Activation activation, std::size_t n, T* z, T* slope);

/// Where a layer's numbers lie among all parameters: weights as inputs x stride, then a row each of
/// biases and, with batch norm, gammas and betas. Padding is zero and stays so.
struct LayerPlace {
  std::size_t inputs = 0, outputs = 0, in_stride = 0, stride = 0;
  std::size_t weight = 0, bias = 0, gamma = 0, beta = 0;
  std::size_t transposed = 0;          ///< Outputs x in_stride, among all transposed weights.
  std::size_t mean = 0, variance = 0;  ///< Among the running statistics.
  bool norm = false;
};

struct NetworkPlan {
  std::vector<LayerPlace> layers = {};
  Activation activation = Activation::kRelu;
  std::uint32_t drop_below = 0;  ///< Of 65536.
  LossRule loss = {};
  std::size_t parameters = 0, statistics = 0, transposed = 0, widest = 0;

  /// units: inputs, hidden layers, outputs.
  [[nodiscard]] static NetworkPlan make(std::span<const std::size_t> units, bool batch_norm);
};

/// Rows to learn from; x has the stride of the inputs.
template <class T>
struct NetworkRows {
  const T* x = nullptr;
  std::size_t stride = 0;
  const double* y = nullptr;
  const double* w = nullptr;
};

/// T: float, double. `parameter` and `statistics` may be written; refresh() must follow.
template <class T>
class Network {
 public:
  Network(NetworkPlan plan, std::size_t largest_batch);

  WideVector<T> parameter;
  WideVector<T> statistics;  ///< Running means and variances.

  [[nodiscard]] const NetworkPlan& plan() const { return plan_; }
  /// Brings up to date what is derived from the parameters.
  void refresh(const Context& context = {});

  /// Gradient of the mean loss of a mini-batch, at most the largest one, weighted by w; returns
  /// the mean loss. Dropout draws from Stream(key, step). Batch norm moves the running statistics.
  double learn(const NetworkRows<T>& rows, std::span<const std::uint32_t> batch, StreamKey key,
               std::uint64_t step, const Context& context);
  [[nodiscard]] const WideVector<T>& gradient() const { return slices_[0].gradient; }
  [[nodiscard]] WideVector<T>& gradient() { return slices_[0].gradient; }

  /// Outputs as predictions see them, rows x stride of the outputs; x is rows x stride of the
  /// inputs and is overwritten. `other` is scratch.
  [[nodiscard]] const T* outputs(std::size_t rows, WideVector<T>& x, WideVector<T>& other) const;
  /// Weighted mean loss of such rows.
  [[nodiscard]] double loss(const NetworkRows<T>& rows, std::span<const std::uint32_t> places,
                            const Context& context) const;

 private:
  struct Slice {
    std::size_t begin = 0, rows = 0;
    std::vector<WideVector<T>> value = {};   // inputs, then what each layer gives
    std::vector<WideVector<T>> normal = {};  // batch norm: normalised
    std::vector<WideVector<T>> slope = {};   // d value / d (before activation), not for ReLU
    WideVector<T> d = {}, e = {};            // derivatives by units
    WideVector<T> gradient = {};
    std::vector<double> first = {}, second = {};  // per unit: see combine_*
    std::vector<std::uint32_t> words = {};
    double loss = 0.0;
  };

  void enter(Slice& slice, std::size_t l) const;
  void leave(Slice& slice, std::size_t l) const;
  void judge(Slice& slice) const;
  void down(Slice& slice, std::size_t l) const;
  void through(Slice& slice, std::size_t l) const;
  void combine_moments(std::size_t count, std::size_t l);
  void combine_sums(std::size_t count, std::size_t l);
  void add_gradients(std::size_t count, const Context& context);

  NetworkPlan plan_;
  const PerceptronKernels<T>& kernels_;
  WideVector<T> transposed_;
  std::vector<Slice> slices_;
  // Of the mini-batch in work: rows, weights' sum, and of each layer's units mean, 1 / sd and the
  // means of dy and dy x normal.
  NetworkRows<T> rows_;
  std::span<const std::uint32_t> batch_;
  double weight_ = 0.0;
  StreamKey key_;
  std::uint64_t step_ = 0;
  std::vector<T> mean_, inverse_, mean_d_, mean_dx_;
};

}  // namespace impact::detail
