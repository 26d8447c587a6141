#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/level_codes.h"
#include "engine/learn/prepare/step_tools.h"

/// `lump` puts rare levels of texts together in one, `other` ("other"). Kept are levels with at
/// least `count` rows, at least the `share` of the known texts, and the `top` most frequent (ties
/// in byte order); what is given must all hold, none given: share = 0.01. Levels the training rows
/// don't have go into the same; missing texts stay missing. Every row counts once.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;

class Lump final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> kept = {};
  std::string other = {};

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    TableEdit table(features, "lump");
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Feature& column = table.column(columns[k], ColumnType::kText);
      Feature out{.name = column.name, .text = true, .levels = kept[k], .role = column.role};
      out.levels.push_back(other);
      std::sort(out.levels.begin(), out.levels.end());
      out.levels.erase(std::unique(out.levels.begin(), out.levels.end()), out.levels.end());
      const auto at = std::lower_bound(out.levels.begin(), out.levels.end(), other);
      const auto rest = static_cast<std::int32_t>(at - out.levels.begin());
      const auto places = places_in(column, out.levels);
      out.codes.reserve(column.codes.size());
      for (const std::int32_t code : column.codes) {
        const std::int32_t place = code < 0 ? -1 : places[static_cast<std::size_t>(code)];
        out.codes.push_back(code >= 0 && place < 0 ? rest : place);
      }
      table.replace(columns[k], {std::move(out)});
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step lump", .version = kVersion};
    file.header["columns"] = columns;
    file.header["kept"] = kept;
    file.header["other"] = other;
    return file;
  }
};

StepResult prepare_lump(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("lump", json);
  const bool given = options.given("count") || options.given("share") || options.given("top");
  const auto least = static_cast<std::size_t>(options.integer("count", 0, 0));
  const double share = options.number("share", given ? 0.0 : 0.01, 0.0, 1.0);
  const bool limited = options.given("top");
  const auto top = static_cast<std::size_t>(options.integer("top", 1, 1));
  auto step = std::make_shared<Lump>();
  step->other = options.text("other", "other");
  const auto chosen = chosen_columns(options, input.features, ColumnType::kText);
  options.done();
  StepResult result;
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    const auto rows = rows_of_levels(column);
    const auto known =
        static_cast<double>(std::accumulate(rows.begin(), rows.end(), std::size_t{}));
    std::vector<std::size_t> order(rows.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rows[a] > rows[b]; });
    if (limited && order.size() > top) order.resize(top);
    std::vector<std::string> kept;
    for (const std::size_t k : order) {
      if (rows[k] > 0 && rows[k] >= least && static_cast<double>(rows[k]) >= share * known) {
        kept.push_back(column.levels[k]);
      }
    }
    if (kept.empty()) {
      result.warnings.push_back("no level of '" + column.name + "' is frequent enough to be kept");
    }
    std::sort(kept.begin(), kept.end());
    step->columns.push_back(column.name);
    step->kept.push_back(std::move(kept));
  }
  if (chosen.empty()) result.warnings.push_back(nothing_to_do("lump", ColumnType::kText));
  result.step = step;
  return result;
}

std::shared_ptr<const PreparedStep> read_lump(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Lump>();
  step->columns = header.texts("columns");
  step->kept = header.text_lists("kept");
  step->other = header.text("other");
  if (step->kept.size() != step->columns.size()) header.refuse("a column lacks its levels");
  return step;
}

}  // namespace

std::span<const StepKind> lump_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "lump",
        .words = "puts rare levels of texts together in one",
        .prepare = prepare_lump,
        .read = read_lump}}};
  return kKinds;
}

}  // namespace impact::detail
