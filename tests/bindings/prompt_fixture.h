#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bindings/repl/console.h"
#include "tests/support/temp_dir.h"

namespace impact::testing {

struct FakeHost : bindings::ConsoleHost {
  Screen size = {};
  std::string paged;
  std::filesystem::path opened;
  std::map<std::string, std::string> settings;
  std::int64_t day = 20000;
  Screen screen() override { return size; }
  void page(const std::string& text) override { paged = text; }
  bool open(const std::filesystem::path& page) override {
    opened = page;
    return true;
  }
  std::string setting(const std::string& name) override { return settings[name]; }
  void keep_setting(const std::string& name, const std::string& value) override {
    settings[name] = value;
  }
  std::filesystem::path cache() override { return {}; }
  double clock() override { return 0; }
  std::int64_t today() override { return day; }
};

// A prompt in an empty folder, which is the current one meanwhile.
struct Prompt {
  test::TempDir dir;
  std::filesystem::path before = std::filesystem::current_path();
  FakeHost host;
  CancelToken cancel;
  std::string printed;
  std::unique_ptr<bindings::Script> script;
  std::unique_ptr<bindings::Console> console;

  Prompt() {
    std::filesystem::current_path(dir.path());
    script = std::make_unique<bindings::Script>(
        bindings::ScriptSource{.interactive = true},
        bindings::SessionOptions{.cancel = &cancel, .interactive = true},
        bindings::RuntimeOptions{.cancel = &cancel,
                                 .print = [this](auto text) { printed += text; }});
    console = std::make_unique<bindings::Console>(*script, host, cancel);
  }
  ~Prompt() {
    console.reset();
    script.reset();
    std::filesystem::current_path(before);
  }
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  std::string say(const std::string& text) {
    printed.clear();
    (void)console->submit(text);
    return printed;
  }
  std::vector<std::string> words(const std::string& text) {
    return console->complete(text, text.size()).words;
  }
  bool whole(const std::string& text) { return console->whole(text); }
};

using Words = std::vector<std::string>;

inline bool has(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

inline constexpr const char* kTable =
    "t = frame { { \"views\", { 1, 2, 30 } }, { \"tier\", { \"a\", \"b\", \"b\" } }, "
    "{ \"two words\", { 1, 2, 3 } } }";

}  // namespace impact::testing
