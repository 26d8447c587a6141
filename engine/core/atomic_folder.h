#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace impact {

/// A folder that appears whole or not at all. Files are written into a hidden sibling of the
/// target; commit() flushes them to disk and swaps the sibling into place in one step, so a reader,
/// a crash or a kill at any moment sees either the old folder or the new one. Without commit() the
/// destructor removes everything, folders made above the target too. Leftovers of processes that no
/// longer run are removed when a new one starts. One thread at a time; two processes may target the
/// same folder: the later commit wins.
class AtomicFolder {
 public:
  /// `marker` is a file name that every folder of this kind contains. An existing target is
  /// replaced only if it holds the marker or is empty. Throws ArgumentError when the target is a
  /// link, a file or somebody else's folder; IoError when the parent can't be made or written.
  AtomicFolder(std::filesystem::path target, std::string marker);
  ~AtomicFolder();
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  /// Where to write until commit().
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return temporary_; }
  /// Writes one file; `name` may contain folders ("plots/a.json") but never leave the target.
  /// Throws IoError (disk full, ...).
  void write(std::string_view name, std::string_view bytes);
  /// Throws IoError and leaves the old folder in place when the swap fails.
  void commit();

 private:
  void check_target() const;
  std::filesystem::path target_;
  std::string marker_;
  std::filesystem::path temporary_;
  std::vector<std::filesystem::path> made_;  // Folders above the target, innermost first.
  bool committed_ = false;
};

}  // namespace impact
