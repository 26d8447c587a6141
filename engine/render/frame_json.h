#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/table/frame.h"

namespace impact {

/// NaN and the infinities as texts, which JSON lacks.
[[nodiscard]] nlohmann::json number_json(double value);
[[nodiscard]] double read_number(const nlohmann::json& value);

/// One cell as itself where JSON has its type; {"date": days}, {"timestamp": microseconds}.
[[nodiscard]] nlohmann::json value_json(const Value& value);
[[nodiscard]] Value read_value(const nlohmann::json& value);

/// The first `rows` rows by columns, as report_json.h says.
[[nodiscard]] nlohmann::json frame_json(const Frame& frame, std::size_t rows);
[[nodiscard]] Frame read_frame(const nlohmann::json& value);

}  // namespace impact
