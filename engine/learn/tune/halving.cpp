#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <utility>

#include "engine/learn/tune/tune_schedule.h"

namespace impact::detail {
namespace {

/// Trials with one resource; of the first rung of a bracket new points, else the best of the rung
/// before.
struct Rung {
  int number = 0;
  double resource = 1.0;
  std::size_t size = 0;  ///< Where no trial fails.
};

// Let eta be the factor and s the largest whole number with eta^-s >= the least resource.
// Successive halving with n candidates runs rungs k = 0, ..., s of max(1, floor(n eta^-k))
// candidates with resource eta^(k - s) each; n = eta^s unless given. Hyperband runs such brackets
// with s, s - 1, ..., 0 and n = ceil((s_max + 1) / (s + 1) eta^s) candidates, which spends about as
// much on each (Li, Jamieson, DeSalvo, Rostamizadeh & Talwalkar 2018, algorithm 1).
std::vector<std::vector<Rung>> brackets_of(const TunerSpec& spec) {
  std::vector<std::int64_t> power{1};
  while (1.0 / static_cast<double>(power.back() * spec.factor) >=
         spec.least_resource * (1.0 - 1e-12)) {
    power.push_back(power.back() * spec.factor);
  }
  const std::size_t most = power.size() - 1;
  const bool hyperband = spec.method == TuneMethod::kHyperband;
  std::vector<std::vector<Rung>> brackets;
  for (std::size_t s = most + 1; s-- > 0;) {
    const auto shares = static_cast<std::int64_t>(s + 1);
    const auto spread = static_cast<std::int64_t>(most + 1) * power[s];
    std::int64_t count = hyperband ? (spread + shares - 1) / shares : power[s];
    if (!hyperband && spec.candidates > 0) count = spec.candidates;
    std::vector<Rung> rungs;
    for (std::size_t k = 0; k <= s; ++k) {
      rungs.push_back(
          {.number = static_cast<int>(k),
           .resource = 1.0 / static_cast<double>(power[s - k]),
           .size = static_cast<std::size_t>(std::max<std::int64_t>(1, count / power[k]))});
    }
    brackets.push_back(std::move(rungs));
    if (!hyperband) break;
  }
  return brackets;
}

class HalvingSchedule final : public TuneSchedule {
 public:
  HalvingSchedule(const SearchSpace& space, const TunerSpec& spec, StreamKey key)
      : space_(space),
        spec_(spec),
        key_(key.child("points")),
        brackets_(brackets_of(spec)),
        endless_(spec.trials > 0 || spec.seconds > 0.0) {}

  TuneBatch next(std::span<const Trial> history, const Context& context) const override {
    PointSet known;
    std::size_t begin = 0;
    for (std::size_t b = 0; endless_ || b < brackets_.size(); ++b) {
      std::size_t before = begin;  // Trials before: the rung below is [before, begin).
      for (const Rung& rung : brackets_[b % brackets_.size()]) {
        context.check();
        std::vector<Trial> trials = rung.number == 0
                                        ? drawn(rung.size, begin, known)
                                        : promoted(history.subspan(before, begin - before));
        for (Trial& trial : trials) {
          trial.bracket = static_cast<int>(b);
          trial.rung = rung.number;
          trial.resource = rung.resource;
        }
        if (begin + trials.size() > history.size()) return cut(history.size(), begin, trials);
        // Nothing new to draw: the search is over. A rung whose candidates all failed is empty too,
        // but the next bracket may do better.
        if (rung.number == 0 && trials.empty()) return {.begin = history.size(), .trials = {}};
        before = begin;
        begin += trials.size();
      }
    }
    return {.begin = history.size(), .trials = {}};
  }

  std::size_t all() const override {
    std::size_t sum = 0;
    for (const auto& rungs : brackets_) {
      for (const Rung& rung : rungs) sum += rung.size;
    }
    return sum;
  }

 private:
  // Candidate i draws from a stream of its own.
  std::vector<Trial> drawn(std::size_t count, std::size_t begin, PointSet& known) const {
    std::vector<Trial> trials;
    for (std::size_t i = 0; i < count; ++i) {
      Stream stream(key_, begin + i);
      Trial trial;
      trial.point = draw_new_point(space_, known, stream);
      if (trial.point.empty()) break;
      trial.candidate = static_cast<std::int64_t>(begin + i);
      known.insert(trial.point);
      trials.push_back(std::move(trial));
    }
    return trials;
  }

  // The best of a rung, in their order of rank; of equal ones the earlier.
  std::vector<Trial> promoted(std::span<const Trial> rung) const {
    const auto factor = static_cast<std::size_t>(spec_.factor);
    const std::size_t count = std::max<std::size_t>(1, rung.size() / factor);
    std::vector<std::size_t> order(rung.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::erase_if(order, [&](std::size_t i) { return rung[i].failed(); });
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return spec_.maximise ? rung[a].score > rung[b].score : rung[a].score < rung[b].score;
    });
    std::vector<Trial> trials;
    for (const std::size_t i : std::span(order).first(std::min(count, order.size()))) {
      Trial trial;
      trial.candidate = rung[i].candidate;
      trial.point = rung[i].point;
      trials.push_back(std::move(trial));
    }
    return trials;
  }

  // A rung is cut into batches so that a limit of seconds is kept.
  TuneBatch cut(std::size_t number, std::size_t begin, std::vector<Trial>& trials) const {
    const auto size = static_cast<std::size_t>(spec_.batch);
    const std::size_t first = (number - begin) / size * size;
    const std::size_t end = std::min(first + size, trials.size());
    TuneBatch batch{.begin = begin + first};
    for (std::size_t i = first; i < end; ++i) batch.trials.push_back(std::move(trials[i]));
    return batch;
  }

  SearchSpace space_;
  TunerSpec spec_;
  StreamKey key_;
  std::vector<std::vector<Rung>> brackets_;
  bool endless_;  ///< Brackets begin again from the first as long as there is a budget.
};

}  // namespace

std::unique_ptr<TuneSchedule> halving_schedule(const SearchSpace& space, const TunerSpec& spec,
                                               StreamKey key) {
  return std::make_unique<HalvingSchedule>(space, spec, key);
}

}  // namespace impact::detail
