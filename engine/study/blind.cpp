#include "engine/study/blind.h"

#include <filesystem>

#include "engine/core/rng.h"
#include "engine/study/recipe.h"
#include "engine/table/backend.h"
#include "engine/table/resolve.h"
#include "engine/table/verbs.h"

namespace impact {
namespace {

constexpr const char* kPlace = "impact place";
constexpr const char* kFrom = "impact from";

// Place 1 ... n of every row -> the place its outcomes are taken from.
RelationPtr permutation_table(const std::shared_ptr<Backend>& backend, std::size_t rows,
                              StreamKey key, const Context& context) {
  const auto drawn = Stream(key).permutation(rows, context);
  std::vector<std::int64_t> places(rows);
  std::vector<std::int64_t> from(rows);
  for (std::size_t i = 0; i < rows; ++i) {
    places[i] = static_cast<std::int64_t>(i) + 1;
    from[i] = static_cast<std::int64_t>(drawn[i]) + 1;
  }
  return scan_frame(backend,
                    Frame({kPlace, kFrom},
                          {Column::integers(std::move(places)), Column::integers(std::move(from))}),
                    {kPlace}, "the shuffle");
}

RelationPtr shuffled(const RelationPtr& leaf, const std::set<std::string>& outcomes, StreamKey key,
                     const Context& context) {
  if (leaf->key.empty()) {
    throw DataError({.what = "outcomes can't be shuffled in a table without a key",
                     .where = leaf->label,
                     .hint = "declare the key of the source, or blind = \"hide\""});
  }
  const auto& backend = leaf->backend;
  const auto rows = static_cast<std::size_t>(backend->count_rows(leaf, context));
  const RelationPtr placed =
      derive(leaf, {{kPlace, window("row_number", {}, {}, ascending(leaf->key))}});
  const RelationPtr order = permutation_table(backend, rows, key, context);
  std::vector<NamedExpr> taken{{kFrom, column(kPlace)}};
  for (const std::string& name : outcomes) taken.push_back({name, column(name)});
  Join by_place{.kind = JoinKind::kInner, .on = {{kPlace, kPlace}}};
  Join by_from{.kind = JoinKind::kInner, .on = {{kFrom, kFrom}}};
  const RelationPtr left =
      join(drop(placed, {outcomes.begin(), outcomes.end()}), order, std::move(by_place));
  const RelationPtr mixed = join(left, select(placed, std::move(taken)), std::move(by_from));
  std::vector<NamedExpr> columns;
  for (const std::string& name : leaf->schema.names()) columns.push_back({name, column(name)});
  return with_label(with_key(select(mixed, std::move(columns)), leaf->key), leaf->label);
}

// The file itself, below what the source does to it.
RelationPtr leaf_of(RelationPtr relation) {
  while (!relation->inputs.empty()) relation = relation->inputs[0];
  return relation;
}

RelationPtr hidden(const RelationPtr& leaf, const std::set<std::string>& outcomes) {
  std::vector<NamedExpr> columns;
  for (const ColumnInfo& info : leaf->schema.columns()) {
    const ExprPtr value = column(info.name);
    columns.push_back(
        {info.name, outcomes.count(info.name) == 0 ? value : call("null_if", {value, value})});
  }
  return with_label(select(leaf, std::move(columns)), leaf->label);
}

}  // namespace

namespace {

void add(const StudyColumn& item, std::set<Origin>* to) {
  if (item.table != nullptr) to->merge(origins_of(*item.table, *item.expr));
}

// What the study declares to be outcomes: roles, and what its inquiries ask about.
std::set<Origin> declared_outcomes(const Study& study) {
  std::set<Origin> outcomes, asked, covariates;
  for (const Node& node : study.nodes) {
    if (const auto* inquiry = std::get_if<InquiryNode>(&node.body)) {
      add(inquiry->outcome, &asked);
    } else if (const auto* roles = std::get_if<RolesNode>(&node.body)) {
      for (const auto& [role, members] : roles->roles) {
        for (const StudyColumn& item : members) {
          if (role == "outcome") add(item, &outcomes);
          if (role == "covariate") add(item, &covariates);
        }
      }
    }
  }
  // A baseline inside a change score is known before: its role says so.
  for (const Origin& origin : asked) {
    if (covariates.count(origin) == 0) outcomes.insert(origin);
  }
  return outcomes;
}

// What analyses look at besides: any column without a role that says it was known before.
std::set<Origin> looked_at(const Study& study) {
  std::set<Origin> looked, known;
  for (const Node& node : study.nodes) {
    if (const Recipe* recipe = analysis_of(node.body)) {
      for (const auto& [role, members] : recipe->roles) {
        if (role != "of") continue;
        for (const StudyColumn& item : members) add(item, &looked);
      }
    } else if (const auto* inquiry = std::get_if<InquiryNode>(&node.body)) {
      if (inquiry->contrast) add(inquiry->contrast->exposure, &known);
    } else if (const auto* roles = std::get_if<RolesNode>(&node.body)) {
      for (const auto& [role, members] : roles->roles) {
        if (role == "outcome" || role == "post_treatment") continue;
        for (const StudyColumn& item : members) add(item, &known);
      }
    }
  }
  for (const Origin& origin : known) looked.erase(origin);
  return looked;
}

// Name of a source -> its columns among these, those of another source of the same file included.
std::map<std::string, std::set<std::string>> by_source(const Study& study,
                                                       const std::set<Origin>& origins) {
  // By file: a second source of the same file must not show what the first one hides.
  std::map<const Relation*, std::filesystem::path> files;
  for (const Node& node : study.nodes) {
    const auto* source = std::get_if<SourceNode>(&node.body);
    if (source != nullptr) files[leaf_of(source->relation).get()] = source->path;
  }
  std::map<std::filesystem::path, std::set<std::string>> outcomes;
  for (const auto& [leaf, name] : origins) {
    const auto file = files.find(leaf);
    if (file != files.end()) outcomes[file->second].insert(name);
  }
  std::map<std::string, std::set<std::string>> out;
  for (const Node& node : study.nodes) {
    const auto* source = std::get_if<SourceNode>(&node.body);
    if (source == nullptr) continue;
    const auto found = outcomes.find(source->path);
    if (found == outcomes.end()) continue;
    for (const std::string& name : found->second) {
      if (source->relation->schema.find(name)) out[node.name].insert(name);
    }
  }
  return out;
}

}  // namespace

std::set<Origin> outcome_origins(const Study& study) {
  std::set<Origin> out = declared_outcomes(study);
  out.merge(looked_at(study));
  return out;
}

std::map<std::string, std::set<std::string>> blinded_columns(const Study& study) {
  return by_source(study, outcome_origins(study));
}

void Blind::prepare(const Context& context) {
  if (!active_ || ready_) return;
  ready_ = true;
  const auto declared = by_source(study_, declared_outcomes(study_));
  for (const auto& [name, columns] : blinded_columns(study_)) {
    const RelationPtr leaf = leaf_of(std::get<SourceNode>(study_.find(name)->body).relation);
    const StreamKey key = StreamKey::root(study_.seed).child("blind").child(name);
    RelationPtr seen = leaf;
    if (study_.blind == Blinding::kHide) {
      seen = hidden(leaf, columns);
    } else {
      // Outcomes stay together. What analyses look at may be what outcomes are compared by: each
      // such column goes its own way.
      const auto at = declared.find(name);
      const std::set<std::string> together =
          at == declared.end() ? std::set<std::string>() : at->second;
      if (!together.empty()) seen = shuffled(seen, together, key, context);
      for (const std::string& column : columns) {
        if (together.count(column) != 0) continue;
        seen = shuffled(seen, {column}, key.child(column), context);
      }
    }
    others_[leaf.get()] = leaf->backend->cache(seen, context);
  }
}

RelationPtr Blind::operator()(const RelationPtr& relation) const {
  if (!active_) return relation;
  const std::lock_guard lock(mutex_);
  return replace_relations(relation, &others_);
}

}  // namespace impact
