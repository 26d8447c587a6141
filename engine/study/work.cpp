#include "engine/study/work.h"

#include <cmath>
#include <limits>

#include "engine/core/number.h"
#include "engine/study/analyse_node.h"
#include "engine/study/draw_node.h"
#include "engine/study/estimate_node.h"
#include "engine/study/units.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

constexpr std::int64_t kShownOffenders = 20;

std::string range_text(const CountRange& range) {
  if (range.min == range.max) return format_integer(*range.min);
  if (!range.min) return "at most " + format_integer(*range.max);
  if (!range.max) return "at least " + format_integer(*range.min);
  return format_integer(*range.min) + " to " + format_integer(*range.max);
}

void check_count(const std::string& what, std::int64_t count, const CountRange& range) {
  const bool low = range.min && count < *range.min;
  const bool high = range.max && count > *range.max;
  if (!low && !high) return;
  throw DataError({.what = what,
                   .got = format_integer(count),
                   .expected = range_text(range),
                   .hint = "correct the data, or what the study expects of them"});
}

double as_number(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    return static_cast<double>(*integer);
  }
  const auto* number = std::get_if<double>(&value);
  return number == nullptr ? std::numeric_limits<double>::quiet_NaN() : *number;
}

bool holds(const CheckNode& check, const Value& value) {
  if (check.expect) {
    if (value == *check.expect) return true;
    return as_number(value) == as_number(*check.expect);  // 3 and 3.0; NaN equals nothing.
  }
  const double number = as_number(value);
  if (std::isnan(number)) return false;
  return (!check.low || number >= *check.low) && (!check.high || number <= *check.high);
}

class Work {
 public:
  Work(const Study& study, const Node& node, const Blind& blind, const EarlierResults& earlier,
       const Context& context)
      : study_(study), node_(node), blind_(blind), earlier_(earlier), context_(context) {}

  NodeResult operator()(const ParameterNode&) const { return {}; }
  NodeResult operator()(const FeatureNode&) const { return {}; }
  NodeResult operator()(const RolesNode&) const { return {}; }

  NodeResult operator()(const ModelNode&) const { return {}; }
  NodeResult operator()(const InquiryNode&) const { return {}; }
  NodeResult operator()(const SweepNode&) const { return {}; }

  NodeResult operator()(const AssignmentNode& node) const {
    NodeResult result;
    result.frame = draw_arms(study_, node, blind_, context_);
    result.rows = static_cast<std::int64_t>(result.frame.rows());
    return result;
  }

  NodeResult operator()(const EstimatorNode& node) const {
    NodeResult result;
    result.estimates = estimate_node(study_, node_, blind_, context_);
    look_within_strata(study_, node, blind_, context_, &result);
    return result;
  }

  NodeResult operator()(const AnalysisNode& node) const {
    return analyse_node(study_, node_, node, blind_, earlier_, context_);
  }

  NodeResult operator()(const FigureNode& node) const {
    return draw_node(node, blind_, earlier_, context_);
  }

  // The file is checked as it is: shuffled outcomes keep what can be expected of one column.
  NodeResult operator()(const SourceNode& source) const {
    const auto& backend = source.relation->backend;
    backend->check(source.relation, source.expectations, context_);
    NodeResult result;
    result.rows = backend->count_rows(source.relation, context_);
    return result;
  }

  NodeResult operator()(const RelationNode& node) const {
    NodeResult result;
    result.rows = count(node.relation);
    const std::string name = "'" + node_.name + "'";
    check_count(name + " has an unexpected number of rows", result.rows, node.rows);
    if (node.from == nullptr) return result;
    // The report says how many rows a filter left out.
    const std::int64_t before = count(node.from);
    result.value = before;
    if (node.dropped.min || node.dropped.max) {
      check_count("the filter " + name + " drops an unexpected number of rows",
                  before - result.rows, node.dropped);
    }
    return result;
  }

  NodeResult operator()(const TableNode& table) const {
    const RelationPtr seen = blind_(table.relation);
    NodeResult result;
    result.frame = seen->backend->collect(seen, context_);
    result.rows = static_cast<std::int64_t>(result.frame.rows());
    return result;
  }

  NodeResult operator()(const CheckNode& check) const {
    if (check.recipe != nullptr)
      return check_node(study_, node_, check, blind_, earlier_, context_);
    NodeResult result;
    if (check.offenders != nullptr) {
      const RelationPtr seen = blind_(check.offenders);
      const std::int64_t rows = seen->backend->count_rows(seen, context_);
      result.value = rows;
      result.passed = rows <= check.max;
      result.frame = seen->backend->collect(head(seen, kShownOffenders), context_);
      return result;
    }
    result.value = check.measured == nullptr ? check.value : only_cell(check.measured);
    result.passed = holds(check, result.value);
    return result;
  }

 private:
  std::int64_t count(const RelationPtr& relation) const {
    const RelationPtr seen = blind_(relation);
    return seen->backend->count_rows(seen, context_);
  }

  Value only_cell(const RelationPtr& relation) const {
    const RelationPtr seen = blind_(relation);
    const Frame frame = seen->backend->collect(head(seen, 2), context_);
    if (frame.rows() != 1) {
      throw DataError({.what = "the value of check '" + node_.name + "' is not one cell",
                       .got = frame.rows() == 0 ? "no row" : "more than one row",
                       .expected = "one row of one column, as t:summarise { ... } gives"});
    }
    return frame.column(0).value(0);
  }

  const Study& study_;
  const Node& node_;
  const Blind& blind_;
  const EarlierResults& earlier_;
  const Context& context_;
};

}  // namespace

NodeResult compute_node(const Study& study, const Node& node, const Blind& blind,
                        const EarlierResults& earlier, const Context& context) {
  return std::visit(Work(study, node, blind, earlier, context), node.body);
}

}  // namespace impact
