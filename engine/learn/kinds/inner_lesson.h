#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/option_reader.h"
#include "engine/learn/learner_kind.h"

namespace impact::detail {

/// The training rows with an outcome as a lesson of their own, for learners that split them once
/// more. Rows count from 0.
struct InnerLesson {
  FeatureTable features = {};
  std::vector<double> outcome = {};
  std::vector<double> weights = {};
  std::vector<std::int32_t> groups = {};
  std::vector<std::string> classes = {};

  [[nodiscard]] std::size_t rows() const { return outcome.size(); }
  /// A view of this; must not outlive it.
  [[nodiscard]] Lesson lesson() const;
};

[[nodiscard]] InnerLesson inner_lesson(const Training& training);

/// Option "learner". Throws ArgumentError without it.
[[nodiscard]] LearnerSpec inner_learner(OptionReader& read);

}  // namespace impact::detail
