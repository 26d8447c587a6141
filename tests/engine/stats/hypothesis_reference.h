#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/engine/stats/named_reference.h"

/// What tests/reference/stats/hypothesis.R wrote: the samples and the numbers of R.
namespace impact::hypothesis {

using peers::Codes;
using peers::Numbers;
using peers::warned;

inline const peers::NamedReference& peer() {
  static const peers::NamedReference kPeer("hypothesis");
  return kPeer;
}

inline Numbers data(const std::string& name) { return peer().data(name); }
inline Codes codes(const std::string& name) { return peer().codes(name); }
inline double number(const std::string& test, const std::string& field) {
  return peer().number(test, field);
}
inline void check(double ours, const std::string& test, const std::string& field,
                  double tolerance = 1e-9) {
  peer().check(ours, test, field, tolerance);
}

/// The first `n` values of a sample.
inline Numbers first(const std::string& name, std::size_t n) {
  Numbers values = data(name);
  values.resize(n);
  return values;
}

inline Numbers reversed(Numbers values) { return {values.rbegin(), values.rend()}; }

}  // namespace impact::hypothesis
