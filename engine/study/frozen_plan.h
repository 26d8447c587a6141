#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

/// The plan of a study as it stood before its outcomes were seen.
namespace impact {

struct FrozenPlan {
  /// A file that was there when the plan was sealed.
  struct Input {
    std::string name = {};  ///< Of the source.
    std::string file = {};  ///< As declared.
    std::string sha256 = {};
    std::uint64_t bytes = 0;
    bool operator==(const Input&) const = default;
  };
  struct Seal {
    std::string plan_hash = {};
    std::string sealed = {};  ///< UTC, ISO 8601: "2024-06-11T09:30:00Z".
    bool operator==(const Seal&) const = default;
  };

  nlohmann::json plan = {};
  std::string plan_hash = {};  ///< hash_json(plan); frozen_plan_text fills it in.
  std::string sealed = {};     ///< When, as Seal::sealed; given by the caller.
  std::vector<Input> inputs = {};
  std::vector<Seal> earlier = {};  ///< What this plan replaces, oldest first.
  bool operator==(const FrozenPlan&) const = default;
};

/// The plan sealed anew: `before`, when there is one, joins its own earlier seals. Sealing the same
/// plan again keeps the first time, so that it can't be made to look younger or older.
[[nodiscard]] FrozenPlan freeze_plan(nlohmann::json plan, std::string now,
                                     std::vector<FrozenPlan::Input> inputs,
                                     const FrozenPlan* before = nullptr);

/// The text of the file: sorted JSON with a seal (see sealed_json.h); inputs sorted by name.
/// Throws DataError when `sealed` is no time of the form above.
[[nodiscard]] std::string frozen_plan_text(const FrozenPlan& frozen);

/// Inverse of frozen_plan_text. Throws DataError naming `where` when the text is no frozen plan, is
/// of another format, lacks a field, or was edited by hand.
[[nodiscard]] FrozenPlan read_frozen_plan(std::string_view text, std::string_view where);

}  // namespace impact
