#include "engine/study/estimate_node.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/stats/design_matrix.h"
#include "engine/stats/difference_in_means.h"
#include "engine/stats/lin.h"
#include "engine/stats/linear.h"
#include "engine/study/effect_answer.h"
#include "engine/study/needs.h"
#include "engine/study/units.h"
#include "engine/table/backend.h"
#include "engine/table/take.h"

namespace impact {
namespace {

bool same_column(const StudyColumn& a, const StudyColumn& b) {
  return a.assignment == b.assignment && to_json(*a.expr) == to_json(*b.expr);
}

// One estimator on its data. Arms are 1 treated, 0 control, -1 neither.
class Answer {
 public:
  Answer(const Study& study, const EstimatorNode& node, const Blind& blind, StreamKey key,
         const Context& context)
      : study_(study),
        method_(node.method),
        inquiry_(std::get<InquiryNode>(study.find(node.answers)->body)),
        contrast_(*inquiry_.contrast),
        blind_(blind),
        key_(key),
        context_(context) {}

  std::vector<Estimate> give() {
    gather();
    // A difference in means of an experiment is the effect on everybody and on the treated.
    const bool whoever =
        method_.kind == Method::Kind::kDifferenceInMeans && inquiry_.target == "ATT";
    const bool asked = method_.kind == Method::Kind::kEffect ||
                       (method_.kind == Method::Kind::kLearned &&
                        method_.learned->spec.model == DoubleModel::kInteractive);
    if (inquiry_.target != "ATE" && !asked && !whoever) {
      std::string words(effect_target_words(parse_effect_target(inquiry_.target)));
      notes_.push_back("the inquiry asks for the effect " + words + ", but " + name_of(method_) +
                       " averages over treated and controls: the two differ where the effect "
                       "varies");
    }
    const bool regression =
        method_.kind == Method::Kind::kOls || method_.kind == Method::Kind::kLin;
    if (regression && !clusters_.empty() && !clustered(se_type())) {
      notes_.push_back(std::string(se_type_name(se_type())) + " standard errors ignore that '" +
                       clusters_ + "' holds units together: take CR2");
    }
    std::vector<Estimate> out = answers();
    for (Estimate& row : out) {
      row.warnings.insert(row.warnings.begin(), notes_.begin(), notes_.end());
    }
    return out;
  }

 private:
  std::vector<Estimate> answers() const {
    std::vector<Estimate> out;
    if (by_.empty()) {
      out.push_back(estimate(rows_of(std::nullopt), ""));
      return out;
    }
    const Groups groups = group_cells(frame_.column(by_));
    std::vector<std::int32_t> order(groups.labels.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
    const auto label = [&](std::int32_t code) -> const std::string& {
      return groups.labels[static_cast<std::size_t>(code)];
    };
    std::sort(order.begin(), order.end(),
              [&](std::int32_t a, std::int32_t b) { return label(a) < label(b); });
    for (const std::int32_t code : order) {
      out.push_back(estimate(rows_of(std::pair(&groups, code)), " | " + by_ + "=" + label(code)));
    }
    return out;
  }

  void gather() {
    const RelationPtr table = blind_(inquiry_.outcome.table);
    Needs needs(table);
    outcome_ = needs.add(inquiry_.outcome);
    const AssignmentNode* assignment = assignment_node();
    if (assignment == nullptr) exposure_ = needs.add(contrast_.exposure);
    for (const auto& term : method_.covariates) {
      Term named;
      for (const StudyColumn& item : term) {
        named.columns.push_back(same_column(item, contrast_.exposure) ? "" : needs.add(item));
      }
      terms_.push_back(std::move(named));
    }
    for (const auto& term : method_.propensity) {
      Term named;
      for (const StudyColumn& item : term) named.columns.push_back(needs.add(item));
      propensity_.push_back(std::move(named));
    }
    for (const StudyColumn& item : method_.fixed_effects) effects_.push_back(needs.add(item));
    // Without a key what was drawn elsewhere can't be matched, only read where it stands.
    const bool in_place =
        assignment != nullptr && assignment->given && assignment->units->key.empty();
    if (in_place) exposure_ = needs.add(*assignment->given);
    clusters_ = needs.add(in_place && !method_.clusters ? assignment->clusters : method_.clusters);
    if (method_.kind == Method::Kind::kBlocked) {
      blocks_ = needs.add(in_place && !method_.blocks ? assignment->within : method_.blocks);
    }
    weights_ = needs.add(method_.weights);
    by_ = needs.add(inquiry_.by);
    where_ = needs.add(inquiry_.where);
    treatment_ =
        needs.free_name(contrast_.exposure.name.empty() ? "treated" : contrast_.exposure.name);
    for (Term& term : terms_) {
      for (std::string& name : term.columns) {
        if (name.empty()) name = treatment_;
      }
    }
    frame_ = needs.collect(context_);
    read_arms(assignment, table->key);
    if (assignment != nullptr && exposure_.empty()) add_groups(*assignment, table->key, needs);
    if (!by_.empty() && frame_.column(by_).missing_count() > 0) {
      note_rows(frame_.column(by_).missing_count(), "left out because '" + by_ + "' is missing");
    }
  }

  [[nodiscard]] const AssignmentNode* assignment_node() const {
    const std::string& name = contrast_.exposure.assignment;
    if (name.empty()) return nullptr;
    const auto& node = std::get<AssignmentNode>(study_.find(name)->body);
    if (node.units == nullptr) {
      throw ArgumentError(
          {.what = "assignment '" + name + "' is of a model, the outcome of a table",
           .got = "units = " + node.model,
           .expected = "units = the table that holds a row for each unit"});
    }
    return &node;
  }

  [[nodiscard]] int arm_of(const std::string& cell) const {
    return cell == contrast_.treated ? 1 : cell == contrast_.control ? 0 : -1;
  }

  // Arms by the cells of a column: 1 and 1.0 are one value.
  void read_exposure(const Column& exposure) {
    const Groups groups = group_cells(exposure);
    const bool numeric = exposure.type().numeric();
    const auto treated = numeric ? parse_double(contrast_.treated) : std::nullopt;
    const auto control = numeric ? parse_double(contrast_.control) : std::nullopt;
    std::vector<int> arm;
    for (const std::string& label : groups.labels) {
      const auto value = numeric ? parse_double(label) : std::nullopt;
      arm.push_back(value && value == treated ? 1 : value && value == control ? 0 : arm_of(label));
    }
    std::size_t missing = 0;
    for (std::size_t row = 0; row < arms_.size(); ++row) {
      const std::int32_t code = groups.codes[row];
      arms_[row] = code < 0 ? -1 : arm[static_cast<std::size_t>(code)];
      missing += code < 0 ? 1U : 0U;
    }
    if (missing > 0) note_rows(missing, "left out because '" + exposure_ + "' is missing");
    for (const auto& [value, wanted] :
         {std::pair(&contrast_.treated, 1), {&contrast_.control, 0}}) {
      if (std::find(arm.begin(), arm.end(), wanted) != arm.end()) continue;
      auto labels = groups.labels;
      std::sort(labels.begin(), labels.end());
      const std::string meant = did_you_mean(*value, labels);
      notes_.push_back("no row has " + exposure_ + " = '" + *value + "'; its values: " +
                       list_words(labels) + (meant.empty() ? "" : "; " + meant));
    }
  }

  void note_rows(std::size_t count, const std::string& what) {
    notes_.push_back(std::to_string(count) + (count == 1 ? " row was " : " rows were ") + what);
  }

  // The exposure column, or the arms of the assignment matched by the units' key.
  void read_arms(const AssignmentNode* assignment, const std::vector<std::string>& key) {
    arms_.resize(frame_.rows());
    if (!exposure_.empty()) {
      read_exposure(frame_.column(exposure_));
      return;
    }
    if (key != assignment->units->key) {
      throw ArgumentError({.what = "the outcome's table and the units of assignment '" +
                                   assignment->design.name + "' have different keys",
                           .got = list_words(key),
                           .expected = list_words(assignment->units->key),
                           .hint = "an outcome is measured once for each unit"});
    }
    const Frame drawn = draw_arms(study_, *assignment, blind_, context_);
    const auto units = key_texts(drawn, key);
    const Column& arms = drawn.column(drawn.schema().size() - 1);
    struct Unit {
      int arm = -1;
      bool seen = false;
    };
    std::unordered_map<std::string, Unit> known;
    for (std::size_t row = 0; row < units.size(); ++row) {
      if (!arms.missing(row)) known[units[row]].arm = arm_of(std::string(arms.text_at(row)));
    }
    const auto rows = key_texts(frame_, key);
    std::size_t strangers = 0;
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const auto at = known.find(rows[row]);
      strangers += at == known.end() ? 1U : 0U;
      arms_[row] = at == known.end() ? -1 : at->second.arm;
      if (at != known.end()) at->second.seen = true;
    }
    const std::string of = " of assignment '" + assignment->design.name + "'";
    if (strangers > 0) note_rows(strangers, "left out: they belong to no unit" + of);
    const auto unseen =
        static_cast<std::size_t>(std::count_if(known.begin(), known.end(), [](const auto& unit) {
          return unit.second.arm >= 0 && !unit.second.seen;
        }));
    if (unseen > 0) {
      notes_.push_back(std::to_string(unseen) + (unseen == 1 ? " unit" : " units") + of +
                       " in these arms " + (unseen == 1 ? "has" : "have") +
                       " no row in the outcome's table");
    }
  }

  // Blocks and clusters that were not given are those of the assignment, found by the units' key:
  // the outcome's table need not have them.
  void add_groups(const AssignmentNode& assignment, const std::vector<std::string>& key,
                  const Needs& needs) {
    const bool blocked = method_.kind == Method::Kind::kBlocked;
    if (clusters_.empty() && assignment.clusters) {
      clusters_ = add_group(*assignment.clusters, assignment, key, needs);
    }
    if (blocked && blocks_.empty() && assignment.within) {
      blocks_ = add_group(*assignment.within, assignment, key, needs);
    }
  }

  std::string add_group(const StudyColumn& group, const AssignmentNode& assignment,
                        const std::vector<std::string>& key, const Needs& needs) {
    Needs wanted(blind_(assignment.units));
    const std::string name = wanted.add(group);
    const Frame units = wanted.collect(context_);
    const Groups groups = group_cells(units.column(name));
    std::unordered_map<std::string, std::int32_t> known;
    const auto unit_keys = key_texts(units, key);
    for (std::size_t row = 0; row < unit_keys.size(); ++row) {
      known[unit_keys[row]] = groups.codes[row];
    }
    const auto rows = key_texts(frame_, key);
    std::vector<std::int64_t> codes(rows.size(), 0);
    std::vector<std::uint64_t> valid((rows.size() + 63) / 64, 0);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const auto at = known.find(rows[row]);
      if (at == known.end() || at->second < 0) continue;
      codes[row] = at->second;
      valid[row / 64] |= std::uint64_t{1} << (row % 64);
    }
    std::vector<std::string> names = frame_.schema().names();
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(frame_.column(i));
    std::string own = needs.free_name(name);
    while (own == treatment_ || frame_.schema().find(own)) own += "_";
    names.push_back(own);
    columns.push_back(Column::integers(std::move(codes), std::move(valid)));
    frame_ = Frame(std::move(names), std::move(columns));
    return own;
  }

  [[nodiscard]] std::vector<std::size_t> rows_of(
      std::optional<std::pair<const Groups*, std::int32_t>> group) const {
    const Column* where = where_.empty() ? nullptr : &frame_.column(where_);
    std::vector<std::size_t> rows;
    for (std::size_t row = 0; row < arms_.size(); ++row) {
      if (arms_[row] < 0) continue;
      if (group && group->first->codes[row] != group->second) continue;
      if (where != nullptr && (where->missing(row) || where->as_booleans()[row] == 0)) continue;
      rows.push_back(row);
    }
    return rows;
  }

  [[nodiscard]] std::vector<double> numbers(const Frame& frame, const std::string& name) const {
    if (name.empty()) return {};
    std::vector<double> storage;
    const auto cells = frame.column(name).to_numbers(storage);
    return {cells.begin(), cells.end()};
  }

  [[nodiscard]] static std::vector<std::int32_t> codes(const Frame& frame,
                                                       const std::string& name) {
    return name.empty() ? std::vector<std::int32_t>() : group_cells(frame.column(name)).codes;
  }

  Estimate estimate(const std::vector<std::size_t>& rows, const std::string& suffix) const {
    const Frame frame = take_rows(frame_, rows);
    std::vector<std::int32_t> arms;
    for (const std::size_t row : rows) arms.push_back(arms_[row]);
    const std::string term = contrast_.treated + " - " + contrast_.control + suffix;
    switch (method_.kind) {
      case Method::Kind::kDifferenceInMeans:
      case Method::Kind::kBlocked: return means(frame, arms, term);
      case Method::Kind::kOls: return ols(frame, arms, term);
      case Method::Kind::kLin: return adjusted(frame, arms, term);
      case Method::Kind::kEffect:
      case Method::Kind::kLearned: return effect(frame, arms, term);
    }
    return {};
  }

  Estimate means(const Frame& frame, const std::vector<std::int32_t>& arms,
                 const std::string& term) const {
    const auto y = numbers(frame, outcome_);
    const auto weights = numbers(frame, weights_);
    const auto blocks = codes(frame, blocks_);
    const auto clusters = codes(frame, clusters_);
    return difference_in_means(
        {.y = y, .arm = arms, .block = blocks, .cluster = clusters, .weight = weights},
        {.term = term, .conf_level = method_.conf_level});
  }

  [[nodiscard]] SeType se_type() const {
    if (!method_.se_type.empty()) return parse_se_type(method_.se_type);
    return clusters_.empty() ? SeType::kHc2 : SeType::kCr2;
  }

  [[nodiscard]] std::vector<std::string> also() const {
    std::vector<std::string> out{outcome_};
    for (const std::string& name : {clusters_, weights_}) {
      if (!name.empty()) out.push_back(name);
    }
    out.insert(out.end(), effects_.begin(), effects_.end());
    return out;
  }

  Estimate effect(const Frame& frame, const std::vector<std::int32_t>& arms,
                  const std::string& term) const {
    const detail::EffectColumns columns{.outcome = outcome_,
                                        .covariates = terms_,
                                        .propensity = propensity_,
                                        .weights = weights_,
                                        .clusters = clusters_};
    const EffectTarget target = parse_effect_target(inquiry_.target);
    Estimate row =
        method_.kind == Method::Kind::kEffect
            ? detail::effect_answer(frame, arms, columns, method_, target, context_)
            : detail::learned_answer(frame, arms, columns, method_, target, key_, context_);
    row.term = term;
    return row;
  }

  // The arm as a column of its own, then the covariates.
  Estimate ols(const Frame& frame, const std::vector<std::int32_t>& arms,
               const std::string& term) const {
    std::vector<std::string> names = frame.schema().names();
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(frame.column(i));
    names.push_back(treatment_);
    columns.push_back(Column::numbers({arms.begin(), arms.end()}));
    const Frame whole(std::move(names), std::move(columns));
    DesignMatrixSpec spec{.terms = {Term{{treatment_}}}, .also = also()};
    spec.terms.insert(spec.terms.end(), terms_.begin(), terms_.end());
    const DesignMatrix matrix = design_matrix(whole, spec);
    const auto y = take_rows<double>(numbers(whole, outcome_), matrix.source);
    const auto weights = taken(numbers(whole, weights_), matrix);
    const auto clusters = taken(codes(whole, clusters_), matrix);
    std::vector<std::vector<std::int32_t>> effects;
    for (const std::string& name : effects_) effects.push_back(taken(codes(whole, name), matrix));
    // Absorbed levels hold the intercept already.
    const std::size_t skipped = effects.empty() ? 0 : 1;
    const std::span<const std::string> kept = std::span(matrix.names).subspan(skipped);
    LinearData data{
        .x = std::span(matrix.x).subspan(skipped * matrix.rows),
        .columns = kept.size(),
        .y = y,
        .weights = weights,
        .clusters = clustered(se_type()) ? std::span(clusters) : std::span<const std::int32_t>(),
        .names = kept};
    for (const auto& levels : effects) data.absorbed.emplace_back(levels);
    const LinearFit fit = linear(data, {.se = se_type()}, context_);
    for (Estimate& row : to_estimates(fit, kept, "ols", method_.conf_level)) {
      if (row.term == treatment_) return named(std::move(row), term, matrix);
    }
    Estimate none{.n = fit.n,
                  .method = "ols",
                  .se_type = std::string(se_type_name(se_type())),
                  .warnings = fit.warnings};
    none.warnings.push_back("the contrast has no estimate: the other columns determine it");
    return named(std::move(none), term, matrix);
  }

  Estimate adjusted(const Frame& frame, const std::vector<std::int32_t>& arms,
                    const std::string& term) const {
    const DesignMatrix matrix =
        design_matrix(frame, {.terms = terms_, .intercept = true, .also = also()});
    // The intercept comes first and is lin()'s own.
    const std::span<const double> x = std::span(matrix.x).subspan(matrix.rows);
    const std::span<const std::string> names = std::span(matrix.names).subspan(1);
    const auto y = take_rows<double>(numbers(frame, outcome_), matrix.source);
    const auto weights = taken(numbers(frame, weights_), matrix);
    const auto clusters = taken(codes(frame, clusters_), matrix);
    const auto kept = take_rows<std::int32_t>(arms, matrix.source);
    auto rows = lin(
        {.y = y,
         .arm = kept,
         .covariates = x,
         .columns = names.size(),
         .weights = weights,
         .clusters = clustered(se_type()) ? std::span(clusters) : std::span<const std::int32_t>(),
         .names = names},
        {.se = se_type(), .conf_level = method_.conf_level}, context_);
    return named(std::move(rows.front()), term, matrix);
  }

  template <class T>
  static std::vector<T> taken(const std::vector<T>& cells, const DesignMatrix& matrix) {
    if (cells.empty()) return {};
    return take_rows<T>(std::span<const T>(cells), matrix.source);
  }

  static Estimate named(Estimate row, const std::string& term, const DesignMatrix& matrix) {
    row.term = term;
    row.warnings.insert(row.warnings.begin(), matrix.warnings.begin(), matrix.warnings.end());
    return row;
  }

  const Study& study_;
  const Method& method_;
  const InquiryNode& inquiry_;
  const StudyContrast& contrast_;
  const Blind& blind_;
  StreamKey key_;
  const Context& context_;
  Frame frame_;
  std::vector<std::int32_t> arms_;
  std::vector<Term> terms_;
  std::vector<Term> propensity_;
  std::vector<std::string> effects_;
  std::vector<std::string> notes_;  // Warnings of every answer.
  // Names in frame_; "" where there is no such column.
  std::string outcome_, exposure_, treatment_, clusters_, blocks_, weights_, by_, where_;
};

}  // namespace

std::vector<Estimate> estimate_node(const Study& study, const Node& node, const Blind& blind,
                                    const Context& context) {
  const StreamKey key = StreamKey::root(study.seed).child("estimator").child(node.name);
  return Answer(study, std::get<EstimatorNode>(node.body), blind, key, context).give();
}

}  // namespace impact
