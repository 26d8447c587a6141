#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>

namespace impact {

/// Number of a node in its graph: its place among the names in byte order.
using NodeId = std::size_t;

inline constexpr std::size_t kMostNodes = 512;

/// A set of nodes of one graph: kMostNodes bits, so that unions and differences are a few
/// instructions. Walks go upwards. Elements beyond kMostNodes - 1 are not allowed.
class NodeSet {
 public:
  NodeSet() = default;
  NodeSet(std::initializer_list<NodeId> nodes) {
    for (const NodeId v : nodes) insert(v);
  }
  /// 0 ... count - 1.
  [[nodiscard]] static NodeSet first_nodes(std::size_t count) {
    NodeSet set;
    for (NodeId v = 0; v < count; ++v) set.insert(v);
    return set;
  }

  void insert(NodeId v) { words_[v / 64] |= bit(v); }
  void erase(NodeId v) { words_[v / 64] &= ~bit(v); }
  [[nodiscard]] bool contains(NodeId v) const { return (words_[v / 64] & bit(v)) != 0; }
  [[nodiscard]] bool empty() const { return *this == NodeSet{}; }
  [[nodiscard]] std::size_t size() const {
    int count = 0;
    for (const std::uint64_t word : words_) count += std::popcount(word);
    return static_cast<std::size_t>(count);
  }
  /// Smallest element that is at least `from`; kMostNodes if there is none.
  [[nodiscard]] NodeId next(NodeId from) const {
    if (from >= kMostNodes) return kMostNodes;
    std::uint64_t word = words_[from / 64] & (~std::uint64_t{0} << (from % 64));
    for (std::size_t i = from / 64;;) {
      if (word != 0) return i * 64 + static_cast<std::size_t>(std::countr_zero(word));
      if (++i == words_.size()) return kMostNodes;
      word = words_[i];
    }
  }
  [[nodiscard]] NodeId first() const { return next(0); }

  NodeSet& operator|=(const NodeSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  NodeSet& operator&=(const NodeSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  NodeSet& operator-=(const NodeSet& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
  }
  [[nodiscard]] friend NodeSet operator|(NodeSet a, const NodeSet& b) { return a |= b; }
  [[nodiscard]] friend NodeSet operator&(NodeSet a, const NodeSet& b) { return a &= b; }
  [[nodiscard]] friend NodeSet operator-(NodeSet a, const NodeSet& b) { return a -= b; }
  [[nodiscard]] bool meets(const NodeSet& other) const { return !(*this & other).empty(); }
  [[nodiscard]] bool within(const NodeSet& other) const { return (*this - other).empty(); }
  bool operator==(const NodeSet&) const = default;
  /// A total order for containers.
  std::strong_ordering operator<=>(const NodeSet&) const = default;

  class Iterator {
   public:
    using value_type = NodeId;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const NodeId*;
    using reference = NodeId;
    Iterator() = default;
    Iterator(const NodeSet* set, NodeId at) : set_(set), at_(at) {}
    NodeId operator*() const { return at_; }
    Iterator& operator++() {
      at_ = set_->next(at_ + 1);
      return *this;
    }
    Iterator operator++(int) {
      const Iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const NodeSet* set_ = nullptr;
    NodeId at_ = kMostNodes;
  };
  [[nodiscard]] Iterator begin() const { return {this, first()}; }
  [[nodiscard]] Iterator end() const { return {this, kMostNodes}; }

 private:
  [[nodiscard]] static std::uint64_t bit(NodeId v) { return std::uint64_t{1} << (v % 64); }
  std::array<std::uint64_t, kMostNodes / 64> words_{};
};

/// Smaller sets first, then the one whose first differing element comes first by name.
[[nodiscard]] inline bool listed_before(const NodeSet& a, const NodeSet& b) {
  if (a.size() != b.size()) return a.size() < b.size();
  const NodeId only_a = (a - b).first();
  const NodeId only_b = (b - a).first();
  return only_a < only_b;
}

}  // namespace impact
