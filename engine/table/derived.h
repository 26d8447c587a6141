#pragma once

#include "engine/table/relation.h"

/// Starting points for the verbs.
namespace impact {

/// A relation over `input` that inherits its backend and label only.
[[nodiscard]] std::shared_ptr<Relation> derive_from(const RelationPtr& input);
/// The same with the input's schema, key and order.
[[nodiscard]] std::shared_ptr<Relation> same_rows_as(const RelationPtr& input);

}  // namespace impact
