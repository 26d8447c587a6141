#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>
#include <nlohmann/json_fwd.hpp>

namespace impact {

/// A kind of file that people read and keep under version control, but must not edit.
struct SealedKind {
  std::string name;         ///< For messages: "lock", "frozen plan".
  std::int64_t format = 1;  ///< The one format this version writes and reads.
  std::string remedy;       ///< How to get a good file again: "run the study again".
};

/// The record as the text of such a file: sorted keys, two spaces, "format" and "seal" added, a
/// newline at the end. The seal is the SHA-256 of the canonical JSON of everything else.
[[nodiscard]] std::string sealed_text(const nlohmann::json& record, const SealedKind& kind);

/// Inverse of sealed_text. Throws DataError when the text is no JSON, has no or another format, or
/// a seal that does not belong to the rest; `where` names the file. White space and the order of
/// keys may differ.
[[nodiscard]] nlohmann::json read_sealed(std::string_view text, std::string_view where,
                                         const SealedKind& kind);

/// Reads the fields of a JSON object. A field that is missing or of another type is a DataError
/// with its path ("nodes[3].inputs") and the file. Keeps references to its arguments.
class RecordReader {
 public:
  RecordReader(const nlohmann::json& object, std::string_view where, std::string path = {});

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] const nlohmann::json& any(const std::string& key) const;
  [[nodiscard]] std::string text(const std::string& key) const;
  [[nodiscard]] bool flag(const std::string& key) const;
  [[nodiscard]] std::int64_t integer(const std::string& key) const;
  [[nodiscard]] std::uint64_t count(const std::string& key) const;  ///< An integer, 0 or more.
  [[nodiscard]] RecordReader object(const std::string& key) const;
  [[nodiscard]] std::vector<RecordReader> objects(const std::string& key) const;  ///< A list.
  [[nodiscard]] std::vector<std::string> texts(const std::string& key) const;     ///< A list.
  [[nodiscard]] std::vector<std::string> keys() const;                            ///< Sorted.

 private:
  [[noreturn]] void fail(const std::string& key, const std::string& expected) const;

  const nlohmann::json& object_;
  std::string_view where_;
  std::string path_;
};

}  // namespace impact
