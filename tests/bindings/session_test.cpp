#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <catch2/catch.hpp>

#include "bindings/args.h"
#include "bindings/install.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "tests/support/temp_dir.h"

using namespace impact;
using namespace impact::bindings;
namespace fs = std::filesystem;

namespace {

struct Program {
  CancelToken cancel;
  std::string printed;
  Session session;
  Runtime runtime;
  Program()
      : session({.cancel = &cancel}),
        runtime({.cancel = &cancel, .print = [this](auto text) { printed += text; }}) {
    runtime.set_session(&session);
    install(runtime);
  }
  std::string failure(const std::string& code) {
    try {
      runtime.run_text(code, "test.lua");
    } catch (const ScriptError& error) {
      return error.report();
    }
    return "";
  }
};

const std::string kTable = "local t = frame { { 'a', { 1, 2 } }, { 'b', { 3, 4 } } }\n";

// The temporary folder of this process while one is alive.
struct TemporaryHome {
  test::TempDir folder;
  std::string before = fs::temp_directory_path().string();
  TemporaryHome() { ::setenv("TMPDIR", folder.path().c_str(), 1); }
  TemporaryHome(const TemporaryHome&) = delete;
  ~TemporaryHome() { ::setenv("TMPDIR", before.c_str(), 1); }
};

// Id of a process that has ended.
pid_t ended_process() {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  return child;
}

}  // namespace

TEST_CASE("comparing columns with operators is an error that names the method", "[border]") {
  Program program;
  CHECK(program.failure(kTable + "t:filter(t.a > 3)") ==
        "test.lua:2: columns can't be compared with <, <=, > or >=\n"
        "  got:      3 (integer)\n"
        "  expected: a method: lt, le, gt, ge, eq or ne\n"
        "  hint:     Lua compares at once; write t.a:gt(3)");
  const std::pair<const char*, const char*> hints[] = {
      {"t.a < 3", "write t.a:lt(3)"},      {"t.a >= 2.5", "write t.a:ge(2.5)"},
      {"t.a <= 'x'", "write t.a:le('x')"}, {"3 < t.a", "write t.a:gt(3)"},
      {"t.a < t.b", "write t.a:lt(t.b)"},  {"t.a:sum() > 1", "write (sum(a)):gt(1)"},
      {"t.a < nil", "write t.a:lt(value)"}};
  for (const auto& [comparison, hint] : hints) {
    INFO(comparison);
    CHECK_THAT(program.failure(kTable + "local x = " + comparison), Catch::Contains(hint));
  }
  CHECK_THAT(program.failure(kTable + "t:filter(t.a == 3)"),
             Catch::Contains("== compares Lua values at once; write column:eq(value)"));
  CHECK_THAT(program.failure(kTable + "t:filter(3)"), !Catch::Contains("compares"));
}

TEST_CASE("an unknown method names its type and what is near", "[border]") {
  Program program;
  CHECK(program.failure(kTable + "t.a:maen()") ==
        "test.lua:2: Column has no method 'maen'\n"
        "  got:      maen\n"
        "  expected: mean\n"
        "  hint:     did you mean 'mean'?");
  CHECK_THAT(program.failure("random('a', 1):shufle {}"),
             Catch::Contains("Random has no method 'shufle'") && Catch::Contains("'shuffle'?"));
  CHECK_THAT(program.failure("category({ 'a' }):levels()"),
             Catch::Contains("Type has no method 'levels'") && Catch::Contains("no methods"));
  CHECK_THAT(program.failure("local x = missing.y"), Catch::Contains("missing has no method 'y'"));
  CHECK_THAT(program.failure(kTable + "local x = t.a[1]"),
             Catch::Contains("Column is indexed by names of methods only"));
  CHECK_THAT(program.failure(kTable + "t:filtr('a > 1')"), Catch::Contains("'filter'?"));
  CHECK(program.failure(kTable + "assert(t.a:mean() and t:filter('a > 1') and t.b)").empty());
}

TEST_CASE("a frame needs a column", "[border]") {
  Program program;
  for (const char* code : {"frame {}", "frame { key = 'id' }"}) {
    CHECK_THAT(program.failure(code), Catch::Contains("frame needs at least one column"));
  }
  CHECK(program.failure("assert(frame { { 'x', {} } }:count_rows() == 0)").empty());
}

TEST_CASE("NaN has no sign", "[border]") {
  Program program;
  CHECK(program
            .failure("local nan = math.abs(0 / 0)\n"
                     "print(nan, -nan, tostring(nan), tostring(-nan))\n"
                     "print(string.format('%s %s %g %5.1f', nan, -nan, -nan, -nan))")
            .empty());
  CHECK(program.printed == "nan\tnan\tnan\tnan\nnan nan nan   nan\n");
  lua_State* L = program.runtime.state();
  for (const double sign : {1.0, -1.0}) {
    push_value(L, std::copysign(std::numeric_limits<double>::quiet_NaN(), sign));
    CHECK(std::isnan(lua_tonumber(L, -1)));
    CHECK_FALSE(std::signbit(lua_tonumber(L, -1)));
    lua_pop(L, 1);
  }
}

TEST_CASE("loops over a script's lists answer an interrupt", "[border]") {
  const std::string list = "local list = { ('x'):rep(100000):byte(1, -1) }\n";
  for (const char* loop :
       {"frame { { 'x', list } }", "random('a', 1):shuffle(list)",
        "random('a', 1):sample(list, 50000)", "random('a', 1):sample(list, 5000)",
        "random('a', 1):categorical(list)", "for _ in pairs(list) do break end"}) {
    INFO(loop);
    Program program;
    // Without the hook only the loops themselves can notice.
    lua_sethook(program.runtime.state(), nullptr, 0, 0);
    program.cancel.request();
    CHECK_NOTHROW(program.runtime.run_text(list, "test.lua"));
    CHECK_THROWS_AS(program.runtime.run_text(list + loop, "test.lua"), Cancelled);
  }
}

TEST_CASE("scratch folders of dead processes are removed", "[session]") {
  const TemporaryHome home;
  const std::string dead = std::to_string(ended_process());
  const std::string alive = std::to_string(::getpid());
  const std::string gone = "impact-" + dead + "-aB3xyz";
  const std::string kept[] = {"impact-" + alive + "-aB3xyz",
                              "impact-" + dead + "-short",
                              "impact-" + dead + "-toolong",
                              "impact-" + dead + "-a.cdef",
                              "impact--aB3xyz",
                              "impact-test-aB3xyz",
                              "other-" + dead + "-aB3xyz",
                              "impact-aB3xyz"};
  const fs::path& root = home.folder.path();
  fs::create_directory(root / gone);
  home.folder.file(gone + "/spill", "bytes");
  for (const std::string& name : kept) fs::create_directory(root / name);
  home.folder.file("impact-" + dead + "-afile1", "a file");
  fs::create_directory_symlink(root / kept[1], root / ("impact-" + dead + "-alink1"));
  fs::path mine;
  {
    Session session(SessionOptions{});
    mine = session.scratch();
    CHECK(mine.filename().string().starts_with("impact-" + alive + "-"));
    CHECK(fs::is_directory(mine));
    CHECK_FALSE(fs::exists(root / gone));
    for (const std::string& name : kept) {
      INFO(name);
      CHECK(fs::exists(root / name));
    }
    CHECK(fs::exists(root / ("impact-" + dead + "-afile1")));
    CHECK(fs::is_symlink(root / ("impact-" + dead + "-alink1")));
  }
  CHECK_FALSE(fs::exists(mine));
}
