#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/learn/learner_kind.h"

/// The families of learners, one a source file of this folder.
namespace impact::detail {

[[nodiscard]] std::span<const LearnerKind> baseline_kinds();
[[nodiscard]] std::span<const LearnerKind> linear_kinds();
[[nodiscard]] std::span<const LearnerKind> rigorous_kinds();
[[nodiscard]] std::span<const LearnerKind> tree_kinds();
[[nodiscard]] std::span<const LearnerKind> boosting_kinds();
[[nodiscard]] std::span<const LearnerKind> perceptron_kinds();
[[nodiscard]] std::span<const LearnerKind> pipeline_kinds();
[[nodiscard]] std::span<const LearnerKind> stack_kinds();
[[nodiscard]] std::span<const LearnerKind> super_learner_kinds();
[[nodiscard]] std::span<const LearnerKind> tuned_kinds();
[[nodiscard]] std::span<const LearnerKind> calibrated_kinds();
[[nodiscard]] std::span<const LearnerKind> conformal_kinds();

/// Codes of classes, missing outcomes -1.
[[nodiscard]] std::vector<std::int32_t> labels_of(const Lesson& lesson);

/// Appends what the fit of a model had to say.
void tell(const Training& training, const std::vector<std::string>& warnings);

}  // namespace impact::detail
