#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/core/context.h"
#include "engine/core/rng.h"

namespace impact {

/// How units are put into arms. One declaration serves the simulated study and the real one: there,
/// units stand in key order and the stream is root(seed).child("assignment").child(name), unit 0.
struct Assignment {
  enum class Method {
    kSimple,    ///< Every unit (or cluster) on its own: numbers per arm vary.
    kComplete,  ///< Numbers per arm are fixed up to the remainder; needs no more than one unit.
  };
  std::string name = {};
  std::vector<std::string> arms = {};      ///< At least two different texts.
  std::vector<double> probabilities = {};  ///< One an arm, above 0, sum 1; empty = equal.
  std::vector<std::int64_t> counts = {};   ///< Units (or clusters) an arm in every block, >= 0;
                                           ///< empty = from the probabilities. kComplete only.
  Method method = Method::kComplete;
};

/// Block and cluster of every unit as codes >= 0 of any coding; empty = none. Units of a cluster
/// share an arm; blocks are assigned one by one.
struct AssignmentGroups {
  std::span<const std::int32_t> blocks = {};
  std::span<const std::int32_t> clusters = {};
};

/// An assignment prepared for one set of units, to be drawn any number of times. Immutable; any
/// number of threads may draw.
///
/// A block of m units (or clusters) gets floor(m p_j) units in arm j; the R units left over go to R
/// different arms, arm j with probability frac(m p_j): systematic sampling along the arms in random
/// order (Madow 1949), so that every unit is in arm j with probability p_j exactly, whatever the
/// remainder. Then the block's arms are shuffled. Probabilities are turned into ratios of integers
/// once (nearest ratio with a denominator up to 100,000 if it is within 1e-9 / denominator, else
/// multiples of 2^-32) and all else is integer arithmetic: the same arms on every machine. Blocks,
/// and clusters in a block, are taken in the order in which they first appear, so codes may be
/// renamed.
class AssignmentPlan {
 public:
  /// Throws ArgumentError: fewer than two arms, repeated arms, probabilities that do not sum to 1,
  /// counts that do not add up to a block's size, a negative code (a unit without a block or a
  /// cluster), a cluster with units in two blocks (the units are named by number, from 1).
  AssignmentPlan(const Assignment& assignment, std::size_t units, AssignmentGroups groups = {});

  /// Memory a drawing thread reuses.
  struct Scratch {
    std::vector<std::int32_t> slots;
    std::vector<std::size_t> order;
  };
  /// Writes the arm (index into Assignment::arms) of every unit; out.size() == units.
  void draw(Stream& stream, std::span<std::int32_t> out, Scratch& scratch) const;
  /// Marginal probability of every arm for every unit: units x arms, row by row. Known before the
  /// draw and exact up to the rounding of a quotient of integers.
  [[nodiscard]] std::vector<double> probabilities() const;

 private:
  struct Block {
    std::size_t first = 0;                 // into members_
    std::size_t size = 0;                  // units or clusters
    std::vector<std::int64_t> whole = {};  // units an arm before the remainder
    std::vector<std::uint64_t> rest = {};  // remainder an arm, in 1 / denominator_
    std::size_t left = 0;                  // units left over: sum of rest / denominator_
  };
  void fill_slots(const Block& block, Stream& stream, Scratch& scratch) const;

  std::size_t arms_ = 0;
  bool simple_ = false;
  std::vector<std::uint64_t> weights_;  // numerators of the probabilities
  std::uint64_t denominator_ = 1;
  std::vector<Block> blocks_;
  std::vector<std::size_t> members_;  // units, or first units of clusters, block by block
  std::vector<std::size_t> leader_;   // first unit of each unit's cluster; empty = no clusters
};

/// Arm of every unit, one draw. Errors as AssignmentPlan.
[[nodiscard]] std::vector<std::int32_t> draw_assignment(const Assignment& assignment,
                                                        std::size_t units, AssignmentGroups groups,
                                                        Stream& stream);

/// AssignmentPlan::probabilities of one assignment. Errors as AssignmentPlan.
[[nodiscard]] std::vector<double> assignment_probabilities(const Assignment& assignment,
                                                           std::size_t units,
                                                           AssignmentGroups groups);

}  // namespace impact
