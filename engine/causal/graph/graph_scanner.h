#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/causal/graph/causal_graph.h"
#include "engine/core/error.h"

/// What the two readers of graphs share: not for other callers.
namespace impact::detail {

/// Walks a text and knows where it is.
class GraphScanner {
 public:
  explicit GraphScanner(std::string_view text) : text_(text) {}

  [[nodiscard]] bool done() const { return at_ >= text_.size(); }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] char peek() const { return done() ? '\0' : text_[at_]; }
  [[nodiscard]] bool looking_at(std::string_view word) const {
    return text_.substr(at_).starts_with(word);
  }
  void skip(std::size_t bytes) { at_ += bytes; }
  bool take(std::string_view word) {
    if (!looking_at(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_line() {
    while (!done() && peek() != '\n') ++at_;
  }
  /// Blanks, ends of lines too if `lines`.
  void skip_blanks(bool lines);
  /// A name in quotes, which are at hand; \" and \\ are unescaped.
  [[nodiscard]] std::string quoted();
  /// Letters, digits, '_', '.' and bytes beyond ASCII that begin no arrow; empty if there is none.
  [[nodiscard]] std::string word();
  /// "line 2, column 7" (columns in code points).
  [[nodiscard]] std::string place(std::size_t at) const;
  /// What stands at `at`, for messages: a word, a character, or "the end of the text".
  [[nodiscard]] std::string seen(std::size_t at) const;
  [[noreturn]] void refuse(std::string what, std::size_t at, std::string expected,
                           std::string hint = {}) const;

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

/// Edges from every node of `from` to every one of `to`; refuses a loop, and groups beyond all
/// measure, at `place`.
void add_edges(const NodeNames& from, const NodeNames& to, EdgeKind kind, const std::string& place,
               CausalGraphParts* parts);

/// The name as a text has to write it: in quotes unless it is a plain word.
[[nodiscard]] std::string quoted_if_needed(const std::string& name, bool graphviz);

}  // namespace impact::detail
