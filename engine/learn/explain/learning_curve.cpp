#include "engine/learn/explain/learning_curve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/stats/inference.h"
#include "engine/stats/lengths.h"
#include "engine/stats/sample.h"

namespace impact {
namespace {

// One fit of a point: what to train by, and on how many rows of its fold's order.
using RowsOf = std::function<std::vector<std::uint32_t>(std::size_t point, std::size_t fold,
                                                        const Split& split)>;
using TrainingOf = std::function<const TrainAndScore&(std::size_t point)>;

struct Mean {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double sd = std::numeric_limits<double>::quiet_NaN();
};

Mean mean_of(const std::vector<double>& x) {
  Mean result;
  if (x.empty()) return result;
  const auto n = static_cast<double>(x.size());
  double sum = 0.0;
  for (const double value : x) sum += value;
  result.mean = sum / n;
  if (x.size() < 2) return result;
  double squares = 0.0;
  for (const double value : x) squares += (value - result.mean) * (value - result.mean);
  result.sd = std::sqrt(squares / (n - 1.0));
  return result;
}

void check_folds(const Folds& folds) {
  if (folds.folds >= 2 && folds.repeats >= 1 &&
      folds.fold.size() == folds.rows * static_cast<std::size_t>(folds.repeats)) {
    return;
  }
  throw ArgumentError({.what = "a curve of scores needs folds",
                       .where = "folds",
                       .got = std::to_string(folds.folds) + " folds",
                       .expected = "2 or more, as draw_folds() gives them"});
}

void fill(ScoreCurve& curve, const Folds& folds, const RowsOf& rows_of, const TrainingOf& training,
          StreamKey key, double conf_level, const Context& context) {
  const auto k = static_cast<std::size_t>(folds.folds);
  const std::size_t fits = k * static_cast<std::size_t>(folds.repeats);
  const std::size_t points = curve.points.size();
  curve.train.resize(points * fits);
  curve.test.resize(points * fits);
  std::vector<double> sizes(points * fits);
  std::vector<std::vector<std::string>> warnings(points * fits);
  run_tasks(context, points * fits, [&](std::size_t task) {
    // The largest share of each fold comes first, which keeps threads evenly busy.
    const std::size_t point = points - 1 - task / fits;
    const std::size_t fit = task % fits;
    const int repeat = static_cast<int>(fit / k);
    const int fold = static_cast<int>(fit % k);
    const Split split = folds.split(fold, repeat);
    const std::vector<std::uint32_t> train = rows_of(point, fit, split);
    const StreamKey own =
        key.child("repeat " + std::to_string(repeat) + " fold " + std::to_string(fold));
    FitScore score = training(point)(train, split.test, own, context);
    const std::size_t at = point * fits + fit;
    curve.train[at] = score.train;
    curve.test[at] = score.test;
    sizes[at] = static_cast<double>(train.size());
    warnings[at] = std::move(score.warnings);
  });
  std::int64_t undefined = 0;
  for (std::size_t point = 0; point < points; ++point) {
    CurvePoint& row = curve.points[point];
    std::vector<double> train, test, size;
    for (std::size_t fit = 0; fit < fits; ++fit) {
      const std::size_t at = point * fits + fit;
      size.push_back(sizes[at]);
      if (std::isnan(curve.train[at]) || std::isnan(curve.test[at])) {
        ++undefined;
        continue;
      }
      train.push_back(curve.train[at]);
      test.push_back(curve.test[at]);
    }
    row.rows = mean_of(size).mean;
    row.n = static_cast<std::int64_t>(test.size());
    row.train_mean = mean_of(train).mean;
    row.train_sd = mean_of(train).sd;
    row.test_mean = mean_of(test).mean;
    row.test_sd = mean_of(test).sd;
    if (row.n < 2) continue;
    const auto n = static_cast<double>(row.n);
    row.test_std_error =
        row.test_sd * std::sqrt(1.0 / n + 1.0 / static_cast<double>(folds.folds - 1));
    const Inference t = infer(row.test_mean, row.test_std_error, n - 1.0, conf_level);
    row.conf_low = t.conf_low;
    row.conf_high = t.conf_high;
  }
  curve.warnings = folds.warnings;
  if (undefined > 0) {
    curve.warnings.push_back(detail::plural(undefined, "fit has", "fits have") +
                             " a score that is not defined and did not count");
  }
  std::map<std::string, std::int64_t> said;
  for (const auto& some : warnings) {
    for (const std::string& text : some) ++said[text];
  }
  for (const auto& [text, count] : said) {
    curve.warnings.push_back(text + " (" + detail::plural(count, "fit", "fits") + ")");
  }
}

// Training rows in the order in which subsets grow. With classes each is shuffled on its own and
// its i-th of m rows takes the place (i + 1/2) / m, so that every beginning has all classes' share.
std::vector<std::uint32_t> growing_order(const std::vector<std::uint32_t>& train,
                                         std::span<const std::int32_t> strata, StreamKey key,
                                         std::uint64_t fold) {
  Stream stream(key, fold);
  std::vector<std::uint32_t> order = train;
  stream.shuffle(order);
  if (strata.empty()) return order;
  std::map<std::int32_t, std::size_t> size;
  for (const std::uint32_t row : order) ++size[strata[row]];
  std::map<std::int32_t, std::size_t> seen;
  std::vector<std::pair<double, std::size_t>> place;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::int32_t code = strata[order[i]];
    const double rank = static_cast<double>(seen[code]++) + 0.5;
    place.emplace_back(rank / static_cast<double>(size[code]), i);
  }
  std::sort(place.begin(), place.end());
  std::vector<std::uint32_t> result;
  for (const auto& [at, i] : place) result.push_back(order[i]);
  return result;
}

}  // namespace

TrainAndScore scored_training(LearnerSpec spec, Lesson lesson, FoldMetric metric) {
  return [spec = std::move(spec), lesson = std::move(lesson), metric = std::move(metric)](
             std::span<const std::uint32_t> train_rows, std::span<const std::uint32_t> test_rows,
             StreamKey key, const Context& context) {
    const TrainedModel model = train(spec, lesson, train_rows, "outcome", key, context);
    FitScore score{.warnings = model.warnings};
    const auto scored = [&](std::span<const std::uint32_t> rows) {
      std::vector<double> prediction(rows.size() * model.outputs());
      model.predict(lesson.features, rows, prediction, context);
      return metric(prediction, rows);
    };
    score.train = scored(train_rows);
    score.test = scored(test_rows);
    return score;
  };
}

ScoreCurve learning_curve(const Folds& folds, const TrainAndScore& fit,
                          const LearningCurveSpec& spec, StreamKey key, const Context& context) {
  check_folds(folds);
  check_conf_level(spec.conf_level);
  require_optional_length("strata", spec.strata.size(), folds.rows);
  ScoreCurve curve;
  double last = 0.0;
  for (const double share : spec.shares) {
    if (!(share > last && share <= 1.0)) {
      throw ArgumentError({.what = "shares of the rows grow from above 0 to 1",
                           .where = "shares",
                           .got = format_double(share),
                           .expected = "increasing numbers in (0, 1]"});
    }
    last = share;
    curve.points.push_back({.share = share});
  }
  if (spec.shares.empty()) {
    throw ArgumentError({.what = "a learning curve needs shares of the rows",
                         .where = "shares",
                         .expected = "increasing numbers in (0, 1]"});
  }
  const std::size_t fits =
      static_cast<std::size_t>(folds.folds) * static_cast<std::size_t>(folds.repeats);
  std::vector<std::vector<std::uint32_t>> orders;
  for (std::size_t f = 0; f < fits; ++f) {
    const Split split =
        folds.split(static_cast<int>(f) % folds.folds, static_cast<int>(f) / folds.folds);
    orders.push_back(growing_order(split.train, spec.strata, key.child("order"), f));
  }
  fill(
      curve, folds,
      [&](std::size_t point, std::size_t fold, const Split&) {
        const auto& order = orders[fold];
        const auto most = static_cast<double>(order.size());
        const auto count = static_cast<std::size_t>(
            std::clamp(std::ceil(curve.points[point].share * most), 1.0, most));
        std::vector<std::uint32_t> rows(order.begin(),
                                        order.begin() + static_cast<std::ptrdiff_t>(count));
        std::sort(rows.begin(), rows.end());
        return rows;
      },
      [&](std::size_t) -> const TrainAndScore& { return fit; }, key, spec.conf_level, context);
  return curve;
}

ScoreCurve validation_curve(const Folds& folds, const TrainingWith& with,
                            std::span<const nlohmann::json> values, StreamKey key,
                            const Context& context, double conf_level) {
  check_folds(folds);
  check_conf_level(conf_level);
  if (values.empty()) {
    throw ArgumentError({.what = "a validation curve needs values of the option",
                         .where = "values",
                         .expected = "one or more"});
  }
  ScoreCurve curve;
  std::vector<TrainAndScore> training;
  for (const nlohmann::json& value : values) {
    curve.points.push_back({.value = value.dump()});
    training.push_back(with(value));
  }
  fill(
      curve, folds, [](std::size_t, std::size_t, const Split& split) { return split.train; },
      [&](std::size_t point) -> const TrainAndScore& { return training[point]; }, key, conf_level,
      context);
  return curve;
}

LearnerSpec with_option(LearnerSpec spec, std::string_view option, nlohmann::json value) {
  nlohmann::json* at = &spec.options;
  for (std::size_t from = 0;;) {
    const std::size_t to = option.find('.', from);
    const std::string name(option.substr(from, to == std::string_view::npos ? to : to - from));
    if (name.empty() || !(at->is_object() || at->is_null())) {
      throw ArgumentError({.what = "there is no such option to set",
                           .got = std::string(option),
                           .expected = "a name, or names with dots between them"});
    }
    at = &(*at)[name];
    if (to == std::string_view::npos) break;
    from = to + 1;
  }
  *at = std::move(value);
  return spec;
}

}  // namespace impact
