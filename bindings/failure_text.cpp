#include "bindings/failure_text.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <sstream>
#include <nlohmann/json.hpp>

#include "engine/core/canonical_json.h"
#include "engine/render/terminal_text.h"

namespace impact::bindings {
namespace {

constexpr const char* kSqlText = "SQL";

std::optional<std::string> line_of(std::istream& text, int number) {
  std::string line;
  for (int i = 0; i < number; ++i) {
    if (!std::getline(text, line)) return std::nullopt;
  }
  return line;
}

std::optional<std::string> source_line(const ScriptError& error, const ChunkText& text_of) {
  if (error.line() <= 0) return std::nullopt;
  if (auto chunk = text_of(error.file())) {
    std::istringstream text{std::move(*chunk)};
    return line_of(text, error.line());
  }
  std::ifstream text(error.file());
  return line_of(text, error.line());
}

// Names, cells and file names come from outside and could command the terminal. Line ends and tabs
// lay out the message itself.
std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of("\n\t"), text.size());
    out += printable_text(text.substr(0, end));
    if (end < text.size()) out += text[end];
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

// Blanks as wide as the text stands on a terminal.
std::string margin_under(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\t'), text.size());
    out.append(text_width(printable_text(text.substr(0, end))), ' ');
    if (end < text.size()) out += '\t';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Where the thing the error is about stands in the line: the offending value, else the first word
// that the message quotes.
std::optional<std::pair<std::size_t, std::size_t>> find_culprit(const std::string& line,
                                                                const ErrorInfo& info) {
  std::vector<std::string> words{info.got};
  const std::size_t open = info.what.find('\'');
  const std::size_t close = open == std::string::npos ? open : info.what.find('\'', open + 1);
  if (close != std::string::npos) words.push_back(info.what.substr(open + 1, close - open - 1));
  for (const std::string& word : words) {
    if (word.empty()) continue;
    for (std::size_t at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
      const bool starts = at == 0 || !is_word(line[at - 1]) || !is_word(word.front());
      const std::size_t end = at + word.size();
      const bool ends = end >= line.size() || !is_word(line[end]) || !is_word(word.back());
      if (starts && ends) return std::pair{at, word.size()};
    }
  }
  return std::nullopt;
}

std::string excerpt(const ScriptError& error, const ChunkText& text_of, bool numbered) {
  constexpr std::size_t kMostColumns = 160;
  const auto line = source_line(error, text_of);
  if (!line || line->size() > kMostColumns) return "";
  const std::string number = numbered ? std::to_string(error.line()) + " | " : "";
  std::string out = "\n  " + number + *line;
  if (const auto culprit = find_culprit(*line, error.info())) {
    const auto& [at, size] = *culprit;
    out += "\n  " + (numbered ? std::string(number.size() - 2, ' ') + "| " : "") +
           margin_under(std::string_view(*line).substr(0, at)) +
           std::string(text_width(printable_text(std::string_view(*line).substr(at, size))), '^');
  }
  return out;
}

}  // namespace

std::string describe_failure(const std::exception& error, std::string_view code) {
  const ChunkText text_of = [&](const std::string& chunk) {
    return chunk == "-e" || chunk == kSqlText ? std::optional(std::string(code)) : std::nullopt;
  };
  return describe_failure(error, text_of, "");
}

std::string describe_failure(const std::exception& error, const ChunkText& text_of,
                             const std::string& here) {
  const auto* script = dynamic_cast<const ScriptError*>(&error);
  if (script == nullptr) return printable_lines(error.what());
  const bool is_here = !here.empty() && script->file() == here && script->callers().empty();
  return printable_lines((is_here ? std::string(script->what()) : script->report()) +
                         excerpt(*script, text_of, !is_here));
}

ScriptError error_in_sql(const Error& error, const std::string& sql) {
  ErrorInfo info = error.info();
  // A parser names the word it did not expect.
  const std::size_t open = info.what.find('"');
  const std::size_t close = open == std::string::npos ? open : info.what.find('"', open + 1);
  if (close != std::string::npos) info.got = info.what.substr(open + 1, close - open - 1);
  if (info.where == "the SQL text") info.where.clear();
  std::istringstream text(sql);
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (find_culprit(line, info)) return {error.kind(), info, kSqlText, number, {}};
  }
  return {error.kind(), info, kSqlText, 1, {}};
}

std::string failure_json(const std::exception& error) {
  nlohmann::ordered_json out = {
      {"status", "error"}, {"kind", "internal"}, {"message", error.what()}};
  if (const auto* known = dynamic_cast<const Error*>(&error)) {
    const ErrorInfo& info = known->info();
    out["kind"] = known->kind();
    out["what"] = info.what;
    for (const auto& [name, value] : {std::pair{"where", &info.where},
                                      {"got", &info.got},
                                      {"expected", &info.expected},
                                      {"hint", &info.hint}}) {
      if (!value->empty()) out[name] = *value;
    }
  }
  if (const auto* script = dynamic_cast<const ScriptError*>(&error)) {
    out["message"] = script->report();
    if (script->line() > 0) {
      out["file"] = script->file();
      out["line"] = script->line();
    }
  }
  return pretty_json(out);
}

}  // namespace impact::bindings
