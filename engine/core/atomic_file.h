#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace impact {

/// All bytes of a file; nullopt when it is not there or can't be read.
[[nodiscard]] std::optional<std::string> read_file(const std::filesystem::path& path);

/// Writes a file that appears whole or not at all: beside the target, flushed to disk, then
/// renamed. A link in the place of the target is refused. Throws IoError and leaves what was there.
void write_file_atomically(const std::filesystem::path& target, std::string_view bytes);

/// The same for a file that grows piece by piece. Until commit() it has no name wherever the file
/// system can do that, so that a kill leaves nothing; elsewhere it lies beside the target.
class AtomicFile {
 public:
  /// Throws IoError for a target that is a link or a folder, or whose folder is not there.
  explicit AtomicFile(std::filesystem::path target);
  ~AtomicFile();  ///< Without commit() nothing stays.
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void append(std::string_view bytes);  ///< Throws IoError (disk full, ...).
  void commit();                        ///< Throws IoError and leaves what was there.

 private:
  void give_name();
  std::filesystem::path target_;
  std::string name_ = {};  // Empty: none yet.
  int file_ = -1;
};

}  // namespace impact
