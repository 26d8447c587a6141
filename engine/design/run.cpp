#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <limits>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/design/binomial.h"
#include "engine/design/evaluate.h"

namespace impact {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr double kWholeLimit = 0x1p53;

[[noreturn]] void refuse_cast(const std::string& where, const std::string& got, SimKind to) {
  throw DataError({.what = fmt::format("a value is no {}", sim_kind_name(to)),
                   .where = where,
                   .got = got,
                   .expected = std::string(sim_kind_name(to))});
}

double parse_text(const std::string& text, SimKind to, const std::string& where) {
  if (to == SimKind::kBoolean) {
    if (text == "true" || text == "1") return 1.0;
    if (text == "false" || text == "0") return 0.0;
  } else if (to == SimKind::kInteger) {
    if (const auto whole = parse_integer(text)) return static_cast<double>(*whole);
  } else if (const auto number = parse_double(text)) {
    return *number;
  } else if (const auto whole = parse_integer(text)) {
    return static_cast<double>(*whole);
  }
  refuse_cast(where, text, to);
}

std::string write_text(double value, SimKind from) {
  if (from == SimKind::kBoolean) return value == 1.0 ? "true" : "false";
  if (from == SimKind::kInteger && std::fabs(value) <= kWholeLimit) {
    return format_integer(static_cast<std::int64_t>(value));
  }
  return format_double(value);
}

double convert_number(double value, SimKind to, const std::string& where) {
  if (to == SimKind::kBoolean) return value != 0.0 ? 1.0 : 0.0;
  if (value == std::floor(value) && std::fabs(value) <= kWholeLimit) return value;
  refuse_cast(where, format_double(value), to);
}

std::int64_t whole_parameter(double value, const char* name) {
  if (value == std::floor(value) && std::fabs(value) <= kWholeLimit) {
    return static_cast<std::int64_t>(value);
  }
  throw ArgumentError({.what = fmt::format("{} is not a whole number", name),
                       .got = format_double(value),
                       .expected = "a whole number up to 2^53"});
}

// A draw by rejection takes its numbers from a stream that 64 bits of the row select, so that the
// rows behind it do not move when its parameters do.
Stream row_stream(StreamKey key, Stream& stream) { return Stream(key, stream.next_u64()); }

}  // namespace

SimWorkspace::SimWorkspace(const Program& program) : program_(program), texts_(program.texts_) {
  registers_.assign(program.registers_, std::vector<double>(program.rows_));
  groups_.resize(program.group_fixed_.size());
  plans_.resize(program.assigns_.size());
  codes_.resize(program.rows_);
  all_rows_.resize(program.rows_);
  for (std::size_t i = 0; i < program.rows_; ++i) all_rows_[i] = i;
  for (const auto& [reg, values] : program.inputs_) registers_[reg] = values;
  for (const auto& [reg, value] : program.fills_) registers_[reg].assign(program.rows_, value);
  for (const auto& step : program.steps_) {
    if (step.fixed) execute(step, 0);
  }
  fixed_texts_ = texts_.size();
}

void SimWorkspace::run(std::uint64_t simulation) {
  texts_.truncate(fixed_texts_);
  for (const auto& step : program_.steps_) {
    if (!step.fixed) execute(step, simulation);
  }
}

void SimWorkspace::execute(const Program::Step& step, std::uint64_t simulation) {
  switch (step.type) {
    case Program::Step::Type::kMap: return map(step);
    case Program::Step::Type::kCast: return cast(step);
    case Program::Step::Type::kGroup: return group(step);
    case Program::Step::Type::kDraw: return draw(step, simulation);
    case Program::Step::Type::kAssign: return assign(step, simulation);
  }
}

void SimWorkspace::map(const Program::Step& step) {
  pointers_.clear();
  for (const std::size_t reg : step.args) pointers_.push_back(registers_[reg].data());
  step.kernel(registers_[step.out].data(), pointers_.data(), pointers_.size(), program_.rows_);
}

void SimWorkspace::cast(const Program::Step& step) {
  const Program::Cast& detail = program_.casts_[step.detail];
  const std::vector<double>& in = registers_[step.args[0]];
  std::vector<double>& out = registers_[step.out];
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (std::isnan(in[i])) {
      out[i] = kMissing;
    } else if (detail.to == SimKind::kText) {
      out[i] = texts_.code(write_text(in[i], detail.from));
    } else if (detail.from == SimKind::kText) {
      out[i] = parse_text(texts_.text(in[i]), detail.to, detail.where);
    } else {
      out[i] = convert_number(in[i], detail.to, detail.where);
    }
  }
}

// Column by column: (number of the group so far, code of the value) -> number, by first appearance.
void SimWorkspace::group(const Program::Step& step) {
  RowGroups& groups = groups_[step.out];
  groups.code.assign(program_.rows_, 0);
  for (const std::size_t reg : step.args) {
    const std::vector<double>& values = registers_[reg];
    // First the column's own codes, then the pairs of small integers, which a word holds exactly.
    for (const bool pairs : {false, true}) {
      seen_.clear();
      groups.first.clear();
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (groups.code[i] < 0) continue;
        if (std::isnan(values[i])) {
          groups.code[i] = -1;
          continue;
        }
        const double value = values[i] == 0.0 ? 0.0 : values[i];  // -0 is 0
        const std::uint64_t key = pairs ? (static_cast<std::uint64_t>(groups.code[i]) << 32U) |
                                              static_cast<std::uint32_t>(codes_[i])
                                        : std::bit_cast<std::uint64_t>(value);
        const auto [at, fresh] = seen_.emplace(key, static_cast<std::int32_t>(groups.first.size()));
        if (fresh) groups.first.push_back(i);
        (pairs ? groups.code[i] : codes_[i]) = at->second;
      }
    }
  }
}

void SimWorkspace::draw(const Program::Step& step, std::uint64_t simulation) {
  const Program::Draw& detail = program_.draws_[step.detail];
  Stream stream(detail.key, simulation);
  std::vector<double>& out = registers_[step.out];
  try {
    if (!detail.group) {
      drawn_.resize(program_.rows_);
      draw_values(step, all_rows_, stream);
      out.swap(drawn_);
      return;
    }
    const RowGroups& groups = groups_[*detail.group];
    for (const std::size_t reg : step.args) {
      const std::vector<double>& values = registers_[reg];
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (groups.code[i] < 0) continue;
        const double first = values[groups.first[static_cast<std::size_t>(groups.code[i])]];
        if (values[i] == first || (std::isnan(values[i]) && std::isnan(first))) continue;
        throw ArgumentError(
            {.what = "rows that share a draw differ in a parameter",
             .where =
                 fmt::format("rows {} and {}",
                             groups.first[static_cast<std::size_t>(groups.code[i])] + 1, i + 1),
             .got = fmt::format("{} and {}", format_double(first), format_double(values[i])),
             .expected = "the same parameters in all rows that 'per' puts together"});
      }
    }
    drawn_.resize(groups.first.size());
    draw_values(step, groups.first, stream);
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = groups.code[i] < 0 ? kMissing : drawn_[static_cast<std::size_t>(groups.code[i])];
    }
  } catch (const ArgumentError& error) {
    ErrorInfo info = error.info();
    info.where = detail.where + (info.where.empty() ? "" : ", " + info.where);
    throw ArgumentError(std::move(info));
  }
}

// One draw for each of `rows`, whose parameters it takes. A missing parameter makes the draw
// missing, but the bits are taken all the same.
void SimWorkspace::draw_values(const Program::Step& step, std::span<const std::size_t> rows,
                               Stream& stream) {
  const Program::Draw& detail = program_.draws_[step.detail];
  const std::string& name = detail.distribution;
  double* out = drawn_.data();
  const auto parameter = [&](std::size_t k) { return registers_[step.args[k]].data(); };
  const auto each = [&](auto&& one) {
    const double* a = parameter(0);
    const double* b = step.args.size() > 1 ? parameter(1) : a;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double x = a[rows[i]];
      const double y = b[rows[i]];
      if (std::isnan(x) || std::isnan(y)) {
        (void)stream.next_u64();
        out[i] = kMissing;
      } else {
        out[i] = one(x, y);
      }
    }
  };
  if (name == "normal") {
    each([&](double mean, double sd) { return stream.normal(mean, sd); });
  } else if (name == "uniform") {
    each([&](double low, double high) { return stream.uniform(low, high); });
  } else if (name == "lognormal") {
    each([&](double mean, double sd) { return stream.lognormal(mean, sd); });
  } else if (name == "bernoulli") {
    each([&](double p, double) { return stream.bernoulli(p) ? 1.0 : 0.0; });
  } else if (name == "exponential") {
    each([&](double mean, double) { return stream.exponential(mean); });
  } else if (name == "binomial") {
    each([&](double n, double p) {
      Stream own = row_stream(detail.row_key, stream);
      return static_cast<double>(binomial(own, whole_parameter(n, "the number of trials"), p));
    });
  } else if (name == "poisson") {
    each([&](double mean, double) {
      return static_cast<double>(row_stream(detail.row_key, stream).poisson(mean));
    });
  } else if (name == "gamma") {
    each([&](double shape, double scale) {
      if (!(scale > 0.0) || std::isinf(scale)) {
        throw ArgumentError({.what = "the scale of a gamma distribution is out of range",
                             .got = format_double(scale),
                             .expected = "a finite number > 0"});
      }
      return row_stream(detail.row_key, stream).gamma(shape) * scale;
    });
  } else if (name == "beta") {
    each([&](double a, double b) { return row_stream(detail.row_key, stream).beta(a, b); });
  } else if (name == "integer") {
    each([&](double low, double high) {
      const std::int64_t first = whole_parameter(low, "the least value");
      const std::int64_t last = whole_parameter(high, "the largest value");
      return static_cast<double>(row_stream(detail.row_key, stream).integer(first, last));
    });
  } else if (name == "categorical") {
    weights_.resize(detail.labels.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      bool present = true;
      for (std::size_t k = 0; k < weights_.size(); ++k) {
        weights_[k] = parameter(k)[rows[i]];
        present = present && !std::isnan(weights_[k]);
      }
      if (present) {
        out[i] = detail.labels[stream.categorical(weights_)];
      } else {
        (void)stream.next_u64();
        out[i] = kMissing;
      }
    }
  } else {
    throw InternalError({.what = fmt::format("no draws from '{}'", name)});
  }
}

void SimWorkspace::assign(const Program::Step& step, std::uint64_t simulation) {
  const Program::Assign& detail = program_.assigns_[step.detail];
  auto& plan = plans_[step.detail];
  const auto fixed = [&](std::optional<std::size_t> number) {
    return !number || program_.group_fixed_[*number];
  };
  if (plan == nullptr || !fixed(detail.blocks) || !fixed(detail.clusters)) {
    const auto codes = [&](std::optional<std::size_t> number) {
      return number ? std::span<const std::int32_t>(groups_[*number].code)
                    : std::span<const std::int32_t>();
    };
    plan = std::make_unique<AssignmentPlan>(
        detail.assignment, program_.rows_,
        AssignmentGroups{codes(detail.blocks), codes(detail.clusters)});
  }
  Stream stream(detail.key, simulation);
  plan->draw(stream, codes_, scratch_);
  std::vector<double>& out = registers_[step.out];
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = detail.labels[static_cast<std::size_t>(codes_[i])];
  }
}

}  // namespace impact
