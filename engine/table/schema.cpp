#include "engine/table/schema.h"

#include <fmt/format.h>

#include <set>

#include "engine/core/error.h"

namespace impact {

Schema::Schema(std::vector<ColumnInfo> columns) : columns_(std::move(columns)) {
  std::set<std::string_view> seen;
  for (const auto& column : columns_) {
    if (!seen.insert(column.name).second) {
      throw DataError({.what = fmt::format("two columns are named '{}'", column.name),
                       .got = list_words(names()),
                       .hint = "give one of them another name with :as or rename"});
    }
  }
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> names;
  names.reserve(columns_.size());
  for (const auto& column : columns_) names.push_back(column.name);
  return names;
}

std::optional<std::size_t> Schema::find(std::string_view name) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i].name == name) return i;
  }
  return std::nullopt;
}

std::size_t Schema::require(std::string_view name, std::string_view table) const {
  if (const auto at = find(name)) return *at;
  const auto good = names();
  throw ArgumentError({.what = fmt::format("no column '{}' in {}", name, table),
                       .got = std::string(name),
                       .expected = list_words(good),
                       .hint = did_you_mean(name, good)});
}

}  // namespace impact
