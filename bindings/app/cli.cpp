#include <cstdlib>
#include <thread>
#include <CLI/CLI.hpp>

#include "bindings/app/options.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/core/version.h"
#include "engine/render/figure.h"

namespace impact::bindings {
namespace {

constexpr int kMaxThreads = 1024;
// Below this the table engine and the interpreter fail one after the other in odd places.
constexpr std::uint64_t kLeastMemory = 64'000'000;

int all_cores() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, kMaxThreads);
}

std::uint64_t read_memory(const std::string& text) {
  const std::uint64_t bytes = parse_bytes(text, "--memory");
  if (bytes < kLeastMemory) {
    throw ArgumentError({.what = "--memory is too small for any run",
                         .got = text,
                         .expected = "at least 64MB",
                         .hint = "a number without a unit counts bytes; write 4GB"});
  }
  return bytes;
}

// "name=value" -> (name, value).
std::pair<std::string, std::string> read_setting(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    throw CLI::ValidationError("name=value", "'" + text + "' is not of the form name=value");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

namespace {

// Texts as CLI11 fills them in, before they become Options.
struct Raw {
  std::string path, second, data, out, cache, stdlib_folder, script, memory;
  bool no_cache = false;
  std::vector<std::string> settings, plot_options;
  std::string html;
  std::map<std::string, std::string> roles;
};

using Command = Options::Command;

void add_shared(CLI::App& app, Raw& raw, Options& options) {
  app.add_option("-e", options.code, "Run this Lua text instead of a file")->type_name("CODE");
  app.add_option("--data", raw.data, "Folder with the data files (else IMPACT_DATA)")
      ->type_name("DIR");
  app.add_option("--out", raw.out, "Folder for the results (runs/<study>)")->type_name("DIR");
  app.add_option("--cache", raw.cache,
                 "Folder for results of nodes (else IMPACT_CACHE, else the "
                 "user's cache folder)")
      ->type_name("DIR");
  app.add_flag("--no-cache", raw.no_cache, "Compute everything anew and keep nothing");
  app.add_option("--threads", options.threads, "Threads to use; never changes results (all cores)")
      ->check(CLI::Range(1, kMaxThreads));
  app.add_option("--memory", raw.memory, "Most memory the run may use, as 4GB (64MB or more)")
      ->type_name("SIZE");
  // One value an option, so that the study's folder may follow.
  app.add_option("--set", raw.settings, "Override a declared parameter, as name=value")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app.add_option("--stdlib", raw.stdlib_folder, "Load the standard library from this folder")
      ->type_name("DIR");
  app.add_flag("--json", options.json, "Print one JSON object about the run");
  app.add_flag("--quiet", options.quiet, "Print only errors and what the script prints");
}

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& text,
                      std::string& path, const std::string& type) {
  CLI::App* command = app.add_subcommand(name, text);
  command->add_option("path", path, type == "RUN" ? "Folder of a run" : "Folder or file")
      ->required()
      ->type_name(type);
  command->fallthrough();
  command->footer("Options of every command, as --data, --out, --set, --threads: impact --help");
  return command;
}

// Every command with an argument that it needs.
std::vector<std::pair<CLI::App*, Command>> add_commands(CLI::App& app, Raw& raw, Options& options) {
  const std::string study = "DIR|FILE";
  std::vector<std::pair<CLI::App*, Command>> all;
  const auto add = [&](const char* name, const char* text, Command command,
                       const std::string& type) {
    all.emplace_back(add_command(app, name, text, raw.path, type), command);
    return all.back().first;
  };
  add("run", "Run a study: a folder with study.lua, or a Lua file", Command::kRun, study);
  CLI::App* plan =
      add("plan", "Show what a study declares and what a run would compute", Command::kPlan, study);
  plan->add_flag("--dot", options.dot, "Print the graph for Graphviz");
  add("check", "Find everything that is wrong with a study without running it", Command::kCheck,
      study);
  CLI::App* diagnose = add("diagnose", "Simulate a study that declares a model: bias, power, ...",
                           Command::kDiagnose, study);
  diagnose->add_option("--simulations", options.simulations, "How often to simulate (2000)")
      ->check(CLI::Range(std::int64_t{2}, std::int64_t{100'000'000}));
  CLI::App* freeze = add("freeze", "Seal the plan of a study before its outcomes are seen",
                         Command::kFreeze, "DIR");
  freeze->add_flag("--again", options.again, "Seal a changed plan; the earlier seal is kept in it");
  CLI::App* verify = add("verify", "Rerun a run and compare: identical, close or different",
                         Command::kVerify, "RUN");
  verify->add_option("--script", raw.script, "Rerun this study instead of the run's own copy")
      ->type_name(study);
  verify
      ->add_option("--tolerance", options.tolerance,
                   "Largest relative difference of a number that counts as the same (0)")
      ->check(CLI::Range(0.0, 1.0));
  CLI::App* diff = add("diff", "Compare two runs node by node", Command::kDiff, "RUN");
  diff->add_option("other", raw.second, "Folder of the other run")->required()->type_name("RUN");
  CLI::App* report = add("report", "Draw the report of a run again, to its folder or --out FILE",
                         Command::kReport, "RUN");
  report
      ->add_option(
          "--figures", options.figures,
          "Draw the run's figures as files instead, to its plots/ or --out DIR (needs node)")
      ->check(CLI::IsMember({"svg", "png"}))
      ->type_name("svg|png");
  add("new", "Make a study that runs at once", Command::kNew, "NAME");
  return all;
}

void add_input_options(CLI::App* command, Options& options) {
  command
      ->add_option("--missing", options.missing,
                   "Text of a CSV file that is no value, as NA; the empty one never is")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  command->add_option("--from", options.from, "Format of the input (by name, else first bytes)")
      ->check(CLI::IsMember({"csv", "jsonl", "parquet"}))
      ->type_name("csv|jsonl|parquet");
  command->fallthrough();
}

void add_shell_options(CLI::App* command, Options& options) {
  add_input_options(command, options);
  command->add_option("--width", options.width, "Columns to use (the terminal's, else 80)")
      ->check(CLI::Range(20, 10'000));
  command->add_option("--height", options.height, "Lines to use (the terminal's)")
      ->check(CLI::Range(6, 1'000'000));
}

// What belongs into shell pipelines.
void add_shell_commands(CLI::App& app, Raw& raw, Options& options,
                        std::vector<std::pair<CLI::App*, Command>>& commands) {
  CLI::App* query = app.add_subcommand("query", "Run a SELECT over files or standard input");
  query->add_option("sql", options.sql, "One SELECT")->required()->type_name("SQL");
  query
      ->add_option("files", options.files,
                   "CSV, TSV, Parquet or JSON lines; none or -: standard input")
      ->type_name("FILE");
  query
      ->add_option("--format", options.format,
                   "What is printed (table on a terminal, csv in a pipe), or written to --out FILE")
      ->check(CLI::IsMember({"table", "csv", "jsonl", "json", "parquet"}))
      ->type_name("table|csv|jsonl|json|parquet");
  add_shell_options(query, options);
  query->footer(
      "Tables are named after their files: videos_2024 for videos-2024.csv. One input alone is\n"
      "also called data and t. Without ORDER BY rows keep the order of the file, or that of all\n"
      "columns where they are grouped or joined; LIMIT counts in that order.\n"
      "  impact query \"select g, avg(x) as mean from data group by g\" posts.csv");
  commands.emplace_back(query, Command::kQuery);

  CLI::App* plot = app.add_subcommand("plot", "Draw columns of a file or of standard input");
  plot->add_option("kind", options.plot_kind, "hist, bar, scatter, line, box, density, ...")
      ->required()
      ->type_name("KIND");
  plot->add_option("files", options.files,
                   "The file (none or -: standard input), then columns in the order of the roles")
      ->type_name("[FILE] [COLUMN...]");
  for (const FigureKind& kind : figure_kinds()) {
    if (kind.estimates) continue;
    for (const FigureRole& role : kind.roles) {
      if (plot->get_option_no_throw("--" + role.name) != nullptr) continue;
      plot->add_option("--" + role.name, raw.roles[role.name], role.text)->type_name("COLUMN");
    }
  }
  plot->add_option("--option", raw.plot_options, "An option of the kind, as bins=20")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  plot->add_option("--html", raw.html, "Write a page instead")->type_name("FILE");
  add_shell_options(plot, options);
  plot->footer(
      "Columns that are not named are chosen: the first of a type that fits. --json prints the\n"
      "Vega-Lite specification.\n"
      "  seq 100 | impact plot hist\n"
      "  impact plot scatter posts.csv --x followers --y views --by verified");
  commands.emplace_back(plot, Command::kPlot);
}

void add_predict_command(CLI::App& app, Raw& raw, Options& options,
                         std::vector<std::pair<CLI::App*, Command>>& commands) {
  CLI::App* predict = app.add_subcommand("predict", "Predict rows of any number by a saved model");
  predict->add_option("model", raw.path, "models/NAME.model of a run, or XGBoost's JSON")
      ->required()
      ->type_name("MODEL");
  predict
      ->add_option("file", options.files,
                   "CSV, TSV, Parquet or JSON lines; none or -: standard input")
      ->type_name("FILE")
      ->expected(0, 1);
  const auto list = [&](const char* name, auto& into, const char* text, const char* type) {
    predict->add_option(name, into, text)->delimiter(',')->type_name(type)->allow_extra_args(false);
  };
  list("--key", options.key, "Columns that name a row, written first", "NAME,...");
  list("--keep", options.keep, "Further columns to write before the prediction", "NAME,...|all");
  list("--quantiles", options.quantiles, "Quantiles of the outcome, as 0.1,0.9", "P,...");
  predict
      ->add_option("--threshold", options.threshold,
                   "Probability from which a row is of the second of two classes (0.5)")
      ->check(CLI::Range(0.0, 1.0));
  predict->add_option("--format", options.format, "What is written (by --out FILE, else csv)")
      ->check(CLI::IsMember({"csv", "jsonl", "parquet"}))
      ->type_name("csv|jsonl|parquet");
  add_input_options(predict, options);
  predict->footer(
      "Rows keep the order of the file; only columns that are needed are read, in bounded memory.\n"
      "--out FILE.csv, .parquet or .jsonl appears whole or not at all; without it predictions go\n"
      "to standard output. What differs from training is said at the end; --json prints it.\n"
      "  impact predict runs/likes/models/forest.model posts.csv --key post_id --out likes.csv");
  commands.emplace_back(predict, Command::kPredict);
}

// Where results of nodes are kept: the option, the environment, the user's cache folder, nowhere.
std::filesystem::path cache_folder(const Raw& raw) {
  if (raw.no_cache) return {};
  if (!raw.cache.empty()) return raw.cache;
  for (const auto& [variable, below] :
       {std::pair{"IMPACT_CACHE", ""}, std::pair{"XDG_CACHE_HOME", "impactlytics"},
        std::pair{"HOME", ".cache/impactlytics"}}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::filesystem::path folder(value);
    return *below == '\0' ? folder : folder / below;
  }
  return {};
}

void finish_options(const Raw& raw, Options& options) {
  if (!raw.memory.empty()) options.memory = read_memory(raw.memory);
  for (const std::string& text : raw.settings) options.settings.insert(read_setting(text));
  for (const std::string& text : raw.plot_options) {
    options.plot_options.insert(read_setting(text));
  }
  for (const auto& [role, column] : raw.roles) {
    if (!column.empty()) options.plot_roles.emplace_back(role, column);
  }
  options.html = raw.html;
  options.path = raw.path;
  options.second = raw.second;
  options.out = raw.out;
  options.script = raw.script;
  options.stdlib_folder = raw.stdlib_folder;
  options.data = raw.data;
  options.cache = cache_folder(raw);
  const char* fallback = std::getenv("IMPACT_DATA");
  if (raw.data.empty() && fallback != nullptr) options.data = fallback;
}

}  // namespace

std::optional<Options> read_command_line(int argc, const char* const* argv, int* exit_code) {
  Options options;
  options.threads = all_cores();
  Raw raw;
  CLI::App app{"Causal inference and analytics for social-media data, scripted in Lua.", "impact"};
  app.set_version_flag("--version", "impactlytics " + std::string(version()));
  add_shared(app, raw, options);
  auto commands = add_commands(app, raw, options);
  add_shell_commands(app, raw, options, commands);
  add_predict_command(app, raw, options, commands);
  CLI::App* stubs =
      app.add_subcommand("stubs", "Write what editors need to complete and check scripts");
  stubs->add_option("path", raw.path, "Folder for them (.impact/stubs)")->type_name("DIR");
  stubs->fallthrough();
  commands.emplace_back(stubs, Command::kStubs);
  CLI::App* docs = app.add_subcommand(
      "docs", "Print the description of every function and type as JSON, with or without --json");
  docs->add_option("--pages", options.pages, "Write reference pages in Markdown to this folder")
      ->type_name("DIR");
  docs->fallthrough();
  commands.emplace_back(docs, Command::kDocs);
  app.footer(
      "Without a command: the prompt; where standard input is no terminal, the script in it.");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
    finish_options(raw, options);
    const bool code = app.count("-e") > 0;
    if (code && app.get_subcommands().size() == 1) {
      throw CLI::ValidationError("-e", "can't be combined with a command");
    }
    options.command = code ? Command::kCode : Command::kRepl;
    for (const auto& [command, value] : commands) {
      if (command->parsed()) options.command = value;
    }
  } catch (const CLI::CallForHelp& help) {
    const int code = app.exit(help);
    *exit_code = code;
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    *exit_code = app.exit(error) == 0 ? kDone : kUsage;
    return std::nullopt;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    *exit_code = kUsage;
    return std::nullopt;
  }
  return options;
}

}  // namespace impact::bindings
