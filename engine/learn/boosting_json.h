#pragma once

#include <string>
#include <string_view>

#include "engine/learn/boosting.h"

/// XGBoost's JSON and our seal on it.
namespace impact::detail {

inline constexpr char kSealAttribute[] = "impact_sha256";
inline constexpr char kLevelsAttribute[] = "impact_levels";

/// What stands in the attribute until seal() knows better.
[[nodiscard]] std::string empty_seal();
/// Puts the SHA-256 of the text, taken with empty_seal() in its place, where empty_seal() stands.
void seal(std::string& json);
/// "[[0,1],[]]": the codes of each column.
[[nodiscard]] std::string write_levels(const std::vector<std::vector<std::uint32_t>>& levels);

struct SealedBoosting {
  BoostingModel model = {};  ///< All that its JSON holds; the JSON itself is left out.
  bool sealed = false;       ///< There is an attribute with a seal, fitting or not.
};

/// Errors as load_boosting, which checks the seal too.
[[nodiscard]] SealedBoosting read_boosting(std::string_view json, std::string_view where);

}  // namespace impact::detail
