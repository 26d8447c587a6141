#include "engine/learn/kinds/kinds.h"

#include <algorithm>
#include <cmath>

#include "engine/core/error.h"

namespace impact::detail {

std::span<const LearnerKind> learner_kinds() {
  static const std::vector<LearnerKind> kinds = [] {
    std::vector<LearnerKind> all;
    for (const auto& family :
         {baseline_kinds(), linear_kinds(), rigorous_kinds(), tree_kinds(), boosting_kinds(),
          perceptron_kinds(), pipeline_kinds(), stack_kinds(), super_learner_kinds(), tuned_kinds(),
          calibrated_kinds(), conformal_kinds()}) {
      all.insert(all.end(), family.begin(), family.end());
    }
    std::sort(all.begin(), all.end(),
              [](const LearnerKind& a, const LearnerKind& b) { return a.name < b.name; });
    return all;
  }();
  return kinds;
}

const LearnerKind& learner_kind(std::string_view name) {
  std::vector<std::string> names;
  for (const LearnerKind& kind : learner_kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  throw ArgumentError({.what = "there is no such learner",
                       .got = std::string(name),
                       .expected = list_words(names, names.size()),
                       .hint = did_you_mean(name, names)});
}

std::vector<std::int32_t> labels_of(const Lesson& lesson) {
  std::vector<std::int32_t> out;
  out.reserve(lesson.outcome.size());
  for (const double y : lesson.outcome) {
    out.push_back(std::isnan(y) ? -1 : static_cast<std::int32_t>(y));
  }
  return out;
}

void tell(const Training& training, const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) {
    auto& all = *training.warnings;
    if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
  }
}

}  // namespace impact::detail
