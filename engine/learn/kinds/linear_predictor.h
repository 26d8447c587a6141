#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/learn/elastic_net.h"
#include "engine/learn/learner_kind.h"

namespace impact::detail {

inline constexpr const char* kLinearFile = "linear";

/// A linear predictor and its inverse link: what every penalised or plain regression becomes.
class LinearPredictor final : public Predictor {
 public:
  /// `tables` are shown behind the coefficients.
  LinearPredictor(ElasticNetModel model, std::vector<std::string> columns,
                  std::vector<std::string> classes, std::vector<ModelTable> tables);

  [[nodiscard]] std::size_t outputs() const override { return model_.outputs; }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override;
  [[nodiscard]] ModelFile save() const override;
  [[nodiscard]] std::vector<ModelTable> tables() const override;

 private:
  ElasticNetModel model_;
  std::vector<std::string> columns_;
  std::vector<std::string> classes_;
  std::vector<ModelTable> tables_;
};

[[nodiscard]] std::shared_ptr<const Predictor> read_linear(const ModelFile& file);

/// Tables of a model as blocks "table ...", and back.
void add_tables(ModelFile& file, const std::vector<ModelTable>& tables);
[[nodiscard]] std::vector<ModelTable> read_tables(const ModelFile& file);

}  // namespace impact::detail
