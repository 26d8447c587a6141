#include "engine/core/hash.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

using impact::sha256;
using impact::to_hex;

namespace {

struct Vector {
  std::string message;
  std::string digest;
};

std::vector<Vector> read_vectors() {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/sha256/vectors.txt");
  REQUIRE(file);
  std::vector<Vector> vectors;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::size_t repeat = 0;
    std::string text;
    Vector vector;
    fields >> repeat >> text >> vector.digest;
    if (text == "-") text.clear();
    for (std::size_t i = 0; i < repeat; ++i) vector.message += text;
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

// A file that is gone when the test ends.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& content)
      : path_(std::filesystem::temp_directory_path() /
              ("impact_hash_" + std::to_string(::getpid()))) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~ScratchFile() { std::filesystem::remove(path_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("sha256: published vectors, whole, in pieces and from a file") {
  const auto vectors = read_vectors();
  REQUIRE(vectors.size() == 4);
  for (const auto& [message, digest] : vectors) {
    CHECK(to_hex(sha256(message)) == digest);
    impact::Sha256 pieces;
    for (std::size_t i = 0; i < message.size(); i += 997) {
      pieces.update(std::string_view(message).substr(i, 997));
    }
    CHECK(to_hex(pieces.finish()) == digest);
    const ScratchFile file(message);
    CHECK(to_hex(impact::sha256_file(file.path())) == digest);
  }
}

TEST_CASE("sha256: files longer than one block") {
  const std::string content(3'000'001, 'x');
  const ScratchFile file(content);
  CHECK(impact::sha256_file(file.path()) == sha256(content));
}

TEST_CASE("sha256: a file that cannot be read is named") {
  CHECK_THROWS_AS(impact::sha256_file("no/such/file.csv"), impact::IoError);
  CHECK_THROWS_WITH(impact::sha256_file("no/such/file.csv"), Catch::Contains("no/such/file.csv"));
  CHECK_THROWS_AS(impact::sha256_file(std::filesystem::temp_directory_path()), impact::IoError);
}

TEST_CASE("digest as an integer: first eight bytes, big-endian") {
  CHECK(impact::to_u64(sha256("abc")) == 0xba7816bf8f01cfeaU);
}
