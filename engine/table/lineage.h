#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/table/relation.h"

/// Where the columns of a relation come from.
namespace impact {

/// A column of a leaf: a file or an in-memory frame.
using Origin = std::pair<const Relation*, std::string>;

/// The leaf columns that the values of `expr` over `relation` are computed from. Conditions, sort
/// keys and join keys that only choose rows do not count. SQL text is searched for the names of its
/// inputs' columns, so it may report more than the text really uses, never less.
[[nodiscard]] std::set<Origin> origins_of(const Relation& relation, const Expr& expr);

/// Whether the tree reads a file.
[[nodiscard]] bool reads_files(const Relation& relation);

/// The tree with some of its relations (compared by address) replaced by others of the same schema.
/// Promises that were checked are checked again. `others` is extended by what the call replaced or
/// kept, so that calls on trees that share a part give trees that share it too.
[[nodiscard]] RelationPtr replace_relations(const RelationPtr& relation,
                                            std::map<const Relation*, RelationPtr>* others);

}  // namespace impact
