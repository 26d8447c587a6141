#include "engine/causal/graph/covariate_roles.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <optional>
#include <utility>

namespace impact {
namespace {

constexpr std::array<std::string_view, 11> kRoles = {"mediator",
                                                     "descendant_of_mediator",
                                                     "descendant_of_outcome",
                                                     "collider",
                                                     "m_bias",
                                                     "instrument",
                                                     "descendant_of_treatment",
                                                     "confounder",
                                                     "blocker",
                                                     "precision",
                                                     "neutral"};
constexpr std::array<std::string_view, 4> kVerdicts = {"good", "neutral", "caution", "bad"};

using detail::AdjustmentProblem;

/// Everything that the judgement of one covariate looks at.
class Judge {
 public:
  Judge(const CausalGraph& graph, const AdjustmentProblem& p, const AdjustmentQuery& query)
      : graph_(graph),
        p_(p),
        query_(query),
        x_(fmt::format("{}", fmt::join(query.treatment, ", "))),
        y_(fmt::format("{}", fmt::join(query.outcome, ", "))) {}

  // `others`: the covariates that are kept beside v.
  CovariateFinding judge(NodeId v, const NodeSet& others) const {
    CovariateFinding out{.name = graph_.name(v)};
    if (forbidden(v, &out)) return out;
    const NodeSet self{v};
    const NodeSet with = others | self;
    const bool before = blocked(others);
    const bool after = blocked(with);
    if (before && !after) return opens(v, with);
    const bool to_x = !detail::are_separated(p_.non_causal, self, p_.treatment, others);
    const bool to_y = !detail::are_separated(p_.non_causal, self, p_.outcome, others);
    if (!before && after) {
      const bool cause = common_cause(v);
      out.path = detail::open_path(p_.non_causal, p_.treatment, p_.outcome, others);
      return finish(std::move(out), cause ? CovariateRole::kConfounder : CovariateRole::kBlocker,
                    CovariateVerdict::kGood,
                    fmt::format("{} is needed: without it the path {} is open", graph_.name(v),
                                out.path.text));
    }
    if (to_x && !to_y && !graph_.descendants(p_.treatment).contains(v)) {
      return finish(std::move(out), CovariateRole::kInstrument, CovariateVerdict::kCaution,
                    fmt::format("{} moves {} and reaches {} only through it: adjusting for it "
                                "raises the variance and amplifies whatever bias is left",
                                graph_.name(v), x_, y_));
    }
    if (!before && to_x && to_y && common_cause(v)) {
      return finish(std::move(out), CovariateRole::kConfounder, CovariateVerdict::kGood,
                    fmt::format("{} is a common cause of {} and {}; it is not the only one that has"
                                " to be held",
                                graph_.name(v), x_, y_));
    }
    if (const auto valid = valid_without(v); valid && !blocked(*valid | self)) {
      return opens(v, *valid | self);
    }
    if (graph_.descendants(p_.treatment).contains(v)) {
      return finish(std::move(out), CovariateRole::kDescendantOfTreatment,
                    CovariateVerdict::kCaution,
                    fmt::format("{} is a consequence of {} off the causal paths to {}: harmless if "
                                "the graph is right, and of no use",
                                graph_.name(v), x_, y_));
    }
    const bool predicts =
        !detail::are_separated(p_.non_causal, self, p_.outcome, others | p_.treatment);
    if (predicts && !to_x) {
      return finish(std::move(out), CovariateRole::kPrecision, CovariateVerdict::kGood,
                    fmt::format("{} explains {} and has nothing to do with {}: it lowers the "
                                "variance",
                                graph_.name(v), y_, x_));
    }
    if (before && common_cause(v)) {
      return finish(std::move(out), CovariateRole::kConfounder, CovariateVerdict::kGood,
                    fmt::format("{} is a common cause of {} and {}; the other covariates would "
                                "suffice without it",
                                graph_.name(v), x_, y_));
    }
    return finish(std::move(out), CovariateRole::kNeutral, CovariateVerdict::kNeutral,
                  fmt::format("{} neither opens nor blocks a path between {} and {}",
                              graph_.name(v), x_, y_));
  }

 private:
  [[nodiscard]] bool blocked(const NodeSet& set) const {
    return detail::are_separated(p_.non_causal, p_.treatment, p_.outcome, set);
  }

  [[nodiscard]] bool common_cause(NodeId v) const {
    return graph_.ancestors(p_.treatment).contains(v) &&
           graph_.without_edges_out_of(p_.treatment).ancestors(p_.outcome).contains(v);
  }

  [[nodiscard]] std::optional<NodeSet> valid_without(NodeId v) const {
    AdjustmentQuery query = query_;
    query.allowed = graph_.names_of(graph_.observed() - NodeSet{v});
    const AdjustmentSet set = minimal_adjustment(graph_, query);
    if (!set.exists) return std::nullopt;
    return graph_.set_of(set.set, "covariates");
  }

  static CovariateFinding finish(CovariateFinding out, CovariateRole role, CovariateVerdict verdict,
                                 std::string sentence) {
    out.role = role;
    out.verdict = verdict;
    out.sentence = std::move(sentence);
    return out;
  }

  bool forbidden(NodeId v, CovariateFinding* out) const {
    if (!p_.forbidden.contains(v)) return false;
    out->verdict = CovariateVerdict::kBad;
    if (p_.on_causal_paths.contains(v)) {
      out->role = CovariateRole::kMediator;
      out->sentence = fmt::format(
          "{} lies on a causal path from {} to {}: adjusting for it takes "
          "away the effect that goes through it",
          graph_.name(v), x_, y_);
    } else if (graph_.descendants(p_.outcome).contains(v)) {
      out->role = CovariateRole::kDescendantOfOutcome;
      out->sentence = fmt::format(
          "{} is a consequence of {}: adjusting for it selects on the "
          "outcome",
          graph_.name(v), y_);
    } else {
      const NodeSet above = graph_.ancestors(NodeSet{v}) & p_.on_causal_paths;
      out->role = CovariateRole::kDescendantOfMediator;
      out->sentence = fmt::format(
          "{} is a consequence of the mediator {}: adjusting for it takes "
          "away part of the effect and can open paths",
          graph_.name(v), graph_.name(above.first()));
    }
    return true;
  }

  [[nodiscard]] CovariateFinding opens(NodeId v, const NodeSet& with) const {
    CovariateFinding out{.name = graph_.name(v)};
    out.path = detail::open_path(p_.non_causal, p_.treatment, p_.outcome, with);
    const bool late = graph_.descendants(p_.treatment).contains(v);
    return finish(
        std::move(out), late ? CovariateRole::kCollider : CovariateRole::kMBias,
        CovariateVerdict::kBad,
        fmt::format("{} is a collider{}: adjusting for it opens the path {}", graph_.name(v),
                    late ? "" : " that comes before the treatment", out.path.text));
  }

  const CausalGraph& graph_;
  const AdjustmentProblem& p_;
  const AdjustmentQuery& query_;
  std::string x_;
  std::string y_;
};

std::string reading_of(const CovariateReview& review) {
  std::string out = review.together.reason;
  if (review.together.valid) return out;
  if (!review.repairable) {
    return fmt::format("{}. No set of observed columns would do", out);
  }
  std::vector<std::string> advice;
  if (!review.leave_out.empty()) {
    advice.push_back(fmt::format("leave out {}", fmt::join(review.leave_out, ", ")));
  }
  if (!review.add.empty()) advice.push_back(fmt::format("add {}", fmt::join(review.add, ", ")));
  return fmt::format("{}. To mend it, {}", out, fmt::join(advice, " and "));
}

}  // namespace

std::string_view covariate_role_name(CovariateRole role) {
  return kRoles[static_cast<std::size_t>(role)];
}

std::string_view covariate_verdict_name(CovariateVerdict verdict) {
  return kVerdicts[static_cast<std::size_t>(verdict)];
}

CovariateReview review_covariates(const CausalGraph& graph, std::span<const std::string> treatment,
                                  std::span<const std::string> outcome,
                                  std::span<const std::string> covariates) {
  AdjustmentQuery query{.treatment = {treatment.begin(), treatment.end()},
                        .outcome = {outcome.begin(), outcome.end()}};
  CovariateReview out;
  out.together = check_adjustment(graph, query, covariates);
  const AdjustmentProblem p = detail::adjustment_problem(graph, query);
  const NodeSet all = graph.set_of(covariates, "covariates");
  const NodeSet kept = all - p.forbidden;
  const Judge judge(graph, p, query);
  NodeSet bad;
  for (const std::string& name : covariates) {
    const NodeId v = graph.id(name, "covariates");
    out.findings.push_back(judge.judge(v, kept - NodeSet{v}));
    if (out.findings.back().verdict == CovariateVerdict::kBad) bad.insert(v);
  }
  if (out.together.valid) {
    out.repairable = true;
    out.reading = reading_of(out);
    return out;
  }
  // Keep what is not bad if a valid set has it, else start afresh.
  query.required = graph.names_of((all - bad) & graph.observed());
  AdjustmentSet repaired = minimal_adjustment(graph, query);
  if (!repaired.exists) {
    query.required.clear();
    repaired = minimal_adjustment(graph, query);
  }
  out.repairable = repaired.exists;
  if (repaired.exists) {
    const NodeSet set = graph.set_of(repaired.set, "covariates");
    out.leave_out = graph.names_of(all - set);
    out.add = graph.names_of(set - all);
  } else {
    out.leave_out = graph.names_of(bad);
  }
  out.reading = reading_of(out);
  return out;
}

}  // namespace impact
