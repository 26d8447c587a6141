#include "engine/render/terminal_view.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

namespace impact::detail {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string name_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

double number_of(const json& row, const json& channel) {
  const auto at = row.find(channel.at("field").get<std::string>());
  return at != row.end() && at->is_number() ? at->get<double>() : kNaN;
}

std::string group_of(const json& row, const json& channel) {
  const auto at = row.find(channel.at("field").get<std::string>());
  return at == row.end() ? "" : name_of(*at);
}

bool is_field(const json& encoding, const char* channel) {
  return encoding.contains(channel) && encoding.at(channel).is_object() &&
         encoding.at(channel).contains("field") && encoding.at(channel).at("field").is_string();
}

bool is_nominal(const json& channel) {
  const std::string type = channel.value("type", "");
  return type == "nominal" || type == "ordinal";
}

void widen(Side& side, double value) {
  if (std::isnan(value)) return;
  side.low = std::min(side.low, value);
  side.high = std::max(side.high, value);
}

// Title, scale and names of an axis out of one of its channels.
void learn(Side& side, const json& channel, const std::vector<json>& rows) {
  side.used = true;
  if (channel.contains("title") && side.title.empty()) side.title = text_of(channel.at("title"));
  if (channel.value("type", "") == "temporal") side.time = true;
  if (is_nominal(channel)) {
    if (side.names.empty() && channel.contains("sort") && channel.at("sort").is_array()) {
      for (const json& name : channel.at("sort")) side.names.push_back(name_of(name));
    }
    for (const json& row : rows) {
      const std::string name = group_of(row, channel);
      const bool known = std::find(side.names.begin(), side.names.end(), name) != side.names.end();
      if (!known && !name.empty()) side.names.push_back(name);
    }
    return;
  }
  const json scale = channel.value("scale", json::object());
  side.log = side.log || scale.value("type", "") == "log";
  if (scale.value("zero", false)) widen(side, 0.0);
  if (scale.contains("domain") && scale.at("domain").is_array() && scale.at("domain").size() == 2 &&
      scale.at("domain")[0].is_number()) {
    widen(side, scale.at("domain")[0].get<double>());
    widen(side, scale.at("domain")[1].get<double>());
  }
  // Lanes that an expression names: ["a","b"][datum.value].
  if (channel.contains("axis") && channel.at("axis").is_object()) {
    const std::string names = channel.at("axis").value("labelExpr", "");
    const std::size_t end = names.rfind("][datum.value]");
    if (end != std::string::npos) {
      const json list = json::parse(names.substr(0, end + 1), nullptr, false);
      side.names.clear();
      for (const json& name : list) side.names.push_back(name_of(name));
      side.numbered = true;
    }
  }
}

// Sums over equal places, as a bar chart of a cube of counts has them.
std::vector<json> summed(const std::vector<json>& rows, const json& at, const json& sum) {
  const std::string place = at.at("field");
  const std::string field = sum.at("field");
  std::map<json, double> total;
  for (const json& row : rows) {
    const double amount = number_of(row, sum);
    if (!std::isnan(amount)) total[row.at(place)] += amount;
  }
  std::vector<json> sums;
  for (const auto& [name, value] : total) sums.push_back({{place, name}, {field, value}});
  return sums;
}

// Colours on top of each other: the axis counts from the end of the one below.
void stack(std::vector<Mark>& marks, bool share) {
  std::map<double, double> total;
  for (const Mark& mark : marks) total[mark.x] += mark.y;
  std::map<double, double> base;
  for (Mark& mark : marks) {
    const double whole = share && total[mark.x] != 0 ? total[mark.x] : 1.0;
    const double from = base[mark.x];
    base[mark.x] += mark.y / whole;
    mark.y = base[mark.x];
    mark.y2 = from;
  }
}

bool computes(const json& layer) {
  if (!layer.contains("mark") || !layer.contains("encoding")) return true;
  for (const auto& [name, channel] : layer.at("encoding").items()) {
    if (!channel.is_object() || name == "tooltip") continue;
    const bool binned = channel.contains("bin") && channel.at("bin") != json({{"binned", true}});
    if (binned || channel.contains("timeUnit")) return true;
    if (channel.contains("aggregate") && channel.at("aggregate") != "sum") return true;
  }
  return false;
}

// A pie is a bar chart here.
json unrolled(json encoding) {
  encoding["x"] = {{"field", "share"},
                   {"type", "quantitative"},
                   {"title", "share"},
                   {"scale", {{"zero", true}}}};
  encoding["y"] = encoding["color"];
  encoding["y"].erase("scale");
  encoding.erase("theta");
  return encoding;
}

// What is written into the cells of a table.
void read_labels(View& view, const json& encoding, const std::vector<json>& rows) {
  for (const char* channel : {"x", "y"}) {
    if (!is_field(encoding, channel) || !is_nominal(encoding.at(channel))) return;
  }
  if (!is_field(encoding, "text")) return;
  const std::string field = encoding.at("text").at("field");
  for (const json& row : rows) {
    if (!row.contains(field)) continue;
    view.labels[{group_of(row, encoding.at("y")), group_of(row, encoding.at("x"))}] =
        text_of(row.at(field));
  }
}

bool read_layer(View& view, const json& layer, const std::vector<json>& all) {
  if (computes(layer)) return false;
  const json& mark = layer.at("mark");
  Layer read{.type = mark.is_string() ? mark.get<std::string>() : mark.value("type", "")};
  json encoding = layer.at("encoding");
  if (read.type == "arc") {
    encoding = unrolled(encoding);
    read.type = "bar";
  }
  // What nobody sees, and the faint lines of single cases, which would hide their mean.
  const double opacity = mark.is_object() ? mark.value("opacity", 1.0) : 1.0;
  if (opacity == 0.0 || (read.type == "line" && opacity < 0.5)) return true;
  read.steps = mark.is_object() && mark.value("interpolate", "") == "step-after";
  read.small = mark.is_object() && mark.contains("size") && mark.at("size").is_number() &&
               mark.at("size").get<double>() < 40;
  std::vector<json> rows;
  json set = nullptr;
  for (const json& transform : layer.value("transform", json::array())) {
    const json filter = transform.value("filter", json());
    if (filter.is_object() && filter.value("field", "") == "set") set = filter.at("equal");
    // The coloured bars of a linked chart start equal to the grey ones.
    if (filter.is_object() && filter.contains("and")) return true;
    // What a page computes, as where a cursor stands, has no place in a still picture.
    if (!filter.is_object() || filter.value("field", "") != "set") return true;
  }
  for (const json& row : all) {
    if (set.is_null() || row.value("set", json()) == set) rows.push_back(row);
  }
  if (read.type == "text") {
    read_labels(view, encoding, rows);
    return true;
  }
  const bool sums = is_field(encoding, "y") && encoding.at("y").contains("aggregate");
  if (sums && !is_field(encoding, "x")) return false;
  if (sums) rows = summed(rows, encoding.at("x"), encoding.at("y"));
  if (is_field(encoding, "x")) learn(view.x, encoding.at("x"), rows);
  if (is_field(encoding, "y")) learn(view.y, encoding.at("y"), rows);
  std::map<std::string, std::string> colours;
  const bool by_group = is_field(encoding, "color") && is_nominal(encoding.at("color"));
  if (by_group) {
    const json scale = encoding.at("color").value("scale", json::object());
    const json names = scale.value("domain", json::array());
    const json range = scale.value("range", json::array());
    const bool fresh = view.legend.empty();
    for (std::size_t i = 0; i < names.size() && i < range.size(); ++i) {
      colours[name_of(names[i])] = name_of(range[i]);
      if (fresh) view.legend.emplace_back(name_of(names[i]), name_of(range[i]));
    }
  }
  for (const char* channel : {"xOffset", "yOffset"}) {
    if (!is_field(encoding, channel)) continue;
    if (!is_nominal(encoding.at(channel))) {
      read.swarm = true;
      encoding.erase(channel);
      continue;
    }
    if (!view.offsets.empty()) continue;
    for (const json& name : encoding.at(channel).value("sort", json::array())) {
      view.offsets.push_back(name_of(name));
    }
  }
  for (const json& row : rows) {
    Mark one;
    const auto coordinate = [&](const char* channel, double& value, std::string* name) {
      if (!is_field(encoding, channel)) return;
      if (name != nullptr && is_nominal(encoding.at(channel))) {
        *name = group_of(row, encoding.at(channel));
      } else {
        value = number_of(row, encoding.at(channel));
      }
    };
    coordinate("x", one.x, &one.x_name);
    coordinate("y", one.y, &one.y_name);

    coordinate("x2", one.x2, nullptr);
    coordinate("y2", one.y2, nullptr);
    if (by_group) {
      one.group = group_of(row, encoding.at("color"));
      one.colour = colours[one.group];
    } else if (is_field(encoding, "color")) {
      one.amount = number_of(row, encoding.at("color"));
    }
    if (is_field(encoding, "detail")) one.detail = group_of(row, encoding.at("detail"));
    for (const char* channel : {"xOffset", "yOffset"}) {
      if (is_field(encoding, channel)) one.offset = group_of(row, encoding.at(channel));
    }
    read.marks.push_back(std::move(one));
  }
  const json stacking = encoding.contains("y") && encoding.at("y").is_object()
                            ? encoding.at("y").value("stack", json())
                            : json();
  if (read.type == "area" && stacking.is_string()) stack(read.marks, stacking == "normalize");
  for (const Mark& one : read.marks) {
    widen(view.x, one.x);
    widen(view.x, one.x2);
    widen(view.y, one.y);
    widen(view.y, one.y2);
  }
  view.layers.push_back(std::move(read));
  return true;
}

bool read_view(View& view, const json& spec, const std::vector<json>& rows) {
  const json layers = spec.contains("layer") ? spec.at("layer") : json::array({spec});
  for (const json& layer : layers) {
    if (!read_layer(view, layer, rows)) return false;
  }
  for (Side* side : {&view.x, &view.y}) {
    if (side->low > side->high) side->low = 0, side->high = 1;
    if (side->log && side->low <= 0) side->log = false;
    if (side->low == side->high) {
      const double pad = side->low == 0 ? 1 : std::abs(side->low) * 0.1;
      side->low -= side->log ? pad / 2 : pad;
      side->high += pad;
    }
  }
  return true;
}

}  // namespace

double Side::place(double value) const {
  if (log) return (std::log(value) - std::log(low)) / (std::log(high) - std::log(low));
  return (value - low) / (high - low);
}

double Side::at(double share) const {
  if (log) return low * std::pow(high / low, share);
  return low + share * (high - low);
}

std::string text_of(const json& text) {
  if (text.is_string()) return text.get<std::string>();
  std::string all;
  if (!text.is_array()) return all;
  for (const json& line : text) all += (all.empty() ? "" : " ") + name_of(line);
  return all;
}

namespace {

std::vector<View> read_views(const json& spec) {
  std::vector<json> rows;
  if (spec.contains("data") && spec.at("data").contains("values")) {
    for (const json& row : spec.at("data").at("values")) rows.push_back(row);
  }
  std::vector<View> views;
  if (spec.contains("transform") || spec.contains("repeat") || spec.contains("hconcat") ||
      spec.contains("vconcat")) {
    return views;
  }
  if (spec.contains("concat")) {
    for (const json& chart : spec.at("concat")) {
      View view;
      if (!read_view(view, chart, rows)) return {};
      view.title = std::exchange(view.x.title, "");
      views.push_back(std::move(view));
    }
    return views;
  }
  if (!spec.contains("facet")) {
    View view;
    if (!read_view(view, spec, rows)) return {};
    views.push_back(std::move(view));
    return views;
  }
  // Panels in the order of their labels.
  std::vector<json> fields;
  if (spec.at("facet").contains("field")) fields.push_back(spec.at("facet"));
  for (const char* way : {"row", "column"}) {
    if (spec.at("facet").contains(way)) fields.push_back(spec.at("facet")[way]);
  }
  std::vector<std::vector<std::string>> panels = {{}};
  for (const json& field : fields) {
    std::vector<std::vector<std::string>> longer;
    for (const auto& panel : panels) {
      for (const json& name : field.value("sort", json::array())) {
        longer.push_back(panel);
        longer.back().push_back(name_of(name));
      }
    }
    panels = std::move(longer);
  }
  for (const auto& panel : panels) {
    std::vector<json> part;
    for (const json& row : rows) {
      bool inside = true;
      for (std::size_t i = 0; i < fields.size(); ++i) {
        inside = inside && group_of(row, fields[i]) == panel[i];
      }
      if (inside) part.push_back(row);
    }
    if (part.empty()) continue;
    View view;
    if (!read_view(view, spec.at("spec"), part)) return {};
    for (std::size_t i = 0; i < panel.size(); ++i) {
      view.title +=
          (i == 0 ? "" : ", ") + text_of(fields[i].value("title", json(""))) + ": " + panel[i];
    }
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace

std::vector<View> views_of(const json& spec) {
  // A user's own specification may have any shape; what cannot be read cannot be drawn here.
  try {
    return read_views(spec);
  } catch (const json::exception&) {
    return {};
  }
}

}  // namespace impact::detail
