#include "engine/render/report_json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/render/frame_json.h"
#include "engine/render/html_table.h"

namespace impact {
namespace {

using nlohmann::json;
using Kind = ReportSection::Kind;

constexpr int kVersion = 1;

const std::vector<std::pair<Kind, std::string>>& kind_names() {
  static const std::vector<std::pair<Kind, std::string>> kNames{
      {Kind::kHeading, "heading"},   {Kind::kProse, "prose"},        {Kind::kTable, "table"},
      {Kind::kChecks, "checks"},     {Kind::kFigure, "figure"},      {Kind::kValues, "values"},
      {Kind::kFindings, "findings"}, {Kind::kEstimates, "estimates"}};
  return kNames;
}

// Each struct says its members once, in `members`; a Writer and a Reader visit them.
template <class Visitor>
void members(Visitor& visit, Finding& it) {
  visit("sentence", it.sentence);
  visit("about", it.about);
  visit("warnings", it.warnings);
}

template <class Visitor>
void members(Visitor& visit, Alarm& it) {
  visit("rule", it.rule);
  visit("text", it.text);
  visit("about", it.about);
}

template <class Visitor>
void members(Visitor& visit, ReportValue& it) {
  visit("label", it.label);
  visit("value", it.value);
  visit("note", it.note);
  visit("warnings", it.warnings);
}

template <class Visitor>
void members(Visitor& visit, Estimate& it) {
  visit("term", it.term);
  visit("estimate", it.estimate);
  visit("std_error", it.std_error);
  visit("statistic", it.statistic);
  visit("df", it.df);
  visit("p_value", it.p_value);
  visit("conf_low", it.conf_low);
  visit("conf_high", it.conf_high);
  visit("null_value", it.null_value);
  visit("n", it.n);
  visit("method", it.method);
  visit("se_type", it.se_type);
  visit("warnings", it.warnings);
}

template <class Visitor>
void members(Visitor& visit, ReportEstimate& it) {
  visit("node", it.row.node);
  visit("inquiry", it.row.inquiry);
  visit("primary", it.primary);
  members(visit, it.row.estimate);
}

template <class Visitor>
void members(Visitor& visit, ReportFigure& it) {
  visit("spec", it.spec);
  visit("words", it.words);
  visit("link", it.link);
}

template <class Visitor>
void members(Visitor& visit, CheckRow& it) {
  visit("node", it.node);
  visit("passed", it.passed);
  visit("value", it.value);
  visit("rows", it.rows);
}

template <class Visitor>
void members(Visitor& visit, ReportSection& it) {
  visit("kind", it.kind);
  visit("text", it.text);
  visit("level", it.level);
  visit("node", it.node);
  visit("frame", it.frame);
  visit("all_rows", it.all_rows);
  visit("checks", it.checks);
  visit("figure", it.figure);
  visit("values", it.values);
  visit("estimates", it.estimates);
  visit("findings", it.findings);
  visit("warnings", it.warnings);
}

template <class Visitor>
void members(Visitor& visit, DataFact::Step& it) {
  visit("name", it.name);
  visit("rows", it.rows);
  visit("dropped", it.dropped);
  visit("why", it.why);
}

template <class Visitor>
void members(Visitor& visit, DataFact& it) {
  visit("source", it.source);
  visit("rows_in", it.rows_in);
  visit("steps", it.steps);
}

template <class Visitor>
void members(Visitor& visit, MethodNote& it) {
  visit("node", it.node);
  visit("words", it.words);
}

template <class Visitor>
void members(Visitor& visit, std::pair<std::string, std::string>& it) {
  visit("name", it.first);
  visit("value", it.second);
}

template <class Visitor>
void members(Visitor& visit, Report& it) {
  visit("title", it.title);
  visit("notice", it.notice);
  visit("alarms", it.alarms);
  visit("summary", it.summary);
  visit("sections", it.sections);
  visit("data", it.data);
  visit("methods", it.methods);
  visit("provenance", it.provenance);
}

// A struct with members.
struct Probe {
  template <class T>
  void operator()(const char*, T&) {}
};
template <class T>
concept Described = requires(Probe& probe, T& value) {
  members(probe, value);
};

// What is empty, and what a reader begins with anyway, is left out.
class Writer {
 public:
  template <class T>
  void operator()(const char* name, T& value) {
    json text = written(value);
    if (text.is_null() || (text.is_structured() && text.empty())) return;
    out_[name] = std::move(text);
  }
  [[nodiscard]] json take() { return std::move(out_); }

 private:
  static json written(const std::string& value) { return value.empty() ? json() : json(value); }
  static json written(bool value) { return value ? json(true) : json(); }
  static json written(int value) { return value; }
  static json written(std::int64_t value) { return value == 0 ? json() : json(value); }
  static json written(std::uint64_t value) { return value == 0 ? json() : json(value); }
  static json written(double value) {
    return std::isnan(value) ? json() : number_json(value);  // NaN is what is not defined.
  }
  static json written(Kind value) {
    return std::find_if(kind_names().begin(), kind_names().end(),
                        [&](const auto& item) { return item.first == value; })
        ->second;
  }
  static json written(const Value& value) { return value_json(value); }
  static json written(const Frame& value) {
    return value.schema().size() == 0 ? json() : frame_json(value, kMostRows);
  }
  static json written(const std::vector<std::string>& values) { return values; }
  template <Described T>
  static json written(std::vector<T>& values) {
    json out = json::array();
    for (T& value : values) out.push_back(written(value));
    return out;
  }
  template <Described T>
  static json written(T& value) {
    Writer writer;
    members(writer, value);
    return writer.take();
  }

  json out_ = json::object();
};

[[noreturn]] void refuse(const std::string& name, const char* expected, const json& got) {
  throw DataError({.what = "'" + name + "' of a stored report is not what it should be",
                   .got = canonical_json(got).substr(0, 200),
                   .expected = expected});
}

class Reader {
 public:
  Reader(const json& from, const std::string& name) : from_(from) {
    if (!from.is_object()) refuse(name, "an object", from);
  }
  template <class T>
  void operator()(const char* name, T& value) {
    const auto at = from_.find(name);
    if (at == from_.end()) return;
    ++seen_;
    read(name, *at, value);
  }
  // Whether a member was not asked for.
  [[nodiscard]] bool more() const { return seen_ != from_.size(); }

 private:
  static void read(const std::string& name, const json& from, std::string& value) {
    if (!from.is_string()) refuse(name, "a text", from);
    value = from.get<std::string>();
  }
  static void read(const std::string& name, const json& from, bool& value) {
    if (!from.is_boolean()) refuse(name, "true or false", from);
    value = from.get<bool>();
  }
  static void read(const std::string& name, const json& from, int& value) {
    if (!from.is_number_integer() || from < -1000 || from > 1000) refuse(name, "a number", from);
    value = from.get<int>();
  }
  static void read(const std::string& name, const json& from, std::int64_t& value) {
    if (!from.is_number_integer()) refuse(name, "an integer", from);
    value = from.get<std::int64_t>();
  }
  static void read(const std::string& name, const json& from, std::uint64_t& value) {
    if (!from.is_number_integer() || from < 0) refuse(name, "a count", from);
    value = from.get<std::uint64_t>();
  }
  static void read(const std::string&, const json& from, double& value) {
    value = read_number(from);
  }
  static void read(const std::string& name, const json& from, Kind& value) {
    const auto at = std::find_if(kind_names().begin(), kind_names().end(),
                                 [&](const auto& item) { return from == item.second; });
    if (at == kind_names().end()) refuse(name, "a kind of section", from);
    value = at->first;
  }
  static void read(const std::string&, const json& from, Value& value) { value = read_value(from); }
  static void read(const std::string&, const json& from, Frame& value) { value = read_frame(from); }
  template <class T>
  static void read(const std::string& name, const json& from, std::vector<T>& values) {
    if (!from.is_array()) refuse(name, "a list", from);
    for (const json& item : from) read(name, item, values.emplace_back());
  }
  template <Described T>
  static void read(const std::string& name, const json& from, T& value) {
    Reader reader(from, name);
    members(reader, value);
    if (reader.more()) refuse(name, "no other members than report_json writes", from);
  }

  const json& from_;
  std::size_t seen_ = 0;
};

}  // namespace

std::string report_json(const Report& report) {
  Report copy = report;
  for (ReportSection& section : copy.sections) {
    if (section.kind != Kind::kTable || section.frame.rows() <= kMostRows) continue;
    section.all_rows = std::max<std::uint64_t>(section.all_rows, section.frame.rows());
  }
  Writer writer;
  members(writer, copy);
  const json parts = writer.take();
  std::string out = "{\n  \"version\": " + std::to_string(kVersion);
  for (const char* name :
       {"title", "notice", "alarms", "summary", "sections", "data", "methods", "provenance"}) {
    const auto at = parts.find(name);
    if (at == parts.end()) continue;
    out += std::string(",\n  \"") + name + "\": ";
    if (!at->is_array()) {
      out += canonical_json(*at);
      continue;
    }
    for (std::size_t i = 0; i < at->size(); ++i) {
      out += (i == 0 ? "[\n    " : ",\n    ") + canonical_json((*at)[i]);
    }
    out += "\n  ]";
  }
  return out + "\n}\n";
}

Report read_report(std::string_view text, std::string_view where) {
  json stored = parse_json(text, where);
  const auto version = stored.is_object() ? stored.find("version") : stored.end();
  if (version == stored.end() || *version != kVersion) {
    throw DataError(
        {.what = "this is not a report that this version can read",
         .where = std::string(where),
         .got = version == stored.end() ? "no version" : "version " + canonical_json(*version),
         .expected = "version " + std::to_string(kVersion),
         .hint = "run the study again"});
  }
  stored.erase(version);
  Report report;
  try {
    Reader reader(stored, "report");
    members(reader, report);
    if (reader.more()) refuse("report", "no other members than report_json writes", stored);
  } catch (const json::exception& error) {
    throw DataError({.what = "a stored report is damaged",
                     .where = std::string(where),
                     .got = error.what(),
                     .hint = "run the study again"});
  } catch (const Error& error) {
    ErrorInfo info = error.info();
    info.where = std::string(where);
    if (info.hint.empty()) info.hint = "run the study again";
    throw DataError(std::move(info));
  }
  return report;
}

}  // namespace impact
