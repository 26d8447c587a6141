#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <boost/math/special_functions/beta.hpp>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/stats/bootstrap_kernel.h"
#include "engine/stats/lengths.h"
#include "engine/stats/permutation_run.h"
#include "engine/stats/resample.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
using Marks = std::span<const std::uint8_t>;

// What a studentised difference is without variance: as far out as can be, or nothing.
double ratio(double difference, double variance) {
  if (variance > 0.0) return difference / std::sqrt(variance);
  return difference == 0.0 ? 0.0 : std::copysign(kInfinity, difference);
}

// The complete rows, put together by unit.
struct Pool {
  std::vector<double> y = {};
  std::vector<std::int32_t> arm = {}, stratum = {}, cluster = {};
  detail::Units units = {};
  std::vector<std::uint8_t> marks = {};  // observed: 1 where the unit lies in arm 1
  std::vector<std::size_t> marked = {};  // units in arm 1, by cell
};

Pool pool_of(const PermutationData& data) {
  const std::size_t n = data.y.size();
  require_length("arm", data.arm.size(), n);
  require_optional_length("stratum", data.stratum.size(), n);
  require_optional_length("cluster", data.cluster.size(), n);
  Pool pool;
  for (std::size_t i = 0; i < n; ++i) {
    if (data.arm[i] > 1) {
      throw ArgumentError({.what = "an arm is 0 or 1",
                           .where = "row " + std::to_string(i + 1),
                           .got = std::to_string(data.arm[i]),
                           .expected = "0, 1 or a negative code for a missing one"});
    }
    if (data.arm[i] < 0) continue;
    pool.y.push_back(data.y[i]);
    pool.arm.push_back(data.arm[i]);
    if (!data.stratum.empty()) pool.stratum.push_back(data.stratum[i]);
    if (!data.cluster.empty()) pool.cluster.push_back(data.cluster[i]);
  }
  pool.units = detail::units_of(
      pool.y.size(), {.y = pool.y, .cluster = pool.cluster, .stratum = pool.stratum}, false, false);
  pool.units.missing += static_cast<std::int64_t>(n - pool.y.size());
  pool.marks.assign(detail::padded(pool.units.count()) + detail::kCountStep, 0);
  for (std::size_t s = 0; s + 1 < pool.units.offsets.size(); ++s) {
    std::size_t marked = 0;
    for (std::size_t u = pool.units.offsets[s]; u < pool.units.offsets[s + 1]; ++u) {
      const std::size_t begin = pool.units.first_row[u], end = pool.units.first_row[u + 1];
      const std::int32_t arm = pool.arm[pool.units.rows[begin]];
      for (std::size_t at = begin; at < end; ++at) {
        if (pool.arm[pool.units.rows[at]] == arm) continue;
        throw ArgumentError(
            {.what = "a cluster lies in two arms, so it cannot be re-assigned whole",
             .where = "cluster",
             .got = std::to_string(pool.cluster[pool.units.rows[at]]),
             .expected = "clusters within arms; or name them as strata"});
      }
      pool.marks[u] = arm == 1 ? 1 : 0;
      marked += pool.marks[u];
    }
    pool.marked.push_back(marked);
  }
  return pool;
}

// Columns: sum about the mean of all, [sum of squares,] [rows of the unit where these differ].
class Means {
 public:
  Means(const Pool& pool, bool studentised)
      : studentised_(studentised),
        rows_at_(pool.units.clustered ? (studentised ? 2 : 1) : 0),
        columns_(pool.units.count(), (studentised ? 2 : 1) + (pool.units.clustered ? 1 : 0)) {
    ExactMean mean;
    for (const std::uint32_t i : pool.units.rows) mean.add(pool.y[i]);
    for (std::size_t u = 0; u < pool.units.count(); ++u) {
      for (std::size_t at = pool.units.first_row[u]; at < pool.units.first_row[u + 1]; ++at) {
        const double d = pool.y[pool.units.rows[at]] - mean.mean();
        columns_.column(0)[u] += d;
        if (studentised) columns_.column(1)[u] += d * d;
        if (rows_at_ > 0) columns_.column(rows_at_)[u] += 1.0;
      }
    }
    rows_ = static_cast<double>(pool.units.rows.size());
    for (const std::size_t one : pool.marked) marked_ += static_cast<double>(one);
    std::vector<std::uint8_t> all(pool.marks.size(), 1);
    detail::weighted_sums(all, columns_, all_);
  }

  [[nodiscard]] double of(Marks marks) const {
    double arm[3];
    detail::weighted_sums(marks, columns_, arm);
    const double n1 = rows_at_ > 0 ? arm[rows_at_] : marked_, n0 = rows_ - n1;
    const double m1 = arm[0] / n1, m0 = (all_[0] - arm[0]) / n0;
    if (!studentised_) return m1 - m0;
    const auto variance = [](double n, double mean, double squares) {
      const double rest = squares - n * mean * mean;
      return rest > 1e-14 * squares ? rest / (n * (n - 1.0)) : 0.0;
    };
    if (!(n1 > 1.0 && n0 > 1.0)) return kNaN;
    return ratio(m1 - m0, variance(n1, m1, arm[1]) + variance(n0, m0, all_[1] - arm[1]));
  }

 private:
  bool studentised_;
  std::size_t rows_at_;  // 0: a unit is a row
  detail::Columns columns_;
  double rows_ = 0.0, marked_ = 0.0;
  double all_[3] = {};
};

// The chance that the k-th value, k = ceil(n / 2), of n draws with replacement is the l-th value:
// P(Bin(n, l / n) >= k) - P(Bin(n, (l - 1) / n) >= k). Kept within six standard deviations, twice
// over, of the middle, beyond which nothing is left.
struct MedianChances {
  std::size_t first = 0;
  std::vector<double> chance = {};

  explicit MedianChances(std::size_t n) {
    const auto size = static_cast<double>(n);
    const double k = std::ceil(0.5 * size);
    const double reach = 6.0 * std::sqrt(size);
    first = static_cast<std::size_t>(std::max(0.0, std::floor(0.5 * size - reach)));
    const auto last = static_cast<std::size_t>(std::min(size, std::ceil(0.5 * size + reach)));
    const auto upto = [&](std::size_t l) {
      if (l == 0 || l == n) return l == 0 ? 0.0 : 1.0;
      return boost::math::ibeta(k, size - k + 1.0, static_cast<double>(l) / size);
    };
    for (std::size_t l = first + 1; l <= last; ++l) chance.push_back(upto(l) - upto(l - 1));
  }
};

// Values in order; an arm is the marked, or the other, ones of them.
class Medians {
 public:
  Medians(const Pool& pool, bool studentised) {
    std::vector<std::pair<double, std::uint32_t>> rows;
    for (std::uint32_t u = 0; u < pool.units.count(); ++u) {
      for (std::size_t at = pool.units.first_row[u]; at < pool.units.first_row[u + 1]; ++at) {
        rows.emplace_back(pool.y[pool.units.rows[at]], u);
      }
    }
    std::sort(rows.begin(), rows.end());
    for (const auto& [value, unit] : rows) {
      straight_ = straight_ && unit == unit_.size();
      value_.push_back(value);
      unit_.push_back(unit);
    }
    if (!studentised) return;
    std::size_t marked = 0;
    for (const std::size_t one : pool.marked) marked += one;
    chances_.emplace_back(rows.size() - marked);
    chances_.emplace_back(marked);
  }

  [[nodiscard]] double of(Marks marks, std::vector<std::uint8_t>& scratch) const {
    const std::size_t n = value_.size();
    scratch.resize(2 * n);
    const std::span<std::uint8_t> one(scratch.data(), n), zero(scratch.data() + n, n);
    for (std::size_t i = 0; i < n; ++i) one[i] = marks[straight_ ? i : unit_[i]];
    for (std::size_t i = 0; i < n; ++i) zero[i] = one[i] ^ 1U;
    const double m1 = median(one), m0 = median(zero);
    if (chances_.empty()) return m1 - m0;
    return ratio(m1 - m0, variance(one, m1, chances_[1]) + variance(zero, m0, chances_[0]));
  }

 private:
  [[nodiscard]] double median(std::span<const std::uint8_t> marks) const {
    const std::uint64_t n = detail::total(marks);
    if (n == 0) return kNaN;
    std::size_t at = detail::place(marks, (n - 1) / 2).unit;
    const double low = value_[at];
    if (n % 2 == 1) return low;
    for (++at; marks[at] == 0;) ++at;
    return low == value_[at] ? low : 0.5 * low + 0.5 * value_[at];
  }

  [[nodiscard]] double variance(std::span<const std::uint8_t> marks, double median,
                                const MedianChances& chances) const {
    double sum = 0.0;
    std::size_t at = detail::place(marks, chances.first).unit;
    for (std::size_t l = 0; l < chances.chance.size(); ++at) {
      if (marks[at] == 0) continue;
      const double d = value_[at] - median;
      sum += chances.chance[l++] * (d * d);
    }
    return sum;
  }

  bool straight_ = true;
  std::vector<double> value_ = {};
  std::vector<std::uint32_t> unit_ = {};
  std::vector<MedianChances> chances_ = {};  // of arms 0 and 1
};

// Marks of assignment b: strata are the digits of its number.
class Assigner {
 public:
  Assigner(const Pool& pool, StreamKey key)
      : pool_(pool), subsets_(key, pool.units.offsets, pool.marked) {
    for (std::size_t s = 0; s < pool.marked.size(); ++s) {
      counts_.push_back(
          detail::combinations(pool.units.offsets[s + 1] - pool.units.offsets[s], pool.marked[s]));
      possible_ *= counts_.back();
    }
  }
  [[nodiscard]] double possible() const { return possible_; }

  void draw(std::uint64_t number, bool exact, std::span<std::uint8_t> marks,
            std::vector<std::uint32_t>& scratch) const {
    if (!exact) {
      subsets_.draw(number, marks, scratch);
      return;
    }
    for (std::size_t s = 0; s < counts_.size(); ++s) {
      const auto count = static_cast<std::uint64_t>(counts_[s]);
      const std::size_t begin = pool_.units.offsets[s];
      detail::unrank_subset(number % count, count, pool_.marked[s],
                            marks.subspan(begin, pool_.units.offsets[s + 1] - begin));
      number /= count;
    }
  }

 private:
  const Pool& pool_;
  detail::Subsets subsets_;
  std::vector<double> counts_ = {};
  double possible_ = 1.0;
};

// Of an unstudentised difference: the spread of all values over the root of a row's worth.
double scale_of(const Pool& pool) {
  ExactMoments sums;
  for (const std::uint32_t i : pool.units.rows) sums.add(pool.y[i]);
  const double variance = sums.variance(1);
  return variance > 0.0 ? std::sqrt(variance / static_cast<double>(sums.count())) : 0.0;
}

}  // namespace

PermutationTest permutation_test(const PermutationData& data, const PermutationSpec& spec,
                                 const Context& context) {
  detail::check_permutation(spec);
  const bool means = spec.statistic == PermutationStatistic::kDifferenceOfMeans ||
                     spec.statistic == PermutationStatistic::kStudentisedMeans;
  const bool studentised = spec.statistic == PermutationStatistic::kStudentisedMeans ||
                           spec.statistic == PermutationStatistic::kStudentisedMedians;
  if (studentised && !means && !data.cluster.empty()) {
    throw ArgumentError({.what = "the variance of a median knows no clusters",
                         .where = "statistic",
                         .got = "studentised medians",
                         .expected = "medians, means or studentised means"});
  }
  PermutationTest test = detail::start_permutation("permutation", spec);
  const Pool pool = pool_of(data);
  Estimate& row = test.row;
  row.n = static_cast<std::int64_t>(pool.units.rows.size());
  detail::warn_missing(row.warnings, pool.units.missing);
  if (means || studentised) detail::warn_infinite(row.warnings, pool.units.infinite);
  std::size_t marked = 0;
  for (const std::size_t one : pool.marked) marked += one;
  if (marked == 0 || marked == pool.units.count()) {
    row.warnings.emplace_back("an arm has no value");
    return test;
  }
  if ((means || studentised) && pool.units.infinite > 0) return test;
  const Assigner assigner(pool, spec.key);
  const auto run = [&](auto&& statistic) {
    const double observed = statistic()(pool.marks);
    if (std::isnan(observed)) {
      row.warnings.emplace_back("the statistic is undefined: an arm has one value only");
      return;
    }
    if (assigner.possible() == 1.0) {
      row.warnings.emplace_back("there is one assignment only, so that nothing can be compared");
    }
    detail::run_permutations(test, observed, studentised ? 1.0 : scale_of(pool),
                             assigner.possible(), spec.alternative, spec, context, [&] {
                               return [&assigner, value = statistic(),
                                       marks = std::vector<std::uint8_t>(pool.marks.size(), 0),
                                       scratch = std::vector<std::uint32_t>()](std::uint64_t b,
                                                                               bool exact) mutable {
                                 assigner.draw(b, exact, marks, scratch);
                                 return value(marks);
                               };
                             });
  };
  if (means) {
    const Means kernel(pool, studentised);
    run([&] { return [&](Marks marks) { return kernel.of(marks); }; });
  } else {
    const Medians kernel(pool, studentised);
    run([&] {
      return [&, scratch = std::vector<std::uint8_t>()](Marks marks) mutable {
        return kernel.of(marks, scratch);
      };
    });
  }
  return test;
}

}  // namespace impact
