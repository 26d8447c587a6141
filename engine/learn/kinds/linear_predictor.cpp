#include "engine/learn/kinds/linear_predictor.h"

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>

#include "engine/core/error.h"
#include "engine/learn/kinds/file_fields.h"

namespace impact::detail {
namespace {

constexpr int kVersion = 1;
constexpr std::array<std::string_view, 4> kFamilies = {"gaussian", "binomial", "poisson",
                                                       "multinomial"};

}  // namespace

LinearPredictor::LinearPredictor(ElasticNetModel model, std::vector<std::string> columns,
                                 std::vector<std::string> classes, std::vector<ModelTable> tables)
    : model_(std::move(model)),
      columns_(std::move(columns)),
      classes_(std::move(classes)),
      tables_(std::move(tables)) {}

void LinearPredictor::predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
                              std::span<double> out, const Context&) const {
  if (model_.outputs == 1) {
    model_.predict(features.matrix(), rows, out);
    return;
  }
  std::vector<double> by_output(out.size());
  model_.predict(features.matrix(), rows, by_output);
  for (std::size_t k = 0; k < model_.outputs; ++k) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      out[i * model_.outputs + k] = by_output[k * rows.size() + i];
    }
  }
}

std::vector<ModelTable> LinearPredictor::tables() const {
  ModelTable table{.name = "coefficients", .text_names = {"term"}, .texts = {{"(intercept)"}}};
  table.texts[0].insert(table.texts[0].end(), columns_.begin(), columns_.end());
  for (std::size_t k = 0; k < model_.outputs; ++k) {
    table.number_names.push_back(model_.outputs == 1 ? "coefficient" : classes_[k]);
    std::vector<double> cells{model_.intercept[k]};
    const auto begin =
        model_.coefficient.begin() + static_cast<std::ptrdiff_t>(k * columns_.size());
    cells.insert(cells.end(), begin, begin + static_cast<std::ptrdiff_t>(columns_.size()));
    table.numbers.push_back(std::move(cells));
  }
  std::vector<ModelTable> out{std::move(table)};
  out.insert(out.end(), tables_.begin(), tables_.end());
  return out;
}

ModelFile LinearPredictor::save() const {
  ModelFile file{.kind = kLinearFile, .version = kVersion};
  file.header["family"] = kFamilies[static_cast<std::size_t>(model_.family)];
  file.header["columns"] = columns_;
  file.header["classes"] = classes_;
  file.blocks["lambda"] = std::vector<double>{model_.lambda};
  file.blocks["intercept"] = model_.intercept;
  file.blocks["coefficient"] = model_.coefficient;
  add_tables(file, tables_);
  return file;
}

std::shared_ptr<const Predictor> read_linear(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  ElasticNetModel model;
  model.family = static_cast<ElasticNetFamily>(fields.choice("family", kFamilies));
  std::vector<std::string> columns = fields.texts("columns");
  std::vector<std::string> classes = fields.texts("classes");
  model.lambda = model_block<double>(file, "lambda", 1)[0];
  model.intercept = model_block<double>(file, "intercept");
  model.outputs = model.intercept.size();
  const bool many = model.family == ElasticNetFamily::kMultinomial;
  if (model.outputs == 0 || (!many && model.outputs != 1) ||
      (many && model.outputs != classes.size())) {
    fields.refuse("the number of intercepts does not fit the classes");
  }
  model.coefficient = model_block<double>(
      file, "coefficient", static_cast<std::int64_t>(columns.size() * model.outputs));
  return std::make_shared<const LinearPredictor>(std::move(model), std::move(columns),
                                                 std::move(classes), read_tables(file));
}

void add_tables(ModelFile& file, const std::vector<ModelTable>& tables) {
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t t = 0; t < tables.size(); ++t) {
    list.push_back({{"name", tables[t].name},
                    {"text_names", tables[t].text_names},
                    {"texts", tables[t].texts},
                    {"number_names", tables[t].number_names}});
    for (std::size_t j = 0; j < tables[t].numbers.size(); ++j) {
      file.blocks["table " + std::to_string(t) + " " + std::to_string(j)] = tables[t].numbers[j];
    }
  }
  file.header["tables"] = std::move(list);
}

std::vector<ModelTable> read_tables(const ModelFile& file) {
  const FileFields fields(file, file.version);
  std::vector<ModelTable> out;
  std::size_t t = 0;
  for (const nlohmann::json& entry : fields.list("tables")) {
    const FileFields own(file, entry);
    ModelTable table{.name = own.text("name"), .text_names = own.texts("text_names")};
    for (const nlohmann::json& column : own.list("texts")) {
      table.texts.push_back(own.as_texts(column, "texts"));
    }
    table.number_names = own.texts("number_names");
    if (table.texts.size() != table.text_names.size()) {
      fields.refuse("a table of the model lacks a column");
    }
    for (std::size_t j = 0; j < table.number_names.size(); ++j) {
      table.numbers.push_back(
          model_block<double>(file, "table " + std::to_string(t) + " " + std::to_string(j)));
    }
    const std::size_t rows = !table.texts.empty()     ? table.texts[0].size()
                             : !table.numbers.empty() ? table.numbers[0].size()
                                                      : 0;
    for (const auto& column : table.texts) {
      if (column.size() != rows) fields.refuse("columns of a table of the model differ in length");
    }
    for (const auto& column : table.numbers) {
      if (column.size() != rows) fields.refuse("columns of a table of the model differ in length");
    }
    out.push_back(std::move(table));
    ++t;
  }
  return out;
}

}  // namespace impact::detail
