#include <algorithm>
#include <array>
#include <utility>

#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/step_tools.h"

/// `select` keeps some columns and drops all others, those too that it was not prepared with.
///
/// of: names or patterns; type: "number" or "text"; role: one or several declared roles; except:
/// names or patterns. What is given must all hold; none given: every column.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;

class Select final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<std::int32_t> text = {};

  FeatureTable bake(const FeatureTable& features, const Context&) const override {
    const TableEdit table(features, "select");
    std::vector<std::shared_ptr<const Feature>> kept;
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const auto type = text[k] != 0 ? ColumnType::kText : ColumnType::kNumber;
      kept.push_back(features.shared(table.place(columns[k], type)));
    }
    return FeatureTable(std::move(kept));
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step select", .version = kVersion};
    file.header["columns"] = columns;
    file.blocks["text"] = text;
    return file;
  }
};

StepResult prepare_select(const nlohmann::json& json, const StepInput& input, const Context&) {
  OptionReader options("select", json);
  const auto chosen = chosen_columns(options, input.features);
  const bool typed = options.given("type");
  const bool text = typed && options.choice("type", "", {"number", "text"}) == "text";
  const auto roles = options.texts("role");
  options.done();
  auto step = std::make_shared<Select>();
  for (const std::size_t j : chosen) {
    const Feature& column = input.features[j];
    if (typed && column.text != text) continue;
    if (!roles.empty() && std::find(roles.begin(), roles.end(), column.role) == roles.end()) {
      continue;
    }
    step->columns.push_back(column.name);
    step->text.push_back(column.text ? 1 : 0);
  }
  StepResult result{.step = step};
  if (step->columns.empty()) result.warnings.emplace_back("'select' keeps no column");
  return result;
}

std::shared_ptr<const PreparedStep> read_select(const ModelFile& file) {
  auto step = std::make_shared<Select>();
  step->columns = StepFile(file, kVersion).texts("columns");
  step->text =
      model_block<std::int32_t>(file, "text", static_cast<std::int64_t>(step->columns.size()));
  return step;
}

}  // namespace

std::span<const StepKind> select_steps() {
  static constexpr std::array<StepKind, 1> kKinds = {
      {{.name = "select",
        .words = "keeps the columns that are named or have a type or role, and drops the others",
        .prepare = prepare_select,
        .read = read_select}}};
  return kKinds;
}

}  // namespace impact::detail
