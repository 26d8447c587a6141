#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/core/error.h"
#include "engine/table/duckdb/session.h"

namespace impact::duck {

namespace {

[[noreturn]] void refuse(const std::filesystem::path& target, int code) {
  std::string hint = "check the folder's permissions";
  if (code == ENOSPC || code == EDQUOT) hint = "free some space or write elsewhere";
  if (code == EROFS) hint = "write to another folder";
  throw IoError(
      {.what = code == ENOSPC || code == EDQUOT
                   ? "the disk is full: '" + target.filename().string() + "' was not written"
                   : "'" + target.filename().string() + "' cannot be written",
       .where = target.string(),
       .got = std::strerror(code),
       .hint = hint});
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

// Removes a file unless released.
class Removal {
 public:
  explicit Removal(std::filesystem::path path) : path_(std::move(path)) {}
  Removal(const Removal&) = delete;
  Removal& operator=(const Removal&) = delete;
  ~Removal() {
    std::error_code code;
    if (armed_) std::filesystem::remove(path_, code);
  }
  void release() noexcept { armed_ = false; }

 private:
  std::filesystem::path path_;
  bool armed_ = true;
};

void sync(const std::filesystem::path& path, const std::filesystem::path& target) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0) refuse(target, errno);
}

void copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
               const std::filesystem::path& target, const Context& context) {
  const Descriptor in(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  const Descriptor out(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (in.get() < 0 || out.get() < 0) refuse(target, errno);
  std::vector<char> block(std::size_t{1} << 20);
  while (true) {
    context.check();
    const ssize_t got = ::read(in.get(), block.data(), block.size());
    if (got < 0) refuse(target, errno);
    if (got == 0) break;
    for (ssize_t done = 0; done < got;) {
      const ssize_t put =
          ::write(out.get(), block.data() + done, static_cast<std::size_t>(got - done));
      if (put < 0 && errno != EINTR) refuse(target, errno);
      if (put > 0) done += put;
    }
  }
  if (::fsync(out.get()) != 0) refuse(target, errno);
}

// After this the target is either as it was or whole: data first, then its
// name.
void move_into_place(const std::filesystem::path& staged, const std::filesystem::path& target,
                     const Context& context) {
  sync(staged, target);
  if (std::rename(staged.c_str(), target.c_str()) != 0) {
    if (errno != EXDEV) refuse(target, errno);
    // Another file system: the copy gets the name when it is complete.
    const std::filesystem::path part =
        target.parent_path() /
        fmt::format(".{}.{}.part", target.filename().string(), staged.filename().string());
    std::error_code code;
    std::filesystem::remove(part, code);
    Removal removal(part);
    copy_file(staged, part, target, context);
    if (std::rename(part.c_str(), target.c_str()) != 0) refuse(target, errno);
    removal.release();
  }
  sync(target.parent_path(), target);
}

std::string copy_options(const WriteOptions& options) {
  switch (options.format) {
    case FileFormat::kCsv:
      return fmt::format("FORMAT csv, HEADER true, DELIMITER {}, NULLSTR {}",
                         DuckDbDialect::literal(std::string(1, options.delimiter)),
                         DuckDbDialect::literal(options.missing));
    case FileFormat::kParquet: return "FORMAT parquet, COMPRESSION zstd";
    case FileFormat::kJsonLines: break;
  }
  return "FORMAT json";
}

}  // namespace

void DuckDbBackend::write(const RelationPtr& relation, const std::filesystem::path& path,
                          const WriteOptions& options, const Context& context) {
  const std::filesystem::path target = std::filesystem::absolute(path).lexically_normal();
  if (std::filesystem::is_directory(target)) {
    throw IoError({.what = "'" + path.string() + "' is a folder",
                   .where = target.string(),
                   .hint = "name a file inside it"});
  }
  if (!std::filesystem::is_directory(target.parent_path())) {
    throw IoError({.what = "no folder '" + target.parent_path().string() + "'",
                   .where = target.string(),
                   .hint = "make the folder first"});
  }
  enforce(relation, context);
  Session session(*this, context);
  Hooks hooks(*this, relation.get());
  const std::string sql = DuckDbDialect::compile(*relation, hooks, true);
  scratch_.create();
  // DuckDB may write to the scratch folder only; from there the finished file
  // moves.
  const std::filesystem::path staged =
      scratch_.path() / fmt::format("export_{}_{}", ::getpid(), next_export_++);
  const Removal removal(staged);
  try {
    require_narrow(session.connection(), *relation, sql);
    session.connection().execute(fmt::format("COPY ({}) TO {} ({})", sql,
                                             DuckDbDialect::literal(staged.string()),
                                             copy_options(options)));
  } catch (const QueryError& error) {
    fail(session.connection(), error, *relation);
  }
  move_into_place(staged, target, context);
}

}  // namespace impact::duck
