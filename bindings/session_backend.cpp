#include "bindings/session.h"

namespace impact::bindings {

const std::shared_ptr<Backend>& Session::backend() {
  if (backend_ != nullptr) return backend_;
  DuckDbOptions options;
  options.threads = options_.threads;
  options.memory_limit = options_.memory;
  options.temp_directory = scratch() / "spill";
  for (const std::filesystem::path& folder : places())
    options.readable.push_back(std::filesystem::absolute(folder));
  options.readable.push_back(scratch());
  // Whoever sits at a prompt may read what the system lets them read; "no limit" would also open
  // the rest of the outside to SQL text.
  if (options_.interactive) options.readable.emplace_back("/");
  if (!options_.out.empty()) options.readable.push_back(std::filesystem::absolute(options_.out));
  backend_ = open_duckdb(options);
  return backend_;
}

}  // namespace impact::bindings
