#include "engine/core/hash.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <vector>

#include "engine/core/error.h"

namespace impact {
namespace {

void require(int status) {
  if (status != 1) throw InternalError({.what = "the cryptography library refused SHA-256"});
}

[[noreturn]] void cannot_read(const std::filesystem::path& path, int code) {
  throw IoError(
      {.what = "cannot read '" + path.string() + "': " + std::generic_category().message(code),
       .where = path.string()});
}

// Owns a file descriptor for reading.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path)
      : path_(path), descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (descriptor_ < 0) cannot_read(path_, errno);
  }
  ~InputFile() { ::close(descriptor_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Number of bytes read into `block`, 0 at the end.
  std::size_t read(std::vector<char>& block) {
    while (true) {
      const ssize_t size = ::read(descriptor_, block.data(), block.size());
      if (size >= 0) return static_cast<std::size_t>(size);
      if (errno != EINTR) cannot_read(path_, errno);
    }
  }

 private:
  const std::filesystem::path& path_;
  int descriptor_;
};

}  // namespace

struct Sha256::State {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  if (!state_->context) throw std::bad_alloc();
  require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}

Sha256::~Sha256() = default;

void Sha256::update(const void* data, std::size_t size) {
  require(EVP_DigestUpdate(state_->context.get(), data, size));
}

Digest Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), &size));
  return digest;
}

Digest sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

Digest sha256_file(const std::filesystem::path& path) {
  constexpr std::size_t kBlock = std::size_t{1} << 20U;
  InputFile file(path);
  Sha256 hash;
  std::vector<char> block(kBlock);
  while (const std::size_t size = file.read(block)) hash.update(block.data(), size);
  return hash.finish();
}

std::string to_hex(const Digest& digest) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * digest.size());
  for (const std::uint8_t byte : digest) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xFU];
  }
  return text;
}

std::uint64_t to_u64(const Digest& digest) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8U) | digest[i];
  return value;
}

}  // namespace impact
