#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// Results of nodes on disk, by the key of what made them: `folder`/objects/ab/cdef... A cache: it
/// may be deleted at any time, by anybody, and nothing in it is believed without its checksum.
/// Trouble with the disk never fails a run; it is remembered, so that the run can say so. Any
/// number of threads and processes may use one folder at once.
///
/// An object is "IMPOBJ01", the 32 bytes of its key, u64 size of the payload (little-endian), the
/// SHA-256 of the payload, the payload.
class ObjectStore {
 public:
  /// An empty path keeps nothing and finds nothing. Removes what killed processes left half
  /// written; makes no folder before the first put.
  explicit ObjectStore(std::filesystem::path folder);

  /// The payload last put under `key` (64 lower-case hexadecimal digits; InternalError for
  /// anything else), or nothing. A damaged object (header, size or checksum wrong, or another
  /// key's) is removed, remembered in damaged() and counts as absent. Marks the object as used.
  [[nodiscard]] std::optional<std::string> get(std::string_view key);

  /// Keeps the bytes under `key`, in place of what stood there, in one step: whatever happens to
  /// this process, an object is whole or absent. What the disk refuses is remembered in problem().
  void put(std::string_view key, std::string_view bytes);

  /// Removes the least recently used objects until the others take at most `max_bytes` on disk.
  /// Returns the number of bytes removed.
  std::uint64_t prune(std::uint64_t max_bytes);

  /// Keys of objects found damaged since the store was opened, sorted.
  [[nodiscard]] std::vector<std::string> damaged() const;
  /// The first refusal of the disk, as a sentence; "" when there was none.
  [[nodiscard]] std::string problem() const;

 private:
  [[nodiscard]] std::filesystem::path path_of(std::string_view key) const;
  void remember(std::string problem);

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> damaged_;
  std::string problem_;
};

}  // namespace impact
