#include "engine/learn/explain/kernel_shap.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <Eigen/Cholesky>
#include <Eigen/Core>

#include "engine/core/error.h"
#include "engine/core/parallel.h"
#include "engine/learn/explain/mixed_rows.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kMostExact = 20;
// Rows that the model is asked about in one go.
constexpr std::size_t kAskedRows = 8192;
// Values of coalitions that are held at a time.
constexpr std::size_t kHeldValues = std::size_t{1} << 22U;
constexpr double kEdge = 1e-15;

// Sets of columns, a byte each: 1 where the column is in.
struct Coalitions {
  std::size_t columns = 0;
  std::vector<std::uint8_t> in = {};

  [[nodiscard]] std::size_t size() const { return in.size() / columns; }
  [[nodiscard]] const std::uint8_t* operator[](std::size_t k) const {
    return in.data() + k * columns;
  }
  std::uint8_t* add() {
    in.resize(in.size() + columns, 0);
    return in.data() + (in.size() - columns);
  }
  // The set and what is outside of it.
  void add_pair(std::span<const std::size_t> members) {
    std::uint8_t* set = add();
    for (const std::size_t j : members) set[j] = 1;
    std::uint8_t* rest = add();
    set = rest - columns;
    for (std::size_t j = 0; j < columns; ++j) rest[j] = set[j] == 0 ? 1 : 0;
  }
};

// Both columns in one list of levels.
void share_levels(Feature& a, Feature& b) {
  if (!a.text || a.levels == b.levels) return;
  std::vector<std::string> levels = a.levels;
  levels.insert(levels.end(), b.levels.begin(), b.levels.end());
  std::sort(levels.begin(), levels.end());
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  for (Feature* column : {&a, &b}) {
    for (std::int32_t& code : column->codes) {
      if (code < 0) continue;
      const std::string& level = column->levels[static_cast<std::size_t>(code)];
      const auto at = std::lower_bound(levels.begin(), levels.end(), level);
      code = static_cast<std::int32_t>(at - levels.begin());
    }
    column->levels = levels;
  }
}

class Game {
 public:
  Game(const TrainedModel& model, const FeatureTable& asked, const FeatureTable& background,
       std::vector<double> weight, const KernelShapSpec& spec, const Context& context)
      : model_(model), weight_(std::move(weight)), spec_(spec), context_(context) {
    for (std::size_t j = 0; j < asked.size(); ++j) {
      asked_.push_back(asked[j]);
      background_.push_back(background[j]);
      share_levels(asked_.back(), background_.back());
    }
  }

  [[nodiscard]] std::size_t rows() const { return asked_.front().rows(); }
  [[nodiscard]] std::size_t columns() const { return asked_.size(); }
  [[nodiscard]] std::size_t batch() const {
    return std::max<std::size_t>(1, kAskedRows / weight_.size());
  }

  // Values of coalitions from ... to for an explained row; clipped counts moved probabilities.
  void values(std::size_t row, const Coalitions& sets, std::size_t from, std::size_t to,
              double* out, std::int64_t& clipped) const {
    const std::size_t size = weight_.size();
    std::vector<Feature> columns;
    columns.reserve(asked_.size());
    for (std::size_t j = 0; j < asked_.size(); ++j) {
      const Feature& x = asked_[j];
      const Feature& b = background_[j];
      Feature column{.name = x.name, .text = x.text, .levels = x.levels, .role = x.role};
      for (std::size_t k = from; k < to; ++k) {
        const bool known = sets[k][j] != 0;
        if (x.text && known) column.codes.insert(column.codes.end(), size, x.codes[row]);
        if (x.text && !known) {
          column.codes.insert(column.codes.end(), b.codes.begin(), b.codes.end());
        }
        if (!x.text && known) column.numbers.insert(column.numbers.end(), size, x.numbers[row]);
        if (!x.text && !known) {
          column.numbers.insert(column.numbers.end(), b.numbers.begin(), b.numbers.end());
        }
      }
      columns.push_back(std::move(column));
    }
    const auto f =
        detail::output_of(model_, FeatureTable(std::move(columns)), spec_.output, context_);
    for (std::size_t k = from; k < to; ++k) {
      const auto some = std::span(f).subspan((k - from) * size, size);
      out[k - from] = linked(detail::weighted_average(some, weight_), clipped);
    }
  }

 private:
  [[nodiscard]] double linked(double v, std::int64_t& clipped) const {
    if (spec_.link == ShapLink::kIdentity || std::isnan(v)) return v;
    const double inside = std::clamp(v, kEdge, 1.0 - kEdge);
    clipped += inside == v ? 0 : 1;
    return std::log(inside) - std::log1p(-inside);
  }

  const TrainedModel& model_;
  std::vector<Feature> asked_ = {};
  std::vector<Feature> background_ = {};
  std::vector<double> weight_;
  const KernelShapSpec& spec_;
  const Context& context_;
};

// phi_j = sum over S without j of |S|! (p - |S| - 1)! / p! (v(S + j) - v(S)); place S of `v` has
// bit j where column j is in.
void shapley_sum(std::span<const double> v, std::size_t p, double* phi) {
  std::vector<double> weight(p);
  double choose = 1.0;  // C(p - 1, s)
  for (std::size_t s = 0; s < p; ++s) {
    weight[s] = 1.0 / (static_cast<double>(p) * choose);
    choose *= static_cast<double>(p - 1 - s) / static_cast<double>(s + 1);
  }
  for (std::size_t j = 0; j < p; ++j) {
    double sum = 0.0;
    for (std::size_t set = 0; set < v.size(); ++set) {
      if ((set >> j & 1U) != 0) continue;
      const auto size = static_cast<std::size_t>(std::popcount(set));
      sum += weight[size] * (v[set | std::size_t{1} << j] - v[set]);
    }
    phi[j] = sum;
  }
}

// What is asked of every row, and what of each is drawn.
struct Plan {
  Coalitions all = {};                 // without the empty and the full set
  std::vector<double> weight = {};     // of these, in the kernel's distribution
  std::vector<double> size_mass = {};  // of sizes that are drawn: s and p - s at place s
  double drawn_mass = 0.0;
  std::size_t pairs = 0;
};

double choices(std::size_t n, std::size_t k) {
  double result = 1.0;
  for (std::size_t i = 0; i < k; ++i) {
    result *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return std::round(result);
}

// Next set of the same size in lexicographic order; false after the last.
bool next_set(std::vector<std::size_t>& set, std::size_t n) {
  for (std::size_t i = set.size(); i-- > 0;) {
    if (set[i] + (set.size() - i) >= n) continue;
    ++set[i];
    for (std::size_t k = i + 1; k < set.size(); ++k) set[k] = set[k - 1] + 1;
    return true;
  }
  return false;
}

Plan plan_of(std::size_t p, std::size_t samples) {
  Plan plan{.all = {.columns = p}, .size_mass = std::vector<double>(p / 2 + 1)};
  std::vector<double> mass(p / 2 + 1);
  double total = 0.0;
  for (std::size_t s = 1; s <= p / 2; ++s) {
    mass[s] = (2 * s == p ? 1.0 : 2.0) / static_cast<double>(s * (p - s));
    total += mass[s];
  }
  for (double& m : mass) m /= total;
  double rest = 1.0;
  auto left = static_cast<double>(samples);
  bool full = true;
  for (std::size_t s = 1; s <= p / 2; ++s) {
    const double sets = choices(p, s) * (2 * s == p ? 1.0 : 2.0);
    full = full && (s == 1 || left * mass[s] >= sets * rest);
    if (!full) {
      plan.size_mass[s] = mass[s];
      plan.drawn_mass += mass[s];
      continue;
    }
    left -= sets;
    rest -= mass[s];
    std::vector<std::size_t> set(s);
    for (std::size_t k = 0; k < s; ++k) set[k] = k;
    do {
      // Halves of the columns come as pairs already: each holds column 0 or its complement does.
      if (2 * s == p && set[0] != 0) break;
      plan.all.add_pair(set);
      plan.weight.insert(plan.weight.end(), 2, mass[s] / sets);
    } while (next_set(set, p));
  }
  if (plan.drawn_mass > 0.0) {
    plan.pairs = std::max<std::size_t>(2, static_cast<std::size_t>(std::max(left, 0.0)) / 2);
  }
  return plan;
}

// Least squares of v(S) - v() on membership under sum phi = v(all) - v(): with A = sum w z z' and
// b = sum w z (v - v()), phi = A^-1 (b - lambda 1), lambda from the sum. Its error from the drawn
// pairs: with g the mean score z (v - v() - z'phi) of a pair times their mass and
// C = A^-1 - A^-1 1 1' A^-1 / (1' A^-1 1), the covariance is C cov(g) C / pairs.
void solve(const Plan& plan, const Coalitions& drawn, std::span<const double> v, double none,
           double everything, double* phi, double* error) {
  const auto p = static_cast<Index>(plan.all.columns);
  const std::size_t asked = plan.all.size();
  const double drawn_weight =
      plan.drawn_mass / static_cast<double>(std::max<std::size_t>(1, drawn.size()));
  MatrixXd a = MatrixXd::Zero(p, p);
  VectorXd b = VectorXd::Zero(p);
  const auto each = [&](std::size_t k) { return k < asked ? plan.all[k] : drawn[k - asked]; };
  for (std::size_t k = 0; k < v.size(); ++k) {
    const std::uint8_t* const set = each(k);
    const double w = k < asked ? plan.weight[k] : drawn_weight;
    for (Index i = 0; i < p; ++i) {
      if (set[i] == 0) continue;
      b[i] += w * (v[k] - none);
      for (Index j = 0; j <= i; ++j) a(i, j) += set[j] == 0 ? 0.0 : w;
    }
  }
  const Eigen::LDLT<MatrixXd, Eigen::Lower> solver(a);
  const VectorXd ones = solver.solve(VectorXd::Ones(p));
  VectorXd value = solver.solve(b);
  value -= (value.sum() - (everything - none)) / ones.sum() * ones;
  // What rounding leaves of the constraint.
  value.array() += (everything - none - value.sum()) / static_cast<double>(p);
  for (Index j = 0; j < p; ++j) phi[j] = value[j];
  const std::size_t pairs = drawn.size() / 2;
  MatrixXd score = MatrixXd::Zero(p, static_cast<Index>(pairs));
  for (std::size_t k = asked; k < v.size(); ++k) {
    const std::uint8_t* const set = each(k);
    double left = v[k] - none;
    for (Index j = 0; j < p; ++j) left -= set[j] == 0 ? 0.0 : value[j];
    const auto pair = static_cast<Index>((k - asked) / 2);
    for (Index j = 0; j < p; ++j) {
      score(j, pair) += set[j] == 0 ? 0.0 : 0.5 * plan.drawn_mass * left;
    }
  }
  const VectorXd mean = score.rowwise().mean();
  score.colwise() -= mean;
  MatrixXd spread = solver.solve(score);
  spread -= ones * (spread.colwise().sum() / ones.sum());
  const auto size = static_cast<double>(pairs);
  for (Index j = 0; j < p; ++j) {
    error[j] = std::sqrt(spread.row(j).squaredNorm() / (size * (size - 1.0)));
  }
}

void check(const KernelShapSpec& spec, std::size_t columns) {
  if (spec.exact_columns > kMostExact) {
    throw ArgumentError({.what = "too many columns to ask every coalition",
                         .where = "exact_columns",
                         .got = std::to_string(spec.exact_columns),
                         .expected = "at most " + std::to_string(kMostExact)});
  }
  if (spec.samples == 0 || columns <= spec.exact_columns || spec.samples >= 2 * columns + 4) return;
  throw ArgumentError({.what = "too few coalitions for this many columns",
                       .where = "samples",
                       .got = std::to_string(spec.samples),
                       .expected = "at least " + std::to_string(2 * columns + 4)});
}

Coalitions every_set(std::size_t p) {
  Coalitions sets{.columns = p, .in = std::vector<std::uint8_t>(p << p)};
  for (std::size_t set = 0; set < std::size_t{1} << p; ++set) {
    for (std::size_t j = 0; j < p; ++j) sets.in[set * p + j] = set >> j & 1U;
  }
  return sets;
}

Coalitions drawn_sets(const Plan& plan, StreamKey key, std::uint64_t row) {
  Coalitions drawn{.columns = plan.all.columns};
  Stream stream(key, row);
  for (std::size_t pair = 0; pair < plan.pairs; ++pair) {
    const std::size_t size = stream.categorical(plan.size_mass);
    drawn.add_pair(stream.sample(drawn.columns, size));
  }
  return drawn;
}

}  // namespace

ShapValues kernel_shap(const TrainedModel& model, const FeatureTable& features,
                       std::span<const std::uint32_t> rows, const FeatureTable& background,
                       std::span<const std::uint32_t> background_rows, const KernelShapSpec& spec,
                       StreamKey key, const Context& context) {
  const std::size_t p = model.inputs.size();
  detail::check_output(model, spec.output);
  check(spec, p);
  const auto drawn_rows =
      detail::sampled_rows(background_rows, spec.background, key.child("background"));
  const Game game(model, detail::asked_rows(model, features, rows),
                  detail::asked_rows(model, background, drawn_rows),
                  detail::row_weights(spec.weights, drawn_rows, background.rows()), spec, context);
  ShapValues result{.rows = {rows.begin(), rows.end()},
                    .value = std::vector<double>(rows.size() * p),
                    .prediction = std::vector<double>(rows.size())};
  for (const ModelInput& input : model.inputs) result.columns.push_back(input.name);
  const std::size_t samples = spec.samples == 0 ? 2 * p + 2048 : spec.samples;
  const bool exact =
      p <= spec.exact_columns || (p <= kMostExact && samples + 2 >= std::size_t{1} << p);
  result.method = exact ? "kernel_exact" : "kernel_sampled";
  Coalitions ends{.columns = p, .in = std::vector<std::uint8_t>(2 * p, 0)};
  std::fill_n(ends.in.begin() + static_cast<std::ptrdiff_t>(p), p, 1);
  std::int64_t clipped = 0;
  game.values(0, ends, 0, 1, &result.expectation, clipped);
  const Plan plan = exact ? Plan{.all = every_set(p)} : plan_of(p, samples);
  if (!exact) result.std_error.resize(rows.size() * p);
  const std::size_t sets = plan.all.size() + 2 * plan.pairs;
  const std::size_t held = std::max<std::size_t>(1, kHeldValues / sets);
  const StreamKey stream = key.child("coalitions");
  for (std::size_t first = 0; first < rows.size(); first += held) {
    const std::size_t count = std::min(held, rows.size() - first);
    std::vector<Coalitions> drawn(exact ? 0 : count);
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      drawn[i] = drawn_sets(plan, stream, first + i);
    }
    std::vector<double> v(count * sets);
    // Tasks of a row: its common coalitions by batches, then those drawn for it.
    const std::size_t common = chunk_count(plan.all.size(), game.batch());
    const std::size_t own = chunk_count(2 * plan.pairs, game.batch());
    std::vector<std::int64_t> moved(count * (common + own));
    run_tasks(context, moved.size(), [&](std::size_t task) {
      const std::size_t i = task / (common + own);
      const std::size_t part = task % (common + own);
      const Coalitions& from = part < common ? plan.all : drawn[i];
      const std::size_t begin = (part < common ? part : part - common) * game.batch();
      const std::size_t end = std::min(begin + game.batch(), from.size());
      double* const out = v.data() + i * sets + (part < common ? 0 : plan.all.size()) + begin;
      game.values(first + i, from, begin, end, out, moved[task]);
    });
    for (const std::int64_t m : moved) clipped += m;
    std::vector<std::int64_t> ends_moved(count);
    run_tasks(context, count, [&](std::size_t i) {
      const std::size_t row = first + i;
      const auto values = std::span(v).subspan(i * sets, sets);
      double& everything = result.prediction[row];
      if (exact) {
        everything = values.back();
        shapley_sum(values, p, result.value.data() + row * p);
        return;
      }
      game.values(row, ends, 1, 2, &everything, ends_moved[i]);
      solve(plan, drawn[i], values, result.expectation, everything, result.value.data() + row * p,
            result.std_error.data() + row * p);
    });
    for (const std::int64_t m : ends_moved) clipped += m;
  }
  if (clipped > 0) {
    result.warnings.emplace_back(
        "some probabilities are 0 or 1, whose log odds are infinite; they were moved by 1e-15");
  }
  const auto unknown = std::count_if(result.prediction.begin(), result.prediction.end(),
                                     [](double f) { return std::isnan(f); });
  if (unknown > 0) {
    result.warnings.push_back(detail::plural(unknown, "row has", "rows have") + " no prediction");
  }
  if (std::isnan(result.expectation)) {
    result.warnings.emplace_back("a background row has no prediction, so no value is defined");
    std::fill(result.value.begin(), result.value.end(), kNaN);
  }
  return result;
}

ShapValues model_tree_shap(const TrainedModel& model, const FeatureTable& features,
                           std::span<const std::uint32_t> rows, std::size_t output,
                           const Context& context) {
  detail::check_output(model, output);
  const std::optional<ShapModel> trees = model.predictor->trees(output);
  if (!trees) {
    throw ArgumentError({.what = "the model is no sum of trees",
                         .got = "'" + model.spec.kind + "'",
                         .expected = "a tree, a forest or boosting",
                         .hint = "kernel_shap explains any model"});
  }
  const FeatureTable asked =
      model.predictor->inner(detail::asked_rows(model, features, rows), context);
  ShapValues result{.columns = asked.names(),
                    .rows = {rows.begin(), rows.end()},
                    .value = std::vector<double>(rows.size() * trees->columns),
                    .expectation = trees->expectation(),
                    .method = "tree"};
  tree_shap(*trees, asked.matrix(), every_row(rows.size()), result.value, context);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    double sum = result.expectation;
    for (std::size_t j = 0; j < trees->columns; ++j) sum += result.value[i * trees->columns + j];
    result.prediction.push_back(sum);
  }
  return result;
}

}  // namespace impact
