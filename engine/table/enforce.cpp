#include <fmt/format.h>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/describe.h"
#include "engine/table/relation.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

std::string cells(const Frame& frame, std::size_t row) {
  std::string text;
  for (std::size_t i = 0; i < frame.schema().size(); ++i) {
    text += fmt::format("{}{} = {}", i == 0 ? "" : ", ", frame.schema()[i].name,
                        format_value(frame.column(i).value(row)));
  }
  return text;
}

// The keys that occur in more than one row of `relation`, the first few of them; rows with a
// missing key never match anything and do not count.
void require_unique(const RelationPtr& relation, const std::vector<std::string>& key,
                    const std::string& what, const std::string& hint, const Context& context) {
  std::vector<NamedExpr> by;
  for (const auto& name : key) by.push_back({name, column(name)});
  std::string count = "rows";
  while (relation->schema.find(count)) count += "_";
  const auto repeated = filter(
      summarise(drop_missing(relation, key), std::move(by), {{count, aggregate("count", {})}}),
      call("gt", {column(count), literal(std::int64_t{1})}));
  const Frame first = relation->backend->collect(head(repeated, 3), context);
  if (first.rows() == 0) return;
  std::string got = cells(first, 0);
  for (std::size_t row = 1; row < first.rows(); ++row) got += "; " + cells(first, row);
  throw DataError({.what = what, .where = relation->label, .got = got, .hint = hint});
}

void enforce_join(const RelationPtr& relation, const Join& join, const Context& context) {
  std::vector<std::string> left;
  std::vector<std::string> right;
  for (const auto& [l, r] : join.on) {
    left.push_back(l);
    right.push_back(r);
  }
  const bool left_once =
      join.expect == JoinExpectation::kOneToOne || join.expect == JoinExpectation::kOneToMany;
  const bool right_once =
      join.expect == JoinExpectation::kOneToOne || join.expect == JoinExpectation::kManyToOne;
  const std::string hint = "remove the repeated rows, or expect another kind of match";
  if (left_once) {
    require_unique(relation->inputs[0], left,
                   fmt::format("{} matches rows of its left table more than once", relation->label),
                   hint, context);
  }
  if (right_once) {
    require_unique(
        relation->inputs[1], right,
        fmt::format("{} matches rows of its right table more than once", relation->label), hint,
        context);
  }
  if (join.expect_rows) {
    const std::int64_t rows = relation->backend->count_rows(relation, context);
    if (rows != *join.expect_rows) {
      throw DataError(
          {.what = fmt::format("{} has another number of rows than expected", relation->label),
           .got = fmt::format("{}", rows),
           .expected = fmt::format("{}", *join.expect_rows),
           .hint = "repeated keys multiply rows, missing matches drop them"});
    }
  }
}

void enforce_own(const RelationPtr& relation, const Context& context) {
  const bool declares_key =
      std::holds_alternative<FileScan>(relation->verb) ||
      std::holds_alternative<FrameScan>(relation->verb) ||
      (std::holds_alternative<Keyed>(relation->verb) && relation->key != relation->inputs[0]->key);
  if (declares_key && !relation->key.empty()) {
    Expectations expectations;
    expectations.key = relation->key;
    relation->backend->check(relation, expectations, context);
  }
  if (const auto* overview = std::get_if<Overview>(&relation->verb)) {
    const RelationPtr& input = relation->inputs[0];
    relation->overview = std::make_shared<const Frame>(overview->kind == Overview::Kind::kDescribe
                                                           ? describe(input, context)
                                                           : info(input, context));
  }
  if (const auto* join = std::get_if<Join>(&relation->verb)) {
    enforce_join(relation, *join, context);
  }
  if (const auto* wider = std::get_if<PivotWider>(&relation->verb)) {
    std::vector<std::string> cell = relation->key;
    cell.push_back(wider->names_from);
    require_unique(
        relation->inputs[0], cell,
        fmt::format("pivot_wider has several values of '{}' for one cell", wider->values_from),
        "summarise to one value a cell first", context);
  }
}

}  // namespace

void enforce(const RelationPtr& relation, const Context& context) {
  // The flag goes up first: the checks below execute this very relation.
  if (relation->enforced.exchange(true)) return;
  try {
    for (const auto& input : relation->inputs) enforce(input, context);
    enforce_own(relation, context);
  } catch (const Error&) {
    relation->enforced.store(false);
    throw;
  }
}

}  // namespace impact
