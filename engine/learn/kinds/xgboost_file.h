#pragma once

#include <string>
#include <string_view>

#include "engine/learn/trained_model.h"

namespace impact {

/// A model that XGBoost saved as JSON, as one of ours: kind "boost", with classes "0", "1", ...
/// where its objective has some. Columns without names are "f0", "f1", ... as XGBoost calls them.
/// Throws DataError as load_boosting().
[[nodiscard]] TrainedModel import_xgboost(std::string_view json, std::string_view where);

/// JSON that XGBoost reads. Throws ArgumentError for models that are no boosted trees.
[[nodiscard]] std::string export_xgboost(const TrainedModel& model);

/// A file of either kind, by its first byte.
[[nodiscard]] TrainedModel load_any_model(std::string_view bytes, std::string_view where);

}  // namespace impact
