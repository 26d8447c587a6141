#include "engine/causal/graph/graph_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace impact::detail {
namespace {

// Left, right and double arrow of Unicode, short and long.
constexpr std::array<std::string_view, 6> kArrows = {"\u2190", "\u2192", "\u2194",
                                                     "\u27f5", "\u27f6", "\u27f7"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool continues_code_point(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

void GraphScanner::skip_blanks(bool lines) {
  while (!done() && (is_blank(peek()) || (lines && peek() == '\n'))) ++at_;
}

std::string GraphScanner::quoted() {
  const std::size_t start = at_++;
  std::string out;
  while (!done() && peek() != '"') {
    if (peek() == '\\' && at_ + 1 < text_.size() &&
        (text_[at_ + 1] == '"' || text_[at_ + 1] == '\\')) {
      ++at_;
    }
    out += text_[at_++];
  }
  if (done()) refuse("a quote is not closed", start, "another \" that ends the name");
  ++at_;
  if (out.empty()) refuse("a node of a causal graph needs a name", start, "a name in the quotes");
  return out;
}

std::string GraphScanner::word() {
  const std::size_t start = at_;
  while (!done() && is_plain(peek()) &&
         std::ranges::none_of(kArrows, [this](std::string_view a) { return looking_at(a); })) {
    ++at_;
  }
  return std::string(text_.substr(start, at_ - start));
}

std::string GraphScanner::place(std::size_t at) const {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < std::min(at, text_.size()); ++i) {
    if (text_[i] == '\n') {
      ++line;
      column = 1;
    } else if (!continues_code_point(text_[i])) {
      ++column;
    }
  }
  return fmt::format("causal graph, line {}, column {}", line, column);
}

std::string GraphScanner::seen(std::size_t at) const {
  GraphScanner ahead(text_);
  ahead.at_ = at;
  ahead.skip_blanks(false);
  if (ahead.done()) return "the end of the text";
  if (ahead.peek() == '\n') return "the end of the line";
  const std::string word = ahead.word();
  if (!word.empty()) return word;
  std::size_t end = ahead.at_ + 1;
  while (end < text_.size() && continues_code_point(text_[end])) ++end;
  return std::string(text_.substr(ahead.at_, end - ahead.at_));
}

void GraphScanner::refuse(std::string what, std::size_t at, std::string expected,
                          std::string hint) const {
  throw ArgumentError({.what = std::move(what),
                       .where = place(at),
                       .got = seen(at),
                       .expected = std::move(expected),
                       .hint = std::move(hint)});
}

void add_edges(const NodeNames& from, const NodeNames& to, EdgeKind kind, const std::string& place,
               CausalGraphParts* parts) {
  // Names may repeat in a group, edges only count once: more than this is no graph.
  if (from.size() > kMostNodes * kMostNodes / std::max<std::size_t>(to.size(), 1)) {
    throw ArgumentError({.what = "the causal graph is too large",
                         .where = place,
                         .got = fmt::format("groups of {} and {} names", from.size(), to.size()),
                         .expected = fmt::format("at most {} nodes", kMostNodes)});
  }
  for (const std::string& a : from) {
    for (const std::string& b : to) {
      if (a == b) {
        throw ArgumentError(
            {.what = fmt::format("'{}' has an edge to itself", a),
             .where = place,
             .got = fmt::format("{} {} {}", a, kind == EdgeKind::kDirected ? "->" : "<->", b),
             .hint = "an effect of a thing on itself later is an arrow between two nodes, one for "
                     "each time"});
      }
      parts->edges.push_back({a, b, kind});
    }
  }
}

std::string quoted_if_needed(const std::string& name, bool graphviz) {
  GraphScanner scanner(name);
  const bool plain = scanner.word().size() == name.size();
  const bool digits = name.front() >= '0' && name.front() <= '9';
  const bool dotted = name.find('.') != std::string::npos;
  std::string lower = name;
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::array<std::string_view, 6> kKeywords = {"node",    "edge",   "graph",
                                                         "digraph", "strict", "subgraph"};
  const bool keyword = std::ranges::find(kKeywords, lower) != kKeywords.end();
  if (plain && !keyword && !(graphviz && (digits || dotted))) return name;
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

}  // namespace impact::detail
