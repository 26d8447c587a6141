#include <cmath>
#include <limits>
#include <new>
#include <type_traits>

#include "engine/core/error.h"
#include "engine/core/exact_sum.h"
#include "engine/table/duckdb/functions.h"

namespace impact::duck {

namespace {

__extension__ using Wide = __int128;

// Each state is trivially copyable: DuckDB moves states by memcpy when it
// spills or resizes.

struct NumberSum {
  std::int64_t count;
  ExactSum sum;
  void add(double x) noexcept {
    ++count;
    sum.add(x);
  }
  void merge(const NumberSum& other) noexcept {
    count += other.count;
    sum.merge(other.sum);
  }
};

// 128 bits in two words, because a state is only aligned to eight bytes.
struct IntegerSum {
  std::int64_t count;
  std::uint64_t low;
  std::int64_t high;
  [[nodiscard]] Wide total() const noexcept {
    return static_cast<Wide>(high) * (static_cast<Wide>(1) << 64) + static_cast<Wide>(low);
  }
  void plus(std::uint64_t other_low, std::int64_t other_high) noexcept {
    const std::uint64_t sum = low + other_low;
    high += other_high + (sum < low ? 1 : 0);
    low = sum;
  }
  void add(std::int64_t x) noexcept {
    ++count;
    plus(static_cast<std::uint64_t>(x), x < 0 ? -1 : 0);
  }
  void merge(const IntegerSum& other) noexcept {
    count += other.count;
    plus(other.low, other.high);
  }
};

// A finished value: false from finish() means missing. Each statistic names its
// state, its cells, its result and how it ends; `error` is set when the result
// cannot be represented.
struct SumOfNumbers {
  using State = NumberSum;
  using Cell = double;
  using Out = double;
  static bool finish(const State& state, Out& out, const char*&) noexcept {
    out = state.sum.round();
    return state.count > 0;
  }
};

struct SumOfIntegers {
  using State = IntegerSum;
  using Cell = std::int64_t;
  using Out = std::int64_t;
  static bool finish(const State& state, Out& out, const char*& error) noexcept {
    const auto low = static_cast<std::int64_t>(state.low);
    if (state.high != (low < 0 ? -1 : 0)) {
      error = "the sum of integers does not fit 64 bits; sum them as numbers: x * 1.0";
      return false;
    }
    out = low;
    return state.count > 0;
  }
};

struct MeanOfNumbers {
  using State = ExactMean;
  using Cell = double;
  using Out = double;
  static bool finish(const State& state, Out& out, const char*&) noexcept {
    out = state.mean();
    return state.count() > 0;
  }
};

struct MeanOfIntegers {
  using State = IntegerSum;
  using Cell = std::int64_t;
  using Out = double;
  // total / count = quotient + remainder / count, both parts exact integers;
  // below 2^53 the quotient is exact as a double and one rounding remains.
  static bool finish(const State& state, Out& out, const char*&) noexcept {
    if (state.count == 0) return false;
    const Wide total = state.total();
    const Wide quotient = total / state.count;
    const Wide remainder = total % state.count;
    out = static_cast<double>(quotient) +
          static_cast<double>(remainder) / static_cast<double>(state.count);
    return true;
  }
};

template <int Ddof, bool Root>
struct Spread {
  using State = ExactMoments;
  using Cell = double;
  using Out = double;
  static bool finish(const State& state, Out& out, const char*&) noexcept {
    const double variance = state.variance(Ddof);
    out = Root ? std::sqrt(variance) : variance;
    return state.count() > Ddof;
  }
};

template <bool Correlation>
struct Joint {
  using State = ExactCoMoments;
  using Cell = double;
  using Out = double;
  static bool finish(const State& state, Out& out, const char*&) noexcept {
    out = Correlation ? state.correlation() : state.covariance(1);
    return state.count() > 1;
  }
};

template <class State>
State& state_at(duckdb_aggregate_state* states, idx_t i) noexcept {
  static_assert(std::is_trivially_copyable_v<State> && alignof(State) <= 8);
  return *reinterpret_cast<State*>(states[i]);
}

template <class Statistic>
struct Callbacks {
  using State = typename Statistic::State;
  using Cell = typename Statistic::Cell;
  static constexpr bool kPair = std::is_same_v<State, ExactCoMoments>;

  static idx_t size(duckdb_function_info) { return sizeof(State); }
  static void init(duckdb_function_info, duckdb_aggregate_state state) {
    new (reinterpret_cast<void*>(state)) State{};
  }
  static void update(duckdb_function_info, duckdb_data_chunk input,
                     duckdb_aggregate_state* states) {
    const idx_t rows = duckdb_data_chunk_get_size(input);
    duckdb_vector first = duckdb_data_chunk_get_vector(input, 0);
    const auto* x = static_cast<const Cell*>(duckdb_vector_get_data(first));
    const std::uint64_t* x_valid = duckdb_vector_get_validity(first);
    if constexpr (kPair) {
      duckdb_vector second = duckdb_data_chunk_get_vector(input, 1);
      const auto* y = static_cast<const Cell*>(duckdb_vector_get_data(second));
      const std::uint64_t* y_valid = duckdb_vector_get_validity(second);
      for (idx_t row = 0; row < rows; ++row) {
        if (present(x_valid, row) && present(y_valid, row)) {
          state_at<State>(states, row).add(x[row], y[row]);
        }
      }
    } else if (x_valid == nullptr) {
      for (idx_t row = 0; row < rows; ++row) state_at<State>(states, row).add(x[row]);
    } else {
      for (idx_t row = 0; row < rows; ++row) {
        if (present(x_valid, row)) state_at<State>(states, row).add(x[row]);
      }
    }
  }
  static void combine(duckdb_function_info, duckdb_aggregate_state* source,
                      duckdb_aggregate_state* target, idx_t count) {
    for (idx_t i = 0; i < count; ++i) {
      state_at<State>(target, i).merge(state_at<State>(source, i));
    }
  }
  static void finalize(duckdb_function_info info, duckdb_aggregate_state* source,
                       duckdb_vector result, idx_t count, idx_t offset) {
    auto* out = static_cast<typename Statistic::Out*>(duckdb_vector_get_data(result));
    for (idx_t i = 0; i < count; ++i) {
      const char* error = nullptr;
      if (!Statistic::finish(state_at<State>(source, i), out[offset + i], error)) {
        duckdb_vector_ensure_validity_writable(result);
        duckdb_validity_set_row_invalid(duckdb_vector_get_validity(result), offset + i);
      }
      if (error != nullptr) duckdb_aggregate_function_set_error(info, error);
    }
  }
};

template <class Statistic>
void add_overload(duckdb_aggregate_function_set set, const char* name) {
  using Call = Callbacks<Statistic>;
  const auto type_of = [](bool integer) {
    return LogicalType(integer ? DUCKDB_TYPE_BIGINT : DUCKDB_TYPE_DOUBLE);
  };
  const LogicalType cell = type_of(std::is_same_v<typename Statistic::Cell, std::int64_t>);
  const LogicalType out = type_of(std::is_same_v<typename Statistic::Out, std::int64_t>);
  duckdb_aggregate_function function = duckdb_create_aggregate_function();
  duckdb_aggregate_function_set_name(function, name);
  for (int i = 0; i < (Call::kPair ? 2 : 1); ++i) {
    duckdb_aggregate_function_add_parameter(function, cell.get());
  }
  duckdb_aggregate_function_set_return_type(function, out.get());
  duckdb_aggregate_function_set_functions(function, Call::size, Call::init, Call::update,
                                          Call::combine, Call::finalize);
  duckdb_add_aggregate_function_to_set(set, function);
  duckdb_destroy_aggregate_function(&function);
}

template <class... Statistics>
void register_set(Connection& connection, const char* name) {
  duckdb_aggregate_function_set set = duckdb_create_aggregate_function_set(name);
  (add_overload<Statistics>(set, name), ...);
  const duckdb_state state = duckdb_register_aggregate_function_set(connection.get(), set);
  duckdb_destroy_aggregate_function_set(&set);
  if (state == DuckDBError) {
    throw InternalError({.what = std::string(name) + " cannot be registered"});
  }
}

}  // namespace

void register_aggregates(Connection& connection) {
  register_set<SumOfNumbers, SumOfIntegers>(connection, "impact_sum");
  register_set<MeanOfNumbers, MeanOfIntegers>(connection, "impact_mean");
  register_set<Spread<1, false>>(connection, "impact_var_samp");
  register_set<Spread<0, false>>(connection, "impact_var_pop");
  register_set<Spread<1, true>>(connection, "impact_stddev_samp");
  register_set<Spread<0, true>>(connection, "impact_stddev_pop");
  register_set<Joint<false>>(connection, "impact_covar_samp");
  register_set<Joint<true>>(connection, "impact_corr");
}

}  // namespace impact::duck
