#pragma once

#include "bindings/descriptor.h"

/// Operators and methods that the study surface gives to columns.
namespace impact::bindings {

/// y ~ x
[[nodiscard]] Function relate_operator();
/// formula | effects; `owner` is the type that carries the operator.
[[nodiscard]] Function part_operator(const std::string& owner);
/// column:between(treated, control)
[[nodiscard]] Function between_function();

}  // namespace impact::bindings
