#include "engine/learn/perceptron_network.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "engine/core/parallel.h"
#include "engine/core/rng_fill.h"

namespace impact::detail {
namespace {

// Slices of a mini-batch: large enough to keep a thread busy, few enough for their gradients.
constexpr std::size_t kLeastSlice = 64;
constexpr std::size_t kMostSlices = 16;
// Parameters that one task adds up, or writes anew.
constexpr std::size_t kParameterChunk = 16384;
constexpr double kNormEps = 1e-5;
constexpr double kNormMomentum = 0.1;

std::size_t slice_rows(std::size_t batch) {
  const std::size_t share = (batch + kMostSlices - 1) / kMostSlices;
  return std::max(kLeastSlice, (share + 3) / 4 * 4);
}

// Words that 16-bit draws for the units of one layer in a slice need, a whole number of blocks.
std::size_t slice_words(std::size_t rows, std::size_t stride) {
  return (rows * stride + 31) / 32 * 16;
}

}  // namespace

NetworkPlan NetworkPlan::make(std::span<const std::size_t> units, bool batch_norm) {
  NetworkPlan plan;
  const auto take = [](std::size_t& end, std::size_t size) {
    return std::exchange(end, end + size);
  };
  plan.widest = padded_units(units[0]);
  for (std::size_t l = 0; l + 1 < units.size(); ++l) {
    LayerPlace layer{.inputs = units[l],
                     .outputs = units[l + 1],
                     .in_stride = padded_units(units[l]),
                     .stride = padded_units(units[l + 1]),
                     .norm = batch_norm && l + 2 < units.size()};
    layer.weight = take(plan.parameters, layer.inputs * layer.stride);
    layer.bias = take(plan.parameters, layer.stride);
    layer.transposed = take(plan.transposed, layer.outputs * layer.in_stride);
    if (layer.norm) {
      layer.gamma = take(plan.parameters, layer.stride);
      layer.beta = take(plan.parameters, layer.stride);
      layer.mean = take(plan.statistics, layer.stride);
      layer.variance = take(plan.statistics, layer.stride);
    }
    plan.widest = std::max(plan.widest, layer.stride);
    plan.layers.push_back(layer);
  }
  plan.loss.outputs = units.back();
  return plan;
}

template <class T>
Network<T>::Network(NetworkPlan plan, std::size_t largest_batch)
    : parameter(plan.parameters),
      statistics(plan.statistics),
      plan_(std::move(plan)),
      kernels_(perceptron_kernels<T>()),
      transposed_(plan_.transposed) {
  if (largest_batch == 0) return;
  const std::size_t hidden = plan_.layers.size() - 1;
  slices_.resize(chunk_count(largest_batch, slice_rows(largest_batch)));
  // A smaller mini-batch may have shorter slices, but not longer or more ones.
  const std::size_t rows = std::min(slice_rows(largest_batch), largest_batch);
  for (Slice& s : slices_) {
    s.value.emplace_back(rows * plan_.layers[0].in_stride);
    for (const LayerPlace& layer : plan_.layers) s.value.emplace_back(rows * layer.stride);
    s.normal.resize(hidden);
    s.slope.resize(hidden);
    std::size_t words = 0;
    for (std::size_t l = 0; l < hidden; ++l) {
      const std::size_t stride = plan_.layers[l].stride;
      if (plan_.layers[l].norm) s.normal[l].resize(rows * stride);
      if (plan_.activation != Activation::kRelu) s.slope[l].resize(rows * stride);
      words = std::max(words, slice_words(rows, stride));
    }
    if (plan_.drop_below > 0) s.words.resize(words);
    s.d.resize(rows * plan_.widest);
    s.e.resize(rows * plan_.widest);
    s.gradient.resize(plan_.parameters);
    s.first.resize(plan_.widest);
    s.second.resize(plan_.widest);
  }
  const std::size_t units = plan_.statistics / 2;
  for (auto* v : {&mean_, &inverse_, &mean_d_, &mean_dx_}) v->resize(units);
}

template <class T>
void Network<T>::refresh(const Context& context) {
  // Small networks are not worth a second thread.
  const Context alone{.threads = 1, .cancel = context.cancel};
  const bool small = plan_.transposed <= kParameterChunk;
  for (std::size_t l = 1; l < plan_.layers.size(); ++l) {
    const LayerPlace& layer = plan_.layers[l];
    const std::size_t chunk = std::max<std::size_t>(1, kParameterChunk / layer.in_stride);
    for_chunks(small ? alone : context, layer.outputs, chunk,
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t j = begin; j < end; ++j) {
                   const T* from = parameter.data() + layer.weight + j;
                   T* to = transposed_.data() + layer.transposed + j * layer.in_stride;
                   for (std::size_t k = 0; k < layer.inputs; ++k) to[k] = from[k * layer.stride];
                 }
               });
  }
}

// z = x W + b; with batch norm also the mean and the sum of squares about it of each unit here.
template <class T>
void Network<T>::enter(Slice& s, std::size_t l) const {
  const LayerPlace& layer = plan_.layers[l];
  T* z = layer.norm ? s.normal[l].data() : s.value[l + 1].data();
  kernels_.multiply({.rows = s.rows,
                     .inner = layer.inputs,
                     .columns = layer.stride,
                     .a = s.value[l].data(),
                     .a_row = layer.in_stride,
                     .a_inner = 1,
                     .b = parameter.data() + layer.weight,
                     .b_row = layer.stride,
                     .start = parameter.data() + layer.bias,
                     .c = z,
                     .c_row = layer.stride});
  if (!layer.norm) return;
  std::fill_n(s.first.begin(), layer.stride, 0.0);
  std::fill_n(s.second.begin(), layer.stride, 0.0);
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < layer.stride; ++j) s.first[j] += double(z[i * layer.stride + j]);
  }
  for (std::size_t j = 0; j < layer.stride; ++j) s.first[j] /= static_cast<double>(s.rows);
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < layer.stride; ++j) {
      const double r = double(z[i * layer.stride + j]) - s.first[j];
      s.second[j] += r * r;
    }
  }
}

// Means and squares of two parts join as in Chan, Golub & LeVeque (1983). The running variance has
// n - 1 below, the one that normalises n.
template <class T>
void Network<T>::combine_moments(std::size_t count, std::size_t l) {
  const LayerPlace& layer = plan_.layers[l];
  const auto n = static_cast<double>(batch_.size());
  const std::size_t at = layer.mean / 2;
  for (std::size_t j = 0; j < layer.stride; ++j) {
    double mean = 0.0, squares = 0.0, rows = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      const Slice& s = slices_[k];
      const auto more = static_cast<double>(s.rows);
      const double apart = s.first[j] - mean;
      squares += s.second[j] + apart * apart * (rows * more / (rows + more));
      rows += more;
      mean += apart * (more / rows);
    }
    mean_[at + j] = static_cast<T>(mean);
    inverse_[at + j] = static_cast<T>(1.0 / std::sqrt(squares / n + kNormEps));
    T& running = statistics[layer.mean + j];
    running = static_cast<T>(double(running) + kNormMomentum * (mean - double(running)));
    T& variance = statistics[layer.variance + j];
    const double unbiased = n > 1.0 ? squares / (n - 1.0) : 0.0;
    variance = static_cast<T>(double(variance) + kNormMomentum * (unbiased - double(variance)));
  }
}

// value = mask act(gamma (z - mean) / sd + beta) / (1 - dropout)
template <class T>
void Network<T>::leave(Slice& s, std::size_t l) const {
  const LayerPlace& layer = plan_.layers[l];
  const std::size_t n = s.rows * layer.stride;
  T* h = s.value[l + 1].data();
  if (layer.norm) {
    const T* mean = mean_.data() + layer.mean / 2;
    const T* inverse = inverse_.data() + layer.mean / 2;
    const T* gamma = parameter.data() + layer.gamma;
    const T* beta = parameter.data() + layer.beta;
    for (std::size_t i = 0; i < s.rows; ++i) {
      T* x = s.normal[l].data() + i * layer.stride;
      for (std::size_t j = 0; j < layer.stride; ++j) {
        x[j] = (x[j] - mean[j]) * inverse[j];
        h[i * layer.stride + j] = gamma[j] * x[j] + beta[j];
      }
    }
  }
  const bool relu = plan_.activation == Activation::kRelu;
  if (relu) {
    kernels_.relu(n, h);
  } else {
    activate(plan_.activation, n, h, s.slope[l].data());
  }
  if (plan_.drop_below == 0) return;
  // A slice's draws begin where those of the slices and layers before it end.
  const std::size_t words = slice_words(s.rows, layer.stride);
  std::size_t before = 0;
  for (std::size_t k = 0; k < l; ++k) {
    before += slice_words(batch_.size(), plan_.layers[k].stride) + kUnitPad;
  }
  before += slice_words(s.begin, layer.stride);
  fill_words(key_, step_, before / 4, std::span(s.words).first(words));
  const T scale = static_cast<T>(65536.0 / (65536.0 - plan_.drop_below));
  kernels_.drop(n, s.words.data(), plan_.drop_below, scale, h);
  if (!relu) kernels_.drop(n, s.words.data(), plan_.drop_below, scale, s.slope[l].data());
}

template <class T>
void Network<T>::judge(Slice& s) const {
  const std::size_t stride = plan_.layers.back().stride;
  const T* z = s.value.back().data();
  std::fill_n(s.d.begin(), s.rows * stride, T{0});
  s.loss = 0.0;
  for (std::size_t i = 0; i < s.rows; ++i) {
    const std::uint32_t row = batch_[s.begin + i];
    const double w = rows_.w[row];
    s.loss += w * row_loss(plan_.loss, z + i * stride, rows_.y[row], w / weight_,
                           s.d.data() + i * stride);
  }
}

// From derivatives by a layer's values to those by what enters its activation; with batch norm
// also their sums, and those of their products with the normalised values.
template <class T>
void Network<T>::down(Slice& s, std::size_t l) const {
  const LayerPlace& layer = plan_.layers[l];
  const std::size_t n = s.rows * layer.stride;
  if (plan_.activation == Activation::kRelu) {
    // A unit that was left out is 0 as one that is switched off.
    const T scale = static_cast<T>(65536.0 / (65536.0 - plan_.drop_below));
    kernels_.relu_slope(n, s.value[l + 1].data(), scale, s.d.data());
  } else {
    for (std::size_t i = 0; i < n; ++i) s.d[i] *= s.slope[l][i];
  }
  if (!layer.norm) return;
  std::fill_n(s.first.begin(), layer.stride, 0.0);
  std::fill_n(s.second.begin(), layer.stride, 0.0);
  for (std::size_t i = 0; i < s.rows; ++i) {
    for (std::size_t j = 0; j < layer.stride; ++j) {
      const auto d = double(s.d[i * layer.stride + j]);
      s.first[j] += d;
      s.second[j] += d * double(s.normal[l][i * layer.stride + j]);
    }
  }
}

template <class T>
void Network<T>::combine_sums(std::size_t count, std::size_t l) {
  const LayerPlace& layer = plan_.layers[l];
  const auto n = static_cast<double>(batch_.size());
  const std::size_t at = layer.mean / 2;
  for (std::size_t j = 0; j < layer.stride; ++j) {
    double d = 0.0, dx = 0.0;
    for (std::size_t k = 0; k < count; ++k) {
      d += slices_[k].first[j];
      dx += slices_[k].second[j];
    }
    mean_d_[at + j] = static_cast<T>(d / n);
    mean_dx_[at + j] = static_cast<T>(dx / n);
    // The other slices' gradients have zeros here.
    slices_[0].gradient[layer.gamma + j] = static_cast<T>(dx);
    slices_[0].gradient[layer.beta + j] = static_cast<T>(d);
  }
}

// Batch norm: dz = gamma / sd (dy - mean dy - normal mean(dy normal)). Then dW = x' dz, db = 1' dz,
// dx = dz W'.
template <class T>
void Network<T>::through(Slice& s, std::size_t l) const {
  const LayerPlace& layer = plan_.layers[l];
  if (layer.norm) {
    const std::size_t at = layer.mean / 2;
    for (std::size_t i = 0; i < s.rows; ++i) {
      T* d = s.d.data() + i * layer.stride;
      const T* x = s.normal[l].data() + i * layer.stride;
      for (std::size_t j = 0; j < layer.stride; ++j) {
        d[j] = parameter[layer.gamma + j] * inverse_[at + j] *
               (d[j] - mean_d_[at + j] - x[j] * mean_dx_[at + j]);
      }
    }
  }
  kernels_.multiply({.rows = layer.inputs,
                     .inner = s.rows,
                     .columns = layer.stride,
                     .a = s.value[l].data(),
                     .a_row = 1,
                     .a_inner = layer.in_stride,
                     .b = s.d.data(),
                     .b_row = layer.stride,
                     .c = s.gradient.data() + layer.weight,
                     .c_row = layer.stride});
  // Batch norm takes a bias away again: its derivative is 0, not the rounding of 0 that Adam
  // would divide by itself.
  if (!layer.norm) {
    const T one{1};
    kernels_.multiply({.rows = 1,
                       .inner = s.rows,
                       .columns = layer.stride,
                       .a = &one,
                       .b = s.d.data(),
                       .b_row = layer.stride,
                       .c = s.gradient.data() + layer.bias,
                       .c_row = layer.stride});
  }
  if (l == 0) return;
  kernels_.multiply({.rows = s.rows,
                     .inner = layer.outputs,
                     .columns = layer.in_stride,
                     .a = s.d.data(),
                     .a_row = layer.stride,
                     .a_inner = 1,
                     .b = transposed_.data() + layer.transposed,
                     .b_row = layer.in_stride,
                     .c = s.e.data(),
                     .c_row = layer.in_stride});
  std::swap(s.d, s.e);
}

// Gradients of slices are added along a fixed tree; the first slice's is the whole one's.
template <class T>
void Network<T>::add_gradients(std::size_t count, const Context& context) {
  for_chunks(context, plan_.parameters, kParameterChunk, [&](std::size_t begin, std::size_t end) {
    for (std::size_t step = 1; step < count; step *= 2) {
      for (std::size_t k = 0; k + step < count; k += 2 * step) {
        kernels_.add(end - begin, slices_[k + step].gradient.data() + begin,
                     slices_[k].gradient.data() + begin);
      }
    }
  });
}

template <class T>
double Network<T>::learn(const NetworkRows<T>& rows, std::span<const std::uint32_t> batch,
                         StreamKey key, std::uint64_t step, const Context& context) {
  rows_ = rows;
  batch_ = batch;
  key_ = key;
  step_ = step;
  weight_ = 0.0;
  for (const auto row : batch) weight_ += rows.w[row];
  const std::size_t size = slice_rows(batch.size());
  const std::size_t count = chunk_count(batch.size(), size);
  const std::size_t last = plan_.layers.size() - 1;
  const auto begin = [&](std::size_t k) -> Slice& {
    Slice& s = slices_[k];
    s.begin = k * size;
    s.rows = std::min(size, batch.size() - s.begin);
    for (std::size_t i = 0; i < s.rows; ++i) {
      std::memcpy(s.value[0].data() + i * rows.stride,
                  rows.x + std::size_t{batch[s.begin + i]} * rows.stride, rows.stride * sizeof(T));
    }
    enter(s, 0);
    return s;
  };
  if (plan_.statistics == 0) {
    run_tasks(context, count, [&](std::size_t k) {
      Slice& s = begin(k);
      for (std::size_t l = 0; l < last; ++l) {
        leave(s, l);
        enter(s, l + 1);
      }
      judge(s);
      through(s, last);
      for (std::size_t l = last; l-- > 0;) {
        down(s, l);
        through(s, l);
      }
    });
  } else {
    // Batch norm needs all slices' moments before any can go on.
    run_tasks(context, count, begin);
    for (std::size_t l = 0; l < last; ++l) {
      combine_moments(count, l);
      run_tasks(context, count, [&](std::size_t k) {
        Slice& s = slices_[k];
        leave(s, l);
        enter(s, l + 1);
        if (l + 1 < last) return;
        judge(s);
        through(s, last);
        down(s, l);
      });
    }
    for (std::size_t l = last; l-- > 0;) {
      combine_sums(count, l);
      run_tasks(context, count, [&](std::size_t k) {
        through(slices_[k], l);
        if (l > 0) down(slices_[k], l - 1);
      });
    }
  }
  add_gradients(count, context);
  double loss = 0.0;
  for (std::size_t k = 0; k < count; ++k) loss += slices_[k].loss;
  return loss / weight_;
}

template <class T>
const T* Network<T>::outputs(std::size_t rows, WideVector<T>& x, WideVector<T>& other) const {
  x.resize(rows * plan_.widest);
  other.resize(rows * plan_.widest);
  T* from = x.data();
  T* to = other.data();
  for (std::size_t l = 0; l < plan_.layers.size(); ++l) {
    const LayerPlace& layer = plan_.layers[l];
    kernels_.multiply({.rows = rows,
                       .inner = layer.inputs,
                       .columns = layer.stride,
                       .a = from,
                       .a_row = layer.in_stride,
                       .a_inner = 1,
                       .b = parameter.data() + layer.weight,
                       .b_row = layer.stride,
                       .start = parameter.data() + layer.bias,
                       .c = to,
                       .c_row = layer.stride});
    std::swap(from, to);
    if (l + 1 == plan_.layers.size()) break;
    if (layer.norm) {
      for (std::size_t j = 0; j < layer.stride; ++j) {
        const T inverse =
            static_cast<T>(1.0 / std::sqrt(double(statistics[layer.variance + j]) + kNormEps));
        const T gamma = parameter[layer.gamma + j] * inverse;
        const T beta = parameter[layer.beta + j] - statistics[layer.mean + j] * gamma;
        for (std::size_t i = 0; i < rows; ++i) {
          T& z = from[i * layer.stride + j];
          z = z * gamma + beta;
        }
      }
    }
    if (plan_.activation == Activation::kRelu) {
      kernels_.relu(rows * layer.stride, from);
    } else {
      activate<T>(plan_.activation, rows * layer.stride, from, nullptr);
    }
  }
  return from;
}

template <class T>
double Network<T>::loss(const NetworkRows<T>& rows, std::span<const std::uint32_t> places,
                        const Context& context) const {
  struct Sum {
    double loss = 0.0, weight = 0.0;
  };
  const std::size_t stride = plan_.layers.back().stride;
  const Sum sum = reduce_chunks<Sum>(
      context, places.size(), 256,
      [&](std::size_t begin, std::size_t end) {
        WideVector<T> x((end - begin) * plan_.widest), other;
        for (std::size_t i = begin; i < end; ++i) {
          std::memcpy(x.data() + (i - begin) * rows.stride,
                      rows.x + std::size_t{places[i]} * rows.stride, rows.stride * sizeof(T));
        }
        const T* z = outputs(end - begin, x, other);
        Sum part;
        for (std::size_t i = begin; i < end; ++i) {
          const double w = rows.w[places[i]];
          part.loss +=
              w * row_loss<T>(plan_.loss, z + (i - begin) * stride, rows.y[places[i]], w, nullptr);
          part.weight += w;
        }
        return part;
      },
      [](Sum& a, const Sum& b) {
        a.loss += b.loss;
        a.weight += b.weight;
      });
  return sum.loss / sum.weight;
}

template class Network<float>;
template class Network<double>;

}  // namespace impact::detail
