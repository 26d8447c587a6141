#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/study/node.h"
#include "engine/table/frame.h"

namespace impact {

/// The columns that a node needs of one table, each under a name of its own, the table's key among
/// them.
class Needs {
 public:
  explicit Needs(const RelationPtr& table);

  /// The name the column has in the frame; the same for the same expression.
  std::string add(const StudyColumn& item);
  /// "" for none.
  std::string add(const std::optional<StudyColumn>& item) { return item ? add(*item) : ""; }
  /// A name that no column has.
  [[nodiscard]] std::string free_name(const std::string& base) const;
  /// Rows in the order of the key.
  [[nodiscard]] Frame collect(const Context& context) const;

 private:
  void add_named(const std::string& name, ExprPtr expr);

  RelationPtr table_;
  std::vector<NamedExpr> wanted_;
  std::map<std::string, std::string> known_;
  std::set<std::string> taken_;
};

}  // namespace impact
