#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/causal/graph/causal_graph.h"
#include "engine/causal/graph/separation.h"

namespace impact {

/// The total effect of one treatment on one outcome.
struct InstrumentQuery {
  std::string treatment = {};
  std::string outcome = {};
  /// Columns that may serve as instruments or be conditioned on; none: all observed nodes.
  std::optional<NodeNames> allowed = {};
};

/// Z is an instrument given W when, W held,
///   1. Z and the treatment are associated;
///   2. Z and the outcome are not, once the causal paths from treatment to outcome are cut at their
///      first edge;
/// and neither Z nor W lies on those causal paths or descends from a node on them. In linear models
/// cov(Z, Y | W) / cov(Z, X | W) is then the total effect; otherwise the reading needs more
/// (monotonicity: the effect on compliers).
struct Instrument {
  std::string name = {};
  NodeNames given = {};     ///< W; empty for an instrument as it stands.
  std::string reason = {};  ///< One sentence: how it moves the treatment.
  OpenPath relevance = {};  ///< A path that carries the association with the treatment.
};

struct InstrumentVerdict {
  bool valid = false;
  std::string reason = {};
  OpenPath open = {};  ///< The path to the outcome that is left open, where that is the reason.
};

/// Judges one candidate. Throws ArgumentError for unknown nodes and sets that overlap.
[[nodiscard]] InstrumentVerdict check_instrument(const CausalGraph& graph,
                                                 const InstrumentQuery& query,
                                                 const std::string& instrument,
                                                 std::span<const std::string> given = {});

/// Every allowed node that is an instrument, by name, with a set W among the ancestors of it and of
/// the outcome from which nothing can be left out ("ancestral instruments"). If any conditional
/// instrument exists, one of this kind does. Polynomial: of all separating sets the one nearest to
/// the outcome cuts least between instrument and treatment.
/// Source: van der Zander, Textor & Liskiewicz, IJCAI 2015; Brito & Pearl, UAI 2002.
[[nodiscard]] std::vector<Instrument> instruments(const CausalGraph& graph,
                                                  const InstrumentQuery& query);

}  // namespace impact
