#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/core/option_reader.h"
#include "engine/learn/folds.h"
#include "engine/learn/learner_kind.h"

/// What learners made of learners share.
namespace impact::detail {

struct Member {
  std::string name = {};
  LearnerSpec spec = {};
};

/// Option "learners": {"a": {"learner": ...}, ...}, or a list of learners, which are named after
/// their kinds. Throws ArgumentError for none.
[[nodiscard]] std::vector<Member> members_of(OptionReader& read);

/// Members fitted to all rows, and what each predicts for rows its own fit has not seen.
struct Crossed {
  std::vector<std::uint32_t> rows = {};  ///< Those with an outcome.
  std::vector<double> prediction = {};   ///< Members x rows x outputs.
  std::vector<std::shared_ptr<const Predictor>> models = {};
  std::size_t outputs = 1;

  /// Prediction of row i by a member, `outputs` numbers.
  [[nodiscard]] std::span<const double> at(std::size_t member, std::size_t i) const {
    return std::span(prediction).subspan((member * rows.size() + i) * outputs, outputs);
  }
};

/// members (folds + 1) fits, each a task of its own; folds stratified by class, groups whole.
/// Warnings of the members are told with their names.
[[nodiscard]] Crossed cross_members(std::span<const Member> members, int folds,
                                    const Training& training);

/// Option "folds" (5, or 10), at most one a row or group.
[[nodiscard]] int folds_of(OptionReader& read, std::int64_t otherwise);

}  // namespace impact::detail
