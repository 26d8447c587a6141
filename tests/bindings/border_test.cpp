#include <chrono>
#include <new>
#include <thread>
#include <catch2/catch.hpp>

#include "bindings/args.h"
#include "bindings/guard.h"
#include "bindings/runtime.h"
#include "bindings/sandbox.h"

using namespace impact;
using namespace impact::bindings;

namespace {

// Counts the engine objects that are alive.
struct Counted {
  static inline int alive = 0;
  std::string load = std::string(100, 'x');
  Counted() { ++alive; }
  Counted(const Counted&) = delete;
  ~Counted() { --alive; }
};

}  // namespace

template <>
struct impact::bindings::HandleName<Counted> {
  static constexpr const char* name = "Counted";
};

namespace {

constexpr std::uint64_t kHeld = std::uint64_t{16} << 20;

Function make(const std::string& name, std::vector<Param> params, std::function<int(Call&)> body) {
  return {.name = name,
          .params = std::move(params),
          .returns = "for tests",
          .text = "For tests.",
          .example = "",
          .body = std::move(body)};
}

void install_counted(Runtime& host) {
  host.protect([](lua_State* L) {
    TypeDescriptor type{.name = "Counted", .text = "For tests.", .methods = {}, .metamethods = {}};
    type.methods.push_back(make("Counted:fail", {}, [](Call& call) -> int {
      const Counted local;
      const auto self = call.self<Counted>();
      throw DataError({.what = "it failed", .where = "row 3", .hint = "try again"});
    }));
    type.methods.push_back(make("Counted:size", {}, [](Call& call) {
      lua_pushinteger(call.state(), static_cast<lua_Integer>(call.self<Counted>()->load.size()));
      return 1;
    }));
    register_type(L, std::move(type));
    Registry& registry = runtime(L).registry();
    const auto global = [&](Function function) {
      const std::string name = function.name;
      push_function(L, registry.add(std::move(function)));
      set_global(L, name);
    };
    global(make("counted", {}, [](Call& call) {
      push_handle(call.state(), std::make_shared<Counted>(), kHeld);
      return 1;
    }));
    global(make("typed",
                {{.name = "n", .type = "integer", .text = "A number.", .min = 1, .max = 5},
                 {.name = "kind",
                  .type = "text",
                  .text = "A kind.",
                  .optional = true,
                  .named = true,
                  .allowed = {"left", "right"}}},
                [](Call& call) {
                  const Counted local;
                  lua_pushinteger(call.state(), call.integer("n"));
                  return 1;
                }));
    lua_settop(L, 0);
  });
}

std::string failure(Runtime& runtime, const std::string& code) {
  try {
    runtime.run_text(code, "test.lua");
  } catch (const ScriptError& error) {
    return error.report();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("no object is alive after a caught error", "[border]") {
  {
    Runtime runtime{RuntimeOptions{}};
    install_counted(runtime);
    const char* const scripts[] = {
        "local c = counted() pcall(function() c:fail() end) c:release()",
        "counted():fail()",
        "pcall(typed, 9) pcall(typed, 'x') typed { 2, kind = 'up' }",
        "coroutine.wrap(function() counted():fail() end)()",
        "local c <close> = counted() error('x')",
        "local c = counted() c:release() c:size()",
        "counted().size(3)",
    };
    for (const char* script : scripts) {
      INFO(script);
      const std::string text = failure(runtime, script);
      lua_gc(runtime.state(), LUA_GCCOLLECT);
      CHECK(Counted::alive == 0);
      if (std::string(script).find("release() end)") == std::string::npos &&
          std::string(script).find("pcall(function") == std::string::npos) {
        CHECK(text.find("test.lua:1: ") == 0);
      }
    }
    (void)failure(runtime,
                  "local keep = counted() coroutine.wrap(function() coroutine.yield(keep) end)()");
  }
  CHECK(Counted::alive == 0);
}

TEST_CASE("messages name what, got, expected and a hint", "[border]") {
  Runtime runtime{RuntimeOptions{}};
  install_counted(runtime);
  CHECK(failure(runtime, "\ntyped(9)") ==
        "test.lua:2: 'n' of typed is out of range\n"
        "  got:      9 (integer)\n"
        "  expected: at least 1, at most 5");
  CHECK(failure(runtime, "typed { 2, knd = 'left' }") ==
        "test.lua:1: typed has no option 'knd'\n"
        "  got:      knd\n"
        "  expected: n, kind\n"
        "  hint:     did you mean 'kind'?");
  CHECK(failure(runtime, "typed(2, { kind = 'lefft' })") ==
        "test.lua:1: 'kind' of typed can't be 'lefft'\n"
        "  got:      lefft\n"
        "  expected: left, right\n"
        "  hint:     did you mean 'left'?");
  CHECK(failure(runtime, "typed('2')") ==
        "test.lua:1: wrong type for 'n' of typed\n"
        "  got:      '2' (text)\n"
        "  expected: integer\n"
        "  hint:     write it as typed(n, { kind })");
  CHECK(failure(runtime, "coroutine.wrap(function()\n counted():fail() end)()") ==
        "test.lua:2: it failed\n"
        "  where:    row 3\n"
        "  hint:     try again");
  CHECK(failure(runtime,
                "local function a() local x; return x.y end\nlocal function b() a() end\n\nb()") ==
        "test.lua:1: attempt to index a nil value (local 'x')\n"
        "  called from test.lua:2 in function 'b'\n"
        "  called from test.lua:4");
  CHECK(failure(runtime, "x = = 1").find("test.lua:1: unexpected symbol") == 0);
  CHECK(failure(runtime,
                "local ok, e = pcall(typed, 9)\nassert(e.kind == 'argument' and e.line == 1)\n"
                "assert(e.what and e.got and e.expected and e.message == tostring(e))\nerror(e)") ==
        "test.lua:1: 'n' of typed is out of range\n"
        "  got:      9 (integer)\n"
        "  expected: at least 1, at most 5");
}

TEST_CASE("running out of memory anywhere leaks nothing", "[border]") {
  const std::string script =
      "local list = {}\n"
      "for i = 1, 20 do list[i] = { name = 'n' .. i, c = counted() } end\n"
      "table.sort(list, function(a, b) return a.name < b.name end)\n"
      "for k, v in pairs(list[1]) do assert(tostring(v)) end\n"
      "local f = coroutine.wrap(function() pcall(function() list[1].c:fail() end) end) f()\n"
      "assert(not pcall(typed, 9)) string.format('%s %d', {}, 3)\n";
  int failures = 0;
  bool done = false;
  for (std::int64_t n = 0; !done; n += n < 2000 ? 1 : 7) {
    REQUIRE(n < 100000);
    try {
      Runtime runtime({.fail_allocation = n});
      install_counted(runtime);
      runtime.run_text(script, "test.lua");
      done = true;
    } catch (const Error& error) {
      ++failures;
    }
    CHECK(Counted::alive == 0);
  }
  CHECK(failures > 500);
}

TEST_CASE("a script that allocates without end meets its limit", "[border]") {
  Runtime runtime({.memory_limit = std::uint64_t{8} << 20});
  const std::string text =
      failure(runtime, "local t = {}\nwhile true do t[#t + 1] = ('x'):rep(1000) .. #t end");
  CHECK(text.find("test.lua:2: the script needs more memory than it may use") == 0);
  CHECK(runtime.peak() <= std::uint64_t{8} << 20);
  CHECK(failure(runtime, "local s = ('x'):rep(1 << 40)").find("resulting string too large") !=
        std::string::npos);
  CHECK(failure(runtime, "assert(1 + 1 == 2)").empty());
}

TEST_CASE("engine memory held by garbage stays bounded", "[border]") {
  Runtime runtime{RuntimeOptions{}};
  install_counted(runtime);
  CHECK(failure(runtime, "for _ = 1, 2000 do counted() end").empty());
  CHECK(runtime.held_peak() < std::uint64_t{512} << 20);
}

TEST_CASE("an interrupt stops a script wherever it is", "[border]") {
  const char* const scripts[] = {
      "while true do end",
      "coroutine.wrap(function() while true do end end)()",
      "while true do pcall(function() while true do end end) end",
      "while true do local f = coroutine.wrap(function() while true do end end) pcall(f) end",
      "while true do local s = ('x'):rep(100000) end",
      "local t = {} for i = 1, 1e9 do t[i % 1000] = { i } end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "local t = {} for i = 1, 200000 do t[i] = -i end while true do table.sort(t) end",
  };
  for (const char* script : scripts) {
    INFO(script);
    CancelToken cancel;
    Runtime runtime({.cancel = &cancel});
    std::thread timer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      cancel.request();
    });
    bool cancelled = false;
    try {
      runtime.run_text(script, "test.lua");
    } catch (const Cancelled&) {
      cancelled = true;
    }
    const auto start = std::chrono::steady_clock::now();
    timer.join();
    CHECK(cancelled);
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(1));
  }
}
