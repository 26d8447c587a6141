#include "engine/learn/tune/tune_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace impact::detail {
namespace {

constexpr int kRedraws = 1000;

std::vector<double> comparable(std::span<const double> point) {
  std::vector<double> out(point.begin(), point.end());
  for (double& value : out) {
    if (std::isnan(value)) value = -std::numeric_limits<double>::infinity();
  }
  return out;
}

Trial new_trial(std::size_t number, SearchPoint point) {
  Trial trial;
  trial.candidate = static_cast<std::int64_t>(number);
  trial.point = std::move(point);
  return trial;
}

std::size_t batch_begin(std::size_t number, const TunerSpec& spec) {
  const auto size = static_cast<std::size_t>(spec.batch);
  return number / size * size;
}

class GridSchedule final : public TuneSchedule {
 public:
  GridSchedule(const SearchSpace& space, const TunerSpec& spec)
      : points_(grid_points(space, spec.levels)), spec_(spec) {}

  TuneBatch next(std::span<const Trial> history, const Context& /*context*/) const override {
    TuneBatch batch{.begin = batch_begin(history.size(), spec_)};
    const std::size_t end = batch.begin + static_cast<std::size_t>(spec_.batch);
    for (std::size_t i = batch.begin; i < std::min(end, points_.size()); ++i) {
      batch.trials.push_back(new_trial(i, points_[i]));
    }
    return batch;
  }
  std::size_t all() const override { return points_.size(); }

 private:
  std::vector<SearchPoint> points_;
  TunerSpec spec_;
};

// Trial i draws from a stream of its own, so a longer search begins with the shorter one.
class SamplingSchedule final : public TuneSchedule {
 public:
  SamplingSchedule(const SearchSpace& space, const TunerSpec& spec, StreamKey key)
      : space_(space), spec_(spec), key_(key.child("points")) {}

  TuneBatch next(std::span<const Trial> history, const Context& context) const override {
    TuneBatch batch{.begin = batch_begin(history.size(), spec_)};
    Scored scored;
    PointSet known;
    for (const Trial& trial : history.first(batch.begin)) {
      known.insert(trial.point);
      scored.points.push_back(trial.point);
      const double loss = spec_.maximise ? -trial.score : trial.score;
      scored.loss.push_back(trial.failed() ? std::numeric_limits<double>::infinity() : loss);
    }
    for (SearchPoint& point : choose(batch.begin, scored, known, context)) {
      batch.trials.push_back(new_trial(batch.begin + batch.trials.size(), std::move(point)));
    }
    return batch;
  }

 private:
  std::vector<SearchPoint> choose(std::size_t begin, Scored& scored, PointSet& known,
                                  const Context& context) const {
    const auto size = static_cast<std::size_t>(spec_.batch);
    const auto startup = static_cast<std::size_t>(spec_.startup);
    const bool modelled = std::any_of(scored.loss.begin(), scored.loss.end(),
                                      [](double loss) { return std::isfinite(loss); });
    std::vector<SearchPoint> points;
    while (points.size() < size) {
      const std::size_t number = begin + points.size();
      Stream stream(key_, number);
      SearchPoint point;
      if (modelled && number >= startup && spec_.method == TuneMethod::kGaussianProcess) {
        auto more =
            improvement_choices(space_, scored, known, size - points.size(), stream, context);
        points.insert(points.end(), more.begin(), more.end());
        return points;
      }
      if (modelled && number >= startup && spec_.method == TuneMethod::kParzen) {
        point = parzen_choice(space_, spec_, scored, known, stream);
      }
      if (point.empty()) point = draw_new_point(space_, known, stream);
      if (point.empty()) return points;
      known.insert(point);
      scored.pending.push_back(point);
      points.push_back(std::move(point));
    }
    return points;
  }

  SearchSpace space_;
  TunerSpec spec_;
  StreamKey key_;
};

}  // namespace

bool PointSet::insert(std::span<const double> point) {
  return known_.insert(comparable(point)).second;
}

bool PointSet::contains(std::span<const double> point) const {
  return known_.contains(comparable(point));
}

SearchPoint draw_new_point(const SearchSpace& space, const PointSet& known, Stream& stream) {
  for (int draw = 0; draw < kRedraws; ++draw) {
    SearchPoint point = draw_point(space, stream);
    if (!known.contains(point)) return point;
  }
  return {};
}

std::unique_ptr<TuneSchedule> grid_schedule(const SearchSpace& space, const TunerSpec& spec) {
  return std::make_unique<GridSchedule>(space, spec);
}

std::unique_ptr<TuneSchedule> sampling_schedule(const SearchSpace& space, const TunerSpec& spec,
                                                StreamKey key) {
  return std::make_unique<SamplingSchedule>(space, spec, key);
}

}  // namespace impact::detail
