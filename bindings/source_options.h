#pragma once

#include <vector>

#include "bindings/runtime.h"
#include "bindings/table_type.h"

/// Options of CSV files, shared by csv() and S:source.
namespace impact::bindings {

[[nodiscard]] std::vector<Param> csv_params();
/// Reads csv_params() from a call that has them.
void read_csv_options(const Call& call, FileSource* source);

}  // namespace impact::bindings
