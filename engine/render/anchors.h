#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/render/report.h"

namespace impact {

/// The ids of one page: unique, made from words, the same for the same report. What a report says
/// of a declaration links to the first piece that shows it.
class Anchors {
 public:
  /// Learns which declarations the report shows.
  explicit Anchors(const Report& report);

  /// A new id from the words.
  [[nodiscard]] std::string fresh(std::string_view words);
  /// The id of the declaration for the first piece that asks, "" for later ones.
  [[nodiscard]] std::string claim(const std::string& node);
  /// The same as ` id="..."` or nothing.
  [[nodiscard]] std::string claimed_attribute(const std::string& node);
  /// "#id" of the piece that shows the declaration; "" when there is none.
  [[nodiscard]] std::string link(const std::string& node) const;

 private:
  std::set<std::string> taken_;
  std::map<std::string, std::string> nodes_;  // Declaration, id.
  std::set<std::string> claimed_;
};

}  // namespace impact
