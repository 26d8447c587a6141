#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/feature_table.h"

namespace impact::tuning {

/// Two columns that matter, one that does not; a number, two classes and three that follow.
struct Invented {
  FeatureTable features = {};
  std::vector<double> number = {};
  std::vector<double> two = {};
  std::vector<double> three = {};
};

inline const std::vector<std::string> kTwo{"no", "yes"};
inline const std::vector<std::string> kThree{"low", "middle", "high"};

inline Invented invented(std::size_t n, std::int64_t seed = 1) {
  Invented out;
  std::vector<double> a, b, c;
  for (std::size_t i = 0; i < n; ++i) {
    Stream stream(StreamKey::root(seed), i);
    a.push_back(stream.normal());
    b.push_back(stream.normal());
    c.push_back(stream.normal());
    const double mean = a[i] - 0.5 * b[i] * b[i];
    out.number.push_back(mean + 0.3 * stream.normal());
    out.two.push_back(mean + 0.5 * stream.normal() > -0.4 ? 1.0 : 0.0);
    out.three.push_back(mean < -1.0 ? 0.0 : mean < 0.3 ? 1.0 : 2.0);
  }
  out.features =
      FeatureTable({number_feature("a", a), number_feature("b", b), number_feature("c", c)});
  return out;
}

}  // namespace impact::tuning
