#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "engine/core/context.h"
#include "engine/study/study.h"
#include "engine/table/lineage.h"

namespace impact {

/// The leaf columns that a blinded run must not show as they are. Outcomes: those of the roles, and
/// what inquiries ask about but columns that the roles declare to be covariates. Besides, what
/// analyses look at ("of") but columns that a role or a contrast says were known before.
[[nodiscard]] std::set<Origin> outcome_origins(const Study& study);

/// Name of a source -> its columns among outcome_origins(), those of another source of the same
/// file included; sources without one are left out.
[[nodiscard]] std::map<std::string, std::set<std::string>> blinded_columns(const Study& study);

/// What a run sees of the data. When active, every file's outcomes are shuffled together among its
/// rows, every other column that analyses look at by itself, or hidden (all cells missing), before
/// anything else is computed: the other columns, the number of rows and the distribution of each
/// outcome stay as they are, its relation to everything else is gone.
class Blind {
 public:
  Blind(const Study& study, bool active) : study_(study), active_(active) {}
  /// Reads and shuffles, at the first call. Throws DataError when a file has no key. The shuffle
  /// depends on the study's seed and the keys only.
  void prepare(const Context& context);
  /// The relation as the run may see it. Any thread.
  [[nodiscard]] RelationPtr operator()(const RelationPtr& relation) const;

 private:
  const Study& study_;
  bool active_;
  bool ready_ = false;
  mutable std::mutex mutex_;
  mutable std::map<const Relation*, RelationPtr> others_;  // Guarded by mutex_.
};

}  // namespace impact
