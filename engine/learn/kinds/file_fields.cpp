#include "engine/learn/kinds/file_fields.h"

#include <utility>

#include "engine/core/error.h"

namespace impact::detail {

FileFields::FileFields(const ModelFile& file, int newest) : file_(file), object_(file.header) {
  if (file.version > newest) {
    throw DataError({.what = "the model was saved by a newer version of the program",
                     .where = file.kind,
                     .got = "layout " + std::to_string(file.version),
                     .expected = "layout " + std::to_string(newest) + " or older",
                     .hint = "use the version that saved it, or a newer one"});
  }
  if (!object_.is_object()) refuse("the header is no object");
}

FileFields::FileFields(const ModelFile& file, const nlohmann::json& object)
    : file_(file), object_(object) {
  if (!object_.is_object()) refuse("a part of the header is no object");
}

void FileFields::refuse(std::string what) const {
  throw DataError(
      {.what = std::move(what), .where = file_.kind, .expected = "a model as impact saves it"});
}

const nlohmann::json& FileFields::value(const char* name) const {
  const auto found = object_.find(name);
  if (found == object_.end()) refuse(std::string("the header lacks '") + name + "'");
  return *found;
}

std::string FileFields::text(const char* name) const {
  const nlohmann::json& found = value(name);
  if (!found.is_string()) refuse(std::string("'") + name + "' is no text");
  return found.get<std::string>();
}

bool FileFields::flag(const char* name) const {
  const nlohmann::json& found = value(name);
  if (!found.is_boolean()) refuse(std::string("'") + name + "' is neither true nor false");
  return found.get<bool>();
}

std::int64_t FileFields::whole(const char* name, std::int64_t least, std::int64_t most) const {
  const nlohmann::json& found = value(name);
  const bool good = found.is_number_integer() &&
                    (!found.is_number_unsigned() ||
                     found.get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
  if (!good || found.get<std::int64_t>() < least || found.get<std::int64_t>() > most) {
    refuse(std::string("'") + name + "' is out of range");
  }
  return found.get<std::int64_t>();
}

double FileFields::number(const char* name) const {
  const nlohmann::json& found = value(name);
  if (!found.is_number()) refuse(std::string("'") + name + "' is no number");
  return found.get<double>();
}

const nlohmann::json& FileFields::list(const char* name) const {
  const nlohmann::json& found = value(name);
  if (!found.is_array()) refuse(std::string("'") + name + "' is no list");
  return found;
}

std::vector<std::string> FileFields::as_texts(const nlohmann::json& list, const char* name) const {
  if (!list.is_array()) refuse(std::string("'") + name + "' is no list");
  std::vector<std::string> out;
  for (const nlohmann::json& item : list) {
    if (!item.is_string()) refuse(std::string("'") + name + "' holds something that is no text");
    out.push_back(item.get<std::string>());
  }
  return out;
}

std::vector<std::string> FileFields::texts(const char* name) const {
  return as_texts(value(name), name);
}

}  // namespace impact::detail
