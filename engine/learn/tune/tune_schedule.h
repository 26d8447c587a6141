#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "engine/learn/tune/tuner.h"

/// What the methods of tuner.h bring: the next batch, as a function of finished ones.
namespace impact::detail {

/// Trials chosen together; their scores are empty.
struct TuneBatch {
  std::size_t begin = 0;  ///< Number of its first trial.
  std::vector<Trial> trials = {};
};

class TuneSchedule {
 public:
  TuneSchedule() = default;
  TuneSchedule(const TuneSchedule&) = delete;
  TuneSchedule& operator=(const TuneSchedule&) = delete;
  virtual ~TuneSchedule() = default;
  /// The batch that holds the trial after `history`, from those before the batch alone; the batch
  /// ends at or before that trial where the method has nothing more to try.
  [[nodiscard]] virtual TuneBatch next(std::span<const Trial> history,
                                       const Context& context) const = 0;
  /// Trials in all where that is known beforehand, else 0.
  [[nodiscard]] virtual std::size_t all() const { return 0; }
};

[[nodiscard]] std::unique_ptr<TuneSchedule> grid_schedule(const SearchSpace& space,
                                                          const TunerSpec& spec);
[[nodiscard]] std::unique_ptr<TuneSchedule> halving_schedule(const SearchSpace& space,
                                                             const TunerSpec& spec, StreamKey key);
/// Random, Parzen and Gaussian process.
[[nodiscard]] std::unique_ptr<TuneSchedule> sampling_schedule(const SearchSpace& space,
                                                              const TunerSpec& spec, StreamKey key);

/// Points by value, NaN equal to itself.
class PointSet {
 public:
  /// False where it is known.
  bool insert(std::span<const double> point);
  [[nodiscard]] bool contains(std::span<const double> point) const;

 private:
  std::set<std::vector<double>> known_ = {};
};

/// A uniform draw that is not in `known`; empty where a thousand draws find none.
[[nodiscard]] SearchPoint draw_new_point(const SearchSpace& space, const PointSet& known,
                                         Stream& stream);

/// Finished trials as a model of the score sees them.
struct Scored {
  std::vector<SearchPoint> points = {};
  std::vector<double> loss = {};          ///< Low is good; infinity: failed.
  std::vector<SearchPoint> pending = {};  ///< Chosen for the same batch, without a loss yet.
};

/// Of the candidates drawn, the one whose density among good trials is highest against that among
/// the others. Pending points count with the others, so that a batch spreads out.
[[nodiscard]] SearchPoint parzen_choice(const SearchSpace& space, const TunerSpec& spec,
                                        const Scored& scored, const PointSet& known,
                                        Stream& stream);

/// `count` points of highest expected improvement, each after the one before was given the mean of
/// the process as its score (kriging believer: Ginsbourger, Le Riche & Carraro 2010).
[[nodiscard]] std::vector<SearchPoint> improvement_choices(const SearchSpace& space,
                                                           const Scored& scored,
                                                           const PointSet& known, std::size_t count,
                                                           Stream& stream, const Context& context);

}  // namespace impact::detail
