#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "engine/core/atomic_file.h"
#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/render/export/figure_files.h"
#include "engine/render/html_report.h"
#include "engine/render/report_json.h"
#include "engine/study/lock.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

std::string read_part(const fs::path& folder, const char* name, const char* hint) {
  auto text = read_file(folder / name);
  if (!text) {
    throw IoError({.what = "no run in '" + folder.string() + "'",
                   .where = (folder / name).string(),
                   .expected = "a folder that impact run wrote, with its " + std::string(name),
                   .hint = hint});
  }
  return std::move(*text);
}

// The figures of the run as pictures, beside their specifications or in --out.
int draw_figures(const Options& options) {
  const fs::path plots = options.path / "plots";
  std::vector<fs::path> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(plots, code)) {
    if (entry.path().string().ends_with(".vl.json")) found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  if (found.empty()) {
    throw IoError({.what = "the run has no figures",
                   .where = plots.string(),
                   .expected = "plots/*.vl.json, which figure \"caption\" (plot...) makes"});
  }
  const fs::path target = options.out.empty() ? plots : options.out;
  write_figures(found, options.figures, target);
  if (options.json) {
    std::printf("%s\n", pretty_json(nlohmann::ordered_json{{"status", "done"},
                                                           {"folder", target.string()},
                                                           {"figures", found.size()}})
                            .c_str());
  } else if (!options.quiet) {
    std::printf("%zu %s %s in %s\n", found.size(), options.figures.c_str(),
                found.size() == 1 ? "file" : "files", target.string().c_str());
  }
  return kDone;
}

}  // namespace

int report_command(const Options& options) {
  const fs::path folder = options.path;
  if (!options.figures.empty()) return draw_figures(options);
  const std::string lock_text = read_part(folder, kRunMarker, "");
  const Lock lock = read_lock(lock_text, (folder / kRunMarker).string());
  const std::string text =
      read_part(folder, "report.json", "a run of an older version keeps none: run the study again");
  const auto sealed = lock.outputs.find("report.json");
  if (sealed == lock.outputs.end() || sealed->second != to_hex(sha256(text))) {
    throw DataError({.what = "report.json is not the one that the run wrote",
                     .where = (folder / "report.json").string(),
                     .got = "SHA-256 " + to_hex(sha256(text)),
                     .expected = sealed == lock.outputs.end() ? "one that study.lock names"
                                                              : "SHA-256 " + sealed->second,
                     .hint = "run the study again, or impact verify it"});
  }
  const std::string page = html_report(read_report(text, (folder / "report.json").string()));
  const fs::path target = options.out.empty() ? folder / "report.html" : options.out;
  write_file_atomically(target, page);
  const auto before = lock.outputs.find("report.html");
  const bool same = before != lock.outputs.end() && before->second == to_hex(sha256(page));
  if (options.json) {
    std::printf("%s\n",
                pretty_json(nlohmann::ordered_json{
                                {"status", "done"}, {"report", target.string()}, {"same", same}})
                    .c_str());
  } else if (!options.quiet) {
    std::printf("%s: %s\n", target.string().c_str(),
                same ? "the page of the run, byte by byte"
                     : "drawn by another version of the program; the results are those of the run");
  }
  return kDone;
}

}  // namespace impact::bindings
