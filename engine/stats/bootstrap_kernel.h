#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/stats/bootstrap.h"

namespace impact::detail {

/// The rows of a bootstrap in the order of their units: cells by arm (where every unit has one),
/// then stratum; in a cell units without clusters by value, so that the order of rows is nothing.
struct Units {
  std::vector<std::uint32_t> rows = {};     ///< Complete rows, unit by unit.
  std::vector<std::size_t> first_row = {};  ///< Of unit u in `rows`; one more entry than units.
  std::vector<std::size_t> offsets = {};    ///< Cells of units.
  std::vector<std::uint8_t> cell_arm = {};  ///< By cell; 0 where arms do not count.
  bool arms_apart = false;                  ///< Every unit lies in one arm.
  bool clustered = false;
  std::int64_t missing = 0;
  std::int64_t infinite = 0;

  [[nodiscard]] std::size_t count() const { return offsets.back(); }
};

/// Which columns a statistic reads.
[[nodiscard]] bool reads_arm(BootstrapStatistic statistic);
[[nodiscard]] bool reads_x(BootstrapStatistic statistic);

/// Throws as bootstrap() does. `rows` is the length of all columns; y may be empty (no statistic of
/// its own).
[[nodiscard]] Units units_of(std::size_t rows, const BootstrapData& data, bool arms, bool x);

/// What a statistic of counted units is made of.
class Kernel {
 public:
  virtual ~Kernel() = default;
  struct Value {
    double value;
    double std_error;  ///< Where asked for.
  };
  /// counts: padded units and 32 bytes more. Thread-safe.
  [[nodiscard]] virtual Value of(std::span<const std::uint8_t> counts, bool with_error) const = 0;
  /// The statistic with unit u left out, for all units.
  [[nodiscard]] virtual std::vector<double> jackknife() const = 0;
};

[[nodiscard]] std::unique_ptr<Kernel> moment_kernel(const BootstrapData& data, const Units& units,
                                                    const BootstrapSpec& spec);
[[nodiscard]] std::unique_ptr<Kernel> order_kernel(const BootstrapData& data, const Units& units,
                                                   const BootstrapSpec& spec);
/// The one of the statistic.
[[nodiscard]] std::unique_ptr<Kernel> kernel_of(const BootstrapData& data, const Units& units,
                                                const BootstrapSpec& spec);

/// acceleration of BootstrapDraws; NaN where a value is undefined or none differs.
[[nodiscard]] double acceleration_of(std::span<const double> left_out, const Units& units,
                                     double estimate);

}  // namespace impact::detail
