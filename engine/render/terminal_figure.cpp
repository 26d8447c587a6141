#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "engine/render/figure.h"
#include "engine/render/figure_draft.h"
#include "engine/render/terminal_canvas.h"
#include "engine/render/terminal_text.h"
#include "engine/render/terminal_view.h"

namespace impact {
namespace {

using detail::Layer;
using detail::Side;
using detail::TerminalCanvas;
using detail::View;
using nlohmann::json;

constexpr std::size_t kMostTerminalPanels = 4;
constexpr std::array<std::string_view, 9> kAcross = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};
constexpr std::array<std::string_view, 9> kUp = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 5> kShades = {"·", "░", "▒", "▓", "█"};

struct Screen {
  std::size_t columns;
  std::size_t rows;
  bool colour;
  std::string text = {};
  void add(const std::string& line) { text += line + "\n"; }
};

std::string tick(const Side& side, double value) {
  detail::Measure measure;
  measure.time = side.time;
  return side.names.empty() ? detail::say(measure, value)
                            : side.names[static_cast<std::size_t>(std::clamp(
                                  value, 0.0, static_cast<double>(side.names.size() - 1)))];
}

std::int64_t cell_at(const Side& side, double value, std::size_t cells) {
  return static_cast<std::int64_t>(
      std::floor(side.place(value) * static_cast<double>(cells - 1) + 0.5));
}

// Below a picture: the ends and the middle of its horizontal axis.
void add_bottom_axis(Screen& screen, const Side& x, std::size_t left, std::size_t width) {
  std::string line(left, ' ');
  const std::size_t third = width / 3;
  line += fit_text(tick(x, x.at(0.0)), third);
  const std::string middle = tick(x, x.at(0.5));
  const std::size_t pad = (width - 2 * third - std::min(width - 2 * third, text_width(middle))) / 2;
  line += fit_text(std::string(pad, ' ') + middle, width - 2 * third);
  line += fit_text(tick(x, x.at(1.0)), third, true);
  screen.add(line);
  if (!x.title.empty()) {
    const std::size_t free = width > text_width(x.title) ? width - text_width(x.title) : 0;
    screen.add(std::string(left + free / 2, ' ') +
               fit_text(x.title, std::min(width, text_width(x.title))));
  }
}

void add_legend(Screen& screen, const View& view) {
  std::string line;
  std::size_t used = 0;
  for (const auto& [name, colour] : view.legend) {
    const std::size_t width = text_width(name) + 4;
    if (used + width > screen.columns && used > 0) {
      screen.add(line);
      line.clear();
      used = 0;
    }
    line += painted("■", colour, screen.colour) + " " +
            fit_text(name, std::min(text_width(name), screen.columns - 4)) + "  ";
    used += width;
  }
  if (!line.empty()) screen.add(line);
}

// "#rrggbb" on the way from blue to orange; share from 0 to 1.
std::string blue_to_orange(double share) {
  const auto mix = [&](double from, double to) {
    return static_cast<int>(std::lround(from + (to - from) * share));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(0, 213), mix(114, 94), mix(178, 0));
}

// How many points of a lane fall into each character, as eighth blocks; colour is their mean
// amount.
void add_swarm(TerminalCanvas& canvas, const Layer& layer, const Side& values, bool across_is_x,
               const std::string& lane) {
  struct Heap {
    double count = 0.0;
    double amount = 0.0;
  };
  std::map<std::int64_t, Heap> heaps;
  double most = 0.0;
  for (const detail::Mark& mark : layer.marks) {
    if ((across_is_x ? mark.x_name : mark.y_name) != lane) continue;
    Heap& heap = heaps[cell_at(values, across_is_x ? mark.y : mark.x, canvas.columns())];
    heap.count += 1;
    heap.amount += std::isnan(mark.amount) ? 0.5 : mark.amount;
    most = std::max(most, heap.count);
  }
  for (const auto& [column, heap] : heaps) {
    const double share = std::clamp(heap.amount / heap.count, 0.0, 1.0);
    canvas.put(column, 0, kUp[static_cast<std::size_t>(std::ceil(8 * heap.count / most))],
               blue_to_orange(share));
  }
}

// One line a group: bars, intervals and points along a horizontal axis of numbers.
void draw_lanes(Screen& screen, const View& view) {
  const Side& values = view.x.names.empty() ? view.x : view.y;
  const bool across_is_x = !view.x.names.empty();
  std::vector<std::pair<std::string, std::string>> lanes;  // group, subgroup
  for (const std::string& name : (across_is_x ? view.x : view.y).names) {
    if (view.offsets.empty()) lanes.emplace_back(name, "");
    for (const std::string& sub : view.offsets) lanes.emplace_back(name, sub);
  }
  if (lanes.empty()) lanes.emplace_back("", "");
  std::size_t label = 0;
  for (const auto& [name, sub] : lanes) {
    label = std::max(label, text_width(name) + (sub.empty() ? 0 : text_width(sub) + 3));
  }
  label = std::min(label, screen.columns / 3);
  const std::size_t width = screen.columns - label - 1;
  const std::size_t most =
      std::max<std::size_t>(lanes.size() > screen.rows ? screen.rows : lanes.size(), 1);
  for (std::size_t i = 0; i < most; ++i) {
    TerminalCanvas canvas(width, 1);
    for (const Layer& layer : view.layers) {
      if (layer.swarm) {
        add_swarm(canvas, layer, values, across_is_x, lanes[i].first);
        continue;
      }
      for (const detail::Mark& mark : layer.marks) {
        const std::string& group = across_is_x ? mark.x_name : mark.y_name;
        const bool everywhere = group.empty();
        if (!everywhere && (group != lanes[i].first ||
                            (!lanes[i].second.empty() && mark.offset != lanes[i].second))) {
          continue;
        }
        if (everywhere && !view.offsets.empty() && !mark.offset.empty() &&
            mark.offset != lanes[i].second) {
          continue;
        }
        const double from = across_is_x ? mark.y : mark.x;
        const double to = across_is_x ? mark.y2 : mark.x2;
        const auto at = cell_at(values, from, width);
        if (layer.type == "bar" && std::isnan(to)) {
          // A bar from zero, in eighths of a character.
          const double zero = std::clamp(values.place(0.0), 0.0, 1.0);
          const double end = values.place(from);
          const double low = std::min(zero, end) * static_cast<double>(width);
          const double high = std::max(zero, end) * static_cast<double>(width);
          for (std::size_t c = 0; c < width; ++c) {
            const double part = std::clamp(high - static_cast<double>(c), 0.0, 1.0);
            if (static_cast<double>(c) + 1 <= low || part <= 0) continue;
            canvas.put(static_cast<std::int64_t>(c), 0,
                       kAcross[static_cast<std::size_t>(std::ceil(part * 8))], mark.colour);
          }
        } else if (layer.type == "bar" && from == to) {
          canvas.put(at, 0, "┃");
        } else if (layer.type == "bar" || layer.type == "rule") {
          const auto end = std::isnan(to) ? at : cell_at(values, to, width);
          for (auto c = std::min(at, end); c <= std::max(at, end); ++c) {
            canvas.put(c, 0,
                       layer.type == "bar"            ? "█"
                       : everywhere && std::isnan(to) ? "┊"
                                                      : "─",
                       mark.colour);
          }
        } else if (layer.type == "point") {
          canvas.put(at, 0, layer.small ? "·" : "●", mark.colour);
        }
      }
    }
    const std::string name =
        lanes[i].first + (lanes[i].second.empty() ? "" : " · " + lanes[i].second);
    screen.add(fit_text(name, label) + " " + canvas.row(0, screen.colour));
  }
  if (most < lanes.size()) {
    screen.add("… and " + detail::say_count(lanes.size() - most) + " more");
  }
  add_bottom_axis(screen, values, label + 1, width);
}

// Groups by groups: a table of shades with the values where there is room.
void draw_table(Screen& screen, const View& view) {
  const std::vector<std::string>& columns = view.x.names;
  const std::vector<std::string>& rows = view.y.names;
  std::size_t label = 0;
  for (const std::string& name : rows) label = std::max(label, text_width(name));
  label = std::min(label, screen.columns / 4);
  const std::size_t cell = std::clamp<std::size_t>(
      (screen.columns - label) / std::max<std::size_t>(1, columns.size()), 3, 14);
  const std::size_t most =
      std::max<std::size_t>(1, std::min(columns.size(), (screen.columns - label) / cell));
  std::map<std::pair<std::string, std::string>, double> value;
  double low = INFINITY;
  double high = -INFINITY;
  for (const Layer& layer : view.layers) {
    if (layer.type != "rect") continue;
    for (const detail::Mark& mark : layer.marks) {
      value[{mark.y_name, mark.x_name}] = mark.amount;
      low = std::min(low, mark.amount);
      high = std::max(high, mark.amount);
    }
  }
  std::string head(label, ' ');
  for (std::size_t c = 0; c < most; ++c) head += " " + fit_text(columns[c], cell - 1, true);
  screen.add(head);
  for (const std::string& row : rows) {
    std::string line = fit_text(row, label);
    for (std::size_t c = 0; c < most; ++c) {
      const auto at = value.find({row, columns[c]});
      if (at == value.end() || std::isnan(at->second)) {
        line += std::string(cell, ' ');
        continue;
      }
      const double share = high > low ? (at->second - low) / (high - low) : 1.0;
      const std::string_view shade = kShades[static_cast<std::size_t>(std::round(share * 4))];
      const auto written = view.labels.find({row, columns[c]});
      const std::string text =
          written == view.labels.end() ? detail::say(at->second) : written->second;
      line += cell >= 7 ? " " + std::string(shade) + fit_text(text, cell - 2, true)
                        : " " + fit_text(text, cell - 1, true);
    }
    screen.add(line);
  }
  if (most < columns.size()) {
    screen.add("… and " + detail::say_count(columns.size() - most) + " more columns");
  }
}

// Numbers by numbers: braille dots, eighth blocks for bars, shades for counts.
void draw_plane(Screen& screen, const View& view) {
  const std::size_t tall = std::max<std::size_t>(screen.rows > 3 ? screen.rows - 3 : 1, 3);
  // What stands beside the first line, the middle one and the last.
  const auto row_name = [&](std::size_t r) -> std::string {
    if (r == 0) return tick(view.y, view.y.at(1.0));
    if (r + 1 == tall) return tick(view.y, view.y.at(0.0));
    if (r != tall / 2) return "";
    return tick(view.y,
                view.y.at(1.0 - (static_cast<double>(r) + 0.5) / static_cast<double>(tall)));
  };
  std::size_t label = 0;
  for (std::size_t r = 0; r < tall; ++r) label = std::max(label, text_width(row_name(r)));
  label = std::min(label, screen.columns / 3);
  const std::size_t width = screen.columns - label - 2;
  TerminalCanvas canvas(width, tall);
  const auto dot_x = [&](double value) {
    return static_cast<std::int64_t>(
        std::llround(view.x.place(value) * (2 * static_cast<double>(width) - 1)));
  };
  const auto dot_y = [&](double value) {
    return static_cast<std::int64_t>(
        std::llround(view.y.place(value) * (4 * static_cast<double>(tall) - 1)));
  };
  for (const Layer& layer : view.layers) {
    double most = 0.0;
    double least = 0.0;
    for (const detail::Mark& mark : layer.marks) {
      if (std::isnan(mark.amount)) continue;
      most = std::max(most, mark.amount);
      least = std::min(least, mark.amount);
    }
    std::map<std::string, const detail::Mark*> last;
    for (const detail::Mark& mark : layer.marks) {
      if (layer.type == "rule" && std::isnan(mark.x) != std::isnan(mark.y)) {
        // A line through the whole picture.
        const bool level = std::isnan(mark.x);
        for (std::size_t i = 0; i < (level ? 2 * width : 4 * tall); i += 3) {
          const auto step = static_cast<std::int64_t>(i);
          canvas.dot(level ? step : dot_x(mark.x), level ? dot_y(mark.y) : step);
        }
        continue;
      }
      if (std::isnan(mark.x) || std::isnan(mark.y)) continue;
      if (layer.type == "bar") {
        // The column a bar's middle of which falls into its bin, in eighths of a character.
        const double from = view.x.place(mark.x) * static_cast<double>(width);
        const double to =
            std::isnan(mark.x2) ? from + 1 : view.x.place(mark.x2) * static_cast<double>(width);
        const double top = view.y.place(mark.y) * static_cast<double>(tall);
        const double bottom =
            std::isnan(mark.y2) ? 0.0 : view.y.place(mark.y2) * static_cast<double>(tall);
        for (std::size_t c = 0; c < width; ++c) {
          const double middle = static_cast<double>(c) + 0.5;
          if (middle < from || middle >= std::max(to, from + 1)) continue;
          for (std::size_t r = static_cast<std::size_t>(std::floor(bottom)); r < tall; ++r) {
            const double part = std::clamp(top - static_cast<double>(r), 0.0, 1.0);
            if (part <= 0) break;
            canvas.put(static_cast<std::int64_t>(c), static_cast<std::int64_t>(tall - 1 - r),
                       kUp[static_cast<std::size_t>(std::ceil(part * 8))], mark.colour);
          }
        }
      } else if (!std::isnan(mark.amount) && most > least &&
                 (layer.type == "rect" || layer.type == "point")) {
        // Counts differ by orders of magnitude; what can be negative is no count.
        const double share = least < 0 ? (mark.amount - least) / (most - least)
                                       : std::log1p(mark.amount) / std::log1p(most);
        const std::string_view shade =
            kShades[static_cast<std::size_t>(std::clamp(std::round(share * 4), 0.0, 4.0))];
        const auto left = cell_at(view.x, mark.x, width);
        const auto low = cell_at(view.y, mark.y, tall);
        const auto right = std::isnan(mark.x2) ? left : cell_at(view.x, mark.x2, width);
        const auto high = std::isnan(mark.y2) ? low : cell_at(view.y, mark.y2, tall);
        for (auto c = left; c <= right; ++c) {
          for (auto r = low; r <= high; ++r) {
            canvas.put(c, static_cast<std::int64_t>(tall) - 1 - r, shade);
          }
        }
      } else if (layer.type == "line" || layer.type == "area") {
        const std::string series = mark.group + mark.detail;
        const auto at = last.find(series);
        if (at != last.end()) {
          const double from = layer.steps ? mark.x : at->second->x;
          if (layer.steps) {
            canvas.line(dot_x(at->second->x), dot_y(at->second->y), dot_x(from),
                        dot_y(at->second->y), mark.colour);
          }
          canvas.line(dot_x(from), dot_y(at->second->y), dot_x(mark.x), dot_y(mark.y), mark.colour);
          for (const double detail::Mark::*end : {&detail::Mark::y2, &detail::Mark::x2}) {
            const double before = at->second->*end;
            const double now = mark.*end;
            if (std::isnan(before) || std::isnan(now)) continue;
            const bool up = end == &detail::Mark::y2;
            canvas.line(dot_x(up ? at->second->x : before), dot_y(up ? before : at->second->y),
                        dot_x(up ? mark.x : now), dot_y(up ? now : mark.y), mark.colour);
          }
        }
        last[series] = &mark;
      } else if (layer.type == "rule") {
        const double y2 = std::isnan(mark.y2) ? mark.y : mark.y2;
        const double x2 = std::isnan(mark.x2) ? mark.x : mark.x2;
        canvas.line(dot_x(mark.x), dot_y(mark.y), dot_x(x2), dot_y(y2), mark.colour);
      } else if (layer.type == "point") {
        canvas.dot(dot_x(mark.x), dot_y(mark.y), mark.colour);
      }
    }
  }
  if (!view.y.title.empty())
    screen.add(fit_text(view.y.title, std::min(screen.columns, text_width(view.y.title))));
  for (std::size_t r = 0; r < tall; ++r) {
    screen.add(fit_text(row_name(r), label, true) + " │" + canvas.row(r, screen.colour));
  }
  add_bottom_axis(screen, view.x, label + 2, width);
}

void draw_view(Screen& screen, const View& view) {
  if (!view.title.empty()) {
    screen.add(fit_text(view.title, std::min(screen.columns, text_width(view.title))));
  }
  if (view.layers.empty()) return;
  const bool x_groups = !view.x.names.empty() && !view.x.numbered;
  const bool y_groups = !view.y.names.empty();
  if (x_groups && y_groups) {
    draw_table(screen, view);
  } else if (x_groups || y_groups || !view.y.used) {
    draw_lanes(screen, view);
  } else {
    draw_plane(screen, view);
  }
  add_legend(screen, view);
}

}  // namespace

std::string terminal_figure(const Figure& figure, int columns, int rows, bool colour) {
  Screen screen{.columns = static_cast<std::size_t>(std::max(columns, 20)),
                .rows = static_cast<std::size_t>(std::max(rows, 6)),
                .colour = colour};
  const json& spec = figure.spec;
  if (spec.contains("title") && spec["title"].is_object()) {
    for (const char* part : {"text", "subtitle"}) {
      if (!spec["title"].contains(part)) continue;
      const std::string line = detail::text_of(spec["title"][part]);
      screen.add(fit_text(line, std::min(screen.columns, text_width(line))));
    }
  }
  const std::vector<View> views = detail::views_of(spec);
  if (views.empty()) {
    screen.add(fit_text(figure.words, std::min(screen.columns, text_width(figure.words))));
    return screen.text;
  }
  const std::size_t shown = std::min(views.size(), kMostTerminalPanels);
  screen.rows = std::max<std::size_t>(6, screen.rows / shown);
  for (std::size_t i = 0; i < shown; ++i) draw_view(screen, views[i]);
  if (shown < views.size()) {
    screen.add("… and " + detail::say_count(views.size() - shown) + " more panels");
  }
  return screen.text;
}

}  // namespace impact
