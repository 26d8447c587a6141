#include <algorithm>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "bindings/app/host.h"
#include "bindings/app/progress.h"
#include "bindings/app/shell_input.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/render/figure.h"
#include "engine/render/html_report.h"

namespace impact::bindings {
namespace {

namespace fs = std::filesystem;
using Roles = std::vector<std::pair<std::string, std::vector<std::string>>>;

// A column that is not in the data: the number of the row.
constexpr const char* kRowNumber = "row";

const FigureKind& kind_of(const std::string& name) {
  static const std::map<std::string, std::string> aliases = {
      {"hist", "histogram"},   {"bars", "bar"},         {"barplot", "bar"},   {"count", "bar"},
      {"boxplot", "box"},      {"lines", "line"},       {"lineplot", "line"}, {"points", "scatter"},
      {"heatmap", "heat_map"}, {"corr", "correlation"}, {"dens", "density"}};
  const auto alias = aliases.find(name);
  const std::string wanted = alias == aliases.end() ? name : alias->second;
  std::vector<std::string> names;
  for (const FigureKind& kind : figure_kinds()) {
    if (kind.estimates) continue;
    if (kind.name == wanted) return kind;
    names.push_back(kind.name);
  }
  std::vector<std::string> near = names;
  for (const auto& [short_name, full] : aliases) near.push_back(short_name);
  throw ArgumentError({.what = "no kind of plot '" + name + "'",
                       .got = name,
                       .expected = list_words(names, names.size()),
                       .hint = did_you_mean(name, near)});
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

bool suits(FigureRoleType wanted, const Type& type) {
  const bool time = type.kind == TypeKind::kDate || type.kind == TypeKind::kTimestamp;
  const bool number = type.numeric() || type.kind == TypeKind::kBoolean;
  switch (wanted) {
    case FigureRoleType::kNumber: return number;
    case FigureRoleType::kNumberOrTime: return number || time;
    case FigureRoleType::kGroup: return !type.numeric() && !time;
    case FigureRoleType::kAny: return true;
  }
  return false;
}

class RoleChooser {
 public:
  RoleChooser(const FigureKind& kind, const RelationPtr& table) : kind_(kind), table_(table) {}

  void give(const std::string& role, const std::string& columns) {
    const auto at = std::find_if(kind_.roles.begin(), kind_.roles.end(),
                                 [&](const FigureRole& one) { return one.name == role; });
    if (at == kind_.roles.end()) {
      std::vector<std::string> names;
      for (const FigureRole& one : kind_.roles) names.push_back("--" + one.name);
      throw ArgumentError({.what = "a " + kind_.name + " has no --" + role,
                           .got = "--" + role + " " + columns,
                           .expected = list_words(names)});
    }
    std::vector<std::string> names;
    // A name with a comma in it is meant as a whole.
    if (table_->schema.find(columns) || at->most == 1) {
      names = {columns};
    } else {
      names = split(columns);
    }
    for (const std::string& name : names) (void)table_->schema.require(name, table_->label);
    roles_.emplace_back(role, names);
  }

  // Columns without a role, in the order of the roles that must be there, then of the others.
  void give_in_order(const std::vector<std::string>& columns) {
    for (const std::string& column : columns) {
      const FigureRole* role = nullptr;
      for (const bool required : {true, false}) {
        for (const FigureRole& one : kind_.roles) {
          if (role == nullptr && one.required == required && !taken(one.name)) role = &one;
        }
      }
      if (role == nullptr) {
        throw ArgumentError(
            {.what = "a " + kind_.name + " has no use for so many columns", .got = column});
      }
      give(role->name, column);
    }
  }

  // What nobody chose: the first columns of a type that suits.
  void guess() {
    for (const FigureRole& role : kind_.roles) {
      if (!role.required || taken(role.name)) continue;
      const bool axis = role.name == "x" && numbers() == 1 && role.type != FigureRoleType::kAny &&
                        !table_->schema.find(kRowNumber);
      if (axis && !has_time()) {
        roles_.push_back({role.name, {kRowNumber}});
        continue;
      }
      std::vector<std::string> columns = unused(role.type);
      if (columns.empty() && role.type == FigureRoleType::kGroup) {
        columns = unused(FigureRoleType::kAny);
      }
      if (columns.empty()) {
        throw ArgumentError({.what = "no column is left for --" + role.name + " of a " + kind_.name,
                             .where = table_->label,
                             .expected = role.text,
                             .hint = "columns: " + list_words(table_->schema.names())});
      }
      if (role.most != 0) columns.resize(std::min(columns.size(), most_of(role)));
      roles_.push_back({role.name, std::move(columns)});
    }
    add_amounts();
  }

  [[nodiscard]] const Roles& roles() const { return roles_; }

 private:
  [[nodiscard]] bool taken(const std::string& role) const {
    return std::any_of(roles_.begin(), roles_.end(),
                       [&](const auto& one) { return one.first == role; });
  }
  [[nodiscard]] bool used(const std::string& column) const {
    return std::any_of(roles_.begin(), roles_.end(), [&](const auto& one) {
      return std::find(one.second.begin(), one.second.end(), column) != one.second.end();
    });
  }
  [[nodiscard]] std::vector<std::string> unused(FigureRoleType type) const {
    std::vector<std::string> out;
    for (const ColumnInfo& info : table_->schema.columns()) {
      if (!used(info.name) && suits(type, info.type)) out.push_back(info.name);
    }
    return out;
  }
  // One line or one chart; matrices take what they can.
  [[nodiscard]] std::size_t most_of(const FigureRole& role) const {
    return kind_.name == "line" || kind_.name == "area" ? 1 : role.most;
  }
  [[nodiscard]] std::size_t numbers() const {
    const auto& columns = table_->schema.columns();
    return static_cast<std::size_t>(std::count_if(
        columns.begin(), columns.end(), [](const auto& info) { return info.type.numeric(); }));
  }
  [[nodiscard]] bool has_time() const {
    return unused(FigureRoleType::kNumberOrTime).size() > numbers();
  }
  // Names with their amounts, as sort | uniq -c gives them.
  void add_amounts() {
    if ((kind_.name != "bar" && kind_.name != "pie") || table_->schema.size() != 2) return;
    const auto left = unused(FigureRoleType::kNumber);
    if (left.size() == 1 && !taken("value")) roles_.push_back({"value", left});
  }

  const FigureKind& kind_;
  RelationPtr table_;
  Roles roles_;
};

Frame with_row_number(const Frame& frame) {
  std::vector<std::int64_t> numbers(frame.rows());
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<std::int64_t>(i) + 1;
  std::vector<std::string> names = frame.schema().names();
  std::vector<Column> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(frame.column(i));
  names.emplace_back(kRowNumber);
  columns.push_back(Column::integers(std::move(numbers)));
  return {std::move(names), std::move(columns)};
}

Frame collect_columns(const RelationPtr& table, const Roles& roles, const Context& context) {
  std::vector<NamedExpr> columns;
  bool numbered = false;
  for (const auto& [role, names] : roles) {
    for (const std::string& name : names) {
      const bool known = table->schema.find(name).has_value();
      numbered = numbered || !known;
      const bool there = std::any_of(columns.begin(), columns.end(),
                                     [&](const NamedExpr& one) { return one.name == name; });
      if (known && !there) columns.push_back({name, column(name)});
    }
  }
  const Frame frame =
      table->backend->collect(columns.empty() ? table : select(table, std::move(columns)), context);
  return numbered ? with_row_number(frame) : frame;
}

nlohmann::json options_of(const Options& options) {
  nlohmann::json out = nlohmann::json::object();
  for (const auto& [name, text] : options.plot_options) {
    const auto value = nlohmann::json::parse(text, nullptr, false);
    out[name] = value.is_discarded() ? nlohmann::json(text) : value;
  }
  return out;
}

void write_page(const fs::path& path, const FigureKind& kind, const Figure& figure) {
  ReportSection section;
  section.kind = ReportSection::Kind::kFigure;
  section.figure = {figure.spec.dump(), figure.words, ""};
  section.warnings = figure.warnings;
  Report report;
  report.title = kind.name;
  report.sections.push_back(std::move(section));
  write_file_atomically(path, html_report(report));
}

}  // namespace

int plot_command(const Options& options) {
  const FigureKind& kind = kind_of(options.plot_kind);
  std::string file;
  std::vector<std::string> columns = options.files;
  std::error_code code;
  const bool named = !columns.empty() && (columns[0] == "-" || fs::exists(columns[0], code) ||
                                          columns[0].find('/') != std::string::npos ||
                                          !fs::path(columns[0]).extension().empty());
  if (named) {
    file = columns.front();
    columns.erase(columns.begin());
  }
  ShellTables tables(options);
  const RelationPtr table = tables.open(file, options.from, options.missing);
  RoleChooser chooser(kind, table);
  for (const auto& [role, names] : options.plot_roles) chooser.give(role, names);
  chooser.give_in_order(columns);
  chooser.guess();
  nlohmann::json how = options_of(options);
  // Amounts that stand beside their names are drawn as they are.
  const bool amounts = std::any_of(chooser.roles().begin(), chooser.roles().end(),
                                   [](const auto& role) { return role.first == "value"; });
  if (kind.name == "bar" && amounts && !how.contains("summary")) how["summary"] = "sum";
  const Figure figure =
      make_figure(kind.name,
                  {.frame = collect_columns(table, chooser.roles(), tables.context()),
                   .roles = chooser.roles(),
                   .options = std::move(how)},
                  tables.context());
  clear_progress();
  if (!options.html.empty()) {
    write_page(options.html, kind, figure);
  } else if (options.json) {
    (void)write_output(figure.spec.dump(2) + "\n");
  } else {
    const TerminalStyle style = shell_style(options);
    const std::string text = terminal_figure(figure, style.columns, style.rows - 1, style.colour);
    (void)write_output(text.empty() ? figure.words + "\n" : text);
  }
  (void)std::fflush(stdout);
  for (const std::string& warning : figure.warnings) {
    if (!options.quiet) std::fprintf(stderr, "warning: %s\n", warning.c_str());
  }
  return kDone;
}

}  // namespace impact::bindings
