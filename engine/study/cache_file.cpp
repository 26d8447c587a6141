#include "engine/study/cache_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <system_error>

namespace impact {
namespace {

namespace fs = std::filesystem;

std::string refusal(const fs::path& path, int code) {
  return "cannot write '" + path.string() + "': " + std::generic_category().message(code);
}

// A new file under a name of its own, locked while this object lives.
class Temporary {
 public:
  explicit Temporary(const fs::path& folder) {
    static std::atomic<unsigned> count{0};
    while (true) {
      path_ = folder / (std::to_string(::getpid()) + "-" + std::to_string(count++));
      file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
      if (file_ < 0 && errno == EEXIST) continue;
      if (file_ < 0) {
        code_ = errno;
        return;
      }
      // Whoever tidies up may have taken the file between its making and its locking. Where the
      // file system has no locks, nobody can tidy up either.
      struct stat about = {};
      const bool taken = ::flock(file_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
      if (!taken && ::fstat(file_, &about) == 0 && about.st_nlink > 0) return;
      ::close(file_);
    }
  }
  ~Temporary() {
    if (file_ < 0) return;
    if (!moved_) ::unlink(path_.c_str());
    ::close(file_);
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  /// 0, or the errno of the first step that failed.
  [[nodiscard]] int code() const { return code_; }

  void write(std::string_view bytes) {
    while (code_ == 0 && !bytes.empty()) {
      const ssize_t written = ::write(file_, bytes.data(), bytes.size());
      if (written >= 0) {
        bytes.remove_prefix(static_cast<std::size_t>(written));
      } else if (errno != EINTR) {
        code_ = errno;
      }
    }
  }

  void move_to(const fs::path& target) {
    if (code_ != 0) return;
    moved_ = std::rename(path_.c_str(), target.c_str()) == 0;
    if (!moved_) code_ = errno;
  }

 private:
  fs::path path_;
  int file_ = -1;
  int code_ = 0;
  bool moved_ = false;
};

// 0 or an errno.
int write_once(const fs::path& temporaries, const fs::path& target,
               std::initializer_list<std::string_view> parts) {
  std::error_code error;
  fs::create_directories(temporaries, error);
  if (!error) fs::create_directories(target.parent_path(), error);
  if (error) return error.value();
  Temporary file(temporaries);
  for (const std::string_view part : parts) file.write(part);
  file.move_to(target);
  return file.code();
}

}  // namespace

std::string replace_cache_file(const fs::path& temporaries, const fs::path& target,
                               std::initializer_list<std::string_view> parts) {
  int code = write_once(temporaries, target, parts);
  // Somebody may have deleted the whole cache between two steps: its folders are made again.
  if (code == ENOENT) code = write_once(temporaries, target, parts);
  return code == 0 ? std::string() : refusal(target, code);
}

void remove_leftovers(const fs::path& temporaries) {
  std::error_code error;
  fs::directory_iterator entry(temporaries, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const fs::path& path = entry->path();
    const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) continue;
    struct stat about = {};
    if (::fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
        ::flock(file, LOCK_EX | LOCK_NB) == 0) {
      ::unlink(path.c_str());
    }
    ::close(file);
  }
}

}  // namespace impact
