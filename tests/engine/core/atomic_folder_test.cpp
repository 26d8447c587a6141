#include "engine/core/atomic_folder.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <catch2/catch.hpp>

#include "engine/core/error.h"

namespace impact {
namespace {

namespace fs = std::filesystem;

struct Scratch {
  fs::path root = fs::temp_directory_path() / ("impact-folder-" + std::to_string(::getpid()));
  fs::path target = root / "runs" / "study";
  Scratch() { fs::create_directories(root); }
  ~Scratch() { fs::remove_all(root); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  static std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t entries() const {
    const auto folder = target.parent_path();
    if (!fs::exists(folder)) return 0;
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
  }
};

TEST_CASE_METHOD(Scratch, "a committed folder appears whole and replaces an earlier one") {
  {
    AtomicFolder folder(target, "results.json");
    folder.write("results.json", "old");
    folder.write("plots/a.json", "{}");
    CHECK_FALSE(fs::exists(target));
    folder.commit();
  }
  CHECK(read(target / "plots/a.json") == "{}");
  {
    AtomicFolder folder(target, "results.json");
    folder.write("results.json", "new");
    CHECK(read(target / "results.json") == "old");
    folder.commit();
  }
  CHECK(read(target / "results.json") == "new");
  CHECK_FALSE(fs::exists(target / "plots"));
  CHECK(entries() == 1);
}

TEST_CASE_METHOD(Scratch, "an uncommitted folder leaves nothing and the old one stays") {
  {
    AtomicFolder folder(target, "results.json");
    folder.write("results.json", "old");
    folder.commit();
  }
  {
    AtomicFolder folder(target, "results.json");
    folder.write("results.json", "half");
  }
  CHECK(read(target / "results.json") == "old");
  CHECK(entries() == 1);
}

TEST_CASE_METHOD(Scratch, "folders made above an uncommitted one go, older ones stay") {
  { AtomicFolder folder(root / "a" / "b" / "c", "results.json"); }
  CHECK_FALSE(fs::exists(root / "a"));
  fs::create_directories(root / "a");
  { AtomicFolder folder(root / "a" / "b" / "c", "results.json"); }
  CHECK(fs::is_empty(root / "a"));
}

TEST_CASE_METHOD(Scratch, "other people's folders, files and links are never replaced") {
  fs::create_directories(target);
  std::ofstream(target / "thesis.txt") << "years of work";
  CHECK_THROWS_AS(AtomicFolder(target, "results.json"), ArgumentError);
  CHECK(read(target / "thesis.txt") == "years of work");

  const fs::path link = root / "runs" / "link";
  fs::create_directory_symlink(root, link);
  CHECK_THROWS_AS(AtomicFolder(link, "results.json"), ArgumentError);

  std::ofstream(root / "runs" / "file") << "x";
  CHECK_THROWS_AS(AtomicFolder(root / "runs" / "file", "results.json"), ArgumentError);
  CHECK(entries() == 3);
}

TEST_CASE_METHOD(Scratch, "a name can't lead out of the folder") {
  AtomicFolder folder(target, "results.json");
  CHECK_THROWS_AS(folder.write("../escape", "x"), ArgumentError);
  CHECK_THROWS_AS(folder.write("a/../../escape", "x"), ArgumentError);
  CHECK_THROWS_AS(folder.write("/tmp/escape", "x"), ArgumentError);
}

TEST_CASE_METHOD(Scratch, "leftovers of dead processes go, those of living ones stay") {
  fs::create_directories(root / "runs" / ".study.tmp-999999999");
  fs::create_directories(root / "runs" / ".study.tmp-1");
  AtomicFolder folder(target, "results.json");
  CHECK_FALSE(fs::exists(root / "runs" / ".study.tmp-999999999"));
  CHECK(fs::exists(root / "runs" / ".study.tmp-1"));
}

TEST_CASE_METHOD(Scratch, "a parent that is a file is one clear error") {
  std::ofstream(root / "blocked") << "x";
  CHECK_THROWS_AS(AtomicFolder(root / "blocked" / "study", "results.json"), IoError);
}

}  // namespace
}  // namespace impact
