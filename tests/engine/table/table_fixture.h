#pragma once

#include <memory>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/table/backend.h"
#include "engine/table/verbs.h"

namespace impact::testing {

/// Builds a frame cell by cell; for tests only. Every column takes its type from its first present
/// cell.
inline Frame make_frame(const std::vector<std::string>& names,
                        const std::vector<std::vector<Value>>& rows) {
  std::vector<Column> columns;
  for (std::size_t c = 0; c < names.size(); ++c) {
    std::vector<std::uint64_t> valid((rows.size() + 63) / 64, 0);
    std::size_t kind = 4;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      if (rows[r][c].index() == 0) continue;
      valid[r / 64] |= std::uint64_t{1} << (r % 64);
      kind = rows[r][c].index();
    }
    const auto gather = [&]<class Cell, class To>(To convert) {
      using Out = decltype(convert(Cell{}));
      std::vector<Out> data;
      for (const auto& row : rows) {
        data.push_back(row[c].index() == 0 ? Out{} : convert(std::get<Cell>(row[c])));
      }
      return data;
    };
    if (kind == 1) {
      columns.push_back(Column::booleans(
          gather.operator()<bool>([](bool v) { return static_cast<std::uint8_t>(v); }), valid));
    } else if (kind == 2) {
      columns.push_back(Column::integers(
          gather.operator()<std::int64_t>([](std::int64_t v) { return v; }), valid));
    } else if (kind == 3) {
      columns.push_back(
          Column::numbers(gather.operator()<double>([](double v) { return v; }), valid));
    } else if (kind == 5) {
      columns.push_back(
          Column::dates(gather.operator()<Date>([](Date v) { return v.days; }), valid));
    } else if (kind == 6) {
      columns.push_back(Column::timestamps(
          gather.operator()<Timestamp>([](Timestamp v) { return v.micros; }), valid));
    } else {
      std::string bytes;
      std::vector<std::uint64_t> offsets{0};
      for (const auto& row : rows) {
        if (row[c].index() != 0) bytes += std::get<std::string>(row[c]);
        offsets.push_back(bytes.size());
      }
      columns.push_back(Column::text(std::move(bytes), std::move(offsets), valid));
    }
  }
  return {names, std::move(columns)};
}

struct Tables {
  std::shared_ptr<Backend> backend =
      open_duckdb({.threads = 2, .temp_directory = {}, .readable = {}});
  Context context{.threads = 2};

  RelationPtr table(const std::vector<std::string>& names,
                    const std::vector<std::vector<Value>>& rows, std::vector<std::string> key = {},
                    std::string label = "'t'") {
    return scan_frame(backend, make_frame(names, rows), std::move(key), std::move(label));
  }
  /// "a,b|1,x|2,missing": header and rows in the relation's order.
  std::string text(const RelationPtr& relation) {
    const Frame frame = backend->collect(relation, context);
    std::string out;
    for (const auto& name : frame.schema().names()) out += (out.empty() ? "" : ",") + name;
    for (std::size_t r = 0; r < frame.rows(); ++r) {
      for (std::size_t c = 0; c < frame.schema().size(); ++c) {
        out += (c == 0 ? "|" : ",") + format_value(frame.column(c).value(r));
      }
    }
    return out;
  }
};

inline Value i(std::int64_t value) { return value; }
inline Value s(std::string value) { return value; }
inline const Value kMissing{};

}  // namespace impact::testing
