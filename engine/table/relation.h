#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include <nlohmann/json_fwd.hpp>

#include "engine/core/context.h"
#include "engine/table/expr.h"
#include "engine/table/frame.h"
#include "engine/table/schema.h"
#include "engine/table/source.h"

namespace impact {

class Backend;
struct Relation;
using RelationPtr = std::shared_ptr<const Relation>;

enum class JoinKind { kInner, kLeft, kRight, kFull, kSemi, kAnti, kCross };

/// What the user knows about a join's matches; checked when the relation is first executed.
enum class JoinExpectation {
  kAny,
  kOneToOne,   ///< Keys unique on both sides.
  kOneToMany,  ///< Keys unique on the left.
  kManyToOne,  ///< Keys unique on the right.
};

// One struct a verb. Inputs sit in Relation::inputs.
struct FileScan {
  FileSource source;
};
struct FrameScan {
  std::shared_ptr<const Frame> frame;
};
/// A SELECT over named inputs (names[i] stands for inputs[i]).
struct SqlQuery {
  std::string text;
  std::vector<std::string> names;
};
struct Select {
  std::vector<NamedExpr> columns;
};  ///< Exactly these columns.
struct Filter {
  ExprPtr condition;
};
struct Distinct {
  std::vector<std::string> columns;
};  ///< Empty: all columns.
struct Sort {
  std::vector<SortKey> keys;
};
struct Head {
  std::int64_t count;
  std::int64_t offset = 0;
};
/// Keeps `count` rows (or each row with probability `fraction`) of every stratum. Which ones
/// depends on the stream key and the rows' keys only, never on their order.
struct Sample {
  std::optional<std::int64_t> count = std::nullopt;
  std::optional<double> fraction = std::nullopt;
  std::vector<std::string> by = {};
  std::uint64_t stream = 0;
};
struct Summarise {
  std::vector<NamedExpr> by;
  std::vector<NamedExpr> aggregates;
};
struct Join {
  JoinKind kind;
  std::vector<std::pair<std::string, std::string>> on;  ///< Left name, right name.
  std::string suffix = "_right";                        ///< For clashing right columns.
  JoinExpectation expect = JoinExpectation::kAny;
  std::optional<std::int64_t> expect_rows = std::nullopt;  ///< Rows of the result.
};
struct Union {
  bool distinct = false;
};  ///< By column name; schemas must agree in names.
struct PivotLonger {
  std::vector<std::string> columns;  ///< Become rows; one common type.
  std::string names_to = "name";
  std::string values_to = "value";
};
struct PivotWider {
  std::string names_from;
  std::string values_from;
  std::vector<std::string> names = {};  ///< New columns in order, as text of names_from.
};
/// A table about the input's columns, one row each; see describe.h.
struct Overview {
  enum class Kind { kDescribe, kInfo };
  Kind kind;
};
/// The input with another key or label.
struct Keyed {};
/// Result of inputs[0] kept in the backend in its fixed order; never recomputed.
struct Cached {
  std::string handle;
  std::shared_ptr<const void> owner;
};

using Verb =
    std::variant<FileScan, FrameScan, SqlQuery, Select, Filter, Distinct, Sort, Head, Sample,
                 Summarise, Join, Union, PivotLonger, PivotWider, Overview, Keyed, Cached>;

/// Whether rows already stand in a meaningful order before any ORDER BY.
enum class Natural {
  kNone,    ///< No: the backend may yield them in any order.
  kFile,    ///< As in their file; a declared key takes precedence.
  kSorted,  ///< As the verbs below put them; nothing may reorder them.
};

/// A lazy table: a tree of verbs with a known schema. Immutable; building one reads no data except
/// headers. Rows come out in a fixed order: `order` (ties broken by key, then by all columns), else
/// as they stand when kSorted, else by `key`, else as they stand when kFile, else by all columns.
struct Relation {
  Verb verb;
  std::vector<RelationPtr> inputs;
  Schema schema;
  std::vector<std::string> key;  ///< Columns that identify a row; empty: none declared.
  std::vector<SortKey> order;    ///< Explicit order of rows, columns of this relation.
  Natural natural = Natural::kNone;
  std::string label;  ///< For messages: "'claims'", "the summary of 'claims'".
  std::shared_ptr<Backend> backend;
  /// What must hold before the rows may be used: a key's uniqueness, a join's matches. Checked
  /// once, by enforce(), when the relation or one above it first runs.
  mutable std::atomic<bool> enforced{false};
  mutable std::shared_ptr<const Frame> overview;  ///< Rows of an Overview; filled in by enforce().
};

/// The ORDER BY that gives the relation's fixed order; empty when the rows already stand in it.
[[nodiscard]] std::vector<SortKey> fixed_order(const Relation& relation);

/// Checks every promise in the tree that has not been checked yet, inputs first: declared keys are
/// unique and present, joins match as expected, pivoted cells are single. Throws DataError with the
/// offending rows. Computes overviews. Backends call it before they execute a relation.
void enforce(const RelationPtr& relation, const Context& context);

/// Name of a relation that was declared under one, else nullptr.
using DeclaredName = std::function<const std::string*(const Relation&)>;

/// Canonical form for plan hashes: verbs and options; files by declared path, frames by content
/// hash. An input that `declared` knows is written as {"node": name} and not looked into.
[[nodiscard]] nlohmann::json to_json(const Relation& relation, const DeclaredName& declared = {});

}  // namespace impact
