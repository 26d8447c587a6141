#pragma once

#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "engine/study/blind.h"
#include "engine/study/estimate_node.h"
#include "engine/study/fingerprint.h"
#include "engine/study/object_store.h"
#include "engine/study/run.h"
#include "engine/study/study.h"
#include "tests/engine/table/table_fixture.h"
#include "tests/support/temp_dir.h"

namespace impact::testing {

/// A study declared node by node over files of its own; the n-th node stands at "study:n".
struct StudyFixture : Tables {
  test::TempDir dir = {};
  Study study = {};

  StudyFixture() {
    study.name = "example";
    study.version = "0.1.0";
    study.seed = 7;
  }

  void add(const std::string& name, NodeBody body) {
    const std::string at = "study:" + std::to_string(study.nodes.size() + 1);
    study.nodes.push_back({name, at, std::move(body)});
  }

  /// A source that reads `name`.csv with this text.
  RelationPtr source(const std::string& name, const std::string& text,
                     std::vector<std::string> key = {"id"}) {
    FileSource file;
    file.path = dir.file(name + ".csv", text);
    file.declared_path = name + ".csv";
    SourceNode node{.file = name + ".csv", .path = file.path, .relation = {}, .expectations = {}};
    node.relation = scan_file(backend, std::move(file), std::move(key), "'" + name + "'");
    const RelationPtr relation = node.relation;
    add(name, std::move(node));
    return relation;
  }

  static StudyColumn col(const RelationPtr& table, const std::string& name) {
    return {.name = name, .expr = column(name), .table = table};
  }
  static StudyColumn arms_of(const std::string& assignment) {
    return {.name = assignment, .expr = column(assignment), .assignment = assignment};
  }
  static InquiryNode asks(StudyColumn outcome, StudyColumn exposure,
                          const std::string& treated = "treated",
                          const std::string& control = "control") {
    return {.outcome = std::move(outcome),
            .contrast = StudyContrast{std::move(exposure), treated, control}};
  }
  void roles(const std::string& role, std::vector<StudyColumn> members) {
    add("roles", RolesNode{{{role, std::move(members)}}});
  }
  void estimator(const std::string& name, Method method, const std::string& answers = "ATE") {
    add(name, EstimatorNode{.method = std::move(method), .answers = answers});
  }

  /// The rows of an estimator, from the data as they are.
  std::vector<Estimate> answer(const std::string& name, int threads = 2) {
    const Blind blind(study, false);
    return estimate_node(study, *study.find(name), blind, {.threads = threads});
  }

  StudyRun run(ObjectStore* cache = nullptr, int threads = 2, bool sealed = false) {
    FingerprintCache fingerprints({});
    return run_study(study,
                     {.cache = cache,
                      .fingerprints = &fingerprints,
                      .sealed = sealed,
                      .table_backend = backend->version()},
                     {.threads = threads});
  }
  std::vector<NodeState> states(ObjectStore* cache = nullptr, bool sealed = false) {
    FingerprintCache fingerprints({});
    return node_states(study,
                       {.cache = cache,
                        .fingerprints = &fingerprints,
                        .sealed = sealed,
                        .table_backend = backend->version()},
                       context);
  }
};

/// tests/reference/stats/units.txt as CSV: "id" from 1, its columns, and the arms as texts ("arm"
/// of z, "armc" of zc); `backwards` puts the last row first.
inline std::string units_csv(bool backwards = false) {
  std::ifstream file(IMPACT_SOURCE "/tests/reference/stats/units.txt");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  std::vector<std::string> rows;
  const auto cells = [](const std::string& text) {
    std::istringstream fields(text);
    std::vector<std::string> out;
    for (std::string cell; fields >> cell;) out.push_back(cell);
    return out;
  };
  const auto joined = [](const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += "," + part;
    return out;
  };
  const auto names = cells(line);
  const std::string header = "id" + joined(names) + ",arm,armc\n";
  while (std::getline(file, line)) {
    const auto row = cells(line);
    std::string out = std::to_string(rows.size() + 1) + joined(row);
    for (const char* arm : {"z", "zc"}) {
      for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i] == arm) out += row[i] == "1" ? ",treated" : ",control";
      }
    }
    rows.push_back(out + "\n");
  }
  REQUIRE(rows.size() == 60);
  std::string text = header;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += rows[backwards ? rows.size() - 1 - i : i];
  }
  return text;
}

}  // namespace impact::testing
