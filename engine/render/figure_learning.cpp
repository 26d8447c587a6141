#include <algorithm>
#include <cmath>
#include <map>

#include "engine/render/figure_draft.h"

namespace impact::detail {
namespace {

struct Spot {
  double x = 0.0;
  std::string name = {};  ///< Of a value that is no number.
  MeanInterval score = {};
};

struct ScoreCurve {
  Cell cell;
  std::vector<Spot> spots;
};

bool of_training(const std::string& label) {
  return label == "train" || label == "training" || label == "Train" || label == "Training";
}

std::string place_of(const Spot& spot) { return spot.name.empty() ? say(spot.x) : spot.name; }

// Rows at one place: a single one with its own ends, or the mean of several.
MeanInterval score_at(const Draft& draft, const Sheet& sheet,
                      const std::vector<std::uint32_t>& rows, std::size_t* repeated) {
  if (rows.size() == 1) {
    return {sheet.measures[1].values[rows[0]], sheet.measures[2].values[rows[0]],
            sheet.measures[3].values[rows[0]]};
  }
  ++*repeated;
  std::vector<double> scores;
  for (const std::uint32_t row : rows) scores.push_back(sheet.measures[1].values[row]);
  std::sort(scores.begin(), scores.end());
  const std::string band = draft.options.text("band");
  MeanInterval mean = mean_interval(scores, draft.options.number("conf_level"), band == "sd");
  if (band == "none") mean.low = mean.high = std::nan("");
  return mean;
}

struct ScoreSheet {
  Sheet sheet = {};
  bool named = false;  ///< Places are groups, factor 1.
  std::vector<ScoreCurve> curves = {};
};

ScoreSheet read_scores(Draft& draft, const char* role) {
  ScoreSheet read{.named = role == std::string("value") && !holds_numbers(draft, role)};
  const AxisScale y_scale = draft.scale("y_scale");
  const std::string x = draft.column(role);
  read.sheet = read_sheet(
      draft,
      {{.column = read.named ? "" : x, .scale = draft.scale("x_scale")},
       {.column = draft.column("score"), .scale = y_scale},
       {.column = draft.column("low"), .scale = y_scale, .gaps = true},
       {.column = draft.column("high"), .scale = y_scale, .gaps = true}},
      {{draft.column("by"), group_limit(draft)}, {read.named ? x : "", group_limit(draft) + 23}});
  const Sheet& sheet = read.sheet;
  std::size_t repeated = 0;
  const std::size_t most = kMostFigureRows / 8;
  for (Cell& cell : sheet.cells(sheet.factors[0])) {
    std::map<double, std::vector<std::uint32_t>> places;
    for (const std::uint32_t i : cell.rows) {
      const double at =
          read.named ? static_cast<double>(sheet.factors[1].codes[i]) : sheet.measures[0].values[i];
      places[at].push_back(i);
    }
    ScoreCurve curve;
    std::size_t index = 0;
    for (const auto& [at, rows] : places) {
      // Beyond what a line can show, evenly spread places stand for all.
      const bool kept = places.size() <= most ||
                        index * most / places.size() != (index + 1) * most / places.size();
      ++index;
      if (!kept) continue;
      Spot spot{.x = at, .score = score_at(draft, sheet, rows, &repeated)};
      if (read.named) spot.name = sheet.factors[1].labels[static_cast<std::size_t>(at)];
      curve.spots.push_back(std::move(spot));
    }
    curve.cell = std::move(cell);
    read.curves.push_back(std::move(curve));
  }
  if (repeated > 0) {
    const std::string band = draft.options.text("band");
    draft.warn("Where several rows stand at one place their mean is drawn" +
               std::string(band == "sd"         ? ", with a band of one standard deviation"
                           : band == "interval" ? ", with a t interval over the rows, which "
                                                  "takes them as independent"
                                                : "") +
               ".");
  }
  return read;
}

// Where the best score stands, in each panel; training rows are no judge.
void mark_best(Draft& draft, const ScoreSheet& read, const json& x, double middle,
               std::string* words) {
  const std::string best = draft.options.text("best");
  if (best == "none") return;
  std::map<std::size_t, std::pair<const ScoreCurve*, const Spot*>> found;
  for (const ScoreCurve& curve : read.curves) {
    const FigureFactor& part = read.sheet.factors[0];
    if (part.given() && of_training(part.labels[curve.cell.group])) continue;
    for (const Spot& spot : curve.spots) {
      auto& [of, at] = found[curve.cell.panel];
      const bool better = at == nullptr || (best == "highest" ? spot.score.value > at->score.value
                                                              : spot.score.value < at->score.value);
      if (better) of = &curve, at = &spot;
    }
  }
  json rows = json::array();
  for (const auto& [panel, pair] : found) {
    const auto& [curve, spot] = pair;
    json row = curve->cell.keys;
    row.erase("group");
    if (read.named) {
      row["x"] = spot->name;
    } else {
      row["x"] = spot->x;
    }
    row["label"] = "best " + place_of(*spot);
    rows.push_back(std::move(row));
    if (found.size() == 1) {
      *words += " The best score, " + say(spot->score.value) + ", is at " + place_of(*spot) + ".";
    }
  }
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "rule"}, {"style", "reference"}}, {{"x", x}});
  // The words stand on the side where there is room.
  const bool right = !found.empty() && found.begin()->second.second->x > middle;
  const json mark = {{"type", "text"}, {"align", right ? "right" : "left"}, {"dx", right ? -4 : 4}};
  draft.picture.layer(
      data, mark,
      {{"x", x}, {"y", constant(6)}, {"text", {{"field", "label"}, {"type", "nominal"}}}});
}

void draw_scores(Draft& draft, const char* role, const char* opening) {
  const ScoreSheet read = read_scores(draft, role);
  const Sheet& sheet = read.sheet;
  const FigureFactor& group = sheet.factors[0];
  AxisSpec x{.title = draft.title("x_title", "x_unit", draft.column(role)),
             .scale = draft.scale("x_scale")};
  AxisSpec y{.title = draft.title("y_title", "y_unit", draft.column("score")),
             .scale = draft.scale("y_scale")};
  x.low = y.low = INFINITY, x.high = y.high = -INFINITY;
  y.format = draft.options.text("format");
  json rows = json::array();
  json bands = json::array();
  std::vector<std::string> ends;
  for (const ScoreCurve& curve : read.curves) {
    for (const Spot& spot : curve.spots) {
      json row = curve.cell.keys;
      if (read.named) {
        row["x"] = spot.name;
      } else {
        row["x"] = spot.x;
      }
      row["y"] = drawn(spot.score.value);
      widen(x, std::vector<double>{spot.x});
      widen(y, std::vector<double>{spot.score.value, spot.score.low, spot.score.high});
      if (!std::isnan(spot.score.low) && !std::isnan(spot.score.high)) {
        bands.push_back(row);
        bands.back()["low"] = drawn(spot.score.low);
        bands.back()["high"] = drawn(spot.score.high);
      }
      rows.push_back(std::move(row));
    }
    const Spot& last = curve.spots.back();
    ends.push_back((group.given() ? group.labels[curve.cell.group] + " " : "") +
                   say(last.score.value) + " at " + place_of(last));
  }
  json along = position("x", x);
  if (read.named) along = position_of_groups("x", x.title, sheet.factors[1].labels);
  json line = {{"x", along}, {"y", position("y", y)}};
  if (!bands.empty()) {
    json band = line;
    band["y"] = position("low", y);
    band["y"]["title"] = wrapped(y.title, 60);
    band["y2"] = field_of("high");
    if (group.given()) band["color"] = group_colour(draft, group);
    json mark = {{"type", "area"}, {"opacity", 0.18}};
    if (read.named) mark = {{"type", "rule"}, {"opacity", 0.6}};
    draft.picture.layer(draft.picture.data(std::move(bands)), mark, band);
  }
  json point = line;
  tell_apart(draft, group, "strokeDash", line);
  tell_apart(draft, group, "shape", point);
  std::vector<TooltipLine> said = {{"x", x.title, read.named ? "" : ",.6~r"},
                                   {"y", y.title, ",.5~r"}};
  if (group.given()) said.insert(said.begin(), {"group", group.title});
  point["tooltip"] = tooltip(said);
  const std::size_t data = draft.picture.data(std::move(rows));
  draft.picture.layer(data, {{"type", "line"}}, line);
  draft.picture.layer(data, {{"type", "point"}, {"filled", true}, {"size", 36}, {"opacity", 1}},
                      point);
  draft.figure.words = opening;
  draft.figure.words += ", " + say_count(sheet.rows, "score", "scores");
  if (!ends.empty()) draft.figure.words += "; at the end: " + say_list(ends, 7);
  draft.figure.words += ".";
  if (role == std::string("value"))
    mark_best(draft, read, along, (x.low + x.high) / 2, &draft.figure.words);
}

}  // namespace

void draw_learning_curve(Draft& draft) {
  draw_scores(draft, "rows", "Score by the number of training rows");
}

void draw_validation_curve(Draft& draft) {
  draw_scores(draft, "value", "Score by the value of an option");
}

}  // namespace impact::detail
