#include <filesystem>
#include <fstream>
#include <iterator>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "bindings/install.h"
#include "bindings/runtime.h"
#include "bindings/session.h"
#include "bindings/study_run.h"

using namespace impact::bindings;

namespace {

struct Program {
  Session session;
  Runtime runtime;
  explicit Program(const std::filesystem::path& out)
      : session({.out = out, .name = "example"}), runtime({.print = [](std::string_view) {}}) {
    runtime.set_session(&session);
    install(runtime);
  }
};

nlohmann::json descriptors() {
  Program program("unused");
  return program.runtime.registry().to_json();
}

}  // namespace

TEST_CASE("every function is described in full", "[docs]") {
  const auto docs = descriptors();
  REQUIRE(docs["functions"].size() > 150);
  for (const auto& function : docs["functions"]) {
    INFO(function["name"].get<std::string>());
    CHECK(!function["text"].get<std::string>().empty());
    CHECK(!function["returns"].get<std::string>().empty());
    CHECK(!function["example"].get<std::string>().empty());
    for (const auto& param : function["params"]) {
      CHECK(!param["type"].get<std::string>().empty());
      CHECK(!param["text"].get<std::string>().empty());
    }
  }
}

TEST_CASE("every statistical method has its paragraph", "[docs]") {
  std::ifstream file(IMPACT_SOURCE "/docs/statistics.md");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  REQUIRE(page.size() > 10000);
  const auto all = descriptors();
  for (const auto& function : all["functions"]) {
    const auto name = function["name"].get<std::string>();
    if (!name.starts_with("stats.")) continue;
    INFO(name);
    CHECK(page.find("`" + name.substr(6) + "`") != std::string::npos);
  }
}

TEST_CASE("every example runs", "[docs]") {
  const auto out = std::filesystem::temp_directory_path() / "impact-example-run";
  const auto docs = descriptors();
  for (const auto& function : docs["functions"]) {
    INFO(function["name"].get<std::string>());
    INFO(function["example"].get<std::string>());
    Program program(out);
    std::string failure;
    try {
      program.runtime.run_text(function["example"].get<std::string>(), "example", 1);
      finish_declaring(program.runtime);
      (void)finish_run(program.session, {}, false, true);
    } catch (const ScriptError& error) {
      failure = error.report();
    } catch (const std::exception& error) {
      failure = error.what();
    }
    CHECK(failure == "");
  }
  std::filesystem::remove_all(out);
}
