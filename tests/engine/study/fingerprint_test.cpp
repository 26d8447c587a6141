#include "engine/study/fingerprint.h"

#include <sys/stat.h>

#include <chrono>
#include <thread>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

namespace fs = std::filesystem;
using test::message_of;
using test::read_bytes;
using test::TempDir;

constexpr std::int64_t kSecond = 1'000'000'000;

std::int64_t real_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// A clock ahead of the real one: files just made look old.
FingerprintOptions ahead(std::int64_t seconds) {
  return {.now = [seconds] { return real_now() + seconds * kSecond; }};
}

std::string hash(const std::string& text) { return to_hex(sha256(text)); }

struct Scratch {
  TempDir root;
  fs::path cache = root.path() / "cache";
  fs::path file = root.file("data.csv", "a,b\n1,2\n");
};

TEST_CASE_METHOD(Scratch, "an old file is read once, also by later runs", "[fingerprint]") {
  {
    FingerprintCache cache_now(cache, ahead(10));
    CHECK(cache_now.of(file) == Fingerprint{hash("a,b\n1,2\n"), 8});
    CHECK(cache_now.of(file).sha256 == hash("a,b\n1,2\n"));
    CHECK(cache_now.files_read() == 1);
  }
  FingerprintCache later(cache, ahead(10));
  CHECK(later.of(file) == Fingerprint{hash("a,b\n1,2\n"), 8});
  CHECK(later.files_read() == 0);
  CHECK_FALSE(later.was_damaged());
  CHECK(fs::is_empty(cache / "tmp"));
}

TEST_CASE_METHOD(Scratch, "a file that is young when read is not believed", "[fingerprint]") {
  struct stat about = {};
  REQUIRE(::stat(file.c_str(), &about) == 0);
  const std::int64_t changed = about.st_ctim.tv_sec * kSecond + about.st_ctim.tv_nsec;
  const auto reads = [&](std::int64_t now) {
    FingerprintCache all(cache, {.now = [now] { return now; }});
    (void)all.of(file);
    (void)all.of(file);
    return all.files_read();
  };
  CHECK(reads(changed) == 2);
  CHECK(reads(changed + 2 * kSecond - 1) == 2);
  CHECK(reads(changed - 100 * kSecond) == 2);  // A clock behind the file system's.
  CHECK_FALSE(fs::exists(cache / "fingerprints"));
  CHECK(reads(changed + 2 * kSecond) == 1);
  CHECK(reads(changed) == 0);  // Once believed, always believed.
}

TEST_CASE_METHOD(Scratch, "a change that keeps size and mtime is seen", "[fingerprint]") {
  FingerprintCache all(cache, ahead(10));
  (void)all.of(file);
  const auto time = fs::last_write_time(file);
  // ctime moves with the clock's tick, which is a few milliseconds long.
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  root.file("data.csv", "a,b\n1,3\n");
  fs::last_write_time(file, time);
  CHECK(all.of(file).sha256 == hash("a,b\n1,3\n"));
  CHECK(all.files_read() == 2);
}

TEST_CASE_METHOD(Scratch, "a file put in place of another is seen", "[fingerprint]") {
  FingerprintCache all(cache, ahead(10));
  (void)all.of(file);
  const fs::path other = root.file("other.csv", "a,b\n1,9\n");
  fs::rename(other, file);
  CHECK(all.of(file).sha256 == hash("a,b\n1,9\n"));
  // A link is followed, and two names of one file are one file.
  const fs::path link = root.path() / "link.csv";
  fs::create_symlink(file, link);
  CHECK(all.of(link).sha256 == hash("a,b\n1,9\n"));
  CHECK(all.files_read() == 2);
}

TEST_CASE_METHOD(Scratch, "a verification reads every file", "[fingerprint]") {
  {
    FingerprintCache all(cache, ahead(10));
    (void)all.of(file);
  }
  FingerprintOptions options = ahead(10);
  options.always_hash = true;
  FingerprintCache strict(cache, options);
  CHECK(strict.of(file).sha256 == hash("a,b\n1,2\n"));
  CHECK(strict.of(file).sha256 == hash("a,b\n1,2\n"));
  CHECK(strict.files_read() == 2);
}

TEST_CASE_METHOD(Scratch, "a wrong memory is what a verification finds", "[fingerprint]") {
  {
    FingerprintCache all(cache, ahead(10));
    (void)all.of(file);
  }
  // The hash of something else, with a checksum that fits: what only a lying file system brings.
  std::string text = read_bytes(cache / "fingerprints");
  text.resize(text.size() - 65);
  text.replace(text.find(hash("a,b\n1,2\n")), 64, hash("other"));
  root.file("cache/fingerprints", text + hash(text) + "\n");
  CHECK(FingerprintCache(cache, ahead(10)).of(file).sha256 == hash("other"));
  FingerprintOptions options = ahead(10);
  options.always_hash = true;
  CHECK(FingerprintCache(cache, options).of(file).sha256 == hash("a,b\n1,2\n"));
  // What it read has replaced the wrong memory.
  CHECK(FingerprintCache(cache, ahead(10)).of(file).sha256 == hash("a,b\n1,2\n"));
}

TEST_CASE_METHOD(Scratch, "a damaged memory counts as none", "[fingerprint]") {
  {
    FingerprintCache all(cache, ahead(10));
    (void)all.of(file);
  }
  const std::string good = read_bytes(cache / "fingerprints");
  const auto found_damage = [&](const std::string& bytes) {
    root.file("cache/fingerprints", bytes);
    FingerprintCache all(cache);  // Reads young files each time, so the memory stays damaged.
    return all.was_damaged() && all.of(file).sha256 == hash("a,b\n1,2\n") && all.files_read() == 1;
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    CAPTURE(at);
    CHECK(found_damage(bad));
    if (at > 0) CHECK(found_damage(good.substr(0, at)));
  }
  // And is replaced by a good one.
  root.file("cache/fingerprints", "garbage");
  { (void)FingerprintCache(cache, ahead(10)).of(file); }
  CHECK(read_bytes(cache / "fingerprints") == good);
}

TEST_CASE_METHOD(Scratch, "two runs at once keep each other's files", "[fingerprint]") {
  const fs::path other = root.file("other.csv", "x");
  FingerprintCache one(cache, ahead(10));
  FingerprintCache two(cache, ahead(10));
  (void)one.of(file);
  (void)two.of(other);
  CHECK(one.save().empty());
  CHECK(two.save().empty());
  FingerprintCache later(cache, ahead(10));
  (void)later.of(file);
  (void)later.of(other);
  CHECK(later.files_read() == 0);
}

TEST_CASE_METHOD(Scratch, "without a folder files are still hashed", "[fingerprint]") {
  FingerprintCache none{fs::path(), ahead(10)};
  CHECK(none.of(file).sha256 == hash("a,b\n1,2\n"));
  CHECK(none.save().empty());
  FingerprintCache blocked(file, ahead(10));
  CHECK(blocked.of(file).bytes == 8);
  CHECK_FALSE(blocked.save().empty());
}

TEST_CASE_METHOD(Scratch, "a file that is not there is an error with its path", "[fingerprint]") {
  FingerprintCache all(cache);
  CHECK_THAT(message_of<IoError>([&] { (void)all.of(root.path() / "nowhere.csv"); }),
             Catch::Contains("nowhere.csv") && Catch::Contains("No such file"));
  CHECK_THROWS_AS(all.of(root.path()), IoError);
}

TEST_CASE_METHOD(Scratch, "a file that keeps changing is refused", "[fingerprint]") {
  int calls = 0;
  // Every look at the clock comes just before a read: the file grows meanwhile.
  FingerprintOptions options;
  options.now = [&] {
    std::ofstream(file, std::ios::app) << "3,4\n";
    ++calls;
    return real_now();
  };
  FingerprintCache all(cache, options);
  CHECK_THAT(message_of<DataError>([&] { (void)all.of(file); }),
             Catch::Contains("changes while it is read"));
  CHECK(calls == 3);
}

}  // namespace
}  // namespace impact
