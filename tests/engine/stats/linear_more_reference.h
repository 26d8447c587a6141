#pragma once

#include <span>
#include <string>

#include "tests/engine/stats/reference.h"

namespace impact::reference {

/// What tests/reference/stats/linear_more.R wrote.
inline const NamedReference& more() {
  static const NamedReference kMore("linear_more");
  return kMore;
}

/// `ones` ones, then the named data, as a matrix.
inline Numbers columns(const Names& names, std::size_t ones) {
  Numbers x(ones, 1.0);
  for (const std::string& name : names) {
    const Numbers column = more().data(name);
    x.insert(x.end(), column.begin(), column.end());
  }
  return x;
}

/// Every entry agrees to 1e-9 of the standard errors it belongs to.
inline void agree_matrix(std::span<const double> ours, const std::string& test) {
  std::size_t size = 0;
  while (size * size < ours.size()) ++size;
  for (std::size_t a = 0; a < size; ++a) {
    for (std::size_t b = 0; b < size; ++b) {
      const auto variance = [&](std::size_t k) {
        return more().number(test, std::to_string(k * size + k));
      };
      more().check(ours[a * size + b], test, std::to_string(a * size + b), 1e-9,
                   std::sqrt(variance(a) * variance(b)));
    }
  }
}

}  // namespace impact::reference
