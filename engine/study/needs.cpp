#include "engine/study/needs.h"

#include <nlohmann/json.hpp>

#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact {

Needs::Needs(const RelationPtr& table) : table_(table) {
  for (const std::string& name : table->key) add_named(name, column(name));
}

std::string Needs::add(const StudyColumn& item) {
  const std::string text = to_json(*item.expr).dump();
  if (const auto at = known_.find(text); at != known_.end()) return at->second;
  const auto names = columns_of(*item.expr);
  const std::string name = free_name(!item.name.empty() ? item.name
                                     : names.empty()    ? "x"
                                                        : names[0]);
  add_named(name, item.expr);
  return name;
}

std::string Needs::free_name(const std::string& base) const {
  std::string name = base;
  for (int i = 2; taken_.count(name) != 0; ++i) name = base + "_" + std::to_string(i);
  return name;
}

Frame Needs::collect(const Context& context) const {
  const RelationPtr needed = select(table_, wanted_);
  return needed->backend->collect(needed, context);
}

void Needs::add_named(const std::string& name, ExprPtr expr) {
  known_[to_json(*expr).dump()] = name;
  taken_.insert(name);
  wanted_.push_back({name, std::move(expr)});
}

}  // namespace impact
