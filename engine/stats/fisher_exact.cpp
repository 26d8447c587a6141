#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <utility>
#include <vector>
#include <boost/math/special_functions/gamma.hpp>

#include "engine/stats/contingency.h"
#include "engine/stats/count_table.h"
#include "engine/stats/inference.h"
#include "engine/stats/root.h"

namespace impact {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Probabilities this close are equal but for rounding.
constexpr double kSame = 1e-7;

// First cell of a 2 x 2 table given its margins: weights of the values low ... high relative to the
// largest, P(x) ~ binom(row1, x) binom(row2, column1 - x) odds^x, by the ratio of neighbours
//   w(x + 1) / w(x) = odds (row1 - x) (column1 - x) / ((x + 1) (row2 - column1 + x + 1)).
class FirstCell {
 public:
  FirstCell(double row1, double row2, double column1)
      : row1_(row1),
        row2_(row2),
        column1_(column1),
        low_(std::max(0.0, column1 - row2)),
        high_(std::min(row1, column1)) {}
  [[nodiscard]] double low() const { return low_; }
  [[nodiscard]] double high() const { return high_; }

  // body(x, weight) outwards from the mode until weights are nothing beside `negligible`.
  template <class Body>
  void for_weights(double odds, double negligible, Body&& body) const {
    // The ratio falls in x; the mode is the first x at which it is below one.
    double mode = low_, beyond = high_;
    while (mode < beyond) {
      const double middle = std::floor(0.5 * (mode + beyond));
      if (ratio(middle, odds) < 1.0) {
        beyond = middle;
      } else {
        mode = middle + 1.0;
      }
    }
    body(mode, 1.0);
    double weight = 1.0;
    for (double x = mode; x < high_ && weight > negligible; x += 1.0) {
      weight *= ratio(x, odds);
      body(x + 1.0, weight);
    }
    weight = 1.0;
    for (double x = mode; x > low_ && weight > negligible; x -= 1.0) {
      weight /= ratio(x - 1.0, odds);
      body(x - 1.0, weight);
    }
  }

  [[nodiscard]] double two_sided_p(double observed) const {
    double own = 0.0;
    for_weights(1.0, 0.0, [&](double x, double w) {
      if (x == observed) own = w;
    });
    double all = 0.0, extreme = 0.0;
    for_weights(1.0, 0.0, [&](double, double w) {
      all += w;
      if (w <= own * (1.0 + kSame)) extreme += w;
    });
    return std::min(1.0, extreme / all);
  }
  [[nodiscard]] double mean(double odds) const {
    double all = 0.0, sum = 0.0;
    for_weights(odds, 1e-20, [&](double x, double w) {
      all += w;
      sum += w * x;
    });
    return sum / all;
  }
  // P(X >= x) or P(X <= x)
  [[nodiscard]] double tail(double observed, double odds, bool upper) const {
    double all = 0.0, sum = 0.0;
    for_weights(odds, 1e-20, [&](double x, double w) {
      all += w;
      if (upper ? x >= observed : x <= observed) sum += w;
    });
    return sum / all;
  }

 private:
  [[nodiscard]] double ratio(double x, double odds) const {
    return odds * ((row1_ - x) / (x + 1.0)) * ((column1_ - x) / (row2_ - column1_ + x + 1.0));
  }
  double row1_, row2_, column1_, low_, high_;
};

// The odds at which an increasing f is zero.
template <class F>
double solve_odds(F&& f) {
  const auto in_log = [&](double log_odds) { return f(std::exp(log_odds)); };
  double low = -1.0, high = 1.0;
  while (low > -600.0 && in_log(low) > 0.0) low *= 2.0;
  while (high < 600.0 && in_log(high) < 0.0) high *= 2.0;
  return std::exp(detail::bracketed_root(in_log, low, high));
}

void two_by_two(const detail::DenseTable& table, Estimate& row, double conf_level) {
  const FirstCell cell(static_cast<double>(table.row_sum[0]), static_cast<double>(table.row_sum[1]),
                       static_cast<double>(table.column_sum[0]));
  const auto x = static_cast<double>(table.counts[0]);
  const double tail = 0.5 - 0.5 * conf_level;
  row.p_value = cell.two_sided_p(x);
  const bool least = x == cell.low(), most = x == cell.high();
  row.estimate = least  ? 0.0
                 : most ? kInfinity
                        : solve_odds([&](double odds) { return cell.mean(odds) - x; });
  row.conf_low =
      least ? 0.0 : solve_odds([&](double odds) { return cell.tail(x, odds, true) - tail; });
  row.conf_high =
      most ? kInfinity : solve_odds([&](double odds) { return tail - cell.tail(x, odds, false); });
}

// The network. Given the margins, P(table) = prod_i r_i! prod_j c_j! / (n! prod x_ij!). A path
// spends the columns one by one; its length so far is sum_j log(c_j! / prod_i x_ij!), and all paths
// from a node with row totals R left have together (sum R)! / prod R_i!.
class Network {
 public:
  using State = std::vector<std::int64_t>;  // row totals left, in order: rows are exchangeable

  Network(State rows, State columns, double observed)
      : rows_(std::move(rows)), columns_(std::move(columns)), observed_(observed) {
    std::int64_t n = 0;
    for (const std::int64_t sum : rows_) n += sum;
    log_factorial_.resize(static_cast<std::size_t>(n) + 1);
    for (std::size_t i = 0; i < log_factorial_.size(); ++i) {
      log_factorial_[i] = boost::math::lgamma(static_cast<double>(i) + 1.0);
    }
    bounds_.resize(columns_.size());
  }

  // NaN when the work is too much. Paths of a node are in order of length, so that those which any
  // ending leaves at most as long as the observed one are the first, and count together; those
  // which every ending leaves longer are the last, and do not count.
  double p_value() {
    std::sort(rows_.begin(), rows_.end());
    std::sort(columns_.begin(), columns_.end(), std::greater<>());
    std::map<State, Node> level;
    level[rows_].paths = {{0.0, 1.0}};
    const double all = log_ways(rows_);
    double extreme = 0.0;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
      std::map<State, Node> next;
      for (auto& [state, node] : level) {
        Paths& paths = node.paths;
        merge(paths);
        const double scale = paths.back().length;
        std::vector<double> total = {0.0};  // of the first paths, in units of exp(scale)
        for (const Path& path : paths) {
          total.push_back(total.back() + path.count * std::exp(path.length - scale));
        }
        spend(state, column, [&](const State& left, double length) {
          const Bounds bound = bounds(left, column + 1);
          ++steps_;
          if (exhausted()) return;
          const double room = observed_ + kSame - length;
          const auto first = [&](double limit) {
            return std::upper_bound(
                paths.begin(), paths.end(), limit,
                [](double most, const Path& path) { return most < path.length; });
          };
          const auto open = first(room - bound.longest);
          const auto closed = first(room - bound.shortest);
          const auto counted = static_cast<std::size_t>(open - paths.begin());
          extreme += total[counted] * std::exp(scale + length + log_ways(left) - all);
          if (open >= closed) return;
          steps_ += closed - open;
          Node& ahead = next[left];
          for (auto path = open; path != closed; ++path) {
            ahead.paths.push_back({path->length + length, path->count});
          }
          if (ahead.paths.size() < ahead.merge_at) return;
          merge(ahead.paths);
          ahead.merge_at = std::max(ahead.merge_at, 2 * ahead.paths.size());
        });
        if (exhausted()) return std::numeric_limits<double>::quiet_NaN();
      }
      level = std::move(next);
    }
    return std::min(1.0, extreme);
  }

 private:
  struct Path {
    double length, count;
  };
  using Paths = std::vector<Path>;
  struct Node {
    Paths paths = {};
    std::size_t merge_at = 1024;
  };
  struct Bounds {
    double shortest, longest;
  };

  [[nodiscard]] double log_factorial(std::int64_t n) const {
    return log_factorial_[static_cast<std::size_t>(n)];
  }
  [[nodiscard]] bool exhausted() const { return steps_ > kMostFisherSteps; }

  [[nodiscard]] double log_ways(const State& state) const {
    std::int64_t n = 0;
    double below = 0.0;
    for (const std::int64_t sum : state) {
      n += sum;
      below += log_factorial(sum);
    }
    return log_factorial(n) - below;
  }

  // Paths whose lengths differ by rounding become one.
  static void merge(Paths& paths) {
    std::sort(paths.begin(), paths.end(), [](const Path& a, const Path& b) {
      return a.length != b.length ? a.length < b.length : a.count < b.count;
    });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < paths.size(); ++i) {
      if (paths[i].length - paths[kept].length < 1e-10) {
        paths[kept].count += paths[i].count;
      } else {
        paths[++kept] = paths[i];
      }
    }
    paths.resize(std::min(paths.size(), kept + 1));
  }

  // body(state left, length) for every way to take the column out of the state.
  template <class Body>
  void spend(const State& state, std::size_t column, Body&& body) {
    State left = state;
    std::int64_t room = 0;
    for (const std::int64_t sum : state) room += sum;
    place(state, 0, columns_[column], room, log_factorial(columns_[column]), left, body);
  }

  template <class Body>
  void place(const State& state, std::size_t row, std::int64_t rest, std::int64_t room,
             double length, State& left, Body& body) {
    if (exhausted()) return;
    if (row == state.size()) {
      State sorted = left;
      std::sort(sorted.begin(), sorted.end());
      body(sorted, length);
      return;
    }
    const std::int64_t room_after = room - state[row];
    for (std::int64_t x = std::max<std::int64_t>(0, rest - room_after);
         x <= std::min(rest, state[row]); ++x) {
      left[row] = state[row] - x;
      place(state, row + 1, rest - x, room_after, length - log_factorial(x), left, body);
    }
  }

  // Least and largest length of the paths from a node to the end; kept per node.
  Bounds bounds(const State& state, std::size_t column) {
    if (column == columns_.size()) return {0.0, 0.0};
    if (column + 1 == columns_.size()) {
      // The last column takes what is left.
      const double length = log_ways(state);
      return {length, length};
    }
    const auto at = bounds_[column].find(state);
    if (at != bounds_[column].end()) return at->second;
    Bounds bound = {kInfinity, -kInfinity};
    spend(state, column, [&](const State& left, double length) {
      ++steps_;
      const Bounds ahead = bounds(left, column + 1);
      bound.shortest = std::min(bound.shortest, length + ahead.shortest);
      bound.longest = std::max(bound.longest, length + ahead.longest);
    });
    bounds_[column].emplace(state, bound);
    return bound;
  }

  State rows_, columns_;
  double observed_;
  std::vector<double> log_factorial_;
  std::vector<std::map<State, Bounds>> bounds_;
  std::int64_t steps_ = 0;
};

}  // namespace

Estimate fisher_exact_test(const CountTable& table, const CountTestSpec& spec) {
  check_conf_level(spec.conf_level);
  Estimate row;
  row.term = spec.term;
  row.method = "fisher_exact";
  row.null_value = 1.0;
  row.se_type = "exact";
  const detail::DenseTable dense = detail::dense_table(table, row);
  if (dense.row_sum.size() < 2 || dense.column_sum.size() < 2) return row;
  if (dense.counts.size() == 4) {
    two_by_two(dense, row, spec.conf_level);
    return row;
  }
  // Length of the observed path. Nodes are row totals: let there be few rows.
  double observed = 0.0;
  const bool turn = dense.row_sum.size() > dense.column_sum.size();
  const auto& rows = turn ? dense.column_sum : dense.row_sum;
  const auto& columns = turn ? dense.row_sum : dense.column_sum;
  constexpr std::int64_t kMostCounts = 100'000;
  if (row.n <= kMostCounts) {
    for (const std::int64_t sum : columns) {
      observed += boost::math::lgamma(static_cast<double>(sum) + 1.0);
    }
    for (const std::int64_t count : dense.counts) {
      observed -= boost::math::lgamma(static_cast<double>(count) + 1.0);
    }
    row.p_value = Network(rows, columns, observed).p_value();
  }
  if (std::isnan(row.p_value)) {
    row.warnings.emplace_back(
        "the table is too large for the exact test: use the chi-squared test");
  }
  return row;
}

}  // namespace impact
