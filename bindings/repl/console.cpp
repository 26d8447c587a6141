#include "bindings/repl/console.h"

#include <algorithm>
#include <optional>

#include "bindings/args.h"
#include "bindings/failure_text.h"
#include "bindings/sandbox.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::bindings {
namespace {

const char kRepl = 0;  // Registry: the functions of stdlib/repl.

constexpr std::string_view kChunk = "input ";

}  // namespace

Console::Console(Script& script, ConsoleHost& host, CancelToken& cancel)
    : script_(script), host_(host), cancel_(cancel) {
  script_.runtime().set_console(this);
  script_.runtime().protect([](lua_State* L) {
    install_console(L);
    load_library(L, "repl/repl.lua");
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kRepl);
  });
}

Console::~Console() { script_.runtime().set_console(nullptr); }

template <class Push, class Read>
void Console::ask(const char* function, const Push& push, const Read& read) {
  Runtime& runtime = script_.runtime();
  lua_State* L = runtime.state();
  int arguments = 0;
  runtime.protect([&](lua_State* state) {
    lua_settop(state, 0);
    lua_rawgetp(state, LUA_REGISTRYINDEX, &kRepl);
    lua_getfield(state, -1, function);
    lua_remove(state, -2);
    arguments = push(state);
  });
  runtime.call(arguments, 1);
  read(L);
  lua_settop(L, 0);
}

std::string Console::banner() {
  std::string out;
  ask(
      "banner", [](lua_State*) { return 0; }, [&](lua_State* L) { out = text_at(L, -1); });
  return out;
}

bool Console::whole(const std::string& text) {
  bool whole = true;
  const auto push = [&](lua_State* L) {
    push_text(L, text);
    return 1;
  };
  try {
    ask("whole", push, [&](lua_State* L) { whole = lua_toboolean(L, -1) != 0; });
  } catch (const Error&) {
    lua_settop(script_.runtime().state(), 0);  // Then evaluating it says what is wrong.
  }
  return whole;
}

void Console::show_failure(const std::exception& error) {
  Runtime& runtime = script_.runtime();
  trace_ = runtime.trace;
  const ChunkText text_of = [&](const std::string& chunk) -> std::optional<std::string> {
    if (!chunk.starts_with(kChunk)) return std::nullopt;
    const auto number = parse_integer(std::string_view(chunk).substr(kChunk.size()));
    if (!number || *number < 1 || static_cast<std::size_t>(*number) > inputs_.size()) {
      return std::nullopt;
    }
    return inputs_[static_cast<std::size_t>(*number) - 1];
  };
  const bool one_line = inputs_.back().find('\n') == std::string::npos;
  failure_ = describe_failure(error, text_of,
                              one_line ? std::string(kChunk) + std::to_string(inputs_.size()) : "");
  const bool colour = host_.screen().colour;
  const std::string mark = colour ? "\033[31merror:\033[0m " : "error: ";
  runtime.print(mark + failure_ + "\n");
}

Console::Answer Console::submit(const std::string& text) {
  Runtime& runtime = script_.runtime();
  inputs_.push_back(text);
  bool quit = false;
  const auto push = [&](lua_State* L) {
    push_text(L, text);
    push_text(L, std::string(kChunk) + std::to_string(inputs_.size()));
    return 2;
  };
  runtime.resume();
  try {
    if (const auto bad = find_invalid_utf8(text)) {
      throw DataError(
          {.what = "what was typed is no UTF-8 text", .where = "byte " + std::to_string(*bad + 1)});
    }
    ask("submit", push, [&](lua_State* L) { quit = lua_toboolean(L, -1) != 0; });
  } catch (const Cancelled&) {
    // Over the terminal's own ^C and a line of progress.
    runtime.print(host_.screen().cursor ? "\r\033[Kinterrupted\n" : "interrupted\n");
  } catch (const std::exception& error) {
    show_failure(error);
  }
  lua_settop(runtime.state(), 0);
  cancel_.reset();
  runtime.resume();
  return quit ? Answer::kQuit : Answer::kGoOn;
}

Completion Console::complete(const std::string& text, std::size_t cursor) {
  Completion out;
  cursor = std::min(cursor, text.size());
  out.start = cursor;
  const auto push = [&](lua_State* L) {
    push_text(L, std::string_view(text).substr(0, cursor));
    return 1;
  };
  // { start, words... }; start counts from 1.
  const auto read = [&](lua_State* L) {
    if (lua_type(L, -1) != LUA_TTABLE) return;
    lua_rawgeti(L, -1, 1);
    const auto start = static_cast<std::size_t>(lua_tointegerx(L, -1, nullptr));
    lua_pop(L, 1);
    if (start < 1 || start > cursor + 1) return;
    out.start = start - 1;
    const auto count = static_cast<lua_Integer>(lua_rawlen(L, -1));
    for (lua_Integer i = 2; i <= count; ++i) {
      lua_rawgeti(L, -1, i);
      out.words.push_back(text_at(L, -1));
      lua_pop(L, 1);
    }
  };
  try {
    ask("complete", push, read);
  } catch (const std::exception&) {
    // A text that can't be completed is no reason to disturb who types it.
    lua_settop(script_.runtime().state(), 0);
    out.words.clear();
  }
  return out;
}

}  // namespace impact::bindings
