#include "engine/study/fingerprint.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"
#include "engine/study/cache_file.h"

namespace impact {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSecond = 1'000'000'000;
// Coarsest clock of a usual file system: FAT counts in steps of two seconds.
constexpr std::int64_t kRacy = 2 * kSecond;
constexpr std::string_view kTitle = "impact fingerprints 1\n";
constexpr std::size_t kDigits = 64;

struct FileState {
  std::pair<std::uint64_t, std::uint64_t> id;  // Device, inode.
  std::array<std::int64_t, 3> stat;            // Size, mtime, ctime.
  bool operator==(const FileState&) const = default;
};

std::int64_t nanoseconds(const timespec& time) { return time.tv_sec * kSecond + time.tv_nsec; }

FileState state_of(const fs::path& path) {
  struct stat about = {};
  if (::stat(path.c_str(), &about) != 0) {
    throw IoError(
        {.what = "cannot read '" + path.string() + "': " + std::generic_category().message(errno),
         .where = path.string()});
  }
  return {{about.st_dev, about.st_ino},
          {about.st_size, nanoseconds(about.st_mtim), nanoseconds(about.st_ctim)}};
}

std::int64_t system_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::string read_all(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

// The title, a line an entry ("device inode size mtime ctime sha256"), and the SHA-256 of all that.
// A flipped bit anywhere would otherwise be a wrong fingerprint.
std::string FingerprintCache::write(const Entries& entries) {
  std::string text(kTitle);
  for (const auto& [id, entry] : entries) {
    text += std::to_string(id.first) + " " + std::to_string(id.second);
    for (const std::int64_t part : entry.stat) text += " " + format_integer(part);
    text += " " + entry.sha256 + "\n";
  }
  return text + to_hex(sha256(text)) + "\n";
}

bool FingerprintCache::read(const std::string& text, Entries& entries) {
  if (text.empty()) return true;
  if (text.size() < kTitle.size() + kDigits + 1 || text.compare(0, kTitle.size(), kTitle) != 0) {
    return false;
  }
  const std::string body = text.substr(0, text.size() - kDigits - 1);
  if (text != body + to_hex(sha256(body)) + "\n") return false;
  std::istringstream lines(body.substr(kTitle.size()));
  lines.imbue(std::locale::classic());
  Entries found;
  std::pair<std::uint64_t, std::uint64_t> id;
  Entry entry;
  while (lines >> id.first >> id.second >> entry.stat[0] >> entry.stat[1] >> entry.stat[2] >>
         entry.sha256) {
    found[id] = entry;
  }
  entries = std::move(found);
  return true;
}

FingerprintCache::FingerprintCache(fs::path folder, FingerprintOptions options)
    : folder_(std::move(folder)), options_(std::move(options)) {
  if (!options_.now) options_.now = system_now;
  if (!folder_.empty()) damaged_ = !read(read_all(folder_ / "fingerprints"), entries_);
}

FingerprintCache::~FingerprintCache() {
  try {
    (void)save();
  } catch (const std::exception&) {
    // Without memory to save with, the next run reads its files again.
  }
}

Fingerprint FingerprintCache::of(const fs::path& file) {
  constexpr int kAttempts = 3;
  FileState before = state_of(file);
  if (!options_.always_hash) {
    const std::lock_guard guard(mutex_);
    const auto known = entries_.find(before.id);
    if (known != entries_.end() && known->second.stat == before.stat) {
      return {known->second.sha256, static_cast<std::uint64_t>(before.stat[0])};
    }
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::int64_t started = options_.now();
    std::string digest = to_hex(sha256_file(file));
    const FileState after = state_of(file);
    const std::lock_guard guard(mutex_);
    ++files_read_;
    if (before == after) {
      // A clock behind the file system's makes a file look young, which only costs time.
      if (started - before.stat[2] >= kRacy) {
        entries_[before.id] = fresh_[before.id] = {before.stat, digest};
      }
      return {std::move(digest), static_cast<std::uint64_t>(before.stat[0])};
    }
    before = after;
  }
  throw DataError({.what = "'" + file.string() + "' changes while it is read",
                   .where = file.string(),
                   .hint = "wait until the program that writes it has ended"});
}

std::size_t FingerprintCache::files_read() const {
  const std::lock_guard guard(mutex_);
  return files_read_;
}

std::string FingerprintCache::save() {
  const std::lock_guard guard(mutex_);
  if (folder_.empty() || fresh_.empty()) return {};
  // Others may have saved since: theirs are kept.
  Entries all;
  (void)read(read_all(folder_ / "fingerprints"), all);
  for (const auto& [id, entry] : fresh_) all[id] = entry;
  std::string problem = replace_cache_file(folder_ / "tmp", folder_ / "fingerprints", {write(all)});
  if (problem.empty()) fresh_.clear();
  return problem;
}

}  // namespace impact
