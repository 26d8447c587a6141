#pragma once

#include "engine/table/duckdb/backend_impl.h"

namespace impact::duck {

/// One call into the backend: holds its lock, opens the database on first need,
/// drops forgotten caches and has the call watched for a cancel.
class DuckDbBackend::Session {
 public:
  Session(DuckDbBackend& backend, const Context& context);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();
  [[nodiscard]] Connection& connection() const noexcept { return *backend_.connection_; }
  [[nodiscard]] const Context& context() const noexcept { return context_; }

 private:
  DuckDbBackend& backend_;
  const Context& context_;
  std::unique_lock<std::mutex> lock_;
  std::optional<Watcher::Guard> guard_;
};

/// What the dialect asks while it compiles relations under `root`.
class DuckDbBackend::Hooks : public SqlHooks {
 public:
  Hooks(DuckDbBackend& backend, const Relation* root);
  [[nodiscard]] std::string scan(const Relation& relation) override;
  [[nodiscard]] std::string fragment(const std::string& text) override;
  [[nodiscard]] std::string statement(const std::string& text,
                                      const std::vector<std::string>& names) override;

 private:
  void note_widths(const Relation& relation);

  DuckDbBackend& backend_;
  // Columns of every SELECT in the tree, by the place of its text.
  std::map<const std::string*, std::size_t> widths_;
};

}  // namespace impact::duck
