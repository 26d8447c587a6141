#include "engine/learn/perceptron_training.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "engine/core/rng_fill.h"
#include "engine/learn/perceptron_descent.h"
#include "engine/learn/perceptron_weights.h"

namespace impact::detail {
namespace {

template <class T>
struct Snapshot {
  WideVector<T> parameter, statistics;
  int epoch = 0;
};

template <class T>
bool finite(const WideVector<T>& values) {
  return std::all_of(values.begin(), values.end(), [](T x) { return std::isfinite(x); });
}

// Fisher and Yates, from the last place down.
void shuffle(std::vector<std::uint32_t>& order, StreamKey key, int epoch) {
  WordReader words(key, static_cast<std::uint64_t>(epoch));
  for (std::size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[words.below(static_cast<std::uint32_t>(i))]);
  }
}

// Weights of which no loss is finite are no fit.
void refuse_weights(Perceptron& model, std::size_t epoch) {
  model.layers.clear();
  model.best_epoch = 0;
  model.constant.assign(model.outputs(), std::numeric_limits<double>::quiet_NaN());
  model.warnings.push_back(fmt::format(
      "the fit did not converge, so it predicts nothing: the loss was no longer finite in epoch "
      "{}; "
      "a lower learning_rate, clip_norm, or columns and an outcome brought to scale may help",
      epoch));
}

}  // namespace

template <class T>
void train(const PerceptronTraining<T>& t, const PerceptronSpec& spec, const NetworkPlan& plan,
           StreamKey key, const Context& context, Perceptron& model) {
  const std::size_t n = t.train.size();
  const std::size_t size = std::min(spec.batch_size, n);
  Network<T> network(plan, std::min(size + 1, n));
  put_weights(model, network);
  const NetworkRows<T> rows{
      .x = t.x.data(), .stride = plan.layers[0].in_stride, .y = t.y.data(), .w = t.w.data()};
  Descent<T> descent(spec.optimiser, plan.parameters);
  LearningRate rate(spec.schedule, spec.optimiser.learning_rate, spec.epochs);
  const StreamKey order_key = key.child("order");
  const StreamKey drop_key = key.child("dropout");
  const auto keep = [&](int epoch) {
    return Snapshot<T>{network.parameter, network.statistics, epoch};
  };
  Snapshot<T> last = keep(0);  // of the epochs that stayed finite
  Snapshot<T> best;
  double lowest = std::numeric_limits<double>::infinity();
  double to_beat = lowest;
  int waited = 0;
  bool diverged = false;
  std::uint64_t step = 0;
  std::vector<std::uint32_t> order;
  for (int epoch = 1; epoch <= spec.epochs; ++epoch) {
    if (context.progress != nullptr) {
      context.progress->report("perceptron", static_cast<double>(epoch - 1) / spec.epochs);
    }
    order = t.train;
    if (spec.shuffle) shuffle(order, order_key, epoch);
    double loss = 0.0;
    for (std::size_t begin = 0; begin < n;) {
      context.check();
      std::size_t count = std::min(size, n - begin);
      // A row alone has no variance to be normalised by.
      if (spec.batch_norm && n - begin == size + 1) count = size + 1;
      const double mean =
          network.learn(rows, std::span(order).subspan(begin, count), drop_key, step++, context);
      descent.step(network, rate.rate(), context);
      network.refresh(context);
      loss += mean * static_cast<double>(count);
      begin += count;
    }
    PerceptronEpoch& record = model.history.emplace_back();
    record.train_loss = loss / static_cast<double>(n);
    record.learning_rate = rate.rate();
    if (!std::isfinite(record.train_loss) || !finite(network.parameter)) {
      diverged = true;
      break;
    }
    last = keep(epoch);
    if (!t.validation.empty()) {
      record.validation_loss = network.loss(rows, t.validation, context);
      if (record.validation_loss < lowest) {
        lowest = record.validation_loss;
        best = last;
      }
      waited = record.validation_loss < to_beat - spec.min_delta ? 0 : waited + 1;
      if (waited == 0) to_beat = record.validation_loss;
      if (spec.patience > 0 && waited >= spec.patience) {
        model.stopped_early = epoch < spec.epochs;
        break;
      }
    }
    rate.next(t.validation.empty() ? record.train_loss : record.validation_loss);
  }
  const Snapshot<T>& chosen = spec.restore_best && best.epoch > 0 ? best : last;
  network.parameter = chosen.parameter;
  network.statistics = chosen.statistics;
  network.refresh(context);
  // A last step that was too long shows in no epoch's own loss.
  if (chosen.epoch == 0 || !std::isfinite(network.loss(rows, t.train, context))) {
    return refuse_weights(model, model.history.size());
  }
  if (diverged) {
    model.warnings.push_back(fmt::format(
        "the loss was no longer finite in epoch {}: the weights are those of epoch {}; a lower "
        "learning rate or clip_norm may help",
        model.history.size(), chosen.epoch));
  }
  model.best_epoch = chosen.epoch;
  take_weights(network, model);
}

template void train(const PerceptronTraining<float>&, const PerceptronSpec&, const NetworkPlan&,
                    StreamKey, const Context&, Perceptron&);
template void train(const PerceptronTraining<double>&, const PerceptronSpec&, const NetworkPlan&,
                    StreamKey, const Context&, Perceptron&);

}  // namespace impact::detail
