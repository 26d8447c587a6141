#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/table/dialect.h"
#include "engine/table/duckdb/reader.h"

namespace impact::duck {

namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;

bool is_compressed(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  return extension == ".gz" || extension == ".zst";
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string read_block(const FileSource& source) {
  std::ifstream file(source.path, std::ios::binary);
  std::string bytes(kBlock, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad() || (!file && !file.eof())) {
    throw IoError({.what = shown_path(source) + " cannot be read",
                   .hint = "check its permissions: " + source.path.parent_path().string()});
  }
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

// Lines through DuckDB, which decompresses: no delimiter and no quote, so a row
// is a line.
std::string read_lines(Connection& connection, const FileSource& source) {
  std::string text;
  const std::string sql =
      "SELECT coalesce(line, '') FROM read_csv(" + path_literal(source.path) +
      ", columns = {'line': 'VARCHAR'}, delim = chr(31), quote = '', escape = '', header = false, "
      "auto_detect = false, strict_mode = false, hive_partitioning = false) LIMIT 64";
  try {
    for (const auto& row : connection.rows(sql)) text += row[0].value_or("") + "\n";
  } catch (const QueryError&) {
    throw DataError({.what = shown_path(source) + " is not a compressed text file",
                     .expected = "UTF-8 text compressed as its name says",
                     .hint = "check that the file is complete"});
  }
  return text;
}

[[noreturn]] void not_text(const FileSource& source, const std::string& bytes, std::size_t at) {
  const bool wide = bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
  const bool gzip = bytes.starts_with("\x1F\x8B");
  const bool zstd = bytes.starts_with("\x28\xB5\x2F\xFD");
  const bool parquet = bytes.starts_with("PAR1");
  const auto line =
      1 + std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const bool binary = bytes.find('\0') != std::string::npos || gzip || zstd || parquet;
  std::string hint = "is this the right file?";
  if (wide || !binary) hint = "convert it to UTF-8";
  if (gzip) hint = "it is compressed: name it .gz";
  if (zstd) hint = "it is compressed: name it .zst";
  if (parquet) hint = "it is a Parquet file: read it as parquet";
  throw DataError({.what = shown_path(source) +
                           (binary && !wide ? " is a binary file, not text" : " is not UTF-8 text"),
                   .where = fmt::format("{}, line {}, byte {}", shown_path(source), line, at + 1),
                   .got = fmt::format("byte 0x{:02X}", static_cast<unsigned char>(bytes[at])),
                   .expected = "text in UTF-8",
                   .hint = hint});
}

}  // namespace

std::string shown_path(const FileSource& source) {
  return "'" +
         (source.declared_path.empty() ? source.path.filename().string() : source.declared_path) +
         "'";
}

std::string path_literal(const std::filesystem::path& path) {
  std::string pattern;
  for (const char c : std::filesystem::absolute(path).string()) {
    if (c == '*' || c == '?' || c == '[') {
      pattern += {'[', c, ']'};
    } else {
      pattern += c;
    }
  }
  return DuckDbDialect::literal(pattern);
}

void check_readable(const FileSource& source) {
  std::error_code code;
  const std::filesystem::file_status status = std::filesystem::status(source.path, code);
  if (status.type() == std::filesystem::file_type::not_found) {
    std::filesystem::path folder = source.path.parent_path();
    if (folder.empty()) folder = ".";
    if (!std::filesystem::is_directory(folder, code)) {
      throw IoError({.what = "no file " + shown_path(source),
                     .where = folder.string(),
                     .hint = "the folder does not exist; --data says where files lie"});
    }
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator entry(folder, code), end; !code && entry != end;
         entry.increment(code)) {
      names.push_back(entry->path().filename().string());
    }
    std::sort(names.begin(), names.end());
    std::string hint = did_you_mean(source.path.filename().string(), names);
    if (hint.empty()) hint = "--data says where files lie";
    throw IoError(
        {.what = "no file " + shown_path(source), .where = folder.string(), .hint = hint});
  }
  if (status.type() == std::filesystem::file_type::directory) {
    throw IoError({.what = shown_path(source) + " is a folder, not a file",
                   .where = source.path.string(),
                   .hint = "name a file inside it"});
  }
  if (!std::ifstream(source.path, std::ios::binary)) {
    throw IoError({.what = shown_path(source) + " cannot be opened",
                   .where = source.path.string(),
                   .hint = "check its permissions"});
  }
  if (status.type() == std::filesystem::file_type::regular &&
      std::filesystem::file_size(source.path, code) == 0 && !code) {
    throw DataError({.what = shown_path(source) + " is empty",
                     .where = source.path.string(),
                     .expected = "at least a header",
                     .hint = "was the download or the export cut short?"});
  }
}

std::string file_beginning(Connection& connection, const FileSource& source) {
  std::string bytes =
      is_compressed(source.path) ? read_lines(connection, source) : read_block(source);
  const bool cut = bytes.size() == kBlock;
  if (const std::size_t zero = bytes.find('\0'); zero != std::string::npos) {
    not_text(source, bytes, zero);
  }
  if (const std::optional<std::size_t> bad = find_invalid_utf8(bytes)) {
    // A character may be cut where the block ends.
    if (!cut || *bad + 4 <= bytes.size()) not_text(source, bytes, *bad);
  }
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.erase(0, 3);
  if (bytes.find_first_not_of(" \t\r\n") == std::string::npos) {
    throw DataError({.what = shown_path(source) + " holds only blank lines",
                     .where = source.path.string(),
                     .expected = "at least a header",
                     .hint = "was the download or the export cut short?"});
  }
  return bytes;
}

std::vector<std::string> column_names(const FileSource& source, std::vector<std::string> header) {
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (!source.header || header[i].empty()) header[i] = fmt::format("column{}", i + 1);
  }
  return header;
}

void check_names(const FileSource& source, const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (lower(names[i]) != lower(names[j])) continue;
      const bool same = names[i] == names[j];
      throw DataError(
          {.what = same ? "two columns of " + shown_path(source) + " are named '" + names[i] + "'"
                        : "two columns of " + shown_path(source) +
                              " differ in upper and lower case only",
           .where = fmt::format("columns {} and {}", j + 1, i + 1),
           .got = names[j] + ", " + names[i],
           .hint = "rename one in the file"});
    }
  }
  for (const auto& [name, type] : source.types) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      throw ArgumentError({.what = "a type is declared for '" + name + "', but " +
                                   shown_path(source) + " has no such column",
                           .got = name,
                           .expected = list_words(names),
                           .hint = did_you_mean(name, names)});
    }
  }
}

}  // namespace impact::duck
