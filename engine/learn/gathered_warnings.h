#pragma once

#include <string>
#include <vector>

namespace impact::detail {

/// Warnings of several fits as one says them: a sentence that fits share stands once, with their
/// number. Sentences that differ in counts alone are one, with the least and the largest count:
/// "in 3 of 5 fits: 2 to 4 rows were left out because a value is missing". Counts are numbers at
/// the beginning of a sentence and before "row" or "rows".
class GatheredWarnings {
 public:
  /// What one fit said.
  void add(const std::vector<std::string>& warnings);
  /// One sentence each, in the order in which they came.
  [[nodiscard]] std::vector<std::string> said() const;

 private:
  struct Sentence {
    std::string shape = {};  ///< Counts left out.
    std::string first = {};  ///< As it was said first, in the plural.
    std::vector<std::string> low = {}, high = {};
    int fits = 0;
    int last = 0;  ///< Fit that said it last.
  };
  int fits_ = 0;
  std::vector<Sentence> sentences_ = {};
};

}  // namespace impact::detail
