#include "engine/learn/prepare/step.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/learn/prepare/families.h"

namespace impact {
namespace {

constexpr std::string_view kFilePrefix = "step ";

const StepKind* find_kind(std::string_view name) {
  const auto kinds = step_kinds();
  const auto found = std::find_if(kinds.begin(), kinds.end(),
                                  [&](const StepKind& kind) { return kind.name == name; });
  return found == kinds.end() ? nullptr : &*found;
}

const StepKind& known_kind(std::string_view name) {
  const StepKind* const kind = find_kind(name);
  if (kind != nullptr) return *kind;
  std::vector<std::string> names;
  for (const StepKind& each : step_kinds()) names.emplace_back(each.name);
  throw ArgumentError({.what = "there is no such step of preparation",
                       .got = std::string(name),
                       .expected = list_words(names, names.size()),
                       .hint = did_you_mean(name, names)});
}

template <class T>
void check_length(std::span<const T> values, std::size_t rows, const char* what) {
  if (values.empty() || values.size() == rows) return;
  throw ArgumentError({.what = "what a step learns from differs in length",
                       .where = what,
                       .got = std::to_string(values.size()),
                       .expected = std::to_string(rows) + " rows"});
}

void check_input(const StepInput& input) {
  const std::size_t rows = input.features.rows();
  check_length(input.outcome, rows, "outcome");
  check_length(input.weights, rows, "weights");
  check_length(input.groups, rows, "groups");
  if (rows == 0) {
    throw ArgumentError({.what = "there are no rows to prepare from", .expected = "a row or more"});
  }
  double total = 0.0;
  for (const double weight : input.weights) {
    if (!(weight >= 0.0) || !std::isfinite(weight)) {
      throw ArgumentError({.what = "a weight is finite and not negative",
                           .where = "weights",
                           .got = format_double(weight)});
    }
    total += weight;
  }
  if (!input.weights.empty() && !(total > 0.0)) {
    throw ArgumentError({.what = "all weights are zero", .where = "weights"});
  }
}

}  // namespace

std::span<const StepKind> step_kinds() {
  static const std::vector<StepKind> kinds = [] {
    std::vector<StepKind> out;
    for (const auto family : {
             detail::select_steps(),
             detail::impute_steps(),
             detail::scale_steps(),
             detail::encode_steps(),
             detail::product_steps(),
             detail::spline_steps(),
             detail::axes_steps(),
             detail::tf_idf_steps(),
             detail::keep_best_steps(),
             detail::target_steps(),
             detail::lump_steps(),
             detail::bin_steps(),
         }) {
      out.insert(out.end(), family.begin(), family.end());
    }
    return out;
  }();
  return kinds;
}

void check_step(const StepSpec& spec) {
  // A step reads all of its options before it looks at cells, and of no column it does nothing.
  static constexpr double kNone = 0.0;
  (void)known_kind(spec.kind).prepare(spec.options, {.outcome = std::span(&kNone, 1)}, {});
}

StepResult prepare_step(const StepSpec& spec, const StepInput& input, const Context& context) {
  const StepKind& kind = known_kind(spec.kind);
  check_input(input);
  context.check();
  return kind.prepare(spec.options, input, context);
}

std::shared_ptr<const PreparedStep> read_step(const ModelFile& file) {
  const StepKind* const kind =
      file.kind.starts_with(kFilePrefix)
          ? find_kind(std::string_view(file.kind).substr(kFilePrefix.size()))
          : nullptr;
  if (kind != nullptr) return kind->read(file);
  throw DataError({.what = "this is no step of preparation that the program knows",
                   .got = file.kind,
                   .expected = "a step as impact saves it",
                   .hint = "a newer version of the program may have saved it"});
}

}  // namespace impact
