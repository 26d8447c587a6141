#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/scale_shape.h"
#include "engine/learn/prepare/step_tools.h"
#include "engine/stats/sorting.h"

/// `scale` brings columns of numbers to a common size; names stay.
///
/// how, with its options:
///   "standard" (default)  (x - mean) / sd, sd over n; weights count
///   "robust"              (x - median) / (difference of `quantiles`, default {0.25, 0.75})
///   "min_max"             the range of the training rows to `range`, default {0, 1}; `clip`: what
///                         is beyond it stays within
///   "max_abs"             x / largest |x|
///   "quantile"            the share of training rows below, from at most `quantiles` (one number,
///                         default 1000) equally spaced quantiles of all of them, with lines
///                         between; `to` = "uniform" or "normal" (a normal score, |z| < 5.2)
///   "yeo_johnson"         the power of largest likelihood (scale_shape.h), then, unless
///                         `standardise` is false, as standard
///   "log1p"               log(1 + x); a negative number is a DataError that names the column and
///                         counts the rows, in prepare and in bake
/// Missing numbers are left out and stay missing. Columns of one value become 0, with a warning.
/// Infinite numbers are a DataError, in prepare and in bake.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostQuantiles = 1000000;
enum class How { kStandard, kRobust, kMinMax, kMaxAbs, kQuantile, kYeoJohnson, kLog1p };
constexpr std::array<std::string_view, 7> kHows = {"standard", "robust",      "min_max", "max_abs",
                                                   "quantile", "yeo_johnson", "log1p"};

struct Options {
  How how = How::kStandard;
  std::array<double, 2> quantiles = {0.25, 0.75};
  std::array<double, 2> range = {0.0, 1.0};
  bool clip = false;
  std::size_t grid = 1000;
  bool normal = false;
  bool standardise = true;
};

// What is learned of a column. scale 0: it does not vary.
struct Learned {
  double centre = 0.0;
  double scale = 1.0;
  double lambda = 1.0;
  std::vector<double> grid = {};
};

void check_not_negative(const Feature& column) {
  const auto negative = std::count_if(column.numbers.begin(), column.numbers.end(),
                                      [](double value) { return value < 0.0; });
  if (negative == 0) return;
  throw DataError({.what = "log1p of a column with negative numbers",
                   .where = "step 'scale', column '" + column.name + "'",
                   .got = std::to_string(negative) + " rows below 0",
                   .expected = "numbers of 0 or more",
                   .hint = "how = \"yeo_johnson\" takes negative numbers too"});
}

class Scale final : public PreparedStep {
 public:
  Options options = {};
  std::vector<std::string> columns = {};
  std::vector<Learned> learned = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "scale");
    std::vector<Feature> out(columns.size());
    run_tasks(context, columns.size(), [&](std::size_t k) {
      const Feature& column = table.column(columns[k], ColumnType::kNumber);
      check_finite(column, "scale");
      if (options.how == How::kLog1p) check_not_negative(column);
      out[k] = {.name = column.name, .role = column.role};
      out[k].numbers.reserve(column.numbers.size());
      for (const double x : column.numbers) {
        out[k].numbers.push_back(std::isnan(x) ? x : value(x, learned[k]));
      }
    });
    for (std::size_t k = 0; k < columns.size(); ++k) table.replace(columns[k], {std::move(out[k])});
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step scale", .version = kVersion};
    file.header["columns"] = columns;
    file.header["how"] = kHows[static_cast<std::size_t>(options.how)];
    file.header["clip"] = options.clip;
    file.header["normal"] = options.normal;
    file.blocks["range"] = std::vector<double>(options.range.begin(), options.range.end());
    std::vector<double> centre, scale, lambda, grid;
    std::vector<std::int64_t> counts;
    for (const Learned& each : learned) {
      centre.push_back(each.centre);
      scale.push_back(each.scale);
      lambda.push_back(each.lambda);
      grid.insert(grid.end(), each.grid.begin(), each.grid.end());
      counts.push_back(static_cast<std::int64_t>(each.grid.size()));
    }
    file.blocks["centre"] = std::move(centre);
    file.blocks["scale"] = std::move(scale);
    file.blocks["lambda"] = std::move(lambda);
    file.blocks["grid"] = std::move(grid);
    file.blocks["grid_counts"] = std::move(counts);
    return file;
  }

 private:
  [[nodiscard]] double value(double x, const Learned& of) const {
    if (options.how == How::kLog1p) return std::log1p(x);
    if (of.scale == 0.0) return 0.0;
    if (options.how == How::kQuantile) {
      const double share = grid_share(of.grid, x);
      return options.normal ? normal_score(share) : share;
    }
    if (options.how == How::kYeoJohnson) x = yeo_johnson(x, of.lambda);
    double out = (x - of.centre) / of.scale;
    if (options.how == How::kMinMax) {
      out = options.range[0] + (options.range[1] - options.range[0]) * out;
      if (options.clip) out = std::clamp(out, options.range[0], options.range[1]);
    }
    return out;
  }
};

// Mean and sd over n, with weights; neither depends on the order of rows.
Learned standard(std::span<const double> x, std::span<const double> weights) {
  ExactMoments moments;
  if (weights.empty()) {
    for (const double value : x) moments.add(value);
    return {.centre = moments.mean(), .scale = std::sqrt(moments.variance(0))};
  }
  ExactSum total, sum, squares;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!(weights[i] > 0.0)) continue;
    total.add(weights[i]);
    sum.add(weights[i] * x[i]);
    low = std::fmin(low, x[i]);
    high = std::fmax(high, x[i]);
  }
  // Rounding may not make a spread of equal numbers.
  if (!(low < high)) return {.centre = low, .scale = 0.0};
  const double mean = sum.round() / total.round();
  for (std::size_t i = 0; i < x.size(); ++i) {
    squares.add(weights[i] * ((x[i] - mean) * (x[i] - mean)));
  }
  return {.centre = mean, .scale = std::sqrt(squares.round() / total.round())};
}

// The known numbers of a column, and the weights beside them.
struct Known {
  std::vector<double> x = {};
  std::vector<double> weights = {};
};

Known known_of(const Feature& column, std::span<const double> weights) {
  Known out;
  for (std::size_t i = 0; i < column.numbers.size(); ++i) {
    if (std::isnan(column.numbers[i]) || (!weights.empty() && !(weights[i] > 0.0))) continue;
    // + 0.0 makes one zero of two.
    out.x.push_back(column.numbers[i] + 0.0);
    if (!weights.empty()) out.weights.push_back(weights[i]);
  }
  return out;
}

Learned learn(const Options& options, Known known, const std::string& name,
              std::vector<std::string>& warnings, const Context& context) {
  if (options.how == How::kStandard) return standard(known.x, known.weights);
  sort_numbers(known.x);
  const double low = known.x.front();
  const double high = known.x.back();
  if (options.how == How::kMaxAbs) {
    return {.scale = std::fmax(std::abs(low), std::abs(high))};
  }
  if (!(low < high)) return {.centre = low, .scale = 0.0};
  switch (options.how) {
    case How::kRobust: {
      Learned out{.centre = sorted_quantile(known.x, 0.5),
                  .scale = sorted_quantile(known.x, options.quantiles[1]) -
                           sorted_quantile(known.x, options.quantiles[0])};
      if (out.scale == 0.0) {
        out.scale = 1.0;
        warnings.push_back("the quantiles of '" + name + "' are equal: it is only centred");
      }
      return out;
    }
    case How::kMinMax: return {.centre = low, .scale = high - low};
    case How::kQuantile:
      return {.grid = quantile_grid(known.x, std::min(options.grid, known.x.size()))};
    case How::kYeoJohnson: {
      Learned out;
      out.lambda = yeo_johnson_lambda(known.x, context);
      if (std::isnan(out.lambda)) {
        out.lambda = 1.0;
        warnings.push_back("the likelihood of '" + name +
                           "' has no largest power: it keeps its shape");
      }
      if (options.standardise) {
        std::vector<double> shaped;
        for (const double x : known.x) shaped.push_back(yeo_johnson(x, out.lambda));
        const Learned after = standard(shaped, {});
        out.centre = after.centre;
        out.scale = after.scale;
      }
      return out;
    }
    case How::kStandard:
    case How::kMaxAbs:
    case How::kLog1p: break;
  }
  return {};
}

std::array<double, 2> pair(OptionReader& reader, const char* name, std::array<double, 2> otherwise,
                           double least, double most) {
  if (!reader.given(name)) return otherwise;
  const auto numbers = reader.numbers(name);
  if (numbers.size() != 2 || !(numbers[0] < numbers[1]) || !(numbers[0] >= least) ||
      !(numbers[1] <= most)) {
    reader.fail(name, "is no range", "two numbers, the smaller one first");
  }
  return {numbers[0], numbers[1]};
}

Options read_options(OptionReader& reader) {
  constexpr double kLargest = 1e100;
  Options out;
  out.how = static_cast<How>(reader.place(
      "how", "standard",
      {"standard", "robust", "min_max", "max_abs", "quantile", "yeo_johnson", "log1p"}));
  if (out.how == How::kRobust) out.quantiles = pair(reader, "quantiles", out.quantiles, 0.0, 1.0);
  if (out.how == How::kMinMax) {
    out.range = pair(reader, "range", out.range, -kLargest, kLargest);
    out.clip = reader.flag("clip", false);
  }
  if (out.how == How::kQuantile) {
    out.grid = static_cast<std::size_t>(
        reader.integer("quantiles", static_cast<std::int64_t>(out.grid), 2, kMostQuantiles));
    out.normal = reader.place("to", "uniform", {"uniform", "normal"}) == 1;
  }
  if (out.how == How::kYeoJohnson) out.standardise = reader.flag("standardise", true);
  return out;
}

StepResult prepare_scale(const nlohmann::json& json, const StepInput& input,
                         const Context& context) {
  OptionReader reader("scale", json);
  const Options options = read_options(reader);
  const auto chosen = chosen_columns(reader, input.features, ColumnType::kNumber);
  reader.done();
  StepResult result;
  auto step = std::make_shared<Scale>();
  step->options = options;
  for (const std::size_t j : chosen) {
    context.check();
    const Feature& column = input.features[j];
    check_finite(column, "scale");
    if (options.how == How::kLog1p) check_not_negative(column);
    Known known =
        known_of(column, options.how == How::kStandard ? input.weights : std::span<const double>());
    if (known.x.empty()) {
      result.warnings.push_back("'" + column.name +
                                "' has no known value in the training rows: it is not scaled");
      continue;
    }
    Learned learned;
    if (options.how != How::kLog1p) {
      learned = learn(options, std::move(known), column.name, result.warnings, context);
    }
    if (learned.scale == 0.0) {
      result.warnings.push_back("'" + column.name +
                                "' does not vary in the training rows: it becomes 0");
    }
    step->columns.push_back(column.name);
    step->learned.push_back(std::move(learned));
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("scale", ColumnType::kNumber));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_scale(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Scale>();
  const std::string how = header.text("how");
  const auto* const named = std::find(kHows.begin(), kHows.end(), how);
  if (named == kHows.end()) header.refuse("'how' is unknown");
  step->options.how = static_cast<How>(named - kHows.begin());
  step->options.clip = header.flag("clip");
  step->options.normal = header.flag("normal");
  const auto& range = model_block<double>(file, "range", 2);
  step->options.range = {range[0], range[1]};
  if (!(range[0] < range[1])) header.refuse("the range is none");
  step->columns = header.texts("columns");
  const auto count = static_cast<std::int64_t>(step->columns.size());
  const auto& centre = model_block<double>(file, "centre", count);
  const auto& scale = model_block<double>(file, "scale", count);
  const auto& lambda = model_block<double>(file, "lambda", count);
  const auto& counts = model_block<std::int64_t>(file, "grid_counts", count);
  const auto& grid = model_block<double>(file, "grid");
  std::size_t used = 0;
  for (std::size_t k = 0; k < step->columns.size(); ++k) {
    if (counts[k] < 0 || static_cast<std::uint64_t>(counts[k]) > grid.size() - used) {
      header.refuse("a grid of quantiles is cut off");
    }
    const auto size = static_cast<std::size_t>(counts[k]);
    const auto from = grid.begin() + static_cast<std::ptrdiff_t>(used);
    Learned each{.centre = centre[k], .scale = scale[k], .lambda = lambda[k]};
    each.grid.assign(from, from + static_cast<std::ptrdiff_t>(size));
    const bool needs = step->options.how == How::kQuantile && each.scale != 0.0;
    if (needs != (size > 0) || !std::is_sorted(each.grid.begin(), each.grid.end())) {
      header.refuse("a grid of quantiles is none");
    }
    used += size;
    step->learned.push_back(std::move(each));
  }
  if (used != grid.size()) header.refuse("a grid of quantiles belongs to no column");
  return step;
}

}  // namespace

std::span<const StepKind> scale_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "scale",
        .words = "brings columns of numbers to a common size or shape",
        .prepare = prepare_scale,
        .read = read_scale}}};
  return kKinds;
}

}  // namespace impact::detail
