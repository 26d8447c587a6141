#include "engine/learn/kinds/inner_lesson.h"

#include <cmath>

#include "engine/learn/take_rows.h"

namespace impact::detail {
Lesson InnerLesson::lesson() const {
  return {.features = features,
          .outcome = outcome,
          .classes = classes,
          .weights = weights,
          .groups = groups};
}

InnerLesson inner_lesson(const Training& training) {
  const Lesson& whole = training.lesson;
  std::vector<std::uint32_t> rows;
  for (const std::uint32_t row : training.rows) {
    if (std::isfinite(whole.outcome[row])) rows.push_back(row);
  }
  return {.features = whole.features.take(rows),
          .outcome = values_of(whole.outcome, rows),
          .weights = values_of(whole.weights, rows),
          .groups = values_of(whole.groups, rows),
          .classes = {whole.classes.begin(), whole.classes.end()}};
}

LearnerSpec inner_learner(OptionReader& read) {
  const nlohmann::json& learner = read.value("learner");
  if (learner.is_null()) {
    read.fail("learner", "is missing", "a learner, such as learn.forest { trees = 500 }");
  }
  return learner_spec(learner);
}

}  // namespace impact::detail
