#include "engine/core/atomic_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using Catch::Contains;
using test::message_of;
using test::read_bytes;
using test::TempDir;
namespace fs = std::filesystem;

namespace {

std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

}  // namespace

TEST_CASE("a written file holds the bytes and nothing lies beside it", "[core][atomic_file]") {
  const TempDir dir;
  const fs::path target = dir.path() / "plan.json";
  const std::string bytes("a\0b\n\xff", 5);
  write_file_atomically(target, bytes);
  CHECK(read_bytes(target) == bytes);
  write_file_atomically(target, "");
  CHECK(read_bytes(target).empty());
  CHECK(entries(dir.path()) == 1);
  struct stat facts {};
  REQUIRE(::stat(target.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0644U);
}

TEST_CASE("what stood at the target is replaced, not written into", "[core][atomic_file]") {
  const TempDir dir;
  const fs::path target = dir.file("a", "old");
  fs::create_hard_link(target, dir.path() / "twin");
  write_file_atomically(target, "new");
  CHECK(read_bytes(target) == "new");
  CHECK(read_bytes(dir.path() / "twin") == "old");
}

TEST_CASE("a link in the place of the target is refused and left alone", "[core][atomic_file]") {
  const TempDir dir;
  const fs::path aim = dir.file("aim", "kept");
  for (const char* to : {"aim", "nowhere"}) {
    const fs::path link = dir.path() / (std::string("link-") + to);
    fs::create_symlink(dir.path() / to, link);
    CHECK_THAT(message_of<IoError>([&] { write_file_atomically(link, "new"); }),
               Contains("is a link") && Contains(link.string()));
    CHECK(fs::is_symlink(link));
  }
  CHECK(read_bytes(aim) == "kept");
  CHECK(entries(dir.path()) == 3);
}

TEST_CASE("a target that can't be written is an error and leaves nothing", "[core][atomic_file]") {
  const TempDir dir;
  CHECK_THAT(message_of<IoError>([&] { write_file_atomically(dir.path() / "no" / "a", "x"); }),
             Contains("can't write") && Contains("No such file"));
  fs::create_directories(dir.path() / "folder" / "full");
  CHECK_THROWS_AS(write_file_atomically(dir.path() / "folder", "x"), IoError);
  CHECK(fs::is_directory(dir.path() / "folder" / "full"));
  CHECK(entries(dir.path()) == 1);
}

TEST_CASE("writers at once leave one of their texts whole", "[core][atomic_file]") {
  const TempDir dir;
  const fs::path target = dir.path() / "a";
  std::vector<std::thread> writers;
  for (char letter : {'a', 'b', 'c', 'd'}) {
    writers.emplace_back([&target, letter] {
      for (int i = 0; i < 20; ++i) write_file_atomically(target, std::string(10000, letter));
    });
  }
  for (std::thread& writer : writers) writer.join();
  const std::string text = read_bytes(target);
  REQUIRE(text.size() == 10000);
  CHECK(text.find_first_not_of(text[0]) == std::string::npos);
  CHECK(entries(dir.path()) == 1);
}
