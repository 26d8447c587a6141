#include <string>

#include "engine/core/error.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

bool parse_cell_integer(std::string_view cell, std::int64_t &value) noexcept {
  const char *at = cell.data();
  const char *end = at + cell.size();
  while (at != end && *at == ' ')
    ++at;
  while (at != end && end[-1] == ' ')
    --end;
  const bool negative = at != end && *at == '-';
  if (at != end && (*at == '-' || *at == '+'))
    ++at;
  if (at == end)
    return false;
  // Eighteen digits cannot overflow; longer numbers take the checked path.
  std::uint64_t sum = 0;
  const bool long_text = end - at > 18;
  for (; at != end; ++at) {
    const auto digit =
        static_cast<std::uint64_t>(static_cast<unsigned char>(*at) - '0');
    if (digit > 9)
      return false;
    if (long_text) {
      std::uint64_t scaled = 0;
      if (__builtin_mul_overflow(sum, std::uint64_t{10}, &scaled) ||
          __builtin_add_overflow(scaled, digit, &sum)) {
        return false;
      }
    } else {
      sum = sum * 10 + digit;
    }
  }
  const std::uint64_t limit = (std::uint64_t{1} << 63) - (negative ? 0 : 1);
  if (sum > limit)
    return false;
  value = static_cast<std::int64_t>(negative ? ~sum + 1 : sum);
  return true;
}

namespace {

void cast_integers(duckdb_function_info info, duckdb_data_chunk input,
                   duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
  const auto *cells =
      static_cast<const duckdb_string_t *>(duckdb_vector_get_data(texts));
  const std::uint64_t *validity = duckdb_vector_get_validity(texts);
  auto *values = static_cast<std::int64_t *>(duckdb_vector_get_data(output));
  std::uint64_t *result_validity = nullptr;
  for (idx_t row = 0; row < rows; ++row) {
    if (!present(validity, row)) {
      if (result_validity == nullptr) {
        duckdb_vector_ensure_validity_writable(output);
        result_validity = duckdb_vector_get_validity(output);
      }
      duckdb_validity_set_row_invalid(result_validity, row);
      continue;
    }
    const std::string_view cell = text_cell(cells[row]);
    if (!parse_cell_integer(cell, values[row])) {
      const std::string message =
          std::string(kNotAnInteger) + std::string(cell);
      duckdb_scalar_function_set_error(info, message.c_str());
      return;
    }
  }
}

} // namespace

void register_casts(Connection &connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "impact_integer");
  duckdb_scalar_function_add_parameter(function,
                                       LogicalType(DUCKDB_TYPE_VARCHAR).get());
  duckdb_scalar_function_set_return_type(function,
                                         LogicalType(DUCKDB_TYPE_BIGINT).get());
  duckdb_scalar_function_set_function(function, cast_integers);
  const duckdb_state state =
      duckdb_register_scalar_function(connection.get(), function);
  duckdb_destroy_scalar_function(&function);
  if (state == DuckDBError)
    throw InternalError({.what = "impact_integer cannot be registered"});
}

} // namespace impact::duck
