#include "engine/learn/leakage_sums.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/best_cut.h"
#include "engine/learn/logistic_classifier.h"
#include "engine/learn/roc.h"

namespace impact {
namespace {

// Of each class: with 40 rows in general position a plane separates 1 in 6e7 of all labellings
// (Cover 1965), so that the 286 pairs and triples of twelve columns find nothing by chance.
constexpr std::int64_t kFewInClass = 20;
constexpr std::size_t kMostRules = 10;

using Columns = std::vector<std::size_t>;

struct Combination {
  Columns columns = {};
  std::vector<double> factor = {};
  bool product = false;
};

struct Judged {
  Combination what = {};
  detail::Cut cut = {};
  ConfusionMatrix matrix = {};
  [[nodiscard]] std::int64_t errors() const {
    return static_cast<std::int64_t>(matrix.false_positive + matrix.false_negative);
  }
};

double balanced(const ConfusionMatrix& m) {
  return 0.5 * (m.true_positive / (m.true_positive + m.false_negative) +
                m.true_negative / (m.true_negative + m.false_positive));
}

std::vector<double> values_of(const FeatureColumns& features, const Combination& what) {
  const std::size_t n = features.rows();
  std::vector<double> out(n, what.product ? 1.0 : 0.0);
  for (std::size_t k = 0; k < what.columns.size(); ++k) {
    const auto column = features.column(what.columns[k]);
    const double factor = what.factor[k];
    for (std::size_t i = 0; i < n; ++i) {
      if (!what.product) {
        out[i] += factor * column[i];
      } else if (factor > 0.0) {
        out[i] *= column[i];
      } else {
        out[i] /= column[i];
      }
    }
  }
  return out;
}

// "a + 2 b - c", "a * b / c"
std::string expression_of(const FeatureColumns& features, const Combination& what) {
  std::string text;
  for (std::size_t k = 0; k < what.columns.size(); ++k) {
    const double factor = what.factor[k];
    const std::string name = features.name(what.columns[k]);
    if (what.product) {
      if (k > 0) text += factor > 0.0 ? " * " : " / ";
      text += name;
      continue;
    }
    if (k == 0) {
      if (factor < 0.0) text += "-";
    } else {
      text += factor < 0.0 ? " - " : " + ";
    }
    if (std::abs(factor) != 1.0) text += fmt::format("{} ", std::abs(factor));
    text += name;
  }
  return text;
}

Judged judge(const FeatureColumns& features, std::span<const std::int32_t> label,
             std::span<const std::uint32_t> rows, Combination what) {
  Judged out;
  const std::vector<double> values = values_of(features, what);
  out.cut = detail::best_cut(values, label, rows, detail::CutMerit::kBalanced);
  out.matrix = detail::judge_cut(out.cut, values, label, rows);
  out.what = std::move(what);
  return out;
}

bool better(const Judged& a, const Judged& b) { return a.errors() < b.errors(); }

// The first factor is 1 (its sign is that of the threshold's side); signs of the others are the
// bits of `signs`.
Combination with_signs(const Columns& columns, unsigned signs, bool product) {
  Combination out{.columns = columns, .product = product};
  for (std::size_t k = 0; k < columns.size(); ++k) {
    const bool minus = k > 0 && ((signs >> (k - 1)) & 1U) != 0;
    out.factor.push_back(minus ? -1.0 : 1.0);
  }
  return out;
}

// Weights of a logistic regression, the first one 1 or -1. The small penalty keeps those of
// separated classes finite.
std::optional<Combination> weighted(const FeatureColumns& features,
                                    std::span<const std::int32_t> label,
                                    std::span<const std::uint32_t> rows, const Columns& columns,
                                    const Context& context) {
  std::vector<double> x;
  for (const std::size_t j : columns) {
    const auto column = features.column(j);
    x.insert(x.end(), column.begin(), column.end());
  }
  const LogisticClassifier model = fit_logistic_classifier(
      {x, columns.size(), {}}, label, rows, {.penalty = 1e-6, .most_iterations = 60}, {}, context);
  Combination out{.columns = columns};
  const double scale = std::abs(model.coefficient[0]);
  for (const double b : model.coefficient) {
    if (!std::isfinite(b) || b == 0.0 || scale == 0.0) return std::nullopt;
    out.factor.push_back(b / scale);
  }
  return out;
}

// Fewer digits as long as that costs no row.
Judged rounded(const FeatureColumns& features, std::span<const std::int32_t> label,
               std::span<const std::uint32_t> rows, const Judged& exact) {
  for (int digits = 1; digits <= 6; ++digits) {
    Combination shorter = exact.what;
    for (double& factor : shorter.factor) {
      factor = *parse_double(fmt::format("{:.{}e}", factor, digits - 1));
    }
    Judged out = judge(features, label, rows, std::move(shorter));
    if (out.errors() <= exact.errors()) return out;
  }
  return exact;
}

// Those of one pair or triple that is the best: fewest errors, the earlier form among equals.
class Search {
 public:
  Search(const FeatureColumns& features, std::span<const std::int32_t> label,
         const std::vector<std::uint32_t>& rows, double limit)
      : features_(features), label_(label), rows_(rows), limit_(limit) {
    for (std::size_t j = 0; j < features.columns; ++j) {
      const auto column = features.column(j);
      positive_.push_back(
          std::none_of(column.begin(), column.end(), [](double value) { return value < 0.0; }));
    }
  }

  [[nodiscard]] Judged best(const Columns& columns, const Context& context) const {
    std::optional<Judged> found;
    const unsigned forms = 1U << (columns.size() - 1);
    const bool positive =
        std::all_of(columns.begin(), columns.end(), [&](std::size_t j) { return positive_[j]; });
    for (const bool product : {false, true}) {
      if (product && !positive) continue;
      for (unsigned signs = 0; signs < forms; ++signs) {
        Judged next = judge(features_, label_, rows_, with_signs(columns, signs, product));
        if (!found || better(next, *found)) found = std::move(next);
      }
    }
    if (balanced(found->matrix) >= limit_) return *found;
    if (auto what = weighted(features_, label_, rows_, columns, context)) {
      Judged next = judge(features_, label_, rows_, std::move(*what));
      if (balanced(next.matrix) >= limit_ && better(next, *found)) {
        return rounded(features_, label_, rows_, next);
      }
    }
    return *found;
  }

 private:
  const FeatureColumns& features_;
  std::span<const std::int32_t> label_;
  const std::vector<std::uint32_t>& rows_;
  double limit_;
  std::vector<bool> positive_ = {};
};

void check_spec(const SumRuleSpec& spec) {
  const auto fail = [](const char* where, const std::string& got, const char* expected) {
    throw ArgumentError({.what = "a search for sums that separate the classes can't use this",
                         .where = where,
                         .got = got,
                         .expected = expected});
  };
  if (!(spec.limit > 0.5 && spec.limit <= 1.0)) {
    fail("limit", format_double(spec.limit), "above 0.5, at most 1");
  }
  if (spec.most_terms < 2 || spec.most_terms > 3) {
    fail("most_terms", std::to_string(spec.most_terms), "2 or 3");
  }
  if (spec.most_features < 2)
    fail("most_features", std::to_string(spec.most_features), "2 or more");
  if (spec.most_rows < 100) fail("most_rows", std::to_string(spec.most_rows), "100 or more");
}

// The most telling columns, in their order; one without a number for half of the rows, or with one
// value, is none.
Columns candidates(const FeatureColumns& features, std::span<const std::int32_t> label,
                   std::size_t most, std::vector<std::string>* warnings) {
  std::vector<std::pair<double, std::size_t>> telling;
  for (std::size_t j = 0; j < features.columns; ++j) {
    const auto column = features.column(j);
    const auto there = std::count_if(column.begin(), column.end(),
                                     [](double value) { return !std::isnan(value); });
    if (2 * static_cast<std::size_t>(there) < column.size()) continue;
    const double area = roc_curve({.score = column, .label = label}).auc;
    if (std::isfinite(area)) telling.emplace_back(-std::abs(area - 0.5), j);
  }
  std::sort(telling.begin(), telling.end());
  if (telling.size() > most) {
    warnings->push_back(
        fmt::format("only the {} columns that tell the classes apart best, of {}, "
                    "were combined",
                    most, telling.size()));
    telling.resize(most);
  }
  Columns out;
  for (const auto& [merit, j] : telling) out.push_back(j);
  std::sort(out.begin(), out.end());
  return out;
}

bool contains(const Columns& all, const Columns& part) {
  return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

SumRule rule_of(const FeatureColumns& features, const Judged& found, std::int64_t single_errors) {
  const ConfusionMatrix& m = found.matrix;
  SumRule out;
  for (std::size_t k = 0; k < found.what.columns.size(); ++k) {
    out.terms.push_back({features.name(found.what.columns[k]), found.what.factor[k]});
  }
  out.product = found.what.product;
  out.expression = expression_of(features, found.what);
  out.rule = found.cut.text(out.expression);
  out.n = m.n;
  out.errors = found.errors();
  out.single_errors = single_errors;
  out.accuracy = (m.true_positive + m.true_negative) / m.total();
  out.balanced_accuracy = balanced(m);
  out.precision = m.true_positive / (m.true_positive + m.false_positive);
  out.recall = m.true_positive / (m.true_positive + m.false_negative);
  out.f1 = 2.0 * m.true_positive / (2.0 * m.true_positive + m.false_positive + m.false_negative);
  out.text = fmt::format(
      "the label is a threshold of {} features: {}: F1 {:.3f}, precision {:.3f}, recall {:.3f}, {} "
      "of {} rows wrong; one of them alone gets {} wrong",
      out.terms.size(), out.rule, out.f1, out.precision, out.recall, out.errors, out.n,
      out.single_errors);
  return out;
}

}  // namespace

SumRules find_separating_sums(const FeatureColumns& features, std::span<const std::int32_t> label,
                              const SumRuleSpec& spec, const Context& context) {
  check_features(features, label.size());
  check_spec(spec);
  SumRules result;
  std::vector<std::uint32_t> every;
  std::int64_t positives = 0;
  for (std::size_t i = 0; i < label.size(); ++i) {
    if (label[i] < 0) continue;
    every.push_back(static_cast<std::uint32_t>(i));
    if (label[i] == 1) ++positives;
  }
  const auto n = static_cast<std::int64_t>(every.size());
  if (std::min(positives, n - positives) < kFewInClass) {
    result.warnings.push_back(fmt::format(
        "sums of features were not looked at: {} positive and {} negative rows, {} of each are "
        "needed to tell a rule from chance",
        positives, n - positives, kFewInClass));
    return result;
  }
  const Columns columns = candidates(features, label, spec.most_features, &result.warnings);
  // Rows of the search: at equal distances, in the order of the table's key.
  std::vector<std::uint32_t> searched;
  const std::size_t seen = std::min(every.size(), spec.most_rows);
  for (std::size_t i = 0; i < seen; ++i) searched.push_back(every[i * every.size() / seen]);
  // What one column alone gets wrong, of all rows.
  std::vector<Judged> alone(features.columns);
  for (const std::size_t j : columns) {
    alone[j] = judge(features, label, every, {.columns = {j}, .factor = {1.0}});
  }
  std::vector<Columns> sets;
  for (std::size_t size = 2; size <= spec.most_terms; ++size) {
    for (std::size_t a = 0; a < columns.size(); ++a) {
      for (std::size_t b = a + 1; b < columns.size(); ++b) {
        if (size == 2) sets.push_back({columns[a], columns[b]});
        for (std::size_t c = b + 1; size == 3 && c < columns.size(); ++c) {
          sets.push_back({columns[a], columns[b], columns[c]});
        }
      }
    }
  }
  result.combinations = static_cast<std::int64_t>(sets.size());
  const Search search(features, label, searched, spec.limit);
  std::vector<Judged> found(sets.size());
  run_tasks(context, sets.size(), [&](std::size_t i) {
    context.check();
    const Judged best = search.best(sets[i], context);
    // A little below the limit in the sample may reach it in all rows.
    if (balanced(best.matrix) < spec.limit - 0.005) return;
    found[i] = judge(features, label, every, best.what);
  });
  // Pairs first: a triple that holds one adds nothing.
  std::vector<std::pair<Judged, std::int64_t>> kept;
  for (Judged& item : found) {
    if (item.what.columns.empty() || balanced(item.matrix) < spec.limit) continue;
    std::int64_t single = n;
    bool enough_alone = false;
    for (const std::size_t j : item.what.columns) {
      single = std::min(single, alone[j].errors());
      enough_alone = enough_alone || balanced(alone[j].matrix) >= spec.limit;
    }
    if (enough_alone ? item.errors() > 0 || single == 0 : 2 * item.errors() >= single) continue;
    const bool known = std::any_of(kept.begin(), kept.end(), [&](const auto& other) {
      return contains(item.what.columns, other.first.what.columns) &&
             other.first.errors() <= 2 * item.errors();
    });
    if (!known) kept.emplace_back(std::move(item), single);
  }
  std::stable_sort(kept.begin(), kept.end(),
                   [](const auto& a, const auto& b) { return better(a.first, b.first); });
  if (kept.size() > kMostRules) {
    result.warnings.push_back(fmt::format(
        "{} combinations separate the classes; the first {} are shown", kept.size(), kMostRules));
    kept.resize(kMostRules);
  }
  for (const auto& [item, single] : kept) result.rules.push_back(rule_of(features, item, single));
  result.alarm = !result.rules.empty();
  if (result.alarm) result.text = result.rules[0].text;
  return result;
}

}  // namespace impact
