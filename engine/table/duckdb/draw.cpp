#include <array>
#include <bit>
#include <cstring>
#include <vector>

#include "engine/core/error.h"
#include "engine/core/rng.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

namespace {

constexpr std::uint64_t kPrime1 = 0x9E3779B185EBCA87ULL;
constexpr std::uint64_t kPrime2 = 0xC2B2AE3D27D4EB4FULL;
constexpr std::uint64_t kPrime3 = 0x165667B19E3779F9ULL;
constexpr std::uint64_t kPrime4 = 0x85EBCA77C2B2AE63ULL;
constexpr std::uint64_t kPrime5 = 0x27D4EB2F165667C5ULL;
// Tells a missing key from an empty one.
constexpr std::uint64_t kMissingKey = 0x6D697373696E6721ULL;

// Little-endian whatever the machine, so that draws agree everywhere.
std::uint64_t load64(const char* at) noexcept {
  std::array<unsigned char, 8> bytes{};
  std::memcpy(bytes.data(), at, 8);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 8; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

std::uint64_t load32(const char* at) noexcept {
  std::array<unsigned char, 4> bytes{};
  std::memcpy(bytes.data(), at, 4);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word |= std::uint64_t{bytes[i]} << (8 * i);
  return word;
}

std::uint64_t round_lane(std::uint64_t lane, std::uint64_t input) noexcept {
  return std::rotl(lane + input * kPrime2, 31) * kPrime1;
}

std::uint64_t merge_lane(std::uint64_t hash, std::uint64_t lane) noexcept {
  return (hash ^ round_lane(0, lane)) * kPrime1 + kPrime4;
}

}  // namespace

// XXH64: four lanes eat 32-byte stripes, are merged, then the tail follows by
// 8, 4 and 1 bytes and the result is avalanched. All arithmetic modulo 2^64.
std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed) noexcept {
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  std::uint64_t hash = seed + kPrime5;
  if (bytes.size() >= 32) {
    std::array<std::uint64_t, 4> lanes{seed + kPrime1 + kPrime2, seed + kPrime2, seed,
                                       seed - kPrime1};
    for (; end - at >= 32; at += 32) {
      for (std::size_t i = 0; i < 4; ++i) lanes[i] = round_lane(lanes[i], load64(at + 8 * i));
    }
    hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
           std::rotl(lanes[3], 18);
    for (const std::uint64_t lane : lanes) hash = merge_lane(hash, lane);
  }
  hash += bytes.size();
  for (; end - at >= 8; at += 8) {
    hash = std::rotl(hash ^ round_lane(0, load64(at)), 27) * kPrime1 + kPrime4;
  }
  if (end - at >= 4) {
    hash = std::rotl(hash ^ (load32(at) * kPrime1), 23) * kPrime2 + kPrime3;
    at += 4;
  }
  for (; at != end; ++at) {
    hash =
        std::rotl(hash ^ (std::uint64_t{static_cast<unsigned char>(*at)} * kPrime5), 11) * kPrime1;
  }
  hash = (hash ^ (hash >> 33)) * kPrime2;
  hash = (hash ^ (hash >> 29)) * kPrime3;
  return hash ^ (hash >> 32);
}

std::uint64_t hash_keys(std::span<const std::string_view> keys) noexcept {
  std::uint64_t hash = keys.size();
  for (const std::string_view key : keys) {
    hash = key.data() == nullptr ? xxh64({}, hash ^ kMissingKey) : xxh64(key, hash);
  }
  return hash;
}

namespace {

void draw(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const idx_t rows = duckdb_data_chunk_get_size(input);
  const idx_t keys = duckdb_data_chunk_get_column_count(input) - 1;
  const auto* streams = static_cast<const std::uint64_t*>(
      duckdb_vector_get_data(duckdb_data_chunk_get_vector(input, 0)));
  std::vector<const duckdb_string_t*> cells(keys);
  std::vector<const std::uint64_t*> validity(keys);
  std::vector<std::string_view> views(keys);
  for (idx_t key = 0; key < keys; ++key) {
    duckdb_vector vector = duckdb_data_chunk_get_vector(input, key + 1);
    cells[key] = static_cast<const duckdb_string_t*>(duckdb_vector_get_data(vector));
    validity[key] = duckdb_vector_get_validity(vector);
  }
  auto* values = static_cast<double*>(duckdb_vector_get_data(output));
  for (idx_t row = 0; row < rows; ++row) {
    for (idx_t key = 0; key < keys; ++key) {
      views[key] = present(validity[key], row) ? text_cell(cells[key][row]) : std::string_view();
    }
    values[row] = Stream(StreamKey{streams[row]}, hash_keys(views)).uniform();
  }
}

}  // namespace

void register_draw(Connection& connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_scalar_function_set_name(function, "impact_draw");
  duckdb_scalar_function_add_parameter(function, LogicalType(DUCKDB_TYPE_UBIGINT).get());
  duckdb_scalar_function_set_varargs(function, LogicalType(DUCKDB_TYPE_VARCHAR).get());
  duckdb_scalar_function_set_return_type(function, LogicalType(DUCKDB_TYPE_DOUBLE).get());
  // Otherwise a missing key would make the draw missing.
  duckdb_scalar_function_set_special_handling(function);
  duckdb_scalar_function_set_function(function, draw);
  const duckdb_state state = duckdb_register_scalar_function(connection.get(), function);
  duckdb_destroy_scalar_function(&function);
  if (state == DuckDBError) throw InternalError({.what = "impact_draw cannot be registered"});
}

}  // namespace impact::duck
