#include <bit>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/study/run.h"
#include "engine/table/frame_codec.h"

namespace impact {
namespace {

using nlohmann::json;

constexpr std::string_view kMagic = "impact-result 4\n";

// A double as its bits: text would lose which NaN it is.
json bits(double value) { return std::bit_cast<std::int64_t>(value); }
double number(const json& value) { return std::bit_cast<double>(value.get<std::int64_t>()); }

json value_json(const Value& value) {
  struct ToJson {
    json operator()(std::monostate) const { return {"missing"}; }
    json operator()(bool v) const { return {"boolean", v}; }
    json operator()(std::int64_t v) const { return {"integer", v}; }
    json operator()(double v) const { return {"number", bits(v)}; }
    json operator()(const std::string& v) const { return {"text", v}; }
    json operator()(Date v) const { return {"date", v.days}; }
    json operator()(Timestamp v) const { return {"timestamp", v.micros}; }
  };
  return std::visit(ToJson{}, value);
}

Value read_value(const json& tagged) {
  const auto& type = tagged.at(0).get_ref<const std::string&>();
  if (type == "missing") return std::monostate{};
  const json& value = tagged.at(1);
  if (type == "boolean") return value.get<bool>();
  if (type == "integer") return value.get<std::int64_t>();
  if (type == "number") return number(value);
  if (type == "text") return value.get<std::string>();
  if (type == "date") return Date{value.get<std::int32_t>()};
  if (type == "timestamp") return Timestamp{value.get<std::int64_t>()};
  throw DataError({.what = "a stored value has an unknown type", .got = type});
}

json estimate_json(const Estimate& e) {
  return {e.term,           e.method,          e.se_type,         e.n,        e.warnings,
          bits(e.estimate), bits(e.std_error), bits(e.statistic), bits(e.df), bits(e.p_value),
          bits(e.conf_low), bits(e.conf_high), bits(e.null_value)};
}

Estimate read_estimate(const json& fields) {
  Estimate e;
  e.term = fields.at(0).get<std::string>();
  e.method = fields.at(1).get<std::string>();
  e.se_type = fields.at(2).get<std::string>();
  e.n = fields.at(3).get<std::int64_t>();
  e.warnings = fields.at(4).get<std::vector<std::string>>();
  double* const numbers[] = {&e.estimate, &e.std_error, &e.statistic, &e.df,
                             &e.p_value,  &e.conf_low,  &e.conf_high, &e.null_value};
  for (std::size_t i = 0; i < std::size(numbers); ++i) *numbers[i] = number(fields.at(5 + i));
  return e;
}

NodeResult read_parts(std::string_view bytes) {
  bytes.remove_prefix(kMagic.size());
  const std::size_t end = bytes.find('\n');
  const auto size = parse_integer(bytes.substr(0, end));
  if (end == std::string_view::npos || !size || *size < 0 ||
      static_cast<std::uint64_t>(*size) > bytes.size() - end - 1) {
    throw DataError({.what = "a stored result is cut short"});
  }
  const json header = parse_json(bytes.substr(end + 1, static_cast<std::size_t>(*size)), "result");
  NodeResult result;
  result.rows = header.at("rows").get<std::int64_t>();
  result.passed = header.at("passed").get<bool>();
  result.value = read_value(header.at("value"));
  result.warnings = header.at("warnings").get<std::vector<std::string>>();
  for (const json& fields : header.at("estimates")) {
    result.estimates.push_back(read_estimate(fields));
  }
  result.figure = header.at("figure").get<std::string>();
  result.words = header.at("words").get<std::string>();
  for (const json& alarm : header.at("alarms")) {
    result.alarms.push_back({alarm.at(0).get<std::string>(), alarm.at(1).get<std::string>()});
  }
  std::string_view rest = bytes.substr(end + 1 + static_cast<std::size_t>(*size));
  const auto bytes_of = [&rest](const json& length) {
    const auto count = length.get<std::uint64_t>();
    if (count > rest.size()) throw DataError({.what = "a stored result is cut short"});
    const std::string_view part = rest.substr(0, static_cast<std::size_t>(count));
    rest.remove_prefix(part.size());
    return part;
  };
  const auto take = [&](const json& length) { return decode_frame(bytes_of(length)); };
  result.frame = take(header.at("frame"));
  for (const json& table : header.at("tables")) {
    result.tables.emplace_back(table.at(0).get<std::string>(), take(table.at(1)));
  }
  for (const json& model : header.at("models")) {
    result.models.emplace_back(model.at(0).get<std::string>(), bytes_of(model.at(1)));
  }
  if (!rest.empty()) throw DataError({.what = "a stored result has bytes left over"});
  return result;
}

}  // namespace

std::string encode_result(const NodeResult& result) {
  json estimates = json::array();
  for (const Estimate& item : result.estimates) estimates.push_back(estimate_json(item));
  std::string frames = encode_frame(result.frame);
  const std::size_t first = frames.size();
  json tables = json::array();
  for (const auto& [name, frame] : result.tables) {
    const std::string bytes = encode_frame(frame);
    tables.push_back({name, bytes.size()});
    frames += bytes;
  }
  json models = json::array();
  for (const auto& [name, bytes] : result.models) {
    models.push_back({name, bytes.size()});
    frames += bytes;
  }
  json alarms = json::array();
  for (const RaisedAlarm& alarm : result.alarms) alarms.push_back({alarm.rule, alarm.text});
  const std::string header = canonical_json({{"rows", result.rows},
                                             {"passed", result.passed},
                                             {"value", value_json(result.value)},
                                             {"warnings", result.warnings},
                                             {"estimates", std::move(estimates)},
                                             {"alarms", std::move(alarms)},
                                             {"figure", result.figure},
                                             {"words", result.words},
                                             {"frame", first},
                                             {"tables", std::move(tables)},
                                             {"models", std::move(models)}});
  return std::string(kMagic) + format_integer(static_cast<std::int64_t>(header.size())) + "\n" +
         header + frames;
}

NodeResult decode_result(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) throw DataError({.what = "not a stored result"});
  try {
    return read_parts(bytes);
  } catch (const json::exception& error) {
    throw DataError({.what = "a stored result is malformed", .got = error.what()});
  }
}

}  // namespace impact
