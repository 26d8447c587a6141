#include "engine/render/terminal_grid.h"

#include <algorithm>

namespace impact::detail {
namespace {

constexpr std::size_t kGap = 2;
// Texts are cut to no less where that makes all columns fit, and to this first where not.
constexpr std::size_t kLeastText = 12;
constexpr std::size_t kUsualText = 20;
constexpr std::size_t kNarrowText = 8;

struct Widths {
  std::size_t name = 0;
  std::size_t note = 0;
  std::size_t short_note = 0;
  std::size_t cells = 0;
};

Widths widths_of(const GridColumn& column) {
  Widths widths{text_width(column.name), text_width(column.note),
                text_width(column.short_note.empty() ? column.note : column.short_note), 0};
  for (const std::string& cell : column.cells) {
    widths.cells = std::max(widths.cells, text_width(cell));
  }
  return widths;
}

std::size_t natural(const Widths& widths) {
  return std::max({widths.name, widths.note, widths.cells, std::size_t{1}});
}

// With texts cut to `cap`; numbers stay whole.
std::size_t capped(const GridColumn& column, const Widths& widths, std::size_t cap,
                   std::size_t room) {
  const std::size_t cells = column.right ? widths.cells : std::min(widths.cells, cap);
  const std::size_t least = std::max(std::min(widths.name, cap), widths.short_note);
  return std::min(std::max({cells, least, std::size_t{1}}), room);
}

class Layout {
 public:
  Layout(const std::vector<GridColumn>& columns, const TerminalStyle& style)
      : columns_(columns), room_(static_cast<std::size_t>(std::max(style.columns, 1))) {
    const std::size_t most = std::min(columns.size(), most_columns(style));
    for (std::size_t i = 0; i < most; ++i) widths_.push_back(widths_of(columns[i]));
    choose();
  }
  [[nodiscard]] const std::vector<std::size_t>& chosen() const { return chosen_; }

 private:
  // The leading columns that fit with texts cut to `cap`.
  [[nodiscard]] std::vector<std::size_t> fitting(std::size_t cap) const {
    std::vector<std::size_t> out;
    std::size_t used = 0;
    for (std::size_t i = 0; i < widths_.size(); ++i) {
      const std::size_t wide = capped(columns_[i], widths_[i], cap, room_);
      used += wide + (i == 0 ? 0 : kGap);
      if (used > room_) break;
      out.push_back(wide);
    }
    return out;
  }

  void choose() {
    if (widths_.size() == columns_.size()) {
      std::size_t used = 0;
      for (const Widths& widths : widths_) {
        chosen_.push_back(natural(widths));
        used += chosen_.back() + (chosen_.size() == 1 ? 0 : kGap);
      }
      if (used <= room_) return;
    }
    std::size_t longest = kUsualText;
    for (const Widths& widths : widths_) longest = std::max(longest, natural(widths));
    longest = std::min(longest, room_);
    std::size_t cap = std::min(kLeastText, longest);
    if (fitting(cap).size() < columns_.size()) {
      cap = std::clamp(room_ / 4, std::min(kNarrowText, longest), std::min(kUsualText, longest));
    }
    const std::size_t count = fitting(cap).size();
    // What is left over goes to the texts. More room never makes more columns fit.
    while (cap < longest && fitting(cap + 1).size() >= count) ++cap;
    chosen_ = fitting(cap);
    chosen_.resize(count);
  }

  const std::vector<GridColumn>& columns_;
  std::size_t room_;
  std::vector<Widths> widths_;
  std::vector<std::size_t> chosen_;
};

void end_line(std::string& out, std::size_t begin) {
  const std::size_t last = out.find_last_not_of(' ');
  out.erase(last == std::string::npos || last < begin ? begin : last + 1);
  out += '\n';
}

std::string indented(const std::string& text) {
  return text.substr(std::min(text.find_first_not_of(' '), text.size()));
}

// Spaces stay outside of the escape sequences, so that those at the end can go.
template <class Paint>
std::string styled(const std::string& fitted, Paint&& paint) {
  const std::string rest = indented(fitted);
  const std::size_t end = rest.find_last_not_of(' ');
  if (end == std::string::npos) return fitted;
  return fitted.substr(0, fitted.size() - rest.size()) + paint(rest.substr(0, end + 1)) +
         rest.substr(end + 1);
}

}  // namespace

std::size_t most_columns(const TerminalStyle& style) {
  return static_cast<std::size_t>(std::max(style.columns, 1)) / (kGap + 1) + 1;
}

std::size_t natural_width(const std::vector<GridColumn>& columns) {
  std::size_t used = 0;
  for (const GridColumn& column : columns) {
    used += natural(widths_of(column)) + (used == 0 ? 0 : kGap);
  }
  return used;
}

Grid lay_out(const std::vector<GridColumn>& columns, const TerminalStyle& style) {
  Grid grid;
  if (columns.empty()) return grid;
  const Layout layout(columns, style);
  const std::vector<std::size_t>& widths = layout.chosen();
  grid.columns = widths.size();
  std::size_t rows = 0;
  bool notes = false;
  bool brief = false;
  for (std::size_t i = 0; i < widths.size(); ++i) {
    rows = std::max(rows, columns[i].cells.size());
    notes = notes || !columns[i].note.empty();
    brief = brief || text_width(columns[i].note) > widths[i];
  }
  const auto add_line = [&](auto&& cell) {
    const std::size_t begin = grid.text.size();
    for (std::size_t i = 0; i < widths.size(); ++i) {
      if (i > 0) grid.text.append(kGap, ' ');
      grid.text += cell(columns[i], widths[i]);
    }
    end_line(grid.text, begin);
  };
  add_line([&](const GridColumn& column, std::size_t width) {
    return styled(fit_text(column.name, width, column.right),
                  [&](const std::string& text) { return bold(text, style.colour); });
  });
  if (notes) {
    add_line([&](const GridColumn& column, std::size_t width) {
      const bool use_short = brief && !column.short_note.empty();
      return styled(fit_text(use_short ? column.short_note : column.note, width, column.right),
                    [&](const std::string& text) { return dim(text, style.colour); });
    });
  }
  for (std::size_t row = 0; row < rows; ++row) {
    add_line([&](const GridColumn& column, std::size_t width) {
      const std::string cell = row < column.cells.size() ? column.cells[row] : std::string();
      // Of a number that is too wide the padding goes first.
      const bool wide = column.right && text_width(cell) > width;
      std::string text = column.middle
                             ? fit_middle(cell, width)
                             : fit_text(wide ? indented(cell) : cell, width, column.right);
      if (row >= column.faint.size() || !column.faint[row]) return text;
      return styled(text, [&](const std::string& part) { return dim(part, style.colour); });
    });
  }
  return grid;
}

}  // namespace impact::detail
