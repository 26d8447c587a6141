#include "bindings/app/shell_input.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "engine/core/error.h"
#include "engine/core/number.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBeginning = 1 << 16;

SessionOptions session_options(const Options& options) {
  SessionOptions out;
  out.threads = options.threads;
  out.memory = options.memory;
  out.cancel = &cancel_token();
  out.progress = terminal_progress(options.quiet);
  return out;
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string beginning_of(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kBeginning, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

FileFormat format_of(const std::string& name, const std::string& from,
                     const std::string& beginning) {
  const auto ends = [&](const char* ending) {
    return lower(name).ends_with(ending) || lower(name).ends_with(std::string(ending) + ".gz");
  };
  if (from == "parquet") return FileFormat::kParquet;
  if (from == "jsonl") return FileFormat::kJsonLines;
  if (from == "csv" || ends(".csv") || ends(".tsv")) return FileFormat::kCsv;
  if (ends(".parquet")) return FileFormat::kParquet;
  if (ends(".jsonl") || ends(".ndjson") || ends(".json")) return FileFormat::kJsonLines;
  if (beginning.starts_with("PAR1")) return FileFormat::kParquet;
  const std::size_t first = beginning.find_first_not_of(" \t\r\n");
  return first != std::string::npos && beginning[first] == '{' ? FileFormat::kJsonLines
                                                               : FileFormat::kCsv;
}

std::vector<std::string> cells_of(std::string_view line, char delimiter) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == delimiter && !quoted) {
      cells.emplace_back();
    } else if (c != '\r') {
      cells.back() += c;
    }
  }
  return cells;
}

// The delimiter that cuts the first line most often.
char delimiter_of(std::string_view line) {
  char best = ',';
  std::size_t most = 1;
  for (const char delimiter : {',', '\t', ';', '|'}) {
    const std::size_t cells = cells_of(line, delimiter).size();
    if (cells > most) {
      best = delimiter;
      most = cells;
    }
  }
  return best;
}

bool has_header(const std::vector<std::string>& first, const std::vector<std::string>* second) {
  bool numbers = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool number = parse_double(first[i]).has_value();
    numbers = numbers || number;
    if (second == nullptr || i >= second->size() || (*second)[i].empty()) continue;
    if (number != parse_double((*second)[i]).has_value()) return true;
  }
  return !numbers;
}

void guess_csv(const std::string& beginning, FileSource* source) {
  const std::size_t end = std::min(beginning.find('\n'), beginning.size());
  const std::string_view first = std::string_view(beginning).substr(0, end);
  source->delimiter = delimiter_of(first);
  if (end >= beginning.size() || end + 1 >= beginning.size()) {
    source->header = has_header(cells_of(first, source->delimiter), nullptr);
    return;
  }
  const std::size_t next = std::min(beginning.find('\n', end + 1), beginning.size());
  const auto second =
      cells_of(std::string_view(beginning).substr(end + 1, next - end - 1), source->delimiter);
  source->header = has_header(cells_of(first, source->delimiter), &second);
}

}  // namespace

ShellTables::ShellTables(const Options& options) : session_(session_options(options)) {
  DuckDbOptions engine;
  engine.threads = options.threads;
  engine.memory_limit = options.memory;
  engine.temp_directory = session_.scratch() / "spill";
  backend_ = open_duckdb(engine);
}

fs::path ShellTables::keep_standard_input() {
  if (::isatty(STDIN_FILENO) != 0) {
    throw IoError({.what = "there is nothing to read",
                   .where = "standard input, which is a terminal",
                   .hint = "name a file, or pipe data into the command"});
  }
  const fs::path path = session_.scratch() / "standard_input";
  std::ofstream out(path, std::ios::binary);
  std::vector<char> block(1 << 20);
  std::uint64_t bytes = 0;
  for (;;) {
    context().check();
    const ssize_t count = ::read(STDIN_FILENO, block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      throw IoError({.what = "can't read standard input", .got = std::strerror(errno)});
    }
    if (count == 0) break;
    out.write(block.data(), count);
    bytes += static_cast<std::uint64_t>(count);
  }
  out.close();
  if (!out) throw IoError({.what = "no room for a copy of standard input", .where = path.string()});
  if (bytes == 0) {
    throw DataError({.what = "standard input is empty",
                     .expected = "CSV, JSON lines or Parquet",
                     .hint = "look whether the command before it failed"});
  }
  return path;
}

FileSource ShellTables::source(const std::string& file, const std::string& from,
                               const std::vector<std::string>& missing) {
  const bool piped = file.empty() || file == "-";
  FileSource source;
  source.declared_path = piped ? "standard input" : file;
  source.path = piped ? keep_standard_input() : fs::path(file);
  std::error_code code;
  if (!piped && !fs::exists(source.path, code)) {
    throw IoError({.what = "no file '" + file + "'", .got = file});
  }
  const std::string beginning = beginning_of(source.path);
  source.format = format_of(piped ? "" : file, from, beginning);
  if (source.format == FileFormat::kCsv && !lower(file).ends_with(".gz")) {
    guess_csv(beginning, &source);
  }
  source.missing.insert(source.missing.end(), missing.begin(), missing.end());
  return source;
}

RelationPtr ShellTables::open(const std::string& file, const std::string& from,
                              const std::vector<std::string>& missing) {
  const bool piped = file.empty() || file == "-";
  return scan_file(backend_, source(file, from, missing), {},
                   piped ? "standard input" : "'" + file + "'");
}

std::string table_name(const std::string& file) {
  std::string name = fs::path(file).filename().string();
  name.resize(std::min(name.find('.', 1), name.size()));
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0)
    name.insert(name.begin(), '_');
  return name;
}

bool output_is_terminal() { return ::isatty(STDOUT_FILENO) != 0; }

TerminalStyle shell_style(const Options& options) {
  TerminalStyle style{.columns = 80, .rows = 24};
  if (output_is_terminal()) {
    struct winsize size = {};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
      style.columns = size.ws_col;
      style.rows = size.ws_row;
    }
    const char* no_colour = std::getenv("NO_COLOR");
    const char* kind = std::getenv("TERM");
    style.colour = (no_colour == nullptr || *no_colour == '\0') &&
                   (kind == nullptr || std::string_view(kind) != "dumb");
    style.rows = std::max(style.rows - 2, 8);  // A prompt above and one below.
  }
  if (options.width > 0) style.columns = options.width;
  if (options.height > 0) style.rows = options.height;
  return style;
}

bool write_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return true;
  if (errno == EPIPE) return false;
  throw IoError({.what = "can't write to standard output", .got = std::strerror(errno)});
}

}  // namespace impact::bindings
