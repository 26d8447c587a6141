#include "engine/core/atomic_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "engine/core/error.h"

namespace impact {
namespace {

[[noreturn]] void fail(const std::filesystem::path& target) {
  throw IoError({.what = "can't write '" + target.string() + "'", .got = std::strerror(errno)});
}

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

void refuse_link(const std::filesystem::path& target) {
  if (!std::filesystem::is_symlink(std::filesystem::symlink_status(target))) return;
  throw IoError({.what = "'" + target.string() + "' is a link",
                 .hint = "remove it, so that a file can take its place"});
}

std::filesystem::path folder_of(const std::filesystem::path& target) {
  return target.has_parent_path() ? target.parent_path() : std::filesystem::path(".");
}

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || !in.is_open() || text.bad()) return std::nullopt;
  return std::move(text).str();
}

void write_file_atomically(const std::filesystem::path& target, std::string_view bytes) {
  refuse_link(target);
  std::string temporary = target.string() + ".XXXXXX";
  const int file = ::mkstemp(temporary.data());
  if (file < 0) fail(target);
  const bool whole = write_all(file, bytes) && ::fsync(file) == 0 && ::fchmod(file, 0644) == 0;
  const int problem = errno;
  ::close(file);
  if (whole && ::rename(temporary.c_str(), target.c_str()) == 0) return;
  if (!whole) errno = problem;
  const int reason = errno;
  ::unlink(temporary.c_str());
  errno = reason;
  fail(target);
}

AtomicFile::AtomicFile(std::filesystem::path target) : target_(std::move(target)) {
  refuse_link(target_);
  std::error_code code;
  if (std::filesystem::is_directory(target_, code)) {
    throw IoError(
        {.what = "'" + target_.string() + "' is a folder", .hint = "name a file inside it"});
  }
  const std::filesystem::path folder = folder_of(target_);
  if (!std::filesystem::is_directory(folder, code)) {
    throw IoError({.what = "no folder '" + folder.string() + "'",
                   .where = target_.string(),
                   .hint = "make the folder first"});
  }
  // A file without a name gets one through /proc only.
  if (::access("/proc/self/fd", X_OK) == 0) {
    file_ = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
  }
  if (file_ >= 0) return;
  std::string name = target_.string() + ".XXXXXX";
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail(target_);
  name_ = name;
  (void)::fchmod(file_, 0644);
}

AtomicFile::~AtomicFile() {
  if (file_ >= 0) ::close(file_);
  if (!name_.empty()) ::unlink(name_.c_str());
}

void AtomicFile::append(std::string_view bytes) {
  if (!write_all(file_, bytes)) fail(target_);
}

void AtomicFile::give_name() {
  const std::string open = "/proc/self/fd/" + std::to_string(file_);
  const std::string stem =
      (folder_of(target_) / ("." + target_.filename().string())).string() + ".";
  for (int i = static_cast<int>(::getpid());; ++i) {
    const std::string name = stem + std::to_string(i);
    if (::linkat(AT_FDCWD, open.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0) {
      name_ = name;
      return;
    }
    if (errno != EEXIST) fail(target_);
  }
}

void AtomicFile::commit() {
  if (::fsync(file_) != 0) fail(target_);
  if (name_.empty()) give_name();
  if (::rename(name_.c_str(), target_.c_str()) != 0) fail(target_);
  name_.clear();
}

}  // namespace impact
