#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/step_tools.h"
#include "engine/stats/basis.h"

/// `spline` puts a smooth basis in the place of each column of numbers: "views spline 1", ...
///
/// of: columns; how: "b" (B-splines) or "natural" (cubic, straight lines beyond the data); df:
/// columns of each basis, 5; knots: inner knots instead, for one column or for all alike; degree:
/// of B-splines, 3; intercept: whether the columns span the constant too. Knots stand at quantiles
/// of the training rows (stats/basis.h); beyond their range the outermost polynomials go on.
/// Missing stays missing; an infinite number is an error that names the column. A constant column
/// stays as it is, with a warning.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::int64_t kMostDegree = 20;
constexpr std::int64_t kMostColumns = 10'000;

class Spline final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<SplineBasis> bases = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "spline");
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const auto values = evaluate(bases[j], table.finite(columns[j]), context);
      std::vector<Feature> by;
      for (std::size_t k = 0; k < bases[j].columns(); ++k) {
        const auto begin = values.begin() + static_cast<std::ptrdiff_t>(k * table.rows());
        std::string name = columns[j];
        name += " spline ";
        name += std::to_string(k + 1);
        by.push_back(number_feature(std::move(name),
                                    {begin, begin + static_cast<std::ptrdiff_t>(table.rows())}));
      }
      table.replace(columns[j], std::move(by));
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step spline", .version = kVersion};
    file.header["columns"] = columns;
    std::vector<std::int64_t> form;
    std::vector<double> knots, range;
    for (const SplineBasis& basis : bases) {
      form.push_back(static_cast<std::int64_t>(basis.knots.size()));
      form.push_back(static_cast<std::int64_t>(basis.degree));
      form.push_back(basis.intercept ? 1 : 0);
      form.push_back(basis.natural ? 1 : 0);
      knots.insert(knots.end(), basis.knots.begin(), basis.knots.end());
      range.insert(range.end(), {basis.low, basis.high});
    }
    file.blocks["form"] = std::move(form);
    file.blocks["knots"] = std::move(knots);
    file.blocks["range"] = std::move(range);
    return file;
  }
};

StepResult prepare(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("spline", json);
  const auto chosen = chosen_columns(options, input.features, ColumnType::kNumber);
  const bool natural = options.place("how", "b", {"b", "natural"}) == 1;
  SplineSpec spec{.knots = options.numbers("knots")};
  if (options.given("df") && !spec.knots.empty()) {
    options.fail("df", "is given beside 'knots'", "one of them");
  }
  if (spec.knots.empty()) {
    spec.df = static_cast<std::size_t>(options.integer("df", 5, 1, kMostColumns));
  }
  spec.degree = static_cast<std::size_t>(options.integer("degree", 3, 1, kMostDegree));
  spec.intercept = options.flag("intercept", false);
  options.done();
  auto step = std::make_shared<Spline>();
  StepResult result{.step = step};
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("spline", ColumnType::kNumber));
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    check_finite(column, "spline");
    std::vector<double> values;
    for (const double v : column.numbers) {
      if (!std::isnan(v)) values.push_back(v);
    }
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    if (values.empty() || *low == *high) {
      result.warnings.push_back("'" + column.name + "' does not vary: 'spline' leaves it as it is");
      continue;
    }
    SplineBasis basis = natural ? natural_spline_basis(values, spec) : b_spline_basis(values, spec);
    for (const std::string& warning : basis.warnings) {
      result.warnings.push_back("'" + column.name + "': " + warning);
    }
    basis.warnings.clear();
    step->columns.push_back(column.name);
    step->bases.push_back(std::move(basis));
  }
  return result;
}

std::shared_ptr<const PreparedStep> read(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Spline>();
  step->columns = header.texts("columns");
  const auto count = static_cast<std::int64_t>(step->columns.size());
  const auto& form = model_block<std::int64_t>(file, "form", 4 * count);
  const auto& range = model_block<double>(file, "range", 2 * count);
  const auto& knots = model_block<double>(file, "knots");
  std::size_t at = 0;
  for (std::size_t j = 0; j < step->columns.size(); ++j) {
    const std::int64_t size = form[4 * j];
    const std::int64_t degree = form[4 * j + 1];
    SplineBasis basis{.low = range[2 * j],
                      .high = range[2 * j + 1],
                      .degree = static_cast<std::size_t>(degree),
                      .intercept = form[4 * j + 2] != 0,
                      .natural = form[4 * j + 3] != 0};
    if (size < 0 || static_cast<std::size_t>(size) > knots.size() - at || degree < 1 ||
        degree > kMostDegree || (basis.natural && degree != 3)) {
      header.refuse("a basis has no such form");
    }
    const auto begin = knots.begin() + static_cast<std::ptrdiff_t>(at);
    basis.knots.assign(begin, begin + static_cast<std::ptrdiff_t>(size));
    at += static_cast<std::size_t>(size);
    double below = basis.low;
    for (const double knot : basis.knots) {
      if (!(knot > below)) header.refuse("knots do not increase");
      below = knot;
    }
    if (!(basis.high > below) || !std::isfinite(basis.low) || !std::isfinite(basis.high)) {
      header.refuse("a boundary has no width");
    }
    step->bases.push_back(std::move(basis));
  }
  if (at != knots.size()) header.refuse("knots are left over");
  return step;
}

}  // namespace

std::span<const StepKind> spline_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "spline",
        .words = "puts a spline basis in the place of a column",
        .prepare = prepare,
        .read = read}}};
  return kKinds;
}

}  // namespace impact::detail
