#include "engine/learn/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/random_forest.h"
#include "engine/learn/roc.h"
#include "engine/stats/contingency.h"
#include "engine/stats/descriptives.h"
#include "engine/stats/multiplicity.h"
#include "engine/stats/rank_tests.h"

namespace impact {
namespace {

constexpr std::size_t kFewRows = 20;
constexpr std::size_t kToldLevels = 5;

void check_spec(const DriftSpec& spec) {
  const auto need = [](bool good, const char* where, double got, const char* expected) {
    if (good) return;
    throw ArgumentError({.what = "drift can't be judged by this",
                         .where = where,
                         .got = format_double(got),
                         .expected = expected});
  };
  need(spec.psi > 0.0, "psi", spec.psi, "above 0");
  need(spec.alpha > 0.0 && spec.alpha < 1.0, "alpha", spec.alpha, "between 0 and 1");
  need(spec.outside >= 0.0 && spec.outside <= 1.0, "outside", spec.outside, "0 to 1");
  need(spec.missing >= 0.0 && spec.missing <= 1.0, "missing", spec.missing, "0 to 1");
  need(spec.auc >= 0.5 && spec.auc <= 1.0, "auc", spec.auc, "0.5 to 1");
  need(spec.bins >= 2 && spec.bins <= 100, "bins", spec.bins, "2 to 100");
  need(spec.trees >= 1, "trees", spec.trees, "1 or more");
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

// sum (q - p) log(q / p), half a row in each bin beforehand.
double stability(const std::vector<std::int64_t>& before, const std::vector<std::int64_t>& now) {
  const auto bins = static_cast<double>(before.size());
  const auto total = [](const std::vector<std::int64_t>& counts) {
    return static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  };
  const double n = total(before) + bins / 2.0;
  const double m = total(now) + bins / 2.0;
  double out = 0.0;
  for (std::size_t k = 0; k < before.size(); ++k) {
    const double p = (static_cast<double>(before[k]) + 0.5) / n;
    const double q = (static_cast<double>(now[k]) + 0.5) / m;
    out += (q - p) * std::log(q / p);
  }
  return out;
}

std::vector<double> present(const std::vector<double>& numbers) {
  std::vector<double> out;
  for (const double value : numbers) {
    if (!std::isnan(value)) out.push_back(value);
  }
  return out;
}

void compare_numbers(const Feature& before, const Feature& now, const DriftSpec& spec,
                     const Context& context, ColumnDrift* out) {
  const std::vector<double> old = present(before.numbers);
  const std::vector<double> fresh = present(now.numbers);
  out->missing_before = share(before.rows() - old.size(), before.rows());
  out->missing_now = share(now.rows() - fresh.size(), now.rows());
  if (old.empty() || fresh.empty()) return;
  const auto [low, high] = std::minmax_element(old.begin(), old.end());
  const auto [low_now, high_now] = std::minmax_element(fresh.begin(), fresh.end());
  out->low_before = *low;
  out->high_before = *high;
  out->low_now = *low_now;
  out->high_now = *high_now;
  const auto outside = std::count_if(fresh.begin(), fresh.end(), [&](double value) {
    return value < out->low_before || value > out->high_before;
  });
  out->outside = share(static_cast<std::size_t>(outside), fresh.size());
  std::set<double> edges;
  for (int k = 1; k < spec.bins; ++k) {
    edges.insert(sample_quantile(old, static_cast<double>(k) / spec.bins, 1).value);
  }
  const std::vector<double> cuts(edges.begin(), edges.end());
  // The last bin is for missing cells.
  const auto counts = [&](const std::vector<double>& numbers, std::size_t rows) {
    std::vector<std::int64_t> bin(cuts.size() + 2, 0);
    for (const double value : numbers) {
      ++bin[static_cast<std::size_t>(std::lower_bound(cuts.begin(), cuts.end(), value) -
                                     cuts.begin())];
    }
    bin.back() = static_cast<std::int64_t>(rows - numbers.size());
    return bin;
  };
  std::vector<std::int64_t> p = counts(old, before.rows());
  std::vector<std::int64_t> q = counts(fresh, now.rows());
  if (p.back() + q.back() == 0) {
    p.pop_back();
    q.pop_back();
  }
  out->psi = stability(p, q);
  const Estimate row = kolmogorov_smirnov(old, fresh, {}, context);
  out->test = "ks";
  out->statistic = row.estimate;
  out->p_value = row.p_value;
}

// Old and new rows of each level, by name; a level of either table that occurs.
struct LevelCounts {
  std::vector<std::string> level;
  std::vector<std::int64_t> before, now;
};

std::vector<std::int64_t> counts_of(const Feature& feature, std::int64_t* missing) {
  std::vector<std::int64_t> out(feature.levels.size(), 0);
  for (const std::int32_t code : feature.codes) {
    if (code < 0) {
      ++*missing;
    } else {
      ++out[static_cast<std::size_t>(code)];
    }
  }
  return out;
}

void compare_texts(const Feature& before, const Feature& now, ColumnDrift* out) {
  std::int64_t gone_before = 0, gone_now = 0;
  const auto old = counts_of(before, &gone_before);
  const auto fresh = counts_of(now, &gone_now);
  out->missing_before = share(static_cast<std::size_t>(gone_before), before.rows());
  out->missing_now = share(static_cast<std::size_t>(gone_now), now.rows());
  LevelCounts all;
  std::int64_t unseen = 0, known_now = 0;
  std::size_t i = 0, j = 0;  // Both lists of levels are in byte order.
  while (i < before.levels.size() || j < now.levels.size()) {
    const bool in_old =
        i < before.levels.size() && (j == now.levels.size() || before.levels[i] <= now.levels[j]);
    const bool in_new =
        j < now.levels.size() && (i == before.levels.size() || now.levels[j] <= before.levels[i]);
    const std::int64_t n = in_old ? old[i] : 0;
    const std::int64_t m = in_new ? fresh[j] : 0;
    const std::string& name = in_old ? before.levels[i] : now.levels[j];
    known_now += m;
    if (n == 0 && m > 0) {
      out->new_levels.push_back(name);
      unseen += m;
    }
    if (n + m > 0) {
      all.level.push_back(name);
      all.before.push_back(n);
      all.now.push_back(m);
    }
    if (in_old) ++i;
    if (in_new) ++j;
  }
  out->new_share = share(static_cast<std::size_t>(unseen), static_cast<std::size_t>(known_now));
  if (gone_before + gone_now > 0) {
    all.before.push_back(gone_before);
    all.now.push_back(gone_now);
  }
  if (all.before.size() < 2) {
    out->psi = 0.0;
    return;
  }
  out->psi = stability(all.before, all.now);
  std::vector<std::int64_t> counts = all.before;
  counts.insert(counts.end(), all.now.begin(), all.now.end());
  const Estimate row = chi_square_test({counts, 2, all.before.size()});
  out->test = "chi_square";
  out->statistic = row.estimate;
  out->p_value = row.p_value;
}

void judge(const DriftSpec& spec, std::size_t rows_before, ColumnDrift* out) {
  std::vector<std::string> found;
  if (out->psi >= spec.psi && out->p_adjusted < spec.alpha) {
    found.push_back(
        fmt::format("its distribution has moved: stability index {:.3f} (limit {}), {} "
                    "{:.3f}, adjusted p {}",
                    out->psi, spec.psi, out->test == "ks" ? "D" : "V", out->statistic,
                    out->p_adjusted < 0.001 ? "< 0.001" : fmt::format("{:.3f}", out->p_adjusted)));
  }
  const double expected = 2.0 / (static_cast<double>(rows_before) + 1.0);
  if (out->outside - expected > spec.outside) {
    found.push_back(fmt::format(
        "{:.1f} % of the new numbers ({:.6g} to {:.6g}) lie outside of the "
        "old range, {:.6g} to {:.6g}",
        100.0 * out->outside, out->low_now, out->high_now, out->low_before, out->high_before));
  }
  if (out->new_share > spec.outside) {
    std::vector<std::string> told = out->new_levels;
    if (told.size() > kToldLevels) told.resize(kToldLevels);
    found.push_back(fmt::format("{:.1f} % of the new rows have values that did not occur ({}{})",
                                100.0 * out->new_share, list_words(told),
                                told.size() < out->new_levels.size() ? ", ..." : ""));
  }
  if (out->missing_now - out->missing_before > spec.missing) {
    found.push_back(fmt::format("{:.1f} % of its cells are missing, {:.1f} % were",
                                100.0 * out->missing_now, 100.0 * out->missing_before));
  }
  if (found.empty()) return;
  out->alarm = true;
  std::string all;
  for (const std::string& part : found) all += (all.empty() ? "" : "; ") + part;
  out->text = fmt::format("column '{}': {}", out->column, all);
}

// A feature as numbers for the forest: texts by how frequent their level was, new ones last.
std::vector<double> as_numbers(const Feature& before, const Feature& now,
                               const std::vector<std::uint32_t>& rows_before,
                               const std::vector<std::uint32_t>& rows_now) {
  std::vector<double> out;
  if (!before.text) {
    for (const auto row : rows_before) out.push_back(before.numbers[row]);
    for (const auto row : rows_now) out.push_back(now.numbers[row]);
    return out;
  }
  std::int64_t missing = 0;
  const auto counts = counts_of(before, &missing);
  std::vector<std::size_t> order(before.levels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return counts[a] > counts[b]; });
  std::vector<double> rank(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) rank[order[k]] = static_cast<double>(k);
  const double gone = std::numeric_limits<double>::quiet_NaN();
  for (const auto row : rows_before) {
    out.push_back(before.codes[row] < 0 ? gone : rank[static_cast<std::size_t>(before.codes[row])]);
  }
  for (const auto row : rows_now) {
    if (now.codes[row] < 0) {
      out.push_back(gone);
      continue;
    }
    const std::string& level = now.levels[static_cast<std::size_t>(now.codes[row])];
    const auto at = std::lower_bound(before.levels.begin(), before.levels.end(), level);
    const bool known = at != before.levels.end() && *at == level;
    out.push_back(known ? rank[static_cast<std::size_t>(at - before.levels.begin())]
                        : static_cast<double>(rank.size()));
  }
  return out;
}

std::vector<std::uint32_t> spread(std::size_t rows, std::size_t most) {
  std::vector<std::uint32_t> out;
  const std::size_t kept = std::min(rows, most);
  for (std::size_t i = 0; i < kept; ++i) {
    out.push_back(static_cast<std::uint32_t>(i * rows / kept));
  }
  return out;
}

void tell_apart(const FeatureTable& before, const std::vector<const Feature*>& now, StreamKey key,
                const DriftSpec& spec, const Context& context, Drift* out) {
  const auto rows_before = spread(before.rows(), spec.most_rows);
  const auto rows_now = spread(static_cast<std::size_t>(out->now), spec.most_rows);
  std::vector<double> x;
  for (std::size_t j = 0; j < before.size(); ++j) {
    const auto column = as_numbers(before[j], *now[j], rows_before, rows_now);
    x.insert(x.end(), column.begin(), column.end());
  }
  std::vector<std::int32_t> label(rows_before.size(), 0);
  label.resize(rows_before.size() + rows_now.size(), 1);
  const auto every = every_row(label.size());
  const auto names = before.names();
  const RandomForest forest =
      fit_random_forest({x, before.size(), names}, label, every,
                        {.trees = spec.trees, .min_leaf = 5, .balanced = true}, {}, key, context);
  std::vector<double> score(label.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < forest.training_row.size(); ++i) {
    score[forest.training_row[i]] = forest.oob_prediction[i];
  }
  out->two_sample =
      auc({.score = score, .label = label}, {.term = "auc", .interval = AucInterval::kLogit});
  out->two_sample.method = "two_sample_forest";
  const auto& importance = forest.impurity_importance;
  if (!importance.empty()) {
    const auto most = std::max_element(importance.begin(), importance.end());
    out->telling = names[static_cast<std::size_t>(most - importance.begin())];
  }
  const bool complete = out->two_sample.estimate == 1.0;  // No interval, and no doubt.
  out->two_sample_alarm =
      out->two_sample.estimate > spec.auc && (complete || out->two_sample.conf_low > spec.auc);
  if (!out->two_sample_alarm) return;
  out->two_sample_text = fmt::format(
      "a random forest tells the new rows from the old ones: AUC {:.3f} ({:.3f} to {:.3f}) out of "
      "bag, most of all by '{}'",
      out->two_sample.estimate, complete ? 1.0 : out->two_sample.conf_low,
      complete ? 1.0 : out->two_sample.conf_high, out->telling);
}

}  // namespace

Drift find_drift(const FeatureTable& before, const FeatureTable& now, StreamKey key,
                 const DriftSpec& spec, const Context& context) {
  check_spec(spec);
  Drift out;
  out.before = static_cast<std::int64_t>(before.rows());
  out.now = static_cast<std::int64_t>(now.rows());
  std::vector<const Feature*> fresh;
  for (std::size_t j = 0; j < before.size(); ++j) {
    const Feature& old = before[j];
    const std::size_t at = now.find(old.name);
    if (at == now.size()) {
      throw ArgumentError({.what = "the new data have no column '" + old.name + "'",
                           .expected = list_words(now.names()),
                           .hint = did_you_mean(old.name, now.names())});
    }
    if (now[at].text != old.text) {
      throw ArgumentError({.what = "column '" + old.name + "' has another type in the new data",
                           .got = now[at].text ? "texts" : "numbers",
                           .expected = old.text ? "texts" : "numbers"});
    }
    fresh.push_back(&now[at]);
  }
  if (before.rows() == 0 || now.rows() == 0) {
    out.warnings.emplace_back("one of the tables has no row: there is nothing to compare");
    return out;
  }
  std::vector<double> p;
  for (std::size_t j = 0; j < before.size(); ++j) {
    context.check();
    ColumnDrift& column = out.columns.emplace_back();
    column.column = before[j].name;
    if (before[j].text) {
      compare_texts(before[j], *fresh[j], &column);
    } else {
      compare_numbers(before[j], *fresh[j], spec, context, &column);
    }
    p.push_back(column.p_value);
  }
  const std::vector<double> adjusted = adjust_p_values(p, Adjustment::kHolm);
  for (std::size_t j = 0; j < out.columns.size(); ++j) {
    out.columns[j].p_adjusted = adjusted[j];
    judge(spec, before.rows(), &out.columns[j]);
    out.alarm = out.alarm || out.columns[j].alarm;
  }
  if (std::min(before.rows(), now.rows()) < kFewRows) {
    out.warnings.push_back(fmt::format(
        "{} old and {} new rows: no forest was trained to tell them apart, and shares are rough",
        out.before, out.now));
  } else if (before.size() > 0) {
    tell_apart(before, fresh, key, spec, context, &out);
    out.alarm = out.alarm || out.two_sample_alarm;
  }
  return out;
}

}  // namespace impact
