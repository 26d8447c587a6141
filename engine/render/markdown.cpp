#include "engine/render/markdown.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "engine/core/error.h"
#include "engine/render/html_text.h"

namespace impact {
namespace {

std::string text_of(const MD_ATTRIBUTE& attribute) { return {attribute.text, attribute.size}; }

// Turns md4c's events into HTML.
class Writer {
 public:
  Writer(int top, Anchors& anchors) : top_(top), anchors_(anchors) {}

  void enter(MD_BLOCKTYPE type, const void* detail) {
    switch (type) {
      case MD_BLOCK_DOC: break;
      case MD_BLOCK_QUOTE: out_ += "<blockquote>\n"; break;
      case MD_BLOCK_UL: out_ += "<ul>\n"; break;
      case MD_BLOCK_OL: {
        const unsigned start = static_cast<const MD_BLOCK_OL_DETAIL*>(detail)->start;
        out_ += start == 1 ? "<ol>\n" : fmt::format("<ol start=\"{}\">\n", start);
        break;
      }
      case MD_BLOCK_LI: out_ += "<li>"; break;
      case MD_BLOCK_HR: out_ += "<hr>\n"; break;
      case MD_BLOCK_H: heading_at_ = out_.size(); break;
      case MD_BLOCK_CODE: out_ += "<pre><code>"; break;
      case MD_BLOCK_P: out_ += "<p>"; break;
      case MD_BLOCK_TABLE: out_ += "<div class=\"scroll\" tabindex=\"0\">\n<table>\n"; break;
      case MD_BLOCK_THEAD: out_ += "<thead>"; break;
      case MD_BLOCK_TBODY: out_ += "<tbody>\n"; break;
      case MD_BLOCK_TR: out_ += "<tr>"; break;
      case MD_BLOCK_TH: cell("<th scope=\"col\"", detail); break;
      case MD_BLOCK_TD: cell("<td", detail); break;
      case MD_BLOCK_HTML: break;  // Never sent: HTML is off.
    }
  }

  void leave(MD_BLOCKTYPE type, const void* detail) {
    switch (type) {
      case MD_BLOCK_DOC:
      case MD_BLOCK_HR:
      case MD_BLOCK_HTML: break;
      case MD_BLOCK_QUOTE: out_ += "</blockquote>\n"; break;
      case MD_BLOCK_UL: out_ += "</ul>\n"; break;
      case MD_BLOCK_OL: out_ += "</ol>\n"; break;
      case MD_BLOCK_LI: out_ += "</li>\n"; break;
      case MD_BLOCK_H: heading(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level); break;
      case MD_BLOCK_CODE: out_ += "</code></pre>\n"; break;
      case MD_BLOCK_P: out_ += "</p>\n"; break;
      case MD_BLOCK_TABLE: out_ += "</table>\n</div>\n"; break;
      case MD_BLOCK_THEAD: out_ += "</thead>\n"; break;
      case MD_BLOCK_TBODY: out_ += "</tbody>\n"; break;
      case MD_BLOCK_TR: out_ += "</tr>\n"; break;
      case MD_BLOCK_TH: out_ += "</th>"; break;
      case MD_BLOCK_TD: out_ += "</td>"; break;
    }
  }

  void enter(MD_SPANTYPE type, const void* detail) {
    switch (type) {
      case MD_SPAN_EM: out_ += "<em>"; break;
      case MD_SPAN_STRONG: out_ += "<strong>"; break;
      case MD_SPAN_CODE: out_ += "<code>"; break;
      case MD_SPAN_DEL: out_ += "<del>"; break;
      case MD_SPAN_A: {
        const std::string target =
            address(text_of(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href));
        links_.push_back(!target.empty());
        if (links_.back()) out_ += "<a href=\"" + escape_html(target) + "\" rel=\"noreferrer\">";
        break;
      }
      default: break;  // An image leaves its words; other spans are off.
    }
  }

  void leave(MD_SPANTYPE type) {
    switch (type) {
      case MD_SPAN_EM: out_ += "</em>"; break;
      case MD_SPAN_STRONG: out_ += "</strong>"; break;
      case MD_SPAN_CODE: out_ += "</code>"; break;
      case MD_SPAN_DEL: out_ += "</del>"; break;
      case MD_SPAN_A:
        if (links_.back()) out_ += "</a>";
        links_.pop_back();
        break;
      default: break;
    }
  }

  void text(MD_TEXTTYPE type, std::string_view text) {
    switch (type) {
      case MD_TEXT_BR: out_ += "<br>\n"; break;
      case MD_TEXT_SOFTBR: out_ += "\n"; break;
      case MD_TEXT_ENTITY: out_ += text; break;  // "&name;" and no more, as its grammar says.
      default: out_ += escape_html(text);
    }
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  void cell(const char* tag, const void* detail) {
    const MD_ALIGN align = static_cast<const MD_BLOCK_TD_DETAIL*>(detail)->align;
    out_ += std::string(tag) + (align == MD_ALIGN_RIGHT ? " class=\"number\">" : ">");
  }

  // A heading's id is made of its words, which are known at its end.
  void heading(unsigned level) {
    const std::string inside = out_.substr(heading_at_);
    out_.resize(heading_at_);
    std::string words;
    bool tag = false;
    for (const char c : inside) {
      if (c == '<') tag = true;
      if (!tag) words += c;
      if (c == '>') tag = false;
    }
    const int depth = std::min(top_ + static_cast<int>(level) - 1, 6);
    out_ += fmt::format("<h{0} id=\"{1}\">{2}</h{0}>\n", depth, escape_html(anchors_.fresh(words)),
                        inside);
  }

  [[nodiscard]] std::string address(const std::string& target) const {
    if (target.rfind("https://", 0) == 0 || target.rfind("http://", 0) == 0) return target;
    if (target.size() < 2 || target[0] != '#') return "";
    const std::string node = anchors_.link(target.substr(1));
    return node.empty() ? target : node;
  }

  int top_;
  Anchors& anchors_;
  std::string out_;
  std::size_t heading_at_ = 0;
  std::vector<bool> links_;  // Whether each open link has an address.
};

// md4c is C: an exception must not pass through it.
struct Events {
  Writer writer;
  std::exception_ptr failure = nullptr;

  template <class Act>
  static int guarded(void* self, Act act) {
    auto& events = *static_cast<Events*>(self);
    try {
      act(events.writer);
      return 0;
    } catch (const std::exception&) {
      events.failure = std::current_exception();
      return 1;
    }
  }
};

}  // namespace

std::string markdown_html(std::string_view text, int top, Anchors& anchors) {
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return Events::guarded(self, [&](Writer& writer) { writer.enter(type, detail); });
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    return Events::guarded(self, [&](Writer& writer) { writer.leave(type, detail); });
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
    return Events::guarded(self, [&](Writer& writer) { writer.enter(type, detail); });
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
    return Events::guarded(self, [&](Writer& writer) { writer.leave(type); });
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* begin, MD_SIZE size, void* self) {
    return Events::guarded(self, [&](Writer& writer) { writer.text(type, {begin, size}); });
  };
  Events events{Writer(top, anchors)};
  const int status = md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, &events);
  if (events.failure) std::rethrow_exception(events.failure);
  if (status != 0) throw ResourceError({.what = "a Markdown text could not be read: no memory"});
  return events.writer.take();
}

}  // namespace impact
