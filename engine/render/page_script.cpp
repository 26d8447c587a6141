#include "engine/render/page_script.h"

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/render/report_assets.h"

namespace impact {
namespace {

std::string base64(const Digest& digest) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < digest.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8U | (i + j < digest.size() ? digest[i + j] : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j <= digest.size() ? kDigits[bits >> (18U - 6U * j) & 63U] : '=';
    }
  }
  return out;
}

std::string_view text_of(std::span<const EmbeddedFile> files, std::string_view name) {
  const EmbeddedFile* file = find_embedded(files, name);
  if (file == nullptr) {
    throw InternalError({.what = "the program lacks its own file '" + std::string(name) + "'"});
  }
  return file->text;
}

void append_script(PageScripts& scripts, const std::string& text) {
  scripts.elements += "<script>" + text + "</script>\n";
  scripts.hashes +=
      (scripts.hashes.empty() ? "'sha256-" : " 'sha256-") + base64(sha256(text)) + "'";
}

}  // namespace

std::string safe_script(std::string_view script) {
  const std::size_t map = script.rfind("\n//# sourceMappingURL=");
  if (map != std::string_view::npos && script.find('\n', map + 1) >= script.size() - 1) {
    script = script.substr(0, map);
  }
  const auto begins = [&](std::size_t at, std::string_view what) {
    if (script.size() - at < what.size()) return false;
    for (std::size_t i = 0; i < what.size(); ++i) {
      const char c = script[at + i];
      if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c) != what[i]) return false;
    }
    return true;
  };
  std::string out;
  out.reserve(script.size());
  for (std::size_t at = 0; at < script.size(); ++at) {
    out += script[at];
    if (script[at] != '<') continue;
    if (begins(at, "</script") || begins(at, "<!--")) out += '\\';
  }
  return out;
}

PageScripts page_scripts(bool charts) {
  PageScripts scripts;
  append_script(scripts, safe_script(text_of(report_assets(), "tables.js")));
  if (charts) {
    scripts.elements += "<!--\n" + std::string(text_of(report_assets(), "licences.txt")) + "-->\n";
    for (const char* library : {"vega.min.js", "vega-lite.min.js", "vega-embed.min.js"}) {
      append_script(scripts, safe_script(text_of(chart_libraries(), library)));
    }
    append_script(scripts, safe_script(text_of(report_assets(), "charts.js")));
  }
  append_script(scripts, safe_script(text_of(report_assets(), "theme.js")));
  return scripts;
}

}  // namespace impact
