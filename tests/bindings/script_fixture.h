#pragma once

#include <string>
#include <utility>
#include <vector>
#include <catch2/catch.hpp>

#include "bindings/script.h"
#include "engine/study/estimate_node.h"
#include "tests/support/temp_dir.h"

namespace impact::testing {

/// Declares a study from text; `head` stands on its first line.
struct ScriptFixture {
  test::TempDir dir = {};
  std::string printed = {};
  std::map<std::string, std::string> settings = {};

  static constexpr const char* kHead =
      "local S <const> = study \"s\" { version = \"0.1.0\", seed = 7 }\n";

  std::unique_ptr<bindings::Script> script(const std::string& code, bool folder = false) {
    bindings::ScriptSource source;
    if (folder) {
      std::filesystem::create_directories(dir.path() / "s");
      source.file = dir.file("s/study.lua", code);
      source.folder = true;
    } else {
      source.code = code;
    }
    return std::make_unique<bindings::Script>(
        source, bindings::SessionOptions{.data = dir.path(), .settings = settings},
        bindings::RuntimeOptions{.print = [this](auto text) { printed += text; }});
  }
  /// The message of the first error, "" when the study is declared.
  std::string refusal(const std::string& body) {
    const auto it = script(kHead + body + "\nreturn S");
    try {
      it->declare();
    } catch (const bindings::ScriptError& error) {
      return error.report();
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  /// "line: what" of every error, one a line.
  std::string errors(const std::string& body) {
    const auto it = script(kHead + body + "\nreturn S");
    std::string out;
    for (const bindings::ScriptError& error : it->find_errors()) {
      out += std::to_string(error.line()) + ": " + error.info().what + "\n";
    }
    return out;
  }
};

}  // namespace impact::testing
