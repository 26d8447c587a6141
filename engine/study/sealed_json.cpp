#include "engine/study/sealed_json.h"

#include <limits>
#include <utility>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"

namespace impact {
namespace {

using nlohmann::json;

[[noreturn]] void refuse(const SealedKind& kind, std::string_view where, const std::string& what,
                         std::string got, std::string expected) {
  throw DataError({.what = "the " + kind.name + " " + what,
                   .where = std::string(where),
                   .got = std::move(got),
                   .expected = std::move(expected),
                   .hint = kind.remedy});
}

}  // namespace

std::string sealed_text(const json& record, const SealedKind& kind) {
  json sealed = record;
  sealed["format"] = kind.format;
  sealed["seal"] = hash_json(sealed);
  return pretty_json(nlohmann::ordered_json(sealed)) + "\n";
}

json read_sealed(std::string_view text, std::string_view where, const SealedKind& kind) {
  json record = parse_json(text, where);
  if (!record.is_object() || !record.contains("format")) {
    refuse(kind, where, "has no format: this is another kind of file, or a very old one", {},
           "a field \"format\"");
  }
  const json& format = record["format"];
  if (!format.is_number_integer() || format != kind.format) {
    refuse(kind, where, "has a format that this version does not know", canonical_json(format),
           std::to_string(kind.format));
  }
  if (!record.contains("seal")) refuse(kind, where, "has no seal", {}, "a field \"seal\"");
  const std::string written =
      record["seal"].is_string() ? record["seal"].get<std::string>() : std::string("no text");
  record.erase("seal");
  const std::string seal = hash_json(record);
  if (written != seal) {
    refuse(kind, where, "was edited by hand or damaged: its seal does not fit its content", written,
           seal);
  }
  return record;
}

RecordReader::RecordReader(const json& object, std::string_view where, std::string path)
    : object_(object), where_(where), path_(std::move(path)) {}

void RecordReader::fail(const std::string& key, const std::string& expected) const {
  const std::string name = path_.empty() ? key : path_ + "." + key;
  const bool missing = !object_.contains(key);
  throw DataError(
      {.what =
           missing ? "the field '" + name + "' is missing" : "the field '" + name + "' is wrong",
       .where = std::string(where_),
       .got = missing                    ? std::string()
              : object_[key].is_number() ? canonical_json(object_[key])
                                         : object_[key].type_name(),
       .expected = expected,
       .hint = "the file was written by a version with a defect, or by another program"});
}

bool RecordReader::has(const std::string& key) const { return object_.contains(key); }

const json& RecordReader::any(const std::string& key) const {
  if (!has(key)) fail(key, "any value");
  return object_[key];
}

std::string RecordReader::text(const std::string& key) const {
  if (!has(key) || !object_[key].is_string()) fail(key, "a text");
  return object_[key].get<std::string>();
}

bool RecordReader::flag(const std::string& key) const {
  if (!has(key) || !object_[key].is_boolean()) fail(key, "true or false");
  return object_[key].get<bool>();
}

std::int64_t RecordReader::integer(const std::string& key) const {
  if (!has(key) || !object_[key].is_number_integer()) fail(key, "an integer");
  const json& value = object_[key];
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > kMost) {
    fail(key, "an integer of 64 bits with sign");
  }
  return value.get<std::int64_t>();
}

std::uint64_t RecordReader::count(const std::string& key) const {
  constexpr const char* kExpected = "an integer, 0 or more";
  if (!has(key) || !object_[key].is_number_integer()) fail(key, kExpected);
  const json& value = object_[key];
  if (!value.is_number_unsigned() && value.get<std::int64_t>() < 0) fail(key, kExpected);
  return value.get<std::uint64_t>();
}

RecordReader RecordReader::object(const std::string& key) const {
  if (!has(key) || !object_[key].is_object()) fail(key, "an object");
  return {object_[key], where_, path_.empty() ? key : path_ + "." + key};
}

std::vector<RecordReader> RecordReader::objects(const std::string& key) const {
  if (!has(key) || !object_[key].is_array()) fail(key, "a list of objects");
  std::vector<RecordReader> items;
  const std::string name = path_.empty() ? key : path_ + "." + key;
  for (const json& item : object_[key]) {
    if (!item.is_object()) fail(key, "a list of objects");
    items.emplace_back(item, where_, name + "[" + std::to_string(items.size() + 1) + "]");
  }
  return items;
}

std::vector<std::string> RecordReader::texts(const std::string& key) const {
  if (!has(key) || !object_[key].is_array()) fail(key, "a list of texts");
  std::vector<std::string> items;
  for (const json& item : object_[key]) {
    if (!item.is_string()) fail(key, "a list of texts");
    items.push_back(item.get<std::string>());
  }
  return items;
}

std::vector<std::string> RecordReader::keys() const {
  std::vector<std::string> names;
  for (const auto& [name, item] : object_.items()) names.push_back(name);
  return names;
}

}  // namespace impact
