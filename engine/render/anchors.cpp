#include "engine/render/anchors.h"

#include "engine/render/html_text.h"

namespace impact {

Anchors::Anchors(const Report& report)
    : taken_{"content", "summary", "data", "methods", "provenance", "chart-themes"} {
  const auto add = [&](const std::string& node) {
    if (!node.empty() && nodes_.count(node) == 0) nodes_[node] = fresh("node-" + node);
  };
  for (const ReportSection& section : report.sections) {
    add(section.node);
    for (const CheckRow& check : section.checks) add(check.node);
    for (const ReportEstimate& item : section.estimates) add(item.row.node);
  }
  for (const MethodNote& note : report.methods) add(note.node);
}

std::string Anchors::fresh(std::string_view words) {
  const std::string wanted = slug(words);
  std::string id = wanted;
  for (int i = 2; !taken_.insert(id).second; ++i) id = wanted + "-" + std::to_string(i);
  return id;
}

std::string Anchors::claim(const std::string& node) {
  const auto at = nodes_.find(node);
  return at != nodes_.end() && claimed_.insert(node).second ? at->second : "";
}

std::string Anchors::claimed_attribute(const std::string& node) {
  const std::string id = claim(node);
  return id.empty() ? "" : " id=\"" + escape_html(id) + "\"";
}

std::string Anchors::link(const std::string& node) const {
  const auto at = nodes_.find(node);
  return at == nodes_.end() ? "" : "#" + at->second;
}

}  // namespace impact
