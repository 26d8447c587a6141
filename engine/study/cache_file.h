#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>

namespace impact {

/// Puts a file of a cache in place in one step: written in the folder `temporaries` of the same
/// file system, then renamed. A reader sees the old bytes or the new ones, never a part, also when
/// the writer is killed or two write at once. Nothing is flushed to disk, since a cache may lose
/// what a power cut took; readers must check what they read. Makes missing folders. Returns "" or
/// what the file system refused, in words; never throws for that. Thread-safe.
[[nodiscard]] std::string replace_cache_file(const std::filesystem::path& temporaries,
                                             const std::filesystem::path& target,
                                             std::initializer_list<std::string_view> parts);

/// Removes what killed processes left in `temporaries`. A writer holds a lock on its file, which
/// the kernel drops with the process: no living writer is disturbed, not even one in another
/// container, and a process that got a dead one's number keeps nothing alive.
void remove_leftovers(const std::filesystem::path& temporaries);

}  // namespace impact
