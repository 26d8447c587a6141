#include "engine/design/diagnose.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <mutex>

#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/parallel.h"
#include "engine/design/diagnosands.h"
#include "engine/design/fit.h"

namespace impact {
namespace {

// Cells that a chunk of simulations fills, about; few enough to cancel soon.
constexpr std::size_t kChunkCells = 25'600;
constexpr std::size_t kMostInChunk = 256;
// Standard error of a share from which on a reader is warned.
constexpr double kCoarse = 0.02;

struct Worker {
  SimWorkspace workspace;
  Fitter fitter;
  std::vector<double> estimands = {};
};

class Simulator {
 public:
  Simulator(const Design& design, std::size_t simulations)
      : design_(design),
        compiled_(compile_design(design)),
        count_(simulations),
        results_(simulations * design.estimators.size()),
        missing_units_(design.inquiries.size() * simulations, 0) {}

  void run(const Context& context) {
    const std::size_t rows = std::max<std::size_t>(compiled_.program.rows(), 1);
    const std::size_t chunk = std::clamp<std::size_t>(kChunkCells / rows, 1, kMostInChunk);
    std::atomic<std::size_t> done{0};
    for_chunks(context, count_, chunk, [&](std::size_t begin, std::size_t end) {
      std::unique_ptr<Worker> worker = borrow();
      for (std::size_t s = begin; s < end; ++s) {
        context.check();
        simulate(*worker, s);
      }
      give_back(std::move(worker));
      if (context.progress != nullptr) {
        const std::size_t so_far = done.fetch_add(end - begin) + (end - begin);
        context.progress->report("diagnose",
                                 static_cast<double>(so_far) / static_cast<double>(count_));
      }
    });
  }

  [[nodiscard]] std::span<const SimulatedResult> results(std::size_t estimator) const {
    return std::span(results_).subspan(estimator * count_, count_);
  }
  // Simulations in which a unit does not count for the inquiry's estimand.
  [[nodiscard]] std::size_t with_missing_units(std::size_t inquiry) const {
    const auto first = missing_units_.begin() + static_cast<std::ptrdiff_t>(inquiry * count_);
    return static_cast<std::size_t>(std::count_if(
        first, first + static_cast<std::ptrdiff_t>(count_), [](auto n) { return n != 0; }));
  }
  // The estimator's row, with warnings, in one simulation.
  [[nodiscard]] Estimate explain(std::size_t estimator, std::size_t simulation) {
    std::unique_ptr<Worker> worker = borrow();
    worker->workspace.run(simulation);
    Estimate row = worker->fitter.explain(estimator, worker->workspace);
    give_back(std::move(worker));
    return row;
  }
  [[nodiscard]] std::size_t inquiry_of(std::size_t estimator) const {
    return compiled_.estimators[estimator].inquiry;
  }

 private:
  // Which worker a chunk gets does not matter: a run fills all that it reads.
  std::unique_ptr<Worker> borrow() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<Worker> worker = std::move(idle_.back());
        idle_.pop_back();
        return worker;
      }
    }
    return std::unique_ptr<Worker>(
        new Worker{SimWorkspace(compiled_.program), Fitter(design_, compiled_)});
  }
  void give_back(std::unique_ptr<Worker> worker) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(worker));
  }

  void simulate(Worker& worker, std::size_t s) {
    worker.workspace.run(s);
    worker.estimands.resize(compiled_.inquiries.size());
    for (std::size_t q = 0; q < compiled_.inquiries.size(); ++q) {
      std::int64_t missing = 0;
      worker.estimands[q] = estimand(compiled_.inquiries[q], worker.workspace, missing);
      missing_units_[q * count_ + s] = missing > 0 ? 1 : 0;
    }
    for (std::size_t e = 0; e < compiled_.estimators.size(); ++e) {
      const PointEstimate point = worker.fitter.numbers(e, worker.workspace);
      const Inference inference =
          infer(point.estimate, point.std_error, point.df, design_.estimators[e].conf_level);
      results_[e * count_ + s] = {.estimand = worker.estimands[compiled_.estimators[e].inquiry],
                                  .estimate = point.estimate,
                                  .std_error = point.std_error,
                                  .df = point.df,
                                  .p_value = inference.p_value,
                                  .conf_low = inference.conf_low,
                                  .conf_high = inference.conf_high};
    }
  }

  const Design& design_;
  CompiledDesign compiled_;
  std::size_t count_;
  std::vector<SimulatedResult> results_;
  std::vector<std::uint8_t> missing_units_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> idle_;
};

Column text_column(const std::vector<std::string>& cells) {
  std::string bytes;
  std::vector<std::uint64_t> offsets = {0};
  for (const auto& cell : cells) {
    bytes += cell;
    offsets.push_back(bytes.size());
  }
  return Column::text(std::move(bytes), std::move(offsets));
}

// NaN becomes missing.
Column number_column(std::vector<double> cells) {
  std::vector<std::uint64_t> valid((cells.size() + 63) / 64, 0);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (std::isnan(cells[i])) {
      cells[i] = 0.0;
    } else {
      valid[i / 64] |= std::uint64_t{1} << (i % 64);
    }
  }
  return Column::numbers(std::move(cells), std::move(valid));
}

Frame summary(const Design& design, const std::vector<Diagnosands>& rows) {
  std::vector<std::string> inquiry;
  std::vector<std::string> estimator;
  std::vector<std::int64_t> simulations;
  std::vector<std::int64_t> failed;
  for (std::size_t e = 0; e < rows.size(); ++e) {
    inquiry.push_back(design.estimators[e].inquiry);
    estimator.push_back(design.estimators[e].name);
    simulations.push_back(rows[e].simulations);
    failed.push_back(rows[e].failed);
  }
  std::vector<std::string> names = {"inquiry", "estimator", "simulations", "failed"};
  std::vector<Column> columns = {text_column(inquiry), text_column(estimator),
                                 Column::integers(simulations), Column::integers(failed)};
  for (const auto& [name, member] : diagnosand_members()) {
    std::vector<double> value;
    std::vector<double> error;
    for (const auto& row : rows) {
      value.push_back((row.*member).value);
      error.push_back((row.*member).mcse);
    }
    names.push_back(name);
    columns.push_back(number_column(std::move(value)));
    names.push_back(std::string(name) + "_mcse");
    columns.push_back(number_column(std::move(error)));
  }
  return {std::move(names), std::move(columns)};
}

Frame all_simulations(const Design& design, const Simulator& simulator, std::size_t count) {
  const std::size_t estimators = design.estimators.size();
  std::vector<std::int64_t> number;
  std::vector<std::string> inquiry;
  std::vector<std::string> estimator;
  for (std::size_t s = 0; s < count; ++s) {
    for (std::size_t e = 0; e < estimators; ++e) {
      number.push_back(static_cast<std::int64_t>(s));
      inquiry.push_back(design.estimators[e].inquiry);
      estimator.push_back(design.estimators[e].name);
    }
  }
  const auto gather = [&](double SimulatedResult::*member) {
    std::vector<double> cells;
    cells.reserve(count * estimators);
    for (std::size_t s = 0; s < count; ++s) {
      for (std::size_t e = 0; e < estimators; ++e) {
        cells.push_back(simulator.results(e)[s].*member);
      }
    }
    return number_column(std::move(cells));
  };
  using Result = SimulatedResult;
  return {{"simulation", "inquiry", "estimator", "estimand", "estimate", "std_error", "df",
           "p_value", "conf_low", "conf_high"},
          {Column::integers(std::move(number)), text_column(inquiry), text_column(estimator),
           gather(&Result::estimand), gather(&Result::estimate), gather(&Result::std_error),
           gather(&Result::df), gather(&Result::p_value), gather(&Result::conf_low),
           gather(&Result::conf_high)}};
}

std::string in_words(const Estimate& row) {
  return row.warnings.empty() ? std::string("the estimand is undefined")
                              : fmt::format("{}", fmt::join(row.warnings, "; "));
}

std::vector<std::string> collect_warnings(const Design& design, Simulator& simulator,
                                          const std::vector<Diagnosands>& rows) {
  std::vector<std::string> out;
  double coarsest = 0;
  for (std::size_t q = 0; q < design.inquiries.size(); ++q) {
    if (const std::size_t some = simulator.with_missing_units(q); some > 0) {
      out.push_back(
          fmt::format("'{}': in {} of {} simulations the outcome of some units is missing; "
                      "they do not count for the estimand",
                      design.inquiries[q].name, some, rows.front().simulations));
    }
  }
  for (std::size_t e = 0; e < rows.size(); ++e) {
    const std::string& name = design.estimators[e].name;
    const Estimate first = simulator.explain(e, 0);
    for (const auto& warning : first.warnings) {
      out.push_back(fmt::format("'{}': {} (first simulation)", name, warning));
    }
    if (rows[e].failed > 0) {
      const auto all = simulator.results(e);
      const auto at =
          std::find_if(all.begin(), all.end(), [](const auto& r) { return r.failed(); });
      const auto number = static_cast<std::size_t>(at - all.begin());
      out.push_back(fmt::format(
          "'{}': {} of {} simulations failed and do not count; simulation {}: {}", name,
          rows[e].failed, rows[e].simulations, number, in_words(simulator.explain(e, number))));
    }
    for (const double mcse : {rows[e].power.mcse, rows[e].coverage.mcse}) {
      if (mcse > coarsest) coarsest = mcse;
    }
  }
  if (coarsest > kCoarse) {
    out.push_back(fmt::format(
        "{} simulations leave a standard error of {:.3f} in power or coverage; "
        "{} would bring it to {}",
        rows.front().simulations, coarsest,
        static_cast<std::int64_t>(std::ceil(static_cast<double>(rows.front().simulations) *
                                            (coarsest / kCoarse) * (coarsest / kCoarse))),
        kCoarse));
  }
  return out;
}

}  // namespace

void check_design(const Design& design) {
  const CompiledDesign compiled = compile_design(design);
  SimWorkspace workspace(compiled.program);
  workspace.run(0);
}

Frame simulate_data(const Design& design, std::uint64_t simulation) {
  const CompiledDesign compiled = compile_design(design);
  SimWorkspace workspace(compiled.program);
  workspace.run(simulation);
  std::vector<std::string> names;
  std::vector<Column> columns;
  for (const auto& [name, operand] : compiled.columns) {
    const auto cells = workspace.column(operand);
    std::vector<std::uint64_t> valid((cells.size() + 63) / 64, 0);
    std::vector<std::int64_t> whole;
    std::vector<std::uint8_t> flags;
    std::string bytes;
    std::vector<std::uint64_t> offsets = {0};
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const bool present = !std::isnan(cells[i]);
      if (present) valid[i / 64] |= std::uint64_t{1} << (i % 64);
      if (operand.kind == SimKind::kInteger) {
        whole.push_back(present ? static_cast<std::int64_t>(cells[i]) : 0);
      } else if (operand.kind == SimKind::kBoolean) {
        flags.push_back(present && cells[i] == 1.0 ? 1 : 0);
      } else if (operand.kind == SimKind::kText) {
        if (present) bytes += workspace.text(cells[i]);
        offsets.push_back(bytes.size());
      }
    }
    names.push_back(name);
    switch (operand.kind) {
      case SimKind::kInteger:
        columns.push_back(Column::integers(std::move(whole), std::move(valid)));
        break;
      case SimKind::kBoolean:
        columns.push_back(Column::booleans(std::move(flags), std::move(valid)));
        break;
      case SimKind::kText:
        columns.push_back(Column::text(std::move(bytes), std::move(offsets), std::move(valid)));
        break;
      case SimKind::kNumber:
      case SimKind::kMissing: columns.push_back(number_column({cells.begin(), cells.end()})); break;
    }
  }
  return {std::move(names), std::move(columns)};
}

Diagnosis diagnose(const Design& design, const DiagnoseOptions& options, const Context& context) {
  if (design.estimators.empty()) {
    throw ArgumentError({.what = "the design has no estimator to diagnose",
                         .hint = "declare one that answers an inquiry"});
  }
  if (options.simulations < 2) {
    throw ArgumentError({.what = "a diagnosis needs at least two simulations",
                         .got = format_integer(options.simulations),
                         .expected = "2 or more; 1000 are usual"});
  }
  const auto count = static_cast<std::size_t>(options.simulations);
  Simulator simulator(design, count);
  simulator.run(context);
  std::vector<Diagnosands> rows;
  for (std::size_t e = 0; e < design.estimators.size(); ++e) {
    rows.push_back(diagnosands(simulator.results(e), design.alpha));
  }
  Diagnosis out;
  out.table = summary(design, rows);
  out.warnings = collect_warnings(design, simulator, rows);
  if (options.keep_simulations) out.simulations = all_simulations(design, simulator, count);
  return out;
}

}  // namespace impact
