#include "engine/table/duckdb/session.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "engine/core/error.h"
#include "engine/table/duckdb/errors.h"
#include "engine/table/duckdb/reader.h"
#include "engine/table/duckdb/sql_check.h"

namespace impact::duck {

namespace {

std::atomic<int> scratch_count{0};

bool lies_in(const std::filesystem::path& inner, const std::filesystem::path& outer) {
  const auto [end, rest] = std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end());
  return end == outer.end() || end->empty();
}

// Without folders inside others: DuckDB compares a path with the one folder before it in byte order
// only, so that of "/" and "/tmp/a" it would refuse "/tmp/b".
std::string folder_list(const std::vector<std::filesystem::path>& folders) {
  std::vector<std::filesystem::path> plain;
  for (const std::filesystem::path& folder : folders) {
    plain.push_back(std::filesystem::absolute(folder).lexically_normal());
  }
  std::vector<std::string> parts;
  for (const std::filesystem::path& folder : plain) {
    const bool covered =
        std::any_of(plain.begin(), plain.end(), [&](const std::filesystem::path& other) {
          return lies_in(folder, other) && !lies_in(other, folder);
        });
    // Below "/" itself DuckDB 1.4.4 finds nothing.
    const std::string text = folder == folder.root_path() ? "/." : folder.string();
    if (!covered) parts.push_back(DuckDbDialect::literal(text));
  }
  return fmt::format("[{}]", fmt::join(parts, ", "));
}

}  // namespace

void DropQueue::push(std::string handle) {
  const std::scoped_lock lock(mutex_);
  handles_.push_back(std::move(handle));
}

std::vector<std::string> DropQueue::take() {
  const std::scoped_lock lock(mutex_);
  return std::exchange(handles_, {});
}

// Process, counter and clock make the name unique; nothing that is computed
// depends on it.
Scratch::Scratch(std::filesystem::path parent) {
  std::error_code code;
  if (parent.empty()) parent = std::filesystem::temp_directory_path(code);
  if (parent.empty()) parent = "/tmp";
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  path_ = std::filesystem::absolute(parent).lexically_normal() /
          fmt::format("impact-{}-{}-{:x}", ::getpid(), scratch_count++, now);
}

Scratch::~Scratch() {
  std::error_code code;
  std::filesystem::remove_all(path_, code);
}

void Scratch::create() const {
  std::error_code code;
  std::filesystem::create_directories(path_, code);
  if (code) {
    throw IoError({.what = "the folder for temporary files cannot be made",
                   .where = path_.string(),
                   .got = code.message(),
                   .hint = "name another folder for temporary files"});
  }
}

DuckDbBackend::DuckDbBackend(DuckDbOptions options)
    : options_(std::move(options)), scratch_(options_.temp_directory) {}

void DuckDbBackend::open() {
  if (watcher_ != nullptr) return;
  std::vector<std::pair<std::string, std::string>> settings{
      {"threads", std::to_string(std::max(options_.threads, 1))},
      {"temp_directory", scratch_.path().string()},
      {"preserve_insertion_order", "true"},
      {"default_null_order", "nulls_last"},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"}};
  if (options_.memory_limit > 0) {
    settings.emplace_back("memory_limit", fmt::format("{}B", options_.memory_limit));
  }
  // DuckDB makes its folder when it first spills, but not the folders above it.
  std::error_code code;
  std::filesystem::create_directories(scratch_.path().parent_path(), code);
  auto database = std::make_unique<Database>(settings);
  auto connection = database->connect();
  try {
    connection->execute("SET TimeZone = 'UTC'");
    // Lets threads run ahead of whoever reads the rows.
    connection->execute("SET streaming_buffer_size = '64MB'");
    connection->execute("SET enable_progress_bar = true");
    connection->execute("SET enable_progress_bar_print = false");
    register_aggregates(*connection);
    register_draw(*connection);
    register_casts(*connection);
    register_frame_scan(*connection, frames_, options_.threads);
    if (!options_.readable.empty()) {
      std::vector<std::filesystem::path> folders = options_.readable;
      folders.push_back(scratch_.path());
      connection->execute("SET allowed_directories = " + folder_list(folders));
      connection->execute("SET enable_external_access = false");
    }
    connection->execute("SET lock_configuration = true");
  } catch (const QueryError& error) {
    throw InternalError({.what = "the table engine refuses a setting", .got = error.what()});
  }
  database_ = std::move(database);
  connection_ = std::move(connection);
  watcher_ = std::make_unique<Watcher>(*connection_);
}

DuckDbBackend::Session::Session(DuckDbBackend& backend, const Context& context)
    : backend_(backend), context_(context) {
  if (backend.owner_.load() == std::this_thread::get_id()) {
    throw InternalError({.what = "a table is used while another is being streamed",
                         .hint = "collect the inner table first"});
  }
  context.check();
  lock_ = std::unique_lock(backend.mutex_);
  backend.open();
  for (const std::string& handle : backend.drops_->take()) {
    try {
      connection().execute("DROP TABLE IF EXISTS " + DuckDbDialect::identifier(handle));
    } catch (const QueryError& error) {
      raise(error, {.where = "a cached table"});
    }
  }
  guard_.emplace(*backend.watcher_, context);
  backend.owner_.store(std::this_thread::get_id());
}

DuckDbBackend::Session::~Session() { backend_.owner_.store(std::thread::id()); }

DuckDbBackend::Hooks::Hooks(DuckDbBackend& backend, const Relation* root) : backend_(backend) {
  if (root != nullptr) note_widths(*root);
}

void DuckDbBackend::Hooks::note_widths(const Relation& relation) {
  if (const auto* query = std::get_if<SqlQuery>(&relation.verb)) {
    widths_[&query->text] = relation.schema.size();
  }
  if (std::holds_alternative<Cached>(relation.verb)) return;
  for (const RelationPtr& input : relation.inputs) note_widths(*input);
}

std::string DuckDbBackend::Hooks::scan(const Relation& relation) {
  if (const auto* file = std::get_if<FileScan>(&relation.verb)) {
    backend_.require_readable(file->source);
    check_readable(file->source);
    return scan_text(*backend_.connection_, file->source, relation.schema);
  }
  if (const auto* frame = std::get_if<FrameScan>(&relation.verb)) {
    return fmt::format("impact_frame({})", backend_.frames_->id_of(frame->frame));
  }
  if (std::holds_alternative<Overview>(relation.verb)) {
    // Only explain() meets one whose rows were not asked for yet.
    if (relation.overview == nullptr) return DuckDbDialect::identifier(relation.label);
    return fmt::format("impact_frame({})", backend_.frames_->id_of(relation.overview));
  }
  return DuckDbDialect::identifier(std::get<Cached>(relation.verb).handle);
}

std::string DuckDbBackend::Hooks::fragment(const std::string& text) {
  const auto known = backend_.fragments_.find(text);
  if (known != backend_.fragments_.end()) return known->second;
  return backend_.fragments_[text] = check_fragment(*backend_.connection_, text);
}

std::string DuckDbBackend::Hooks::statement(const std::string& text,
                                            const std::vector<std::string>& names) {
  const auto width = widths_.find(&text);
  return check_statement(*backend_.connection_, text, names,
                         [&](const std::string&) {
                           return width == widths_.end() ? std::size_t{0} : width->second;
                         })
      .text;
}

}  // namespace impact::duck
