#pragma once

#include "engine/learn/model_file.h"
#include "engine/learn/perceptron.h"

namespace impact {

/// Everything that a fitted perceptron holds, kind "perceptron"; what is read back predicts the
/// same bits. Throws DataError for another kind, a newer version, or parts that do not fit
/// together.
[[nodiscard]] ModelFile perceptron_file(const Perceptron& model);
[[nodiscard]] Perceptron read_perceptron(const ModelFile& file);

}  // namespace impact
