#pragma once

#include <memory>

#include "engine/table/backend.h"
#include "tests/support/temp_dir.h"

namespace impact::test {

/// A table engine that spills into `dir`.
inline std::shared_ptr<Backend> open(const TempDir& dir, int threads = 2) {
  DuckDbOptions options;
  options.threads = threads;
  options.temp_directory = dir.path();
  return open_duckdb(options);
}

}  // namespace impact::test
