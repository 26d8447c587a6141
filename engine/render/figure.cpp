#include "engine/render/figure.h"

#include <algorithm>
#include <array>

#include "engine/core/error.h"
#include "engine/render/figure_draft.h"

namespace impact {
namespace {

using detail::Draft;
using nlohmann::json;

struct Drawer {
  std::string_view kind;
  void (*draw)(Draft&);
};

constexpr std::array kDrawers = {
    Drawer{"histogram", detail::draw_histogram},
    Drawer{"density", detail::draw_density},
    Drawer{"box", detail::draw_box},
    Drawer{"violin", detail::draw_violin},
    Drawer{"ecdf", detail::draw_ecdf},
    Drawer{"qq", detail::draw_qq},
    Drawer{"bar", detail::draw_bar},
    Drawer{"pie", detail::draw_pie},
    Drawer{"line", detail::draw_line},
    Drawer{"area", detail::draw_area},
    Drawer{"scatter", detail::draw_scatter},
    Drawer{"hexbin", detail::draw_hexbin},
    Drawer{"heat_map", detail::draw_heat_map},
    Drawer{"correlation", detail::draw_correlation},
    Drawer{"linked", detail::draw_linked},
    Drawer{"coefficients", detail::draw_coefficients},
    Drawer{"roc", detail::draw_roc},
    Drawer{"precision_recall", detail::draw_precision_recall},
    Drawer{"confusion", detail::draw_confusion},
    Drawer{"calibration", detail::draw_calibration},
    Drawer{"gain", detail::draw_gain},
    Drawer{"lift", detail::draw_lift},
    Drawer{"importance", detail::draw_importance},
    Drawer{"model_comparison", detail::draw_model_comparison},
    Drawer{"residuals", detail::draw_residuals},
    Drawer{"learning_curve", detail::draw_learning_curve},
    Drawer{"validation_curve", detail::draw_validation_curve},
    Drawer{"partial_dependence", detail::draw_partial_dependence},
    Drawer{"ale", detail::draw_ale},
    Drawer{"shap_beeswarm", detail::draw_shap_beeswarm},
    Drawer{"shap_dependence", detail::draw_shap_dependence},
    Drawer{"shap_waterfall", detail::draw_shap_waterfall},
    Drawer{"tuning_history", detail::draw_tuning_history},
    Drawer{"tuning_slices", detail::draw_tuning_slices},
    Drawer{"spec", detail::draw_spec},
};

const FigureKind& find_kind(const std::string& name) {
  std::vector<std::string> names;
  for (const FigureKind& kind : figure_kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw ArgumentError({.what = "no kind of figure is called '" + name + "'",
                       .got = name,
                       .expected = list_words(names, names.size()),
                       .hint = did_you_mean(name, names)});
}

bool accepts(FigureRoleType role, TypeKind type) {
  const bool number =
      type == TypeKind::kInteger || type == TypeKind::kNumber || type == TypeKind::kBoolean;
  const bool time = type == TypeKind::kDate || type == TypeKind::kTimestamp;
  if (role == FigureRoleType::kNumber) return number;
  if (role == FigureRoleType::kNumberOrTime) return number || time;
  return true;
}

void check_role(const FigureKind& kind, const FigureRole& role, const Frame& frame,
                const std::vector<std::string>& columns) {
  const std::string where = "figure '" + kind.name + "', role '" + role.name + "'";
  if (role.most > 0 && columns.size() > role.most) {
    throw ArgumentError({.what = "role '" + role.name + "' has too many columns",
                         .where = where,
                         .got = std::to_string(columns.size()) + " columns",
                         .expected = "at most " + std::to_string(role.most)});
  }
  for (const std::string& name : columns) {
    const Type& type = frame.column(name).type();
    if (accepts(role.type, type.kind)) continue;
    throw ArgumentError(
        {.what = "column '" + name + "' has the wrong type for role '" + role.name + "'",
         .where = where,
         .got = type.name(),
         .expected = role.type == FigureRoleType::kNumber ? "integer, number or boolean"
                                                          : "a number, a date or a timestamp"});
  }
}

void check_roles(const FigureKind& kind, const FigureInput& input) {
  std::vector<std::string> names;
  for (const FigureRole& role : kind.roles) names.push_back(role.name);
  std::vector<std::string> seen;
  for (const auto& [name, columns] : input.roles) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      throw ArgumentError({.what = "figure '" + kind.name + "' has no role '" + name + "'",
                           .got = name,
                           .expected = names.empty() ? "no columns" : list_words(names),
                           .hint = did_you_mean(name, names)});
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      throw ArgumentError(
          {.what = "role '" + name + "' is given twice", .where = "figure '" + kind.name + "'"});
    }
    seen.push_back(name);
    check_role(kind, kind.roles[static_cast<std::size_t>(at - names.begin())], input.frame,
               columns);
  }
  for (const FigureRole& role : kind.roles) {
    const auto given = std::find_if(input.roles.begin(), input.roles.end(), [&](const auto& pair) {
      return pair.first == role.name && !pair.second.empty();
    });
    if (role.required && given == input.roles.end()) {
      throw ArgumentError({.what = "figure '" + kind.name + "' needs role '" + role.name + "'",
                           .expected = role.text});
    }
  }
  if (!input.estimates.empty() && !kind.estimates) {
    throw ArgumentError({.what = "figure '" + kind.name + "' draws columns, not estimates",
                         .hint = "coefficients draws estimates"});
  }
}

void apply_size(Draft& draft) {
  const auto pixels = [&](const char* name) {
    return draft.options.has(name) ? draft.options.number(name) : 0.0;
  };
  draft.picture.size(pixels("width"), pixels("height"));
}

// Title, words and config belong to the page around the picture.
void dress(Draft& draft) {
  json& spec = draft.figure.spec;
  spec["$schema"] = "https://vega.github.io/schema/vega-lite/v6.json";
  const std::string title = draft.options.text("title");
  const std::string subtitle = draft.options.text("subtitle");
  if (!title.empty() || !subtitle.empty()) {
    spec["title"] = {{"text", detail::wrapped(title, 72)}};
    if (!subtitle.empty()) spec["title"]["subtitle"] = detail::wrapped(subtitle, 100);
  }
  spec["description"] = draft.figure.words;
  if (!spec.contains("config")) spec["config"] = theme(false);
}

}  // namespace

Figure make_figure(const std::string& kind, const FigureInput& input, const Context& context) {
  const FigureKind& found = find_kind(kind);
  check_roles(found, input);
  Draft draft{.kind = found,
              .input = input,
              .context = context,
              .options = detail::FigureOptions(found, input.options),
              .roles = input.roles};
  draft.figure.rows_in = found.estimates ? input.estimates.size() : input.frame.rows();
  apply_size(draft);
  if (draft.options.has("panel_scales")) {
    const std::string free = draft.options.text("panel_scales");
    draft.picture.free_scales(free == "free" || free == "free_x",
                              free == "free" || free == "free_y");
  }
  const auto drawer = std::find_if(kDrawers.begin(), kDrawers.end(),
                                   [&](const Drawer& one) { return one.kind == kind; });
  if (drawer == kDrawers.end()) throw InternalError({.what = "no drawer for figure " + kind});
  drawer->draw(draft);
  if (!draft.picture.empty()) draft.figure.spec = draft.picture.finish();
  dress(draft);
  // A kind that reads its columns more than once says the same more than once.
  auto& warnings = draft.figure.warnings;
  for (auto at = warnings.begin(); at != warnings.end();) {
    at = std::find(warnings.begin(), at, *at) == at ? at + 1 : warnings.erase(at);
  }
  return std::move(draft.figure);
}

}  // namespace impact
