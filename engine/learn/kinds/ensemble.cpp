#include "engine/learn/kinds/ensemble.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/core/parallel.h"
#include "engine/learn/gathered_warnings.h"
#include "engine/learn/kinds/kinds.h"
#include "engine/learn/tune/evaluate_spec.h"

namespace impact::detail {

std::vector<Member> members_of(OptionReader& read) {
  constexpr const char* kExpected = "a list of learners, or learners by name";
  const nlohmann::json& list = read.value("learners");
  std::vector<Member> members;
  if (list.is_object()) {
    for (const auto& [name, value] : list.items()) members.push_back({name, learner_spec(value)});
  } else if (list.is_array()) {
    for (const nlohmann::json& value : list) {
      const LearnerSpec spec = learner_spec(value);
      std::string name = spec.kind;
      for (int count = 2;; ++count) {
        const bool used = std::any_of(members.begin(), members.end(),
                                      [&](const Member& member) { return member.name == name; });
        if (!used) break;
        name = fmt::format("{}_{}", spec.kind, count);
      }
      members.push_back({std::move(name), spec});
    }
  } else {
    read.fail("learners", list.is_null() ? "are missing" : "are no list", kExpected);
  }
  if (members.empty()) read.fail("learners", "are none", kExpected);
  return members;
}

int folds_of(OptionReader& read, std::int64_t otherwise) {
  return static_cast<int>(read.integer("folds", otherwise, 2, 1000));
}

Crossed cross_members(std::span<const Member> members, int folds, const Training& training) {
  const Lesson& lesson = training.lesson;
  Crossed out;
  out.rows = rows_with_outcome(lesson, training.rows);
  out.outputs = lesson.classes.size() > 2 ? lesson.classes.size() : 1;
  const Folds drawn = lesson_folds(lesson, out.rows, folds, 1, training.key.child("folds"));
  tell(training, drawn.warnings);
  out.prediction.resize(members.size() * out.rows.size() * out.outputs);
  out.models.resize(members.size());
  const std::size_t each = static_cast<std::size_t>(folds) + 1;
  std::vector<std::vector<std::string>> warnings(members.size() * each);
  // Fit k < folds leaves fold k out, the last one nothing.
  run_tasks(training.context, warnings.size(), [&](std::size_t task) {
    const std::size_t m = task / each;
    const auto k = static_cast<int>(task % each);
    const StreamKey own = training.key.child(fmt::format("{} fold {}", members[m].name, k));
    const auto fit = [&](std::span<const std::uint32_t> rows) {
      return fit_part(members[m].spec, {.lesson = lesson,
                                        .rows = rows,
                                        .key = own,
                                        .context = training.context,
                                        .warnings = &warnings[task]});
    };
    if (k == folds) {
      out.models[m] = fit(out.rows);
      return;
    }
    const Split split = drawn.split(k);
    std::vector<std::uint32_t> train;
    std::vector<std::uint32_t> test;
    for (const std::uint32_t i : split.train) train.push_back(out.rows[i]);
    for (const std::uint32_t i : split.test) test.push_back(out.rows[i]);
    std::vector<double> predicted(test.size() * out.outputs);
    fit(train)->predict(lesson.features, test, predicted, training.context);
    for (std::size_t i = 0; i < test.size(); ++i) {
      const std::size_t to = (m * out.rows.size() + split.test[i]) * out.outputs;
      std::copy_n(predicted.begin() + static_cast<std::ptrdiff_t>(i * out.outputs), out.outputs,
                  out.prediction.begin() + static_cast<std::ptrdiff_t>(to));
    }
  });
  for (std::size_t m = 0; m < members.size(); ++m) {
    GatheredWarnings gathered;
    for (std::size_t k = 0; k < each; ++k) gathered.add(warnings[m * each + k]);
    for (const std::string& warning : gathered.said()) {
      tell(training, {fmt::format("{}: {}", members[m].name, warning)});
    }
  }
  return out;
}

}  // namespace impact::detail
