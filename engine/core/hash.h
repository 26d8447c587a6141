#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace impact {

/// A SHA-256 digest (FIPS 180-4).
using Digest = std::array<std::uint8_t, 32>;

/// Incremental SHA-256. Not copyable; one thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(const void* data, std::size_t size);
  void update(std::string_view text) { update(text.data(), text.size()); }
  /// Finishes; the object must not be used afterwards.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Digest of the bytes.
[[nodiscard]] Digest sha256(std::string_view bytes);
/// Digest of a file's bytes, streamed in blocks. Throws IoError when it cannot be read.
[[nodiscard]] Digest sha256_file(const std::filesystem::path& path);
/// Lower-case hexadecimal, 64 characters.
[[nodiscard]] std::string to_hex(const Digest& digest);
/// First eight bytes, big-endian: the 64-bit key under which a name seeds a stream.
[[nodiscard]] std::uint64_t to_u64(const Digest& digest);

}  // namespace impact
