#include <algorithm>
#include <atomic>
#include <cstring>

#include "engine/core/error.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

std::uint64_t FrameRegistry::id_of(const std::shared_ptr<const Frame>& frame) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(frames_, [](const auto& entry) { return entry.second.expired(); });
  std::erase_if(ids_, [this](const auto& entry) { return !frames_.contains(entry.second); });
  const auto [entry, added] = ids_.try_emplace(frame.get(), next_);
  if (added) frames_[next_++] = frame;
  return entry->second;
}

std::shared_ptr<const Frame> FrameRegistry::find(std::uint64_t id) const {
  const std::scoped_lock lock(mutex_);
  const auto entry = frames_.find(id);
  return entry == frames_.end() ? nullptr : entry->second.lock();
}

namespace {

struct Extra {
  std::shared_ptr<FrameRegistry> registry;
  idx_t threads;
};

struct Bound {
  std::shared_ptr<const Frame> frame;
  idx_t threads;
};

struct Progress {
  std::vector<idx_t> columns;  // Of the frame, in the order of the output.
  std::atomic<std::size_t> next_row{0};
};

template <class T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

LogicalType logical_type(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBoolean: return LogicalType(DUCKDB_TYPE_BOOLEAN);
    case TypeKind::kInteger: return LogicalType(DUCKDB_TYPE_BIGINT);
    case TypeKind::kNumber: return LogicalType(DUCKDB_TYPE_DOUBLE);
    case TypeKind::kDate: return LogicalType(DUCKDB_TYPE_DATE);
    case TypeKind::kTimestamp: return LogicalType(DUCKDB_TYPE_TIMESTAMP);
    case TypeKind::kCategory: return LogicalType::enumeration(*type.levels);
    case TypeKind::kText: break;
  }
  return LogicalType(DUCKDB_TYPE_VARCHAR);
}

// No exception may cross into DuckDB: what goes wrong here is reported through
// set_error.
void bind(duckdb_bind_info info) {
  const auto* extra = static_cast<const Extra*>(duckdb_bind_get_extra_info(info));
  duckdb_value parameter = duckdb_bind_get_parameter(info, 0);
  const std::uint64_t id = static_cast<std::uint64_t>(duckdb_get_int64(parameter));
  duckdb_destroy_value(&parameter);
  try {
    auto bound = std::make_unique<Bound>(Bound{extra->registry->find(id), extra->threads});
    if (bound->frame == nullptr) {
      duckdb_bind_set_error(info, "a table in memory is gone");
      return;
    }
    for (const ColumnInfo& column : bound->frame->schema().columns()) {
      duckdb_bind_add_result_column(info, column.name.c_str(), logical_type(column.type).get());
    }
    duckdb_bind_set_cardinality(info, bound->frame->rows(), true);
    duckdb_bind_set_bind_data(info, bound.release(), destroy<Bound>);
  } catch (const std::exception& error) {
    duckdb_bind_set_error(info, error.what());
  }
}

void init(duckdb_init_info info) {
  const auto* bound = static_cast<const Bound*>(duckdb_init_get_bind_data(info));
  try {
    auto progress = std::make_unique<Progress>();
    const idx_t count = duckdb_init_get_column_count(info);
    for (idx_t i = 0; i < count; ++i) {
      progress->columns.push_back(duckdb_init_get_column_index(info, i));
    }
    duckdb_init_set_max_threads(info, bound->threads);
    duckdb_init_set_init_data(info, progress.release(), destroy<Progress>);
  } catch (const std::exception& error) {
    duckdb_init_set_error(info, error.what());
  }
}

// Up to 12 bytes lie inside the cell, longer texts stay where the frame has
// them: the bound frame outlives the scan, and what DuckDB keeps beyond it, it
// copies.
duckdb_string_t make_cell(std::string_view text) noexcept {
  duckdb_string_t cell;
  std::memset(&cell, 0, sizeof cell);
  cell.value.inlined.length = static_cast<std::uint32_t>(text.size());
  if (text.size() <= 12) {
    std::memcpy(cell.value.inlined.inlined, text.data(), text.size());
  } else {
    std::memcpy(cell.value.pointer.prefix, text.data(), 4);
    cell.value.pointer.ptr = const_cast<char*>(text.data());
  }
  return cell;
}

template <class Code>
void copy_codes(const std::span<const std::int32_t> codes, void* data) {
  std::transform(codes.begin(), codes.end(), static_cast<Code*>(data),
                 [](std::int32_t code) { return static_cast<Code>(code); });
}

void copy_cells(const Column& column, std::size_t first, std::size_t rows, duckdb_vector vector) {
  void* data = duckdb_vector_get_data(vector);
  const auto block = [&](const auto& cells) {
    std::memcpy(data, cells.data() + first, rows * sizeof(cells[0]));
  };
  switch (column.type().kind) {
    case TypeKind::kBoolean: block(column.as_booleans()); break;
    case TypeKind::kInteger: block(column.as_integers()); break;
    case TypeKind::kNumber: block(column.as_numbers()); break;
    case TypeKind::kDate: block(column.as_dates()); break;
    case TypeKind::kTimestamp: block(column.as_timestamps()); break;
    case TypeKind::kCategory: {
      // DuckDB stores codes as narrow as the number of levels allows.
      const auto codes = column.as_codes().subspan(first, rows);
      const std::size_t levels = column.type().levels->size();
      if (levels <= 0xFF) {
        copy_codes<std::uint8_t>(codes, data);
      } else if (levels <= 0xFFFF) {
        copy_codes<std::uint16_t>(codes, data);
      } else {
        copy_codes<std::uint32_t>(codes, data);
      }
      break;
    }
    case TypeKind::kText: {
      auto* cells = static_cast<duckdb_string_t*>(data);
      for (std::size_t row = 0; row < rows; ++row)
        cells[row] = make_cell(column.text_at(first + row));
      break;
    }
  }
  if (column.missing_count() == 0) return;
  duckdb_vector_ensure_validity_writable(vector);
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  for (std::size_t row = 0; row < rows; ++row) {
    if (column.missing(first + row)) duckdb_validity_set_row_invalid(validity, row);
  }
}

void scan(duckdb_function_info info, duckdb_data_chunk output) {
  const auto* bound = static_cast<const Bound*>(duckdb_function_get_bind_data(info));
  auto* progress = static_cast<Progress*>(duckdb_function_get_init_data(info));
  const Frame& frame = *bound->frame;
  const std::size_t step = duckdb_vector_size();
  const std::size_t first = progress->next_row.fetch_add(step);
  if (first >= frame.rows()) {
    duckdb_data_chunk_set_size(output, 0);
    return;
  }
  const std::size_t rows = std::min(step, frame.rows() - first);
  try {
    for (std::size_t i = 0; i < progress->columns.size(); ++i) {
      // A count of rows asks for no column: its place-holder has no number of
      // ours.
      if (progress->columns[i] >= frame.schema().size()) continue;
      copy_cells(frame.column(progress->columns[i]), first, rows,
                 duckdb_data_chunk_get_vector(output, i));
    }
  } catch (const std::exception& error) {
    duckdb_function_set_error(info, error.what());
  }
  duckdb_data_chunk_set_size(output, rows);
}

}  // namespace

void register_frame_scan(Connection& connection, std::shared_ptr<FrameRegistry> registry,
                         int threads) {
  auto extra =
      std::make_unique<Extra>(Extra{std::move(registry), static_cast<idx_t>(std::max(threads, 1))});
  duckdb_table_function function = duckdb_create_table_function();
  duckdb_table_function_set_name(function, "impact_frame");
  duckdb_table_function_add_parameter(function, LogicalType(DUCKDB_TYPE_BIGINT).get());
  duckdb_table_function_set_extra_info(function, extra.release(), destroy<Extra>);
  duckdb_table_function_set_bind(function, bind);
  duckdb_table_function_set_init(function, init);
  duckdb_table_function_set_function(function, scan);
  duckdb_table_function_supports_projection_pushdown(function, true);
  const duckdb_state state = duckdb_register_table_function(connection.get(), function);
  duckdb_destroy_table_function(&function);
  if (state == DuckDBError) throw InternalError({.what = "impact_frame cannot be registered"});
}

}  // namespace impact::duck
