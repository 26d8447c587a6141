#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace impact {

/// What identifies the content of a file.
struct Fingerprint {
  std::string sha256;  ///< Lower-case hexadecimal.
  std::uint64_t bytes = 0;
  bool operator==(const Fingerprint&) const = default;
};

struct FingerprintOptions {
  /// Reads every file each time, as a verification must. What was read is still remembered.
  bool always_hash = false;
  /// Nanoseconds since 1970, as the file system counts; empty: the system's clock.
  std::function<std::int64_t()> now = {};
};

/// SHA-256 of input files, which are read again only when they may have changed. Remembers per
/// device and inode the size, the time of the last change of content (mtime) and of the file itself
/// (ctime, which no program can set back). A file whose ctime was younger than two seconds when it
/// was read may be changed once more within the same tick of the clock, so it is not remembered
/// (the "racy git" rule). One residue: a program that writes through a mapping of the file reaches
/// ctime late. Thread-safe; several processes may share the folder, the last to save wins.
class FingerprintCache {
 public:
  /// Reads `folder`/fingerprints; a damaged one counts as empty. An empty path: keeps nothing.
  explicit FingerprintCache(std::filesystem::path folder, FingerprintOptions options = {});
  /// Saves what is new; trouble with the disk only costs time in the next run.
  ~FingerprintCache();
  FingerprintCache(const FingerprintCache&) = delete;
  FingerprintCache& operator=(const FingerprintCache&) = delete;

  /// Follows links. Throws IoError when the file can't be read, DataError when it keeps changing
  /// while it is read.
  [[nodiscard]] Fingerprint of(const std::filesystem::path& file);
  /// Number of times a file was read, rather than remembered.
  [[nodiscard]] std::size_t files_read() const;
  /// Whether the saved file was damaged when it was opened.
  [[nodiscard]] bool was_damaged() const noexcept { return damaged_; }
  /// Writes what is new to the folder. Returns "" or what the file system refused.
  std::string save();

 private:
  struct Entry {
    std::array<std::int64_t, 3> stat{};  ///< Size, mtime, ctime.
    std::string sha256;
  };
  using Entries = std::map<std::pair<std::uint64_t, std::uint64_t>, Entry>;
  /// Nothing when the text is damaged.
  static bool read(const std::string& text, Entries& entries);
  static std::string write(const Entries& entries);

  std::filesystem::path folder_;
  FingerprintOptions options_;
  mutable std::mutex mutex_;
  Entries entries_;
  Entries fresh_;
  std::size_t files_read_ = 0;
  bool damaged_ = false;
};

}  // namespace impact
