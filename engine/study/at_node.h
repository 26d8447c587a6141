#pragma once

#include "engine/study/study.h"

namespace impact {

/// Runs a step of one declaration: its errors carry the declaration's line, a cancel stays one.
template <class Step>
auto at_node(const Node& node, Step&& step) {
  try {
    return step();
  } catch (const Cancelled&) {
    throw;
  } catch (const NodeError&) {
    throw;
  } catch (const Error& error) {
    throw NodeError(error, node.at);
  }
}

}  // namespace impact
