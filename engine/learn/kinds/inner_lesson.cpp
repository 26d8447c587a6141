#include "engine/learn/kinds/inner_lesson.h"

#include <cmath>

namespace impact::detail {
namespace {

template <class T>
std::vector<T> kept(std::span<const T> values, const std::vector<std::uint32_t>& rows) {
  std::vector<T> out;
  if (values.empty()) return out;
  out.reserve(rows.size());
  for (const std::uint32_t row : rows) out.push_back(values[row]);
  return out;
}

}  // namespace

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
          .outcome = kept(whole.outcome, rows),
          .weights = kept(whole.weights, rows),
          .groups = kept(whole.groups, rows),
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
