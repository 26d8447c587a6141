#include "engine/core/atomic_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& what, const fs::path& where, int code) {
  std::string hint;
  if (code == ENOSPC || code == EDQUOT)
    hint = "free some space, or choose another folder with --out";
  if (code == EACCES || code == EROFS || code == EPERM) {
    hint = "choose a folder you may write to with --out";
  }
  throw IoError({.what = what, .where = where.string(), .got = std::strerror(code), .hint = hint});
}

// Flushes a file or a folder's entries to disk. A file system that can't sync a folder says EINVAL.
void sync_path(const fs::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) fail("can't open what was just written", path, errno);
  const int failed = ::fsync(file) != 0 ? errno : 0;
  ::close(file);
  if (failed != 0 && failed != EINVAL) fail("can't flush to disk", path, failed);
}

std::string prefix_of(const fs::path& target) {
  return fmt::format(".{}.tmp-", target.filename().string());
}

// Removes temporary siblings whose process is gone.
void remove_leftovers(const fs::path& target) {
  const std::string prefix = prefix_of(target);
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(target.parent_path(), ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.compare(0, prefix.size(), prefix) != 0) continue;
    const auto process = parse_integer(name.substr(prefix.size()));
    if (process && (::kill(static_cast<pid_t>(*process), 0) == 0 || errno == EPERM)) continue;
    fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace

AtomicFolder::AtomicFolder(fs::path target, std::string marker)
    : target_(fs::absolute(std::move(target)).lexically_normal()), marker_(std::move(marker)) {
  if (!target_.has_filename()) target_ = target_.parent_path();
  check_target();
  std::error_code error;
  for (fs::path above = target_.parent_path(); !fs::exists(above, error) && above.has_filename();
       above = above.parent_path()) {
    made_.push_back(above);
  }
  fs::create_directories(target_.parent_path(), error);
  if (error) fail("can't make the folder above the output", target_.parent_path(), error.value());
  remove_leftovers(target_);
  temporary_ = target_.parent_path() / (prefix_of(target_) + std::to_string(::getpid()));
  fs::create_directory(temporary_, error);
  if (error) fail("can't write beside the output folder", target_.parent_path(), error.value());
}

AtomicFolder::~AtomicFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
  // Only empty folders can be removed this way.
  for (const fs::path& above : made_) fs::remove(above, ignored);
}

void AtomicFolder::check_target() const {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(target_, error);
  if (status.type() == fs::file_type::not_found) return;
  if (fs::is_symlink(status)) {
    throw ArgumentError({.what = "the output folder is a symbolic link",
                         .where = target_.string(),
                         .expected = "a folder of its own",
                         .hint = "name the folder the link points to with --out"});
  }
  if (!fs::is_directory(status)) {
    throw ArgumentError({.what = "the output folder is a file",
                         .where = target_.string(),
                         .hint = "choose another folder with --out"});
  }
  if (!fs::exists(target_ / marker_) && !fs::is_empty(target_, error)) {
    throw ArgumentError({.what = "the output folder holds something else",
                         .where = target_.string(),
                         .expected = fmt::format("nothing, or an earlier run (with {})", marker_),
                         .hint = "nothing there was touched; choose another folder with --out"});
  }
}

void AtomicFolder::write(std::string_view name, std::string_view bytes) {
  const fs::path relative = fs::path(name).lexically_normal();
  if (relative.empty() || relative.is_absolute() || *relative.begin() == "..") {
    throw ArgumentError(
        {.what = "a file of the output folder would lie outside it", .got = std::string(name)});
  }
  const fs::path path = temporary_ / relative;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) fail("can't make a folder of the output", path.parent_path(), error.value());
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) fail("can't write a file of the output", path, errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int code = errno;
      ::close(file);
      fail("can't write a file of the output", path, code);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::close(file) != 0) fail("can't write a file of the output", path, errno);
}

void AtomicFolder::commit() {
  for (const auto& entry : fs::recursive_directory_iterator(temporary_)) {
    sync_path(entry.path(), entry.is_directory() ? O_RDONLY | O_DIRECTORY : O_RDONLY);
  }
  sync_path(temporary_, O_RDONLY | O_DIRECTORY);
  // Checked again: the target may have changed since the run began.
  check_target();
  if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno != EEXIST) fail("can't put the output folder in place", target_, errno);
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) !=
        0) {
      fail("can't put the output folder in place", target_, errno);
    }
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  }
  committed_ = true;
  sync_path(target_.parent_path(), O_RDONLY | O_DIRECTORY);
}

}  // namespace impact
