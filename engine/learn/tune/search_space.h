#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/core/rng.h"
#include "engine/learn/trained_model.h"

/// What a tuner may choose: options of a learner by their path, each with the values it can take.
namespace impact {

struct SearchParameter {
  enum class Kind { kChoices, kIntegers, kNumbers };

  /// "max_depth", "model.learning_rate", "steps.0.components": names and places in lists.
  std::string path = {};
  Kind kind = Kind::kNumbers;
  std::vector<nlohmann::json> choices = {};  ///< Any JSON, each once.
  double low = 0.0;                          ///< Of a range; both ends belong to it.
  double high = 0.0;
  bool log = false;  ///< Ratios count, not differences; low > 0.
  int levels = 0;    ///< Of a range in a grid; 0: as asked of grid_points().
  /// The parameter only counts where `when` takes one of `when_any`. Empty: always.
  std::string when = {};
  std::vector<nlohmann::json> when_any = {};
};

/// A value for each parameter, in order: of a range the number, of choices the place in the list;
/// NaN where the parameter does not count.
using SearchPoint = std::vector<double>;

/// Parameters in an order where each comes after the one it depends on, else by path.
struct SearchSpace {
  std::vector<SearchParameter> parameters = {};
  std::vector<std::size_t> parent = {};  ///< Place of `when`; kNoParent for none.
  static constexpr std::size_t kNoParent = std::numeric_limits<std::size_t>::max();

  [[nodiscard]] std::size_t size() const { return parameters.size(); }
  /// Whether parameter j counts, given the values of those before it.
  [[nodiscard]] bool counts(std::size_t j, std::span<const double> point) const;
};

/// Checks and orders. Throws ArgumentError for no parameter at all, a path used twice, no choices
/// or equal ones, ends that are not finite or in the wrong order or not above 0 on a log scale,
/// a condition on an unknown parameter, on a value it can't take, or in a circle.
[[nodiscard]] SearchSpace search_space(std::vector<SearchParameter> parameters);

/// As a script writes it, inverse of search_space_json:
///     {"max_depth": {"integers": [2, 8]},
///      "learning_rate": {"numbers": [0.01, 0.3], "log": true, "levels": 4},
///      "hidden": {"choices": [[64], [64, 64]]},
///      "kernel": ["linear", "rbf"],
///      "gamma": {"numbers": [1e-3, 1], "log": true, "when": {"kernel": "rbf"}}}
/// A list is short for choices. "when" names one parameter and a value of it, or several:
/// {"kernel": {"one_of": ["rbf", "poly"]}}. Throws ArgumentError for JSON of another shape.
[[nodiscard]] SearchSpace search_space(const nlohmann::json& json);
[[nodiscard]] nlohmann::json search_space_json(const SearchSpace& space);

/// {"max_depth": 3, "hidden": [64]}: the parameters that count, by path; and back. Throws
/// ArgumentError for unknown or missing parameters and values outside of the space.
[[nodiscard]] nlohmann::json point_json(const SearchSpace& space, std::span<const double> point);
[[nodiscard]] SearchPoint point_of(const SearchSpace& space, const nlohmann::json& json);
/// Value of parameter j, which counts.
[[nodiscard]] nlohmann::json parameter_value(const SearchParameter& parameter, double value);
/// Throws ArgumentError for a point of another length or with values outside of the space.
void check_point(const SearchSpace& space, std::span<const double> point);

/// The learner with the point's options set. A path goes from the learner's options down; an
/// object {"learner" or "step": ..., "options": {...}} on the way lets its options be named
/// directly ("model.learning_rate" is model.options.learning_rate). Options at the end of a path
/// may be new, everything before must be there: else ArgumentError with a suggestion.
[[nodiscard]] LearnerSpec apply_point(const SearchSpace& space, std::span<const double> point,
                                      LearnerSpec learner);

/// Place in [0, 1] of a value of a range, even on the parameter's scale. Whole numbers stand in
/// the middle of intervals of equal width (on a log scale, between k - 1/2 and k + 1/2).
[[nodiscard]] double unit_of(const SearchParameter& parameter, double value);
/// The value at a place in [0, 1], places outside moved to its ends; also of choices, in equal
/// shares.
[[nodiscard]] double value_at(const SearchParameter& parameter, double unit);

/// Uniform on each parameter's scale; takes one number of the stream a parameter.
[[nodiscard]] SearchPoint draw_point(const SearchSpace& space, Stream& stream);

/// Each combination of all choices and of `levels` values of each range (evenly from end to end on
/// its scale; all where there are fewer whole numbers), the last parameter moving fastest; those
/// which differ only in what does not count once. Throws ArgumentError for more than 1,000,000.
[[nodiscard]] std::vector<SearchPoint> grid_points(const SearchSpace& space, int levels = 5);

}  // namespace impact
