#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "engine/table/duckdb/database.h"
#include "engine/table/frame.h"

/// Functions of the engine inside DuckDB.
namespace impact::duck {

/// impact_sum, impact_mean (DOUBLE and BIGINT), impact_var_samp,
/// impact_var_pop, impact_stddev_samp, impact_stddev_pop (DOUBLE),
/// impact_covar_samp, impact_corr (DOUBLE, DOUBLE): aggregates whose result
/// does not depend on the order of rows or on threads. Sums of integers run in
/// 128 bits and fail when the result does not fit 64. NaN and infinities follow
/// IEEE arithmetic; no rows give NULL, as do fewer than two for the sample
/// statistics.
void register_aggregates(Connection& connection);

/// impact_draw(stream UBIGINT, key VARCHAR...) -> DOUBLE in [0, 1): one uniform
/// number that depends on the stream and the texts only (a missing text is a
/// key of its own).
void register_draw(Connection& connection);

/// Chain of XXH64 over the keys, each hash seeding the next; a null view is a
/// missing key. Source: Collet, xxHash specification (XXH64), version 0.1.1.
[[nodiscard]] std::uint64_t hash_keys(std::span<const std::string_view> keys) noexcept;
[[nodiscard]] std::uint64_t xxh64(std::string_view bytes, std::uint64_t seed) noexcept;

/// Strict conversions, where DuckDB's own casts would round 1.5 to 2 or forget the zone of a time:
/// impact_integer(VARCHAR, DOUBLE, HUGEINT, BIGINT or BOOLEAN) -> BIGINT and
/// impact_timestamp(VARCHAR) -> TIMESTAMP.
void register_casts(Connection& connection);
/// Failures of strict conversions start with one of these; the value follows.
inline constexpr std::string_view kBadInteger = "a text that is no integer: ";
inline constexpr std::string_view kBadTimestamp = "a text that is no time: ";
inline constexpr std::string_view kNotWhole = "a number that is no integer: ";
/// Decimal digits with an optional sign and surrounding blanks, within 64 bits.
[[nodiscard]] bool parse_cell_integer(std::string_view cell, std::int64_t& value) noexcept;
/// ISO 8601: YYYY-MM-DD, alone or with T or a blank, hh:mm:ss, up to six decimals, and Z, +hh,
/// +hhmm or +hh:mm; UTC without a zone. Years 0001 to 9999.
[[nodiscard]] bool parse_cell_timestamp(std::string_view cell, std::int64_t& micros) noexcept;

/// Frames that impact_frame(id BIGINT) can scan. Holds them weakly: a scan
/// that is bound keeps its frame alive, the registry does not. Thread-safe.
class FrameRegistry {
 public:
  /// The id of the frame; the same frame keeps its id while it lives.
  [[nodiscard]] std::uint64_t id_of(const std::shared_ptr<const Frame>& frame);
  /// nullptr when the frame is gone.
  [[nodiscard]] std::shared_ptr<const Frame> find(std::uint64_t id) const;

 private:
  mutable std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<const Frame*, std::uint64_t> ids_;
  std::map<std::uint64_t, std::weak_ptr<const Frame>> frames_;
};

/// impact_frame(id BIGINT): the rows of a registered frame, without copying
/// texts.
void register_frame_scan(Connection& connection, std::shared_ptr<FrameRegistry> registry,
                         int threads);

}  // namespace impact::duck
