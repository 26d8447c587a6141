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

}  // namespace

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  if (in.bad() || !in.is_open() || text.bad()) return std::nullopt;
  return std::move(text).str();
}

void write_file_atomically(const std::filesystem::path& target, std::string_view bytes) {
  if (std::filesystem::is_symlink(std::filesystem::symlink_status(target))) {
    throw IoError({.what = "'" + target.string() + "' is a link",
                   .hint = "remove it, so that a file can take its place"});
  }
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

}  // namespace impact
