#include "engine/learn/perceptron_weights.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/stats/lengths.h"

namespace impact {
namespace detail {

NetworkPlan plan_of(const Perceptron& model) {
  std::vector<std::size_t> units = {model.layers.front().inputs};
  for (const PerceptronLayer& layer : model.layers) units.push_back(layer.outputs);
  NetworkPlan plan = NetworkPlan::make(units, !model.layers.front().gamma.empty());
  plan.activation = model.activation;
  return plan;
}

template <class T>
void put_weights(const Perceptron& model, Network<T>& network) {
  const auto put = [](const std::vector<double>& from, T* to) {
    for (std::size_t j = 0; j < from.size(); ++j) to[j] = static_cast<T>(from[j]);
  };
  for (std::size_t l = 0; l < model.layers.size(); ++l) {
    const PerceptronLayer& from = model.layers[l];
    const LayerPlace& to = network.plan().layers[l];
    for (std::size_t k = 0; k < from.inputs; ++k) {
      for (std::size_t j = 0; j < from.outputs; ++j) {
        network.parameter[to.weight + k * to.stride + j] =
            static_cast<T>(from.weight[j * from.inputs + k]);
      }
    }
    put(from.bias, network.parameter.data() + to.bias);
    if (!to.norm) continue;
    put(from.gamma, network.parameter.data() + to.gamma);
    put(from.beta, network.parameter.data() + to.beta);
    put(from.running_mean, network.statistics.data() + to.mean);
    put(from.running_variance, network.statistics.data() + to.variance);
  }
  network.refresh();
}

template <class T>
void take_weights(const Network<T>& network, Perceptron& model) {
  const auto take = [](const T* from, std::vector<double>& to, std::size_t n) {
    to.assign(from, from + n);
  };
  model.layers.clear();
  for (const LayerPlace& from : network.plan().layers) {
    PerceptronLayer& to = model.layers.emplace_back();
    to.inputs = from.inputs;
    to.outputs = from.outputs;
    to.weight.resize(from.inputs * from.outputs);
    for (std::size_t k = 0; k < from.inputs; ++k) {
      for (std::size_t j = 0; j < from.outputs; ++j) {
        to.weight[j * from.inputs + k] =
            static_cast<double>(network.parameter[from.weight + k * from.stride + j]);
      }
    }
    take(network.parameter.data() + from.bias, to.bias, from.outputs);
    if (!from.norm) continue;
    take(network.parameter.data() + from.gamma, to.gamma, from.outputs);
    take(network.parameter.data() + from.beta, to.beta, from.outputs);
    take(network.statistics.data() + from.mean, to.running_mean, from.outputs);
    take(network.statistics.data() + from.variance, to.running_variance, from.outputs);
  }
}

template <class T>
bool put_row(const Perceptron& model, const FeatureColumns& features, std::size_t row, T* x) {
  bool whole = true;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const double value = features.column(j)[row];
    const bool finite = std::isfinite(value);
    x[j] = finite && !std::isnan(model.scale[j])
               ? static_cast<T>((value - model.centre[j]) / model.scale[j])
               : T{0};
    whole = whole && finite && std::isfinite(x[j]);
  }
  return whole;
}

template void put_weights(const Perceptron&, Network<float>&);
template void put_weights(const Perceptron&, Network<double>&);
template void take_weights(const Network<float>&, Perceptron&);
template void take_weights(const Network<double>&, Perceptron&);
template bool put_row(const Perceptron&, const FeatureColumns&, std::size_t, float*);
template bool put_row(const Perceptron&, const FeatureColumns&, std::size_t, double*);

}  // namespace detail

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kPredictRows = 256;

// From one row's last layer to its predictions.
template <class T>
void finish(const Perceptron& model, const T* z, double* out) {
  const auto value = static_cast<double>(z[0]);
  if (model.classes == 0) {
    out[0] = model.loss == PerceptronLoss::kPoisson
                 ? std::exp(value)
                 : model.outcome_centre + model.outcome_scale * value;
    return;
  }
  if (model.classes == 2) {
    const double e = std::exp(-std::abs(value));
    out[0] = (value >= 0.0 ? 1.0 : e) / (1.0 + e);
    return;
  }
  const auto most = static_cast<double>(*std::max_element(z, z + model.classes));
  double sum = 0.0;
  for (std::size_t k = 0; k < model.classes; ++k) {
    out[k] = std::exp(static_cast<double>(z[k]) - most);
    sum += out[k];
  }
  for (std::size_t k = 0; k < model.classes; ++k) out[k] /= sum;
}

template <class T>
void predict_with(const Perceptron& model, const FeatureColumns& features,
                  std::span<const std::uint32_t> rows, std::span<double> out,
                  const Context& context) {
  detail::Network<T> network(detail::plan_of(model), 0);
  detail::put_weights(model, network);
  const std::size_t in = network.plan().layers.front().in_stride;
  const std::size_t stride = network.plan().layers.back().stride;
  const std::size_t outputs = model.outputs();
  for_chunks(context, rows.size(), kPredictRows, [&](std::size_t begin, std::size_t end) {
    detail::WideVector<T> x((end - begin) * network.plan().widest), other;
    std::vector<char> whole(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
      whole[i - begin] =
          detail::put_row(model, features, rows[i], x.data() + (i - begin) * in) ? 1 : 0;
    }
    const T* z = network.outputs(end - begin, x, other);
    for (std::size_t i = begin; i < end; ++i) {
      double* to = out.data() + i * outputs;
      if (whole[i - begin] != 0) {
        finish(model, z + (i - begin) * stride, to);
      } else {
        std::fill_n(to, outputs, kNaN);
      }
    }
  });
}

}  // namespace

void Perceptron::predict(const FeatureColumns& features, std::span<const std::uint32_t> rows,
                         std::span<double> out, const Context& context) const {
  if (features.columns != centre.size()) {
    throw ArgumentError({.what = "the model knows other columns",
                         .where = "columns",
                         .got = std::to_string(features.columns),
                         .expected = std::to_string(centre.size())});
  }
  require_length("out", out.size(), rows.size() * outputs());
  for (const auto row : rows) {
    if (row < features.rows()) continue;
    throw ArgumentError({.what = "there is no such row",
                         .where = "rows",
                         .got = std::to_string(std::size_t{row} + 1),
                         .expected = "1 to " + std::to_string(features.rows())});
  }
  if (!layers.empty()) {
    (double_precision ? predict_with<double> : predict_with<float>)(*this, features, rows, out,
                                                                    context);
    return;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bool whole = true;
    for (std::size_t j = 0; j < features.columns; ++j) {
      whole = whole && std::isfinite(features.column(j)[rows[i]]);
    }
    for (std::size_t k = 0; k < outputs(); ++k) {
      out[i * outputs() + k] = whole ? constant[k] : kNaN;
    }
  }
}

}  // namespace impact
