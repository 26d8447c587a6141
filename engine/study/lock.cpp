#include "engine/study/lock.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <nlohmann/json.hpp>

#include "engine/core/number.h"
#include "engine/study/sealed_json.h"

namespace impact {
namespace {

using nlohmann::json;

const SealedKind& lock_kind() {
  static const SealedKind kind{
      "lock", 1,
      "put back the study.lock that the run wrote, or run the study again to get a new one"};
  return kind;
}

json value_json(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return nullptr;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return *integer;
  if (const auto* number = std::get_if<double>(&value); number && std::isfinite(*number)) {
    return *number;
  }
  return format_value(value);
}

Value read_value(const RecordReader& record, const std::string& key) {
  const json& value = record.any(key);
  if (value.is_null()) return std::monostate{};
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return record.integer(key);
  if (value.is_number_float()) return value.get<double>();
  return record.text(key);
}

json engine_json(const LockEngine& engine) {
  json out = {{"impactlytics", engine.version},
              {"compiler", engine.compiler},
              {"floating_point", engine.floating_point},
              {"libraries", engine.libraries}};
  if (!engine.commit.empty()) out["commit"] = engine.commit;
  if (!engine.cpu.empty()) out["cpu"] = engine.cpu;
  return out;
}

json input_json(const LockInput& input) {
  json schema = json::array();
  for (const auto& [name, type] : input.schema) schema.push_back({{"name", name}, {"type", type}});
  return {{"name", input.name},          {"file", input.file}, {"sha256", input.sha256},
          {"bytes", input.bytes},        {"rows", input.rows}, {"schema", std::move(schema)},
          {"generated", input.generated}};
}

json node_json(const LockNode& node) {
  json out = {{"name", node.name},     {"kind", node.kind},     {"definition", node.definition},
              {"inputs", node.inputs}, {"result", node.result}, {"warnings", node.warnings}};
  if (!node.stream.empty()) out["stream"] = node.stream;
  return out;
}

std::map<std::string, std::string> read_map(const RecordReader& record, const std::string& key) {
  std::map<std::string, std::string> map;
  const RecordReader object = record.object(key);
  for (const std::string& name : object.keys()) map[name] = object.text(name);
  return map;
}

LockEngine read_engine(const RecordReader& record) {
  LockEngine engine;
  engine.version = record.text("impactlytics");
  engine.compiler = record.text("compiler");
  engine.floating_point = record.text("floating_point");
  engine.libraries = read_map(record, "libraries");
  if (record.has("commit")) engine.commit = record.text("commit");
  if (record.has("cpu")) engine.cpu = record.text("cpu");
  return engine;
}

LockInput read_input(const RecordReader& record) {
  LockInput input;
  input.name = record.text("name");
  input.file = record.text("file");
  input.sha256 = record.text("sha256");
  input.bytes = record.count("bytes");
  input.rows = record.integer("rows");
  input.generated = record.flag("generated");
  for (const RecordReader& column : record.objects("schema")) {
    input.schema.emplace_back(column.text("name"), column.text("type"));
  }
  return input;
}

LockNode read_node(const RecordReader& record) {
  LockNode node;
  node.name = record.text("name");
  node.kind = record.text("kind");
  node.definition = record.text("definition");
  node.inputs = read_map(record, "inputs");
  node.result = record.text("result");
  node.warnings = record.texts("warnings");
  if (record.has("stream")) node.stream = record.text("stream");
  return node;
}

}  // namespace

std::string lock_text(const Lock& lock) {
  json parameters = json::object();
  for (const auto& [name, value] : lock.parameters) parameters[name] = value_json(value);
  std::vector<LockInput> sorted = lock.inputs;
  std::sort(sorted.begin(), sorted.end(), [](const LockInput& a, const LockInput& b) {
    return std::tie(a.name, a.file) < std::tie(b.name, b.file);
  });
  json inputs = json::array();
  for (const LockInput& input : sorted) inputs.push_back(input_json(input));
  json nodes = json::array();
  for (const LockNode& node : lock.nodes) nodes.push_back(node_json(node));
  return sealed_text({{"study", lock.study},
                      {"version", lock.version},
                      {"seed", lock.seed},
                      {"plan_hash", lock.plan_hash},
                      {"parameters", std::move(parameters)},
                      {"engine", engine_json(lock.engine)},
                      {"scripts", lock.scripts},
                      {"inputs", std::move(inputs)},
                      {"nodes", std::move(nodes)},
                      {"outputs", lock.outputs}},
                     lock_kind());
}

Lock read_lock(std::string_view text, std::string_view where) {
  const json content = read_sealed(text, where, lock_kind());
  const RecordReader record(content, where);
  Lock lock;
  lock.study = record.text("study");
  lock.version = record.text("version");
  lock.seed = record.integer("seed");
  lock.plan_hash = record.text("plan_hash");
  const RecordReader parameters = record.object("parameters");
  for (const std::string& name : parameters.keys()) {
    lock.parameters[name] = read_value(parameters, name);
  }
  lock.engine = read_engine(record.object("engine"));
  lock.scripts = read_map(record, "scripts");
  for (const RecordReader& input : record.objects("inputs")) {
    lock.inputs.push_back(read_input(input));
  }
  for (const RecordReader& node : record.objects("nodes")) lock.nodes.push_back(read_node(node));
  lock.outputs = read_map(record, "outputs");
  return lock;
}

}  // namespace impact
