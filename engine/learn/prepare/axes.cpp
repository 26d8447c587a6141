#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/learn/k_means.h"
#include "engine/learn/prepare/families.h"
#include "engine/learn/prepare/number_block.h"
#include "engine/learn/principal_axes.h"

/// `pca` puts principal components in the place of columns of numbers: "pc1", "pc2", ...
/// (principal_axes.h).
///
/// of: columns; components: how many, or share: as many as explain this share of the variance;
/// neither: all; standardise: columns count in sds, true; prefix: of the names, "pc"; keep: the
/// columns stay as well. `svd` is the same without centring, components 2, prefix "svd", for wide
/// tables such as tf_idf makes. Rows need to be complete in training; later ones that are not give
/// missing scores.
///
/// `clusters` adds what k-means says of columns of numbers (k_means.h).
///
/// of: columns; clusters: how many, 8; as: "distance" adds the distances to the centres ("distance
/// to cluster 1", ..., largest cluster first), "label" a column of texts, "1", "2", ...; name: that
/// of the column of labels, "cluster", and the end of the others; standardise: columns count in
/// sds, true; restarts 10, most_iterations 300, tolerance 1e-4; keep: false drops the columns.
/// Incomplete rows as above.
namespace impact::detail {
namespace {

constexpr int kVersion = 1;

class Axes final : public PreparedStep {
 public:
  std::string kind = {};
  std::vector<std::string> columns = {};
  std::string prefix = {};
  bool keep = false;
  PrincipalAxes axes = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, kind);
    if (columns.empty()) return std::move(table).done();
    const FeatureTable block = named_block(table, features, columns);
    const auto scores = axes.scores(block.matrix(), context);
    for (std::size_t k = 0; k < axes.components(); ++k) {
      const auto begin = scores.begin() + static_cast<std::ptrdiff_t>(k * table.rows());
      table.append(number_feature(numbered(prefix, k),
                                  {begin, begin + static_cast<std::ptrdiff_t>(table.rows())}));
    }
    if (!keep) {
      for (const std::string& name : columns) table.replace(name, {});
    }
    return std::move(table).done();
  }

  ModelFile save() const override {
    ModelFile file{.kind = "step " + kind, .version = kVersion};
    file.header["columns"] = columns;
    file.header["prefix"] = prefix;
    file.header["keep"] = keep;
    file.blocks["centre"] = axes.centre;
    file.blocks["scale"] = axes.scale;
    file.blocks["loading"] = axes.loading;
    return file;
  }
};

StepResult prepare_axes(const std::string& kind, const nlohmann::json& json, const StepInput& input,
                        const Context& context) {
  const bool centre = kind == "pca";
  OptionReader options(kind, json);
  const auto chosen = chosen_columns(options, input.features, ColumnType::kNumber);
  PrincipalAxesSpec spec{.centre = centre, .standardise = centre};
  spec.components =
      static_cast<std::size_t>(options.integer("components", centre ? 0 : 2, centre ? 0 : 1));
  if (centre) {
    if (spec.components > 0 && options.given("share")) {
      options.fail("share", "is given beside 'components'", "one of them");
    }
    spec.share = options.number("share", 1.0, 0.0, 1.0);
    spec.standardise = options.flag("standardise", true);
  }
  auto step = std::make_shared<Axes>();
  step->kind = kind;
  step->prefix = options.text("prefix", centre ? "pc" : "svd");
  step->keep = options.flag("keep", false);
  options.done();
  StepResult result{.step = step};
  if (chosen.empty()) {
    result.warnings.push_back(nothing_to_do(kind, ColumnType::kNumber));
    return result;
  }
  const FeatureTable block = complete_block(input.features, chosen, kind);
  step->columns = block.names();
  step->axes =
      fit_principal_axes(block.matrix(), spec, input.weights, input.key.child(kind), context);
  result.warnings = step->axes.warnings;
  return result;
}

std::shared_ptr<const PreparedStep> read_axes(const std::string& kind, const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Axes>();
  step->kind = kind;
  step->columns = header.texts("columns");
  step->prefix = header.text("prefix");
  step->keep = header.flag("keep");
  const auto count = static_cast<std::int64_t>(step->columns.size());
  step->axes.columns = step->columns.size();
  step->axes.centre = model_block<double>(file, "centre", count);
  step->axes.scale = model_block<double>(file, "scale", count);
  step->axes.loading = model_block<double>(file, "loading");
  if (step->columns.empty() ? !step->axes.loading.empty()
                            : step->axes.loading.size() % step->columns.size() != 0) {
    header.refuse("a component has one loading a column");
  }
  return step;
}

StepResult prepare_pca(const nlohmann::json& json, const StepInput& input, const Context& context) {
  return prepare_axes("pca", json, input, context);
}

StepResult prepare_svd(const nlohmann::json& json, const StepInput& input, const Context& context) {
  return prepare_axes("svd", json, input, context);
}

std::shared_ptr<const PreparedStep> read_pca(const ModelFile& file) {
  return read_axes("pca", file);
}

std::shared_ptr<const PreparedStep> read_svd(const ModelFile& file) {
  return read_axes("svd", file);
}

class Clusters final : public PreparedStep {
 public:
  std::vector<std::string> columns = {};
  std::vector<double> scale = {};
  std::string name = {};
  bool label = false;
  bool keep = true;
  KMeans model = {};

  FeatureTable bake(const FeatureTable& features, const Context& context) const override {
    TableEdit table(features, "clusters");
    if (columns.empty()) return std::move(table).done();
    const auto x = scaled(named_block(table, features, columns));
    const FeatureColumns block{.x = x, .columns = columns.size()};
    const auto rows = every_row(table.rows());
    if (label) {
      Feature out{.name = name, .text = true, .codes = std::vector<std::int32_t>(rows.size())};
      model.predict(block, rows, out.codes, context);
      order_levels(out);
      table.append(std::move(out));
    } else {
      std::vector<double> to(rows.size() * model.clusters());
      model.distances(block, rows, to, context);
      for (std::size_t c = 0; c < model.clusters(); ++c) {
        const auto begin = to.begin() + static_cast<std::ptrdiff_t>(c * rows.size());
        table.append(number_feature(numbered("distance to " + name + " ", c),
                                    {begin, begin + static_cast<std::ptrdiff_t>(rows.size())}));
      }
    }
    if (!keep) {
      for (const std::string& column : columns) table.replace(column, {});
    }
    return std::move(table).done();
  }

  [[nodiscard]] std::vector<double> scaled(const FeatureTable& block) const {
    const FeatureColumns all = block.matrix();
    std::vector<double> x(all.x.begin(), all.x.end());
    for (std::size_t j = 0; j < all.columns; ++j) {
      for (std::size_t i = 0; i < all.rows(); ++i) x[j * all.rows() + i] /= scale[j];
    }
    return x;
  }

  ModelFile save() const override {
    ModelFile file = columns.empty() ? ModelFile{} : k_means_file(model);
    file.kind = "step clusters";
    file.version = kVersion;
    file.header["names"] = columns;
    file.header["name"] = name;
    file.header["label"] = label;
    file.header["keep"] = keep;
    file.blocks["scale"] = scale;
    return file;
  }

 private:
  // Levels stand in byte order: "1", "10", "2", ...
  void order_levels(Feature& out) const {
    for (std::size_t c = 0; c < model.clusters(); ++c) out.levels.push_back(numbered("", c));
    const std::vector<std::string> before = out.levels;
    std::sort(out.levels.begin(), out.levels.end());
    for (std::int32_t& code : out.codes) {
      if (code < 0) continue;
      code = static_cast<std::int32_t>(std::lower_bound(out.levels.begin(), out.levels.end(),
                                                        before[static_cast<std::size_t>(code)]) -
                                       out.levels.begin());
    }
  }
};

StepResult prepare_clusters(const nlohmann::json& json, const StepInput& input,
                            const Context& context) {
  OptionReader options("clusters", json);
  const auto chosen = chosen_columns(options, input.features, ColumnType::kNumber);
  const KMeansSpec defaults;
  constexpr std::int64_t kMost = 1'000'000;
  KMeansSpec spec{
      .clusters = static_cast<std::size_t>(options.integer("clusters", 8, 1, kMost)),
      .restarts = static_cast<int>(options.integer("restarts", defaults.restarts, 1, kMost)),
      .most_iterations =
          static_cast<int>(options.integer("most_iterations", defaults.most_iterations, 1, kMost)),
      .tolerance = options.number("tolerance", defaults.tolerance, 0.0)};
  const bool standardise = options.flag("standardise", true);
  auto step = std::make_shared<Clusters>();
  step->label = options.place("as", "distance", {"distance", "label"}) == 1;
  step->name = options.text("name", "cluster");
  step->keep = options.flag("keep", true);
  options.done();
  StepResult result{.step = step};
  if (chosen.empty()) {
    result.warnings.push_back(nothing_to_do("clusters", ColumnType::kNumber));
    return result;
  }
  const FeatureTable block = complete_block(input.features, chosen, "clusters");
  step->columns = block.names();
  step->scale.assign(chosen.size(), 1.0);
  if (standardise) {
    for (std::size_t j = 0; j < block.size(); ++j) {
      const double sd = weighted_sd(block[j].numbers, input.weights);
      if (sd > 0.0) step->scale[j] = sd;
      if (sd == 0.0) {
        result.warnings.push_back("'" + block[j].name + "' is constant: no cluster depends on it");
      }
    }
  }
  const auto x = step->scaled(block);
  step->model = fit_k_means({.x = x, .columns = block.size()}, every_row(block.rows()), spec,
                            input.weights, input.key, context);
  result.warnings.insert(result.warnings.end(), step->model.warnings.begin(),
                         step->model.warnings.end());
  return result;
}

std::shared_ptr<const PreparedStep> read_clusters(const ModelFile& file) {
  const StepFile header(file, kVersion);
  auto step = std::make_shared<Clusters>();
  step->columns = header.texts("names");
  step->name = header.text("name");
  step->label = header.flag("label");
  step->keep = header.flag("keep");
  step->scale = model_block<double>(file, "scale", static_cast<std::int64_t>(step->columns.size()));
  if (step->columns.empty()) return step;
  ModelFile inner = file;
  inner.kind = "k_means";
  step->model = read_k_means(inner);
  if (step->model.columns != step->columns.size()) header.refuse("a centre has other columns");
  return step;
}

}  // namespace

std::span<const StepKind> axes_steps() {
  static constexpr std::array<StepKind, 3> kKinds = {
      {{.name = "pca",
        .words = "puts principal components in the place of columns",
        .prepare = prepare_pca,
        .read = read_pca},
       {.name = "svd",
        .words = "puts a truncated singular value decomposition in the place of columns",
        .prepare = prepare_svd,
        .read = read_svd},
       {.name = "clusters",
        .words = "adds distances to the centres of k-means, or the nearest one's label",
        .prepare = prepare_clusters,
        .read = read_clusters}}};
  return kKinds;
}

}  // namespace impact::detail
