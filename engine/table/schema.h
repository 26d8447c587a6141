#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/table/type.h"

namespace impact {

struct ColumnInfo {
  std::string name;
  Type type;
  bool operator==(const ColumnInfo&) const = default;
};

/// Ordered, uniquely named columns. Names are case-sensitive.
class Schema {
 public:
  Schema() = default;
  /// Throws DataError when two columns share a name.
  explicit Schema(std::vector<ColumnInfo> columns);

  [[nodiscard]] std::size_t size() const noexcept { return columns_.size(); }
  [[nodiscard]] const ColumnInfo& operator[](std::size_t i) const { return columns_[i]; }
  [[nodiscard]] const std::vector<ColumnInfo>& columns() const noexcept { return columns_; }
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  /// Position of `name`; throws ArgumentError "no column 'x' in <table>" with a suggestion.
  [[nodiscard]] std::size_t require(std::string_view name, std::string_view table) const;
  bool operator==(const Schema&) const = default;

 private:
  std::vector<ColumnInfo> columns_;
};

}  // namespace impact
