#include "engine/learn/tree_grower.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <type_traits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/core/rng_fill.h"
#include "engine/learn/split_scan.h"

namespace impact {
namespace {

using detail::ClassRule;
using detail::MomentRule;
using detail::SplitChoice;
using detail::SplitScan;

// Below this many rows x columns a node is not worth the other threads' attention.
constexpr std::size_t kShared = std::size_t{1} << 17U;
// Binary exponent of the finest step; what is smaller than it is 0.
constexpr int kLeast = -1000;
// Cells up to this size are held on the stack.
constexpr std::size_t kCell = 8;
// Whole numbers up to this stay as they are.
constexpr double kWhole = 0x1p20;
// What can be squared.
constexpr double kSquare = 1e150;
// What sums in 64 bits may reach.
constexpr double kRoom = 0x1p61;

// The step of a grid of 2^k points up to `most`, a power of two; sums of `drawn` of them fit.
double step_for(double most, std::size_t drawn) {
  const int k = std::min(50, 61 - static_cast<int>(std::bit_width(drawn)));
  int exponent = 0;
  std::frexp(most, &exponent);
  return most > 0.0 ? std::ldexp(1.0, std::max(exponent - k, kLeast)) : 1.0;
}

struct Pending {
  std::uint32_t node = 0;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  int depth = 0;
  double value = 0.0;  // fall of weight x impurity
  SplitChoice choice = {};
};

template <class Rule>
class Grower {
 public:
  using Stat = typename Rule::Stat;

  Grower(Rule rule, const BinnedFeatures& features, const TreeTarget& target,
         std::span<const std::uint32_t> rows, std::span<const std::uint32_t> repeats,
         const GrowSpec& spec, StreamKey key, std::uint64_t tree, const Context& context)
      : rule_(rule),
        features_(features),
        target_(target),
        spec_(spec),
        context_(context),
        words_(key, tree),
        rows_(rows.begin(), rows.end()),
        repeats_(repeats.begin(), repeats.end()),
        stats_(rows.size()),
        other_rows_(rows.size()),
        other_stats_(rows.size()),
        order_(features.columns()),
        total_(rule.width()) {
    if (repeats_.empty()) repeats_.assign(rows_.size(), 1);
    if (target.relabelling != nullptr) {
      other_repeats_.resize(rows.size());
      pseudo_.resize(rows.size());
    }
    std::iota(order_.begin(), order_.end(), 0U);
    for (std::size_t i = 0; i < rows_.size(); ++i) stats_[i] = stat(rows_[i], repeats_[i]);
    const std::size_t mtry = spec.mtry == 0 ? order_.size() : std::min(spec.mtry, order_.size());
    mtry_ = mtry;
    const std::size_t groups = std::max<std::size_t>(1, (mtry + 3) / 4);
    scans_.reserve(groups);
    scans_.emplace_back(rule_, features_);
    if (context.threads > 1 && rows.size() * mtry >= kShared) {
      while (scans_.size() < groups) scans_.emplace_back(rule_, features_);
    }
  }
  Grower(const Grower&) = delete;
  Grower& operator=(const Grower&) = delete;

  GrownTree grow() {
    tree_.decrease.assign(features_.columns(), 0.0);
    push_node();
    std::vector<Pending> waiting;
    const auto worse = [](const Pending& a, const Pending& b) {
      return a.value != b.value ? a.value < b.value : a.node > b.node;
    };
    const bool best_first = spec_.max_leaves > 0;
    const auto offer = [&](Pending pending) {
      span_[pending.node] = {pending.begin, pending.end};
      if (!evaluate(pending)) return;
      waiting.push_back(pending);
      if (best_first) std::push_heap(waiting.begin(), waiting.end(), worse);
    };
    offer({.end = static_cast<std::uint32_t>(rows_.size())});
    std::size_t leaves = 1;
    while (!waiting.empty() && (!best_first || leaves < spec_.max_leaves)) {
      if (best_first) std::pop_heap(waiting.begin(), waiting.end(), worse);
      const Pending p = waiting.back();
      waiting.pop_back();
      const BinnedFeatures::Cut cut = p.choice.cut(features_);
      const std::uint32_t middle = partition(p, cut.last);
      const auto left = static_cast<std::uint32_t>(tree_.nodes.size());
      push_node();
      push_node();
      tree_.nodes[p.node] = {
          .threshold = cut.threshold,
          .left = left,
          .feature = p.choice.column | (p.choice.missing_left ? TreeNode::kMissingLeft : 0U)};
      tree_.last[p.node] = cut.last;
      tree_.decrease[p.choice.column] += p.value;
      ++leaves;
      // The left side is split next, while its rows are in the cache.
      offer({.node = left + 1, .begin = middle, .end = p.end, .depth = p.depth + 1});
      offer({.node = left, .begin = p.begin, .end = middle, .depth = p.depth + 1});
    }
    std::uint32_t number = 0;
    tree_.row_leaf.assign(features_.rows, GrownTree::kElsewhere);
    for (std::size_t k = 0; k < tree_.nodes.size(); ++k) {
      TreeNode& node = tree_.nodes[k];
      if (!node.leaf()) continue;
      for (std::size_t i = span_[k].first; i < span_[k].second; ++i) {
        tree_.row_leaf[rows_[i]] = number;
      }
      node.feature = number++;
    }
    tree_.leaves = number;
    return std::move(tree_);
  }

 private:
  void push_node() {
    tree_.nodes.emplace_back();
    tree_.last.push_back(0);
    span_.emplace_back();
  }

  [[nodiscard]] std::int64_t fixed_weight(std::size_t row) const {
    return target_.fixed_weight.empty() ? 1 : target_.fixed_weight[row];
  }

  Stat stat(std::size_t row, std::uint32_t repeats) const {
    const auto times = static_cast<std::int64_t>(repeats);
    Stat s;
    if constexpr (std::is_same_v<Rule, ClassRule>) {
      s.weight = times * fixed_weight(row);
      s.count = repeats;
      s.label = static_cast<std::uint32_t>(target_.label[row]);
    } else {
      s.count = times;
      s.sum = target_.relabelling != nullptr ? 0 : times * target_.fixed_value[row];
      if constexpr (std::is_same_v<Rule, MomentRule<true>>) s.weight = times * fixed_weight(row);
    }
    return s;
  }

  // Whether the node's rows differ in outcome; pseudo-outcomes are drawn up first.
  bool varied(const Pending& p) {
    if constexpr (std::is_same_v<Rule, ClassRule>) {
      for (std::size_t i = p.begin + 1; i < p.end; ++i) {
        if (stats_[i].label != stats_[p.begin].label) return true;
      }
      return false;
    } else {
      if (target_.relabelling != nullptr) return relabelled(p);
      const double first = target_.value[rows_[p.begin]];
      for (std::size_t i = p.begin + 1; i < p.end; ++i) {
        if (target_.value[rows_[i]] != first) return true;
      }
      return false;
    }
  }

  bool relabelled(const Pending& p) {
    const std::size_t n = p.end - p.begin;
    const std::span<double> pseudo = std::span(pseudo_).first(n);
    if (!target_.relabelling->relabel(std::span(rows_).subspan(p.begin, n),
                                      std::span(repeats_).subspan(p.begin, n), pseudo)) {
      return false;
    }
    double most = 0.0;
    std::size_t drawn = 0;
    bool differ = false;
    for (std::size_t i = 0; i < n; ++i) {
      pseudo[i] *= target_.weight_of(rows_[p.begin + i]);
      most = std::max(most, std::abs(pseudo[i]));
      drawn += repeats_[p.begin + i];
      differ = differ || pseudo[i] != pseudo[0];
    }
    node_step_ = step_for(most, drawn);
    if constexpr (!std::is_same_v<Rule, ClassRule>) {
      for (std::size_t i = 0; i < n; ++i) {
        Stat& s = stats_[p.begin + i];
        s.sum = s.count * std::llround(pseudo[i] / node_step_);
      }
    }
    return differ;
  }

  // Finds the node's split; false: it is a leaf.
  bool evaluate(Pending& p) {
    const std::size_t n = p.end - p.begin;
    if (n >= kChunkRows || ++looked_ % 256 == 0) context_.check();
    if (n < 2 || (spec_.max_depth > 0 && p.depth >= spec_.max_depth)) return false;
    std::fill(total_.begin(), total_.end(), 0);
    for (std::size_t i = p.begin; i < p.end; ++i) rule_.add(total_.data(), stats_[i]);
    const auto drawn = static_cast<std::size_t>(total_[0]);
    if (drawn < spec_.min_split || drawn < 2 * spec_.min_leaf || !varied(p)) return false;
    std::size_t tried = n == 2 ? part_two(p) : 0;
    bool constant = true;
    while (!p.choice.found() && tried < order_.size() && (tried < mtry_ || constant)) {
      const std::size_t count = tried < mtry_ ? mtry_ - tried : 1;
      constant = !search(p, tried, count) && constant;
      tried += count;
    }
    if (!p.choice.found()) return false;
    p.value = p.choice.gain * rule_.scale(total_.data());
    if constexpr (std::is_same_v<Rule, ClassRule>) {
      p.value *= target_.weight_step;
    } else {
      const double step = target_.relabelling != nullptr ? node_step_ : target_.value_step;
      p.value *= step * step / target_.weight_step;
    }
    return true;
  }

  // The column that stands at place k of a random order.
  std::uint32_t draw(std::size_t k) {
    const auto rest = static_cast<std::uint32_t>(order_.size() - k);
    std::swap(order_[k], order_[k + words_.below(rest)]);
    return order_[k];
  }
  double draw_uniform() { return spec_.random_thresholds ? (words_.next() + 0.5) * 0x1p-32 : -1.0; }

  // Half of the splits of a tree that is grown to the end part two rows: all columns that do are
  // equally good, so the first one drawn that does is the answer. Returns the number of columns
  // drawn; a row without a value is left to the general search.
  std::size_t part_two(Pending& p) {
    const auto least = static_cast<std::int64_t>(spec_.min_leaf);
    std::int64_t first[kCell] = {};
    if (rule_.width() > kCell) return 0;
    for (std::size_t k = 0; k < order_.size(); ++k) {
      const std::uint32_t column = draw(k);
      const BinnedFeatures::Codes codes = features_.codes(column);
      const std::uint8_t a = codes.at(rows_[p.begin]);
      const std::uint8_t b = codes.at(rows_[p.begin + 1]);
      if (a == b) continue;
      const BinnedFeatures::Column& known = features_.column[column];
      const std::uint8_t low = std::min(a, b);
      const std::uint8_t high = std::max(a, b);
      if (known.missing && high == BinnedFeatures::kMissing) return 0;
      rule_.add(first, stats_[a < b ? p.begin : p.begin + 1]);
      if (first[0] < least || total_[0] - first[0] < least) return order_.size();
      p.choice.column = column;
      p.choice.below = low;
      p.choice.above = high;
      p.choice.gain = rule_.gain(first, total_.data());
      p.choice.missing_left = 2.0 * rule_.weight(first) >= rule_.weight(total_.data());
      if (spec_.random_thresholds) {
        p.choice.wish = detail::uniform_between(known, low, high, draw_uniform());
      }
      return k + 1;
    }
    return order_.size();
  }

  // Draws `count` more columns after the first `tried` and keeps the best split; false when all of
  // them are constant.
  bool search(Pending& p, std::size_t tried, std::size_t count) {
    uniform_.resize(count);
    for (std::size_t k = 0; k < count; ++k) {
      draw(tried + k);
      uniform_[k] = draw_uniform();
    }
    const std::size_t n = p.end - p.begin;
    constexpr std::size_t kTogether = SplitScan<Rule>::kTogether;
    const std::size_t groups = chunk_count(count, kTogether);
    found_.resize(count);
    is_constant_.resize(count);
    const auto group = [&](std::size_t g, SplitScan<Rule>& scan) {
      const std::size_t first = g * kTogether;
      const std::size_t size = std::min(kTogether, count - first);
      const std::uint32_t* const columns = order_.data() + tried + first;
      scan.fill(columns, size, rows_.data() + p.begin, stats_.data() + p.begin, n);
      for (std::size_t c = 0; c < size; ++c) {
        bool same = false;
        found_[first + c] =
            scan.best(c, columns[c], total_.data(), spec_.min_leaf, uniform_[first + c], same);
        is_constant_[first + c] = same ? 1 : 0;
      }
    };
    if (scans_.size() >= groups && groups > 1 && n * count >= kShared) {
      run_tasks(context_, groups, [&](std::size_t g) { group(g, scans_[g]); });
    } else {
      for (std::size_t g = 0; g < groups; ++g) group(g, scans_[0]);
    }
    bool any = false;
    for (std::size_t k = 0; k < count; ++k) {
      if (found_[k].gain > p.choice.gain) p.choice = found_[k];
      any = any || is_constant_[k] == 0;
    }
    return any;
  }

  // Puts the left rows before the right ones, both in the order they were in; where the right ones
  // begin.
  std::uint32_t partition(const Pending& p, std::uint8_t upto) {
    const BinnedFeatures::Codes codes = features_.codes(p.choice.column);
    // Missing ones have the code 255: shifted by one they become 0, and go left with the lowest.
    const bool wrap = features_.column[p.choice.column].missing && p.choice.missing_left;
    const auto shift = static_cast<std::uint8_t>(wrap ? 1 : 0);
    const auto last = static_cast<std::uint8_t>(upto + shift);
    std::uint32_t left = p.begin;
    std::uint32_t right = 0;
    for (std::uint32_t i = p.begin; i < p.end; ++i) {
      const std::uint32_t row = rows_[i];
      const Stat s = stats_[i];
      const bool goes_left = static_cast<std::uint8_t>(codes.at(row) + shift) <= last;
      rows_[left] = row;
      stats_[left] = s;
      other_rows_[right] = row;
      other_stats_[right] = s;
      if (!other_repeats_.empty()) {
        const std::uint32_t times = repeats_[i];
        repeats_[left] = times;
        other_repeats_[right] = times;
      }
      left += goes_left ? 1U : 0U;
      right += goes_left ? 0U : 1U;
    }
    std::copy_n(other_rows_.begin(), right, rows_.begin() + left);
    std::copy_n(other_stats_.begin(), right, stats_.begin() + left);
    if (!other_repeats_.empty()) {
      std::copy_n(other_repeats_.begin(), right, repeats_.begin() + left);
    }
    return left;
  }

  const Rule rule_;
  const BinnedFeatures& features_;
  const TreeTarget& target_;
  const GrowSpec& spec_;
  const Context& context_;
  WordReader words_;
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint32_t> repeats_;
  std::vector<Stat> stats_;
  std::vector<std::uint32_t> other_rows_;
  std::vector<Stat> other_stats_;
  std::vector<std::uint32_t> other_repeats_;
  std::vector<double> pseudo_;
  std::vector<std::uint32_t> order_;  // columns; those drawn stand first
  std::vector<std::int64_t> total_;
  std::vector<SplitScan<Rule>> scans_;
  std::vector<SplitChoice> found_;
  std::vector<std::uint8_t> is_constant_;
  std::vector<double> uniform_;
  std::size_t mtry_ = 0;
  std::size_t looked_ = 0;
  double node_step_ = 1.0;
  GrownTree tree_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> span_;  // of rows_, a node each
};

}  // namespace

void TreeTarget::prepare(std::size_t drawn) {
  const std::size_t n = std::max({value.size(), label.size(), weight.size()});
  fixed_weight.clear();
  fixed_value.clear();
  if (std::any_of(weight.begin(), weight.end(), [](double w) { return w != 1.0; })) {
    double most = 0.0;
    bool whole = true;
    for (const double w : weight) {
      most = std::max(most, w);
      whole = whole && w <= kWhole && w == std::floor(w);
    }
    whole = whole && most * static_cast<double>(drawn) < kRoom;
    weight_step = whole ? 1.0 : step_for(most, drawn);
    fixed_weight.resize(n);
    for (std::size_t i = 0; i < n; ++i) {
      fixed_weight[i] = std::max<std::int64_t>(1, std::llround(weight[i] / weight_step));
    }
  }
  if (classes > 0 || value.empty()) return;
  ExactMoments moments;
  bool whole = true;
  for (const double y : value) {
    moments.add(y);
    whole = whole && std::abs(y) <= kWhole && y == std::floor(y);
  }
  centre = moments.mean();
  whole = whole && weight_step == 1.0;
  if (whole) centre = std::round(centre);  // sums are then exact, and so are ties
  double most = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    most = std::max(most, std::abs(weight_of(i) * (value[i] - centre)));
  }
  if (!(most < kSquare)) {
    throw ArgumentError({.what = "the outcome is too large for its variance",
                         .where = "outcome",
                         .got = format_double(most),
                         .expected = "weighted and centred, below 1e150"});
  }
  whole = whole && most * static_cast<double>(drawn) < kRoom;
  value_step = whole ? 1.0 : step_for(most, drawn);
  fixed_value.resize(n);
  for (std::size_t i = 0; i < n; ++i) {
    fixed_value[i] = std::llround(weight_of(i) * (value[i] - centre) / value_step);
  }
}

GrownTree grow_tree(const BinnedFeatures& features, const TreeTarget& target,
                    std::span<const std::uint32_t> rows, std::span<const std::uint32_t> repeats,
                    const GrowSpec& spec, StreamKey key, std::uint64_t tree,
                    const Context& context) {
  const auto with = [&](auto rule) {
    return Grower<decltype(rule)>(rule, features, target, rows, repeats, spec, key, tree, context)
        .grow();
  };
  if (target.impurity != Impurity::variance) {
    return with(
        ClassRule{.classes = target.classes, .entropy = target.impurity == Impurity::entropy});
  }
  if (target.fixed_weight.empty()) return with(MomentRule<false>{});
  return with(MomentRule<true>{});
}

}  // namespace impact
