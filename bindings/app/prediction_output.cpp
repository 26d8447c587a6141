#include "bindings/app/prediction_output.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/table/row_text.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;

// No cell of a table is this control character alone.
constexpr const char* kMissing = "\x1E";

// Frames as lines; the first one brings the header of CSV along.
class Lines {
 public:
  Lines(bool csv, std::string missing) : csv_(csv), missing_(std::move(missing)) {}

  [[nodiscard]] std::string of(const Frame& frame) {
    if (!csv_) return json_lines(frame);
    const std::string head = std::exchange(begun_, true) ? "" : csv_header(frame.schema());
    return head + csv_lines(frame, missing_);
  }

 private:
  bool csv_;
  std::string missing_;
  bool begun_ = false;
};

class StandardOutput final : public RowOutput {
 public:
  explicit StandardOutput(bool csv) : lines_(csv, "") {}
  bool write(const Frame& frame) override { return write_output(lines_.of(frame)); }
  void finish() override {
    if (std::fflush(stdout) == 0 || errno == EPIPE) return;
    throw IoError({.what = "can't write to standard output", .got = std::strerror(errno)});
  }

 private:
  Lines lines_;
};

// Nothing can take the place of a pipe or a device.
class Device final : public RowOutput {
 public:
  Device(bool csv, fs::path path)
      : lines_(csv, ""), path_(std::move(path)), out_(path_, std::ios::binary) {
    if (!out_) fail();
  }
  bool write(const Frame& frame) override {
    out_ << lines_.of(frame);
    if (!out_) fail();
    return true;
  }
  void finish() override {
    out_.close();
    if (!out_) fail();
  }

 private:
  [[noreturn]] void fail() const {
    throw IoError({.what = "can't write '" + path_.string() + "'", .got = std::strerror(errno)});
  }
  Lines lines_;
  fs::path path_;
  std::ofstream out_;
};

class WholeFile final : public RowOutput {
 public:
  WholeFile(bool csv, const fs::path& path) : lines_(csv, ""), file_(path) {}
  bool write(const Frame& frame) override {
    file_.append(lines_.of(frame));
    return true;
  }
  void finish() override { file_.commit(); }

 private:
  Lines lines_;
  AtomicFile file_;
};

class ParquetFile final : public RowOutput {
 public:
  ParquetFile(fs::path path, ShellTables& tables)
      : lines_(true, kMissing),
        path_(std::move(path)),
        tables_(tables),
        copy_(tables.scratch() / "predictions.csv"),
        out_(copy_, std::ios::binary) {}
  bool write(const Frame& frame) override {
    if (!schema_) schema_ = frame.schema();
    out_ << lines_.of(frame);
    if (!out_) fail();
    return true;
  }
  void finish() override {
    out_.close();
    if (!out_) fail();
    FileSource source;
    source.path = copy_;
    source.missing = {kMissing};
    for (const ColumnInfo& column : schema_->columns()) source.types[column.name] = column.type;
    WriteOptions how;
    how.format = FileFormat::kParquet;
    tables_.backend()->write(scan_file(tables_.backend(), std::move(source), {}, "predictions"),
                             path_, how, tables_.context());
  }

 private:
  [[noreturn]] void fail() const {
    throw IoError({.what = "no room for a copy of the predictions",
                   .where = copy_.string(),
                   .got = std::strerror(errno)});
  }
  Lines lines_;
  fs::path path_;
  ShellTables& tables_;
  fs::path copy_;
  std::ofstream out_;
  std::optional<Schema> schema_ = std::nullopt;
};

}  // namespace

std::string row_format(const std::string& format, const fs::path& out) {
  const std::string ending = out.extension().string();
  std::string found = format.empty() ? "csv" : format;
  if (format.empty() && !ending.empty()) found = ending.substr(1);
  if (found != "csv" && found != "jsonl" && found != "parquet") {
    throw ArgumentError({.what = "can't write a file of that format",
                         .got = found,
                         .expected = "csv, jsonl or parquet",
                         .hint = "give --format, or a file name with one of these endings"});
  }
  if (found == "parquet" && out.empty()) {
    throw ArgumentError({.what = "Parquet goes to a file", .hint = "add --out FILE.parquet"});
  }
  return found;
}

std::unique_ptr<RowOutput> open_row_output(const std::string& format, const fs::path& out,
                                           ShellTables& tables) {
  const bool csv = format == "csv";
  if (out.empty()) return std::make_unique<StandardOutput>(csv);
  if (format == "parquet") return std::make_unique<ParquetFile>(out, tables);
  std::error_code code;
  const fs::file_type type = fs::status(out, code).type();
  const bool device = type == fs::file_type::character || type == fs::file_type::fifo ||
                      type == fs::file_type::socket || type == fs::file_type::block;
  if (device) return std::make_unique<Device>(csv, out);
  return std::make_unique<WholeFile>(csv, out);
}

}  // namespace impact::bindings
