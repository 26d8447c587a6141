#pragma once

#include <span>

#include "engine/learn/prepare/step.h"

/// The families of steps: one source file each, one line here and one in step.cpp.
namespace impact::detail {

[[nodiscard]] std::span<const StepKind> select_steps();
[[nodiscard]] std::span<const StepKind> impute_steps();
[[nodiscard]] std::span<const StepKind> scale_steps();
[[nodiscard]] std::span<const StepKind> encode_steps();
[[nodiscard]] std::span<const StepKind> axes_steps();
[[nodiscard]] std::span<const StepKind> tf_idf_steps();
[[nodiscard]] std::span<const StepKind> keep_best_steps();
[[nodiscard]] std::span<const StepKind> spline_steps();
[[nodiscard]] std::span<const StepKind> product_steps();
[[nodiscard]] std::span<const StepKind> target_steps();
[[nodiscard]] std::span<const StepKind> lump_steps();
[[nodiscard]] std::span<const StepKind> bin_steps();

}  // namespace impact::detail
