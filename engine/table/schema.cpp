#include "engine/table/schema.h"

#include <fmt/format.h>

#include <map>

#include "engine/core/error.h"

namespace impact {

Schema::Schema(std::vector<ColumnInfo> columns) : columns_(std::move(columns)) {
  // SQL engines take names that differ only in the case of their letters for one.
  const auto folded = [](std::string name) {
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return name;
  };
  std::map<std::string, std::string_view> seen;
  for (const auto& column : columns_) {
    const auto [at, fresh] = seen.emplace(folded(column.name), column.name);
    if (!fresh && at->second != column.name) {
      throw DataError({.what = fmt::format("the columns '{}' and '{}' differ only in case",
                                           at->second, column.name),
                       .got = list_words(names()),
                       .hint = "give one of them another name with :as or rename"});
    }
    if (!fresh) {
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
