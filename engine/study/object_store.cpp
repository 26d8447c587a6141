#include "engine/study/object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <tuple>
#include <utility>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/study/cache_file.h"

namespace impact {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "sizes are copied as they lie in memory");

constexpr std::string_view kMagic = "IMPOBJ01";
constexpr std::size_t kKeyDigits = 64;
constexpr std::size_t kHeader = kMagic.size() + 32 + sizeof(std::uint64_t) + 32;
using Header = std::array<char, kHeader>;

bool hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Digest digest_of(std::string_view key) {
  const auto digit = [](char c) {
    return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
  };
  Digest digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<std::uint8_t>(digit(key[2 * i]) << 4U | digit(key[2 * i + 1]));
  }
  return digest;
}

Header header_of(std::string_view key, std::string_view payload) {
  const Digest name = digest_of(key);
  const Digest content = sha256(payload);
  const std::uint64_t size = payload.size();
  Header header{};
  char* at = header.data();
  const auto put = [&at](const void* bytes, std::size_t count) {
    std::memcpy(at, bytes, count);
    at += count;
  };
  put(kMagic.data(), kMagic.size());
  put(name.data(), name.size());
  put(&size, sizeof size);
  put(content.data(), content.size());
  return header;
}

class OpenFile {
 public:
  explicit OpenFile(const fs::path& path)
      : file_(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)),
        code_(file_ < 0 ? errno : 0) {}
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  /// 0, or why the file can't be opened.
  [[nodiscard]] int code() const { return code_; }
  /// Size of a regular file, nothing for anything else.
  [[nodiscard]] std::optional<std::uint64_t> size() const {
    struct stat about = {};
    if (::fstat(file_, &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(about.st_size);
  }
  /// Whether all of `size` bytes were there.
  bool read(char* to, std::size_t size) {
    while (size > 0) {
      const ssize_t got = ::read(file_, to, size);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      to += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }
  void mark_used() const {
    const std::array<timespec, 2> now{{{0, UTIME_NOW}, {0, UTIME_NOW}}};
    // Not ours to touch: then it is merely pruned earlier.
    (void)::futimens(file_, now.data());
  }

 private:
  int file_;
  int code_;
};

// The payload of a whole object of this key; nothing when any part is wrong. The size in the header
// is compared with the file's before memory is asked for.
std::optional<std::string> payload_of(OpenFile& file, std::string_view key) {
  const auto size = file.size();
  Header header{};
  if (!size || *size < kHeader || !file.read(header.data(), kHeader)) return std::nullopt;
  std::uint64_t promised = 0;
  std::memcpy(&promised, header.data() + kMagic.size() + 32, sizeof promised);
  if (promised != *size - kHeader) return std::nullopt;
  std::string payload(static_cast<std::size_t>(promised), '\0');
  if (!file.read(payload.data(), payload.size())) return std::nullopt;
  if (header != header_of(key, payload)) return std::nullopt;
  return payload;
}

struct StoredFile {
  fs::file_time_type used;
  fs::path path;
  std::uint64_t size = 0;
};

// Names in a folder; none when it can't be read.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (hexadecimal(entry->path().filename().string())) entries.push_back(entry->path());
  }
  return entries;
}

std::vector<StoredFile> stored_files(const fs::path& objects) {
  std::vector<StoredFile> files;
  for (const fs::path& folder : entries_of(objects)) {
    for (const fs::path& path : entries_of(folder)) {
      // Another process may remove a file between any two of these questions.
      std::error_code error;
      if (!fs::is_regular_file(fs::symlink_status(path, error))) continue;
      StoredFile file{fs::last_write_time(path, error), path, 0};
      if (!error) file.size = fs::file_size(path, error);
      if (!error) files.push_back(std::move(file));
    }
  }
  std::sort(files.begin(), files.end(), [](const StoredFile& a, const StoredFile& b) {
    return std::tie(a.used, a.path) < std::tie(b.used, b.path);
  });
  return files;
}

}  // namespace

ObjectStore::ObjectStore(fs::path folder) : folder_(std::move(folder)) {
  if (!folder_.empty()) remove_leftovers(folder_ / "tmp");
}

fs::path ObjectStore::path_of(std::string_view key) const {
  if (key.size() != kKeyDigits || !hexadecimal(key)) {
    throw InternalError({.what = "the key of a stored result is no SHA-256",
                         .got = std::string(key),
                         .expected = "64 lower-case hexadecimal digits"});
  }
  return folder_ / "objects" / key.substr(0, 2) / key.substr(2);
}

void ObjectStore::remember(std::string problem) {
  const std::lock_guard guard(mutex_);
  if (problem_.empty()) problem_ = std::move(problem);
}

std::optional<std::string> ObjectStore::get(std::string_view key) {
  const fs::path path = path_of(key);
  if (folder_.empty()) return std::nullopt;
  OpenFile file(path);
  if (file.code() == ENOENT || file.code() == ENOTDIR) return std::nullopt;
  if (file.code() != 0 && file.code() != ELOOP) {
    remember("cannot read '" + path.string() +
             "': " + std::generic_category().message(file.code()));
    return std::nullopt;
  }
  std::optional<std::string> payload;
  if (file.code() == 0) payload = payload_of(file, key);
  if (payload) {
    file.mark_used();
    return payload;
  }
  std::error_code ignored;
  fs::remove(path, ignored);
  const std::lock_guard guard(mutex_);
  damaged_.emplace(key);
  return std::nullopt;
}

void ObjectStore::put(std::string_view key, std::string_view bytes) {
  const fs::path path = path_of(key);
  if (folder_.empty()) return;
  const Header header = header_of(key, bytes);
  std::string problem =
      replace_cache_file(folder_ / "tmp", path, {{header.data(), header.size()}, bytes});
  if (!problem.empty()) remember(std::move(problem));
}

std::uint64_t ObjectStore::prune(std::uint64_t max_bytes) {
  if (folder_.empty()) return 0;
  const std::vector<StoredFile> files = stored_files(folder_ / "objects");
  std::uint64_t total = 0;
  for (const StoredFile& file : files) total += file.size;
  std::uint64_t removed = 0;
  for (const StoredFile& file : files) {
    if (total - removed <= max_bytes) break;
    std::error_code error;
    fs::remove(file.path, error);
    if (!error) removed += file.size;
  }
  return removed;
}

std::vector<std::string> ObjectStore::damaged() const {
  const std::lock_guard guard(mutex_);
  return {damaged_.begin(), damaged_.end()};
}

std::string ObjectStore::problem() const {
  const std::lock_guard guard(mutex_);
  return problem_;
}

}  // namespace impact
