#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/table/backend.h"
#include "engine/table/dialect.h"
#include "engine/table/duckdb/database.h"
#include "engine/table/duckdb/functions.h"
#include "engine/table/duckdb/watch.h"

namespace impact::duck {

/// Caches whose last owner is gone. Their tables are dropped before the next
/// statement, never inside a running one. Thread-safe.
class DropQueue {
 public:
  void push(std::string handle);
  [[nodiscard]] std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::vector<std::string> handles_;
};

/// The folder DuckDB spills into and files are staged in: made on demand,
/// removed at the end.
class Scratch {
 public:
  explicit Scratch(std::filesystem::path parent);
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// Makes the folder; throws IoError.
  void create() const;

 private:
  std::filesystem::path path_;
};

class DuckDbBackend : public Backend {
 public:
  explicit DuckDbBackend(DuckDbOptions options);

  [[nodiscard]] Schema read_schema(const FileSource& source) override;
  [[nodiscard]] std::vector<Type> types_of(const Relation& input,
                                           const std::vector<NamedExpr>& exprs) override;
  [[nodiscard]] QueryInfo query_schema(const std::string& text,
                                       const std::vector<std::string>& names,
                                       const std::vector<RelationPtr>& inputs) override;
  [[nodiscard]] PlainReading plain_reading(const std::string& text) override;
  [[nodiscard]] Frame collect(const RelationPtr& relation, const Context& context) override;
  void stream(const RelationPtr& relation, const Context& context,
              const std::function<bool(const Frame&)>& sink) override;
  [[nodiscard]] std::int64_t count_rows(const RelationPtr& relation,
                                        const Context& context) override;
  [[nodiscard]] RelationPtr cache(const RelationPtr& relation, const Context& context) override;
  void write(const RelationPtr& relation, const std::filesystem::path& path,
             const WriteOptions& options, const Context& context) override;
  void check(const RelationPtr& relation, const Expectations& expectations,
             const Context& context) override;
  [[nodiscard]] std::string explain(const RelationPtr& relation) override;
  [[nodiscard]] std::string version() const override;

 private:
  class Session;
  class Hooks;

  /// Rows of a statement over `relation` as columns of `schema`; `append`
  /// returns false to stop.
  void run(Session& session, const Relation& relation, const Schema& schema, const std::string& sql,
           const std::function<bool(const std::vector<LogicalType>&, const Chunk&)>& append);
  /// The same as one frame.
  [[nodiscard]] Frame frame_of(Session& session, const Relation& relation, const Schema& schema,
                               const std::string& sql);
  /// Throws the engine's error for a statement over `relation`; looks for bad
  /// cells in its files.
  [[noreturn]] void fail(Connection& connection, const QueryError& error, const Relation& relation);
  /// require_narrow_groups, for statements that could have a group so wide.
  static void require_narrow(Connection& connection, const Relation& relation,
                             const std::string& sql);
  void open();
  void require_readable(const FileSource& source) const;

  DuckDbOptions options_;
  Scratch scratch_;
  std::mutex mutex_;
  std::atomic<std::thread::id> owner_{};
  std::shared_ptr<DropQueue> drops_ = std::make_shared<DropQueue>();
  std::shared_ptr<FrameRegistry> frames_ = std::make_shared<FrameRegistry>();
  std::map<std::string, std::string> fragments_;  // Checked SQL expressions.
  int next_cache_ = 1;
  int next_export_ = 1;
  // In this order: the watcher uses the connection, the connection the
  // database.
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Watcher> watcher_;
};

/// A SELECT without rows whose columns have the schema's names and types: what
/// expressions are bound against.
[[nodiscard]] std::string stand_in(const Schema& schema);

}  // namespace impact::duck
