#include "engine/study/object_store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "tests/support/temp_dir.h"

namespace impact {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::read_bytes;
using test::TempDir;

std::string key(int i) { return to_hex(sha256("key " + std::to_string(i))); }

fs::path object_path(const TempDir& folder, const std::string& name) {
  return folder.path() / "objects" / name.substr(0, 2) / name.substr(2);
}

void overwrite(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::size_t files_in(const fs::path& folder) {
  if (!fs::exists(folder)) return 0;
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

// Runs the body in a process of its own, which ends with the status the body returns.
pid_t in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int status = 99;
  try {
    status = body();
  } catch (const std::exception&) {
    status = 98;
  }
  ::_exit(status);
}

int status_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

// Lets no file grow beyond `bytes` while it lives, as a full disk would.
class SizeLimit {
 public:
  explicit SizeLimit(rlim_t bytes) : handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~SizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, handler_);
  }
  SizeLimit(const SizeLimit&) = delete;
  SizeLimit& operator=(const SizeLimit&) = delete;

 private:
  void (*handler_)(int);
  rlimit before_{};
};

TEST_CASE("what was put is got, by another store too", "[object_store]") {
  const TempDir folder;
  const std::string binary("\0\xFF\n\r\x1A", 5);
  {
    ObjectStore store(folder.path() / "cache");
    CHECK_FALSE(fs::exists(folder.path() / "cache"));
    CHECK_FALSE(store.get(key(1)).has_value());
    store.put(key(1), binary);
    store.put(key(2), "");
    store.put(key(3), "old");
    store.put(key(3), "new");
    CHECK(store.get(key(1)) == binary);
  }
  ObjectStore store(folder.path() / "cache");
  CHECK(store.get(key(1)) == binary);
  CHECK(store.get(key(2)) == std::string());
  CHECK(store.get(key(3)) == "new");
  CHECK_FALSE(store.get(key(4)).has_value());
  CHECK(store.damaged().empty());
  CHECK(store.problem().empty());
  CHECK(fs::exists(folder.path() / "cache" / "objects" / key(1).substr(0, 2) / key(1).substr(2)));
  CHECK(files_in(folder.path() / "cache" / "tmp") == 0);
}

TEST_CASE("a store without a folder keeps nothing", "[object_store]") {
  ObjectStore store{fs::path()};
  store.put(key(1), "x");
  CHECK_FALSE(store.get(key(1)).has_value());
  CHECK(store.prune(0) == 0);
  CHECK(store.problem().empty());
}

TEST_CASE("a key that is no hash is a defect of the caller", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  for (const std::string& bad : {std::string("../../etc/passwd"), std::string(64, 'G'),
                                 std::string(63, 'a'), std::string(64, 'A')}) {
    CHECK_THROWS_AS(store.get(bad), InternalError);
    CHECK_THROWS_AS(store.put(bad, "x"), InternalError);
  }
}

TEST_CASE("every flipped byte and every cut of an object is found", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  store.put(key(1), "the payload");
  const fs::path path = object_path(folder, key(1));
  const std::string good = read_bytes(path);
  REQUIRE(good.size() == 80 + 11);
  const auto refused = [&](const std::string& bytes) {
    overwrite(path, bytes);
    ObjectStore fresh(folder.path());
    return !fresh.get(key(1)).has_value() && !fs::exists(path) &&
           fresh.damaged() == std::vector<std::string>{key(1)};
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x01);
    CAPTURE(at);
    CHECK(refused(bad));
    CHECK(refused(good.substr(0, at)));
  }
  CHECK(refused(good + "x"));
  overwrite(path, good);
  CHECK(store.get(key(1)) == "the payload");
  CHECK(store.damaged().empty());
}

TEST_CASE("a whole object under another key's name is damage", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  store.put(key(1), "one");
  store.put(key(2), "two");
  fs::copy_file(object_path(folder, key(1)), object_path(folder, key(2)),
                fs::copy_options::overwrite_existing);
  CHECK_FALSE(store.get(key(2)).has_value());
  CHECK(store.damaged() == std::vector<std::string>{key(2)});
  // What was damaged is simply put again.
  store.put(key(2), "two");
  CHECK(store.get(key(2)) == "two");
}

TEST_CASE("an object that promises more than the file holds asks for no memory", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  store.put(key(1), "x");
  std::string bytes = read_bytes(object_path(folder, key(1)));
  for (std::size_t i = 40; i < 48; ++i) bytes[i] = '\xFF';
  overwrite(object_path(folder, key(1)), bytes);
  CHECK_FALSE(store.get(key(1)).has_value());
  CHECK(store.damaged().size() == 1);
}

TEST_CASE("links, pipes and folders in place of an object are not followed", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  for (int i = 1; i <= 3; ++i) store.put(key(i), "x");
  const fs::path secret = folder.file("elsewhere", "y");
  fs::remove(object_path(folder, key(1)));
  fs::create_symlink(secret, object_path(folder, key(1)));
  fs::remove(object_path(folder, key(2)));
  REQUIRE(::mkfifo(object_path(folder, key(2)).c_str(), 0600) == 0);
  fs::remove(object_path(folder, key(3)));
  fs::create_directory(object_path(folder, key(3)));
  for (int i = 1; i <= 3; ++i) CHECK_FALSE(store.get(key(i)).has_value());
  CHECK(store.damaged().size() == 3);
  CHECK(read_bytes(secret) == "y");
}

TEST_CASE("a refusal of the disk is remembered and fails nothing", "[object_store]") {
  const TempDir folder;
  const fs::path blocked = folder.file("file", "not a folder");
  ObjectStore store(blocked);
  store.put(key(1), "x");
  CHECK_THAT(store.problem(), Contains("cannot write") && Contains(blocked.string()));
  const std::string first = store.problem();
  store.put(key(2), "x");
  CHECK(store.problem() == first);
  CHECK_FALSE(store.get(key(1)).has_value());
  CHECK(store.damaged().empty());
  CHECK(read_bytes(blocked) == "not a folder");
}

TEST_CASE("a disk that fills up in the middle of an object leaves the old one", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  store.put(key(1), "old");
  {
    const SizeLimit full(1000);
    store.put(key(1), std::string(100'000, 'x'));
  }
  CHECK_FALSE(store.problem().empty());
  CHECK(store.get(key(1)) == "old");
  CHECK(files_in(folder.path() / "tmp") == 0);
}

TEST_CASE("a cache deleted while it is in use is made again", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path() / "cache");
  store.put(key(1), "x");
  fs::remove_all(folder.path() / "cache");
  CHECK_FALSE(store.get(key(1)).has_value());
  store.put(key(1), "y");
  CHECK(store.get(key(1)) == "y");
  CHECK(store.problem().empty());
  CHECK(store.damaged().empty());
}

TEST_CASE("whenever a writer is killed, objects are whole or absent", "[object_store]") {
  const TempDir folder;
  const std::string payload(3'000'000, 'p');
  int kept = 0;
  for (int round = 0; round < 12; ++round) {
    const pid_t child = in_child([&] {
      ObjectStore store(folder.path());
      for (int i = 0;; ++i) store.put(key(i % 5), payload);
      return 0;
    });
    REQUIRE(child > 0);
    // Long enough to be somewhere in the middle of writing.
    std::this_thread::sleep_for(std::chrono::milliseconds(5 + 3 * round));
    ::kill(child, SIGKILL);
    status_of(child);
    ObjectStore store(folder.path());
    CHECK(files_in(folder.path() / "tmp") == 0);
    for (int i = 0; i < 5; ++i) {
      const auto got = store.get(key(i));
      if (got) {
        ++kept;
        CHECK(*got == payload);
      }
    }
    CHECK(store.damaged().empty());
  }
  CHECK(kept > 0);
}

TEST_CASE("several processes share a folder", "[object_store]") {
  const TempDir folder;
  const auto payload = [](int i) { return std::string(20'000, static_cast<char>('a' + i)); };
  const auto work = [&] {
    for (int round = 0; round < 60; ++round) {
      ObjectStore store(folder.path());  // Tidies up while the others write.
      const int i = round % 6;
      store.put(key(i), payload(i));
      const auto got = store.get(key(i));
      if (!store.problem().empty()) return 1;
      if (!store.damaged().empty()) return 2;
      if (got != payload(i)) return 3;
    }
    return 0;
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) children.push_back(in_child(work));
  for (const pid_t child : children) CHECK(status_of(child) == 0);
  CHECK(files_in(folder.path() / "tmp") == 0);
}

TEST_CASE("threads share a store", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&store, t] {
      for (int i = 0; i < 25; ++i) {
        store.put(key((i + t) % 7), "same " + std::to_string((i + t) % 7));
        (void)store.get(key(i % 7));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 7; ++i) CHECK(store.get(key(i)) == "same " + std::to_string(i));
  CHECK(store.damaged().empty());
  CHECK(store.problem().empty());
}

TEST_CASE("a living writer's temporary file stays, a dead one's goes", "[object_store]") {
  const TempDir folder;
  fs::create_directories(folder.path() / "tmp");
  folder.file("tmp/1-0", "dead, though a process 1 lives");
  const fs::path held = folder.file("tmp/999999999-0", "alive, though no such process lives here");
  const int file = ::open(held.c_str(), O_RDONLY);
  REQUIRE(::flock(file, LOCK_EX) == 0);
  { const ObjectStore store(folder.path()); }
  CHECK_FALSE(fs::exists(folder.path() / "tmp" / "1-0"));
  CHECK(fs::exists(held));
  ::close(file);
  { const ObjectStore store(folder.path()); }
  CHECK_FALSE(fs::exists(held));
}

TEST_CASE("pruning removes what was not used for longest", "[object_store]") {
  const TempDir folder;
  ObjectStore store(folder.path());
  const auto past = fs::file_time_type::clock::now() - std::chrono::hours(10);
  for (int i = 0; i < 4; ++i) {
    store.put(key(i), std::string(920, 'x'));  // 1000 bytes with its header.
    fs::last_write_time(object_path(folder, key(i)), past + std::chrono::minutes(i));
  }
  folder.file("objects/notes.txt", "not an object");
  CHECK(store.get(key(0)).has_value());  // Now the one used last.
  CHECK(store.prune(4000) == 0);
  CHECK(store.prune(2500) == 2000);
  CHECK(store.get(key(0)).has_value());
  CHECK_FALSE(store.get(key(1)).has_value());
  CHECK_FALSE(store.get(key(2)).has_value());
  CHECK(store.get(key(3)).has_value());
  CHECK(store.damaged().empty());
  CHECK(store.prune(0) == 2000);
  CHECK(fs::exists(folder.path() / "objects" / "notes.txt"));
}

}  // namespace
}  // namespace impact
