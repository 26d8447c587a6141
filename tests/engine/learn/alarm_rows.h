#pragma once

#include <string>
#include <vector>

#include "engine/core/rng.h"
#include "engine/learn/feature_columns.h"

/// What tests of alarms share.
namespace impact::learning {

inline const StreamKey kAlarmKey = StreamKey::root(31);

/// Owns what FeatureColumns looks at.
struct AlarmTable {
  std::vector<double> x = {};
  std::vector<std::string> names = {};
  void add(const std::string& name, const std::vector<double>& column) {
    names.push_back(name);
    x.insert(x.end(), column.begin(), column.end());
  }
  [[nodiscard]] FeatureColumns features() const {
    return {.x = x, .columns = names.size(), .names = names};
  }
};

inline std::vector<double> normals(std::size_t n, std::uint64_t unit) {
  Stream stream(kAlarmKey, unit);
  std::vector<double> values(n);
  for (double& v : values) v = stream.normal();
  return values;
}

inline std::vector<double> lognormals(std::size_t n, std::uint64_t unit) {
  Stream stream(kAlarmKey, unit);
  std::vector<double> values(n);
  for (double& v : values) v = stream.lognormal(0.0, 1.0);
  return values;
}

/// 1 where the condition holds of a row.
template <class Condition>
std::vector<std::int32_t> labels(std::size_t n, Condition&& condition) {
  std::vector<std::int32_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = condition(i) ? 1 : 0;
  return out;
}

}  // namespace impact::learning
