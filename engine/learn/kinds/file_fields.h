#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json.hpp>

#include "engine/learn/model_file.h"

namespace impact::detail {

/// Fields of a model file's header, checked. Everything that is not as it was written is a
/// DataError that names the file's kind.
class FileFields {
 public:
  /// Throws for a version above `newest`.
  FileFields(const ModelFile& file, int newest);
  /// Fields of an object inside the header.
  FileFields(const ModelFile& file, const nlohmann::json& object);

  [[nodiscard]] std::string text(const char* name) const;
  [[nodiscard]] bool flag(const char* name) const;
  [[nodiscard]] std::int64_t whole(const char* name, std::int64_t least, std::int64_t most) const;
  [[nodiscard]] double number(const char* name) const;
  [[nodiscard]] std::vector<std::string> texts(const char* name) const;
  [[nodiscard]] const nlohmann::json& list(const char* name) const;
  [[nodiscard]] const nlohmann::json& value(const char* name) const;
  [[nodiscard]] std::vector<std::string> as_texts(const nlohmann::json& value,
                                                  const char* name) const;
  /// Place of the text in `names`.
  template <std::size_t count>
  [[nodiscard]] std::size_t choice(const char* name,
                                   const std::array<std::string_view, count>& names) const {
    const std::string word = text(name);
    for (std::size_t k = 0; k < count; ++k) {
      if (names[k] == word) return k;
    }
    refuse(std::string("'") + name + "' is unknown: " + word);
  }
  [[noreturn]] void refuse(std::string what) const;

 private:
  const ModelFile& file_;
  const nlohmann::json& object_;
};

}  // namespace impact::detail
