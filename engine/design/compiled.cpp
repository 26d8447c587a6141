#include "engine/design/compiled.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/core/error.h"

namespace impact {
namespace {

// A name of the model and where it is declared.
struct Name {
  enum class Kind { kLevel, kVariable, kAssignment };
  Kind kind;
  std::size_t index;
};

using Names = std::map<std::string, Name, std::less<>>;

std::string what_of(Name::Kind kind, const std::string& name) {
  switch (kind) {
    case Name::Kind::kLevel: return fmt::format("level '{}'", name);
    case Name::Kind::kVariable: return fmt::format("variable '{}'", name);
    case Name::Kind::kAssignment: break;
  }
  return fmt::format("assignment '{}'", name);
}

Names collect_names(const Design& design) {
  Names names;
  const auto add = [&](Name::Kind kind, std::size_t index, const std::string& name) {
    const auto [at, fresh] = names.emplace(name, Name{kind, index});
    if (!fresh) {
      throw ArgumentError(
          {.what = fmt::format("two parts of the model are called '{}'", name),
           .where = fmt::format("{} and {}", what_of(at->second.kind, name), what_of(kind, name)),
           .expected = "names that differ"});
    }
  };
  const auto& model = design.model;
  for (std::size_t i = 0; i < model.levels.size(); ++i) {
    add(Name::Kind::kLevel, i, model.levels[i].name);
  }
  for (std::size_t i = 0; i < model.variables.size(); ++i) {
    add(Name::Kind::kVariable, i, model.variables[i].name);
  }
  for (std::size_t i = 0; i < design.assignments.size(); ++i) {
    add(Name::Kind::kAssignment, i, design.assignments[i].assignment.name);
  }
  return names;
}

const Name& require_name(const Names& names, const std::string& name, const std::string& where) {
  const auto at = names.find(name);
  if (at != names.end()) return at->second;
  std::vector<std::string> good;
  for (const auto& [known, entry] : names) good.push_back(known);
  throw ArgumentError({.what = fmt::format("no '{}' in the model", name),
                       .where = where,
                       .got = name,
                       .expected = list_words(good),
                       .hint = did_you_mean(name, good)});
}

// The model's graph: who needs whom, checked.
class Graph {
 public:
  Graph(const Design& design, const Names& names) : names_(names) {
    for (const auto& variable : design.model.variables) {
      add(what_of(Name::Kind::kVariable, variable.name), variable.name, columns_of(*variable.expr));
    }
    for (const auto& declared : design.assignments) {
      std::vector<std::string> needs = declared.within;
      needs.insert(needs.end(), declared.clusters.begin(), declared.clusters.end());
      add(what_of(Name::Kind::kAssignment, declared.assignment.name), declared.assignment.name,
          std::move(needs));
    }
    order_ = dependency_order(nodes_);
  }

  [[nodiscard]] const std::vector<DependencyNode>& nodes() const { return nodes_; }
  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }

  // Names whose value can change when `source` does, itself included.
  [[nodiscard]] std::set<std::string> downstream(const std::string& source) const {
    std::set<std::string> out = {source};
    for (const std::size_t i : order_) {
      const auto& needs = nodes_[i].needs;
      if (std::any_of(needs.begin(), needs.end(),
                      [&](const auto& need) { return out.contains(need); })) {
        out.insert(nodes_[i].name);
      }
    }
    return out;
  }

 private:
  void add(std::string what, const std::string& name, std::vector<std::string> needs) {
    for (const auto& need : needs) (void)require_name(names_, need, what);
    nodes_.push_back({std::move(what), name, std::move(needs)});
  }

  const Names& names_;
  std::vector<DependencyNode> nodes_;
  std::vector<std::size_t> order_;
};

class DesignCompiler {
 public:
  explicit DesignCompiler(const Design& design)
      : design_(design),
        names_(collect_names(design)),
        graph_(design, names_),
        ids_(level_ids(design.model)),
        root_(StreamKey::root(design.seed)),
        out_{.program = Program(ids_.rows), .columns = {}, .inquiries = {}, .estimators = {}} {}

  CompiledDesign compile() {
    for (std::size_t i = 0; i < ids_.ids.size(); ++i) {
      observed_.emplace(design_.model.levels[i].name,
                        out_.program.input(SimKind::kInteger, std::move(ids_.ids[i])));
    }
    compute(observed_, {});
    for (const auto& level : design_.model.levels) list_column(level.name);
    for (const auto& variable : design_.model.variables) list_column(variable.name);
    for (const auto& declared : design_.assignments) list_column(declared.assignment.name);
    if (!(design_.alpha > 0 && design_.alpha < 1)) {
      throw ArgumentError({.what = "the level of significance is out of range",
                           .where = "alpha",
                           .got = fmt::format("{}", design_.alpha),
                           .expected = "above 0 and below 1"});
    }
    std::set<std::string> seen;
    for (const auto& inquiry : design_.inquiries) {
      if (!seen.insert(inquiry.name).second) {
        throw ArgumentError({.what = "two inquiries have one name", .got = inquiry.name});
      }
      compile_inquiry(inquiry);
    }
    seen.clear();
    for (const auto& estimator : design_.estimators) {
      if (!seen.insert(estimator.name).second) {
        throw ArgumentError({.what = "two estimators have one name", .got = estimator.name});
      }
      compile_estimator(estimator);
    }
    return std::move(out_);
  }

 private:
  using Values = std::map<std::string, Operand, std::less<>>;

  void list_column(const std::string& name) {
    out_.columns.emplace_back(name, observed_.find(name)->second);
  }

  // Computes, in order, what `values` does not have yet.
  void compute(Values& values, const std::set<std::string>& only) {
    for (const std::size_t i : graph_.order()) {
      const DependencyNode& node = graph_.nodes()[i];
      if (values.contains(node.name) || (!only.empty() && !only.contains(node.name))) continue;
      const Name& name = names_.find(node.name)->second;
      values.emplace(node.name, name.kind == Name::Kind::kVariable
                                    ? compute_variable(values, node, name.index)
                                    : compute_assignment(values, node, name.index));
    }
  }

  Operand compute_variable(const Values& values, const DependencyNode& node, std::size_t index) {
    return out_.program.compile(*design_.model.variables[index].expr, finder(values, node.what),
                                {node.what, root_.child("model").child(node.name)});
  }

  Operand compute_assignment(const Values& values, const DependencyNode& node, std::size_t index) {
    const DeclaredAssignment& declared = design_.assignments[index];
    return out_.program.assign(declared.assignment, grouping(values, declared.within, node.what),
                               grouping(values, declared.clusters, node.what),
                               root_.child("assignment").child(node.name));
  }

  // The finder lives no longer than `values`.
  Program::Lookup finder(const Values& values, std::string where) {
    return [this, &values, where = std::move(where)](const std::string& name) {
      (void)require_name(names_, name, where);
      return values.find(name)->second;
    };
  }

  std::optional<std::size_t> grouping(const Values& values, const std::vector<std::string>& names,
                                      const std::string& where) {
    if (names.empty()) return std::nullopt;
    std::vector<Operand> columns;
    for (const auto& name : names) columns.push_back(finder(values, where)(name));
    return out_.program.group(columns);
  }

  Operand outcome_of(const Values& values, const ExprPtr& outcome, const std::string& where) {
    const Operand column = out_.program.compile(*outcome, finder(values, where), {where});
    if (column.kind == SimKind::kText) {
      throw ArgumentError({.what = "the outcome is not a number",
                           .where = where,
                           .got = "text",
                           .expected = "a number or a boolean"});
    }
    return column;
  }

  const DeclaredAssignment& require_assignment(const Contrast& contrast, const std::string& where) {
    std::vector<std::string> good;
    for (const auto& declared : design_.assignments) {
      if (declared.assignment.name == contrast.assignment) return declared;
      good.push_back(declared.assignment.name);
    }
    throw ArgumentError({.what = fmt::format("no assignment '{}'", contrast.assignment),
                         .where = where,
                         .got = contrast.assignment,
                         .expected = list_words(good),
                         .hint = did_you_mean(contrast.assignment, good)});
  }

  double require_arm(const DeclaredAssignment& declared, const std::string& arm,
                     const std::string& where) {
    const auto& arms = declared.assignment.arms;
    if (std::find(arms.begin(), arms.end(), arm) == arms.end()) {
      throw ArgumentError(
          {.what = fmt::format("assignment '{}' has no arm '{}'", declared.assignment.name, arm),
           .where = where,
           .got = arm,
           .expected = list_words(arms),
           .hint = did_you_mean(arm, arms)});
    }
    return out_.program.text_code(arm);
  }

  // The outcome when everybody is in one arm: what the assignment can change is computed once more
  // from the same streams, all else is shared with the observed world.
  Operand outcome_in(const std::string& assignment, double arm, const ExprPtr& outcome,
                     const std::string& where) {
    const auto [at, fresh] = worlds_.try_emplace({assignment, arm});
    Values& values = at->second;
    const std::set<std::string> changed = graph_.downstream(assignment);
    if (fresh) {
      for (const auto& [name, operand] : observed_) {
        if (!changed.contains(name)) values.emplace(name, operand);
      }
      values.emplace(assignment, out_.program.constant(SimKind::kText, arm));
    }
    // Only what this outcome needs.
    std::set<std::string> needed;
    const auto names = columns_of(*outcome);
    needed.insert(names.begin(), names.end());
    for (auto node = graph_.order().rbegin(); node != graph_.order().rend(); ++node) {
      if (!needed.contains(graph_.nodes()[*node].name)) continue;
      const auto& needs = graph_.nodes()[*node].needs;
      needed.insert(needs.begin(), needs.end());
    }
    if (!needed.empty()) compute(values, needed);
    return outcome_of(values, outcome, where);
  }

  void compile_inquiry(const Inquiry& inquiry) {
    const std::string where = fmt::format("inquiry '{}'", inquiry.name);
    CompiledInquiry out;
    if (inquiry.outcome == nullptr) {
      throw ArgumentError({.what = "an inquiry has no outcome", .where = where});
    }
    out.outcome = outcome_of(observed_, inquiry.outcome, where);
    if (inquiry.contrast) {
      const Contrast& contrast = *inquiry.contrast;
      const DeclaredAssignment& declared = require_assignment(contrast, where);
      CompiledContrast& arms = out.contrast.emplace();
      arms.arm = observed_.find(contrast.assignment)->second;
      arms.treated = require_arm(declared, contrast.treated, where);
      arms.control = require_arm(declared, contrast.control, where);
      if (arms.treated == arms.control) {
        throw ArgumentError(
            {.what = "an arm is compared with itself", .where = where, .got = contrast.treated});
      }
      arms.treated_outcome = outcome_in(contrast.assignment, arms.treated, inquiry.outcome, where);
      arms.control_outcome = outcome_in(contrast.assignment, arms.control, inquiry.outcome, where);
    }
    out.treated_only = inquiry.target == Inquiry::Target::kAtt;
    if (out.treated_only && !inquiry.contrast) {
      throw ArgumentError({.what = "an effect on the treated needs a contrast", .where = where});
    }
    if (inquiry.subset != nullptr) out.subset = compile_subset(inquiry, where);
    out_.inquiries.push_back(std::move(out));
  }

  Operand compile_subset(const Inquiry& inquiry, const std::string& where) {
    if (inquiry.contrast) {
      const auto changed = graph_.downstream(inquiry.contrast->assignment);
      for (const auto& name : columns_of(*inquiry.subset)) {
        if (!changed.contains(name)) continue;
        throw ArgumentError({.what = fmt::format("the subset depends on the assignment '{}'",
                                                 inquiry.contrast->assignment),
                             .where = where,
                             .got = name,
                             .expected = "a condition that is settled before the assignment"});
      }
    }
    const Operand subset = out_.program.compile(*inquiry.subset, finder(observed_, where), {where});
    if (subset.kind != SimKind::kBoolean) {
      throw ArgumentError({.what = "the subset is not a condition",
                           .where = where,
                           .got = std::string(sim_kind_name(subset.kind)),
                           .expected = "boolean"});
    }
    return subset;
  }

  void compile_estimator(const EstimatorSpec& spec) {
    using Method = EstimatorSpec::Method;
    const std::string where = fmt::format("estimator '{}'", spec.name);
    const auto refuse = [&](std::string what, std::string hint = {}) {
      throw ArgumentError({.what = std::move(what), .where = where, .hint = std::move(hint)});
    };
    CompiledEstimator out;
    out.inquiry = require_inquiry(spec.inquiry, where);
    const Inquiry& inquiry = design_.inquiries[out.inquiry];
    const bool regression = spec.method == Method::kOls || spec.method == Method::kLin;
    if (!inquiry.contrast &&
        (spec.method != Method::kOls || !spec.covariates.empty() || !spec.fixed_effects.empty())) {
      refuse("an inquiry without a contrast is answered by a mean",
             "method ols without covariates gives the mean and its standard error");
    }
    if (!regression && (!spec.covariates.empty() || !spec.se_type.empty())) {
      refuse("a difference in means takes neither covariates nor se", "use ols or lin");
    }
    if (spec.method != Method::kOls && !spec.fixed_effects.empty()) {
      refuse("fixed effects go with method ols");
    }
    if (spec.blocks && spec.method != Method::kBlocked) {
      refuse("blocks go with method blocked", "in a regression they are fixed_effects");
    }
    if (spec.method == Method::kLin && spec.covariates.empty()) {
      refuse("the estimator of Lin needs covariates", "without any, it is ols with HC2");
    }
    if (!(spec.conf_level > 0 && spec.conf_level < 1)) {
      refuse("the confidence level is out of range", "for example 0.95");
    }
    out.outcome = spec.outcome == nullptr ? out_.inquiries[out.inquiry].outcome
                                          : outcome_of(observed_, spec.outcome, where);
    for (const auto& covariate : spec.covariates) {
      out.covariates.push_back(
          {covariate.name,
           out_.program.compile(*covariate.expr, finder(observed_, where), {where})});
    }
    for (const auto& name : spec.fixed_effects) {
      out.fixed_effects.push_back(*grouping(observed_, {name}, where));
    }
    DeclaredAssignment none;
    const DeclaredAssignment& declared =
        inquiry.contrast ? require_assignment(*inquiry.contrast, where) : none;
    out.clusters = grouping(observed_, spec.clusters.value_or(declared.clusters), where);
    if (spec.method == Method::kBlocked) {
      out.blocks = grouping(observed_, spec.blocks.value_or(declared.within), where);
      if (!out.blocks) refuse("a blocked estimator has no blocks", "name them: blocks");
    }
    if (regression) {
      out.se = !spec.se_type.empty() ? parse_se_type(spec.se_type)
               : out.clusters        ? SeType::kCr2
                                     : SeType::kHc2;
      if (clustered(out.se) && !out.clusters) refuse("a cluster-robust se needs clusters");
      if (!clustered(out.se)) out.clusters.reset();
    }
    out_.estimators.push_back(std::move(out));
  }

  std::size_t require_inquiry(const std::string& name, const std::string& where) {
    std::vector<std::string> good;
    for (std::size_t i = 0; i < design_.inquiries.size(); ++i) {
      if (design_.inquiries[i].name == name) return i;
      good.push_back(design_.inquiries[i].name);
    }
    throw ArgumentError({.what = fmt::format("no inquiry '{}'", name),
                         .where = where,
                         .got = name,
                         .expected = list_words(good),
                         .hint = did_you_mean(name, good)});
  }

  const Design& design_;
  Names names_;
  Graph graph_;
  LevelIds ids_;
  StreamKey root_;
  CompiledDesign out_;
  Values observed_;
  std::map<std::pair<std::string, double>, Values> worlds_;
};

}  // namespace

CompiledDesign compile_design(const Design& design) { return DesignCompiler(design).compile(); }

double estimand(const CompiledInquiry& inquiry, const SimWorkspace& workspace,
                std::int64_t& missing) {
  const auto outcome = workspace.column(inquiry.outcome);
  const auto* contrast = inquiry.contrast ? &*inquiry.contrast : nullptr;
  const auto subset =
      inquiry.subset ? workspace.column(*inquiry.subset) : std::span<const double>();
  const auto arm = contrast != nullptr ? workspace.column(contrast->arm) : outcome;
  const auto treated = contrast != nullptr ? workspace.column(contrast->treated_outcome) : outcome;
  const auto control = contrast != nullptr ? workspace.column(contrast->control_outcome) : outcome;
  double sum = 0;
  std::int64_t count = 0;
  for (std::size_t i = 0; i < outcome.size(); ++i) {
    if (!subset.empty() && subset[i] != 1.0) continue;
    if (inquiry.treated_only && arm[i] != contrast->treated) continue;
    const double value = contrast != nullptr ? treated[i] - control[i] : outcome[i];
    if (std::isnan(value)) {
      ++missing;
    } else {
      sum += value;
      ++count;
    }
  }
  return sum / static_cast<double>(count);  // 0/0 is NaN
}

}  // namespace impact
