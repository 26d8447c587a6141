#include "bindings/app/line_editor.h"

#include <fcntl.h>
#include <histedit.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utf8proc.h>

#include "bindings/app/waiting_signals.h"
#include "engine/core/atomic_file.h"
#include "engine/core/error.h"
#include "engine/core/number.h"
#include "engine/render/terminal_text.h"

namespace impact::bindings {
namespace {

constexpr std::size_t kMostHistory = 5000;
constexpr std::size_t kMostShown = 200;
constexpr char kBracket[] = "\033[200~";
constexpr const char* kEndOfPaste = "\033[201~";
// Whether the terminal is to mark what is pasted.
constexpr const char* kMarkPastes = "\033[?2004h";
constexpr const char* kMarkNothing = "\033[?2004l";
// Keys that no terminal sends: the text that is whole is accepted by one, the other stops the
// program once the cursor is below the text.
constexpr char kAccept[] = "\033[27;5;9~";
constexpr char kStop[] = "\033[27;5;8~";
constexpr char kInterruptKey = '\003';
constexpr char kSuspendKey = '\032';

std::string common_prefix(const std::vector<std::string>& words) {
  std::string prefix = words.front();
  for (const std::string& word : words) {
    const auto [end, unused] =
        std::mismatch(prefix.begin(), prefix.end(), word.begin(), word.end());
    prefix.erase(end, prefix.end());
  }
  // Never half a character.
  while (!prefix.empty() && find_invalid_utf8(prefix)) prefix.pop_back();
  return prefix;
}

// Control characters other than line ends and tabs would move the cursor.
std::string without_controls(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r') {
      if (i + 1 >= text.size() || text[i + 1] != '\n') out += '\n';
    } else if (c == '\n' || c == '\t' || static_cast<unsigned char>(c) >= 0x20) {
      if (c != 0x7f) out += c;
    }
  }
  return out;
}

class Libedit : public LineEditor {
 public:
  explicit Libedit(LineEditorOptions options) : options_(std::move(options)) {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    history_ = history_init();
    HistEvent event;
    history(history_, &event, H_SETSIZE, static_cast<int>(kMostHistory));
    history(history_, &event, H_SETUNIQUE, 1);
    load_history();
    editor_ = el_init("impact", stdin, stdout, stderr);
    el_set(editor_, EL_CLIENTDATA, this);
    el_set(editor_, EL_PROMPT_ESC, &Libedit::prompt, '\1');
    el_set(editor_, EL_HIST, history, history_);
    el_set(editor_, EL_EDITOR, "emacs");
    el_set(editor_, EL_GETCFN, &Libedit::next_character);
    // Ctrl-C and Ctrl-Z are keys while a line is edited, and signals while code runs; Ctrl-S
    // searches forward instead of freezing the terminal.
    el_set(editor_, EL_SETTY, "-d", "-isig", "-ixon", nullptr);
    bind_keys();
  }
  ~Libedit() override {
    el_end(editor_);
    history_end(history_);
  }
  Libedit(const Libedit&) = delete;
  Libedit& operator=(const Libedit&) = delete;

  std::optional<std::string> read(const std::string& prompt) override {
    prompt_ = prompt;
    interrupted_ = false;
    el_resize(editor_);
    due_.clear();
    at_ = texts_.size() + 1;  // No walk.
    say(kMarkPastes);
    signals_.take({SIGWINCH, SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT});
    int count = 0;
    const char* line = el_gets(editor_, &count);
    say(kMarkNothing);
    signals_.give_back();
    if (interrupted_) {
      say("\n");
      return std::string();
    }
    if (line == nullptr || count <= 0) {
      say("\n");
      return std::nullopt;
    }
    std::string text(line, static_cast<std::size_t>(count));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    keep(text);
    return text;
  }

 private:
  static Libedit& self(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return *static_cast<Libedit*>(data);
  }

  static void say(const char* text) {
    std::fputs(text, stdout);
    std::fflush(stdout);
  }

  static char* prompt(EditLine* editor) { return self(editor).prompt_.data(); }

  // The terminal as it was before the line.
  void leave_terminal() {
    say(kMarkNothing);
    el_set(editor_, EL_PREP_TERM, 0);
  }

  // The terminal of the editor again, and the line, wherever the cursor is now: others have written
  // and changed modes meanwhile. First the modes: in the background they stop the program.
  void enter_terminal() {
    el_set(editor_, EL_PREP_TERM, 0);
    el_set(editor_, EL_PREP_TERM, 1);
    say(kMarkPastes);
    say("\r\033[J");
    el_resize(editor_);
    el_set(editor_, EL_REFRESH);
  }

  void act_on(int signal) {
    switch (signal) {
      case SIGWINCH: el_resize(editor_); break;
      case SIGCONT: enter_terminal(); break;
      // As keys, they end a search, too.
      case SIGINT: due_ += kInterruptKey; break;
      case SIGTSTP: due_ += kSuspendKey; break;
      default:
        leave_terminal();
        say("\n");
        signals_.obey(signal, false);
    }
  }

  // The next byte; nullopt at the end of the input. `key`: signals may come as keys.
  std::optional<unsigned char> next_byte(bool key) {
    while (true) {
      if (key && !due_.empty()) {
        const auto byte = static_cast<unsigned char>(due_.front());
        due_.erase(0, 1);
        return byte;
      }
      const int what = signals_.wait();
      if (what == WaitingSignals::kBroken) return std::nullopt;
      if (what != WaitingSignals::kInput) {
        act_on(what);
        continue;
      }
      unsigned char byte = 0;
      const ssize_t got = ::read(STDIN_FILENO, &byte, 1);
      if (got == 1) return byte;
      if (got == 0 || (errno != EINTR && errno != EAGAIN)) return std::nullopt;
    }
  }

  // One character of UTF-8; what is no UTF-8 becomes the replacement character.
  static int next_character(EditLine* editor, wchar_t* out) {
    Libedit& me = self(editor);
    const auto first = me.next_byte(true);
    if (!first) return 0;
    int more = *first >= 0xF0 ? 3 : *first >= 0xE0 ? 2 : *first >= 0xC0 ? 1 : 0;
    utf8proc_uint8_t bytes[4] = {*first, 0, 0, 0};
    utf8proc_ssize_t count = 1;
    while (more-- > 0) {
      const auto next = me.next_byte(false);
      if (!next) return 0;
      bytes[count++] = *next;
    }
    utf8proc_int32_t code = 0;
    const bool good = utf8proc_iterate(bytes, count, &code) == count;
    *out = static_cast<wchar_t>(good ? code : 0xFFFD);
    return 1;
  }

  std::string text(std::size_t* cursor) const {
    const LineInfo* info = el_line(editor_);
    if (cursor != nullptr) *cursor = static_cast<std::size_t>(info->cursor - info->buffer);
    return {info->buffer, static_cast<std::size_t>(info->lastchar - info->buffer)};
  }

  static unsigned char on_enter(EditLine* editor, int) {
    Libedit& me = self(editor);
    if (me.options_.whole(me.text(nullptr))) {
      el_push(editor, kAccept);
      return CC_NORM;
    }
    el_insertstr(editor, "\n");
    return CC_REFRESH;
  }

  static unsigned char on_interrupt_key(EditLine* editor, int) {
    Libedit& me = self(editor);
    me.interrupted_ = true;
    say("^C");
    return CC_NEWLINE;
  }

  // The shell goes on below the text: the cursor first goes to its end.
  static unsigned char on_suspend_key(EditLine* editor, int) {
    Libedit& me = self(editor);
    const LineInfoW* line = el_wline(editor);
    me.behind_ = static_cast<int>(line->lastchar - line->cursor);
    el_cursor(editor, me.behind_);
    el_push(editor, kStop);
    return CC_CURSOR;
  }

  static unsigned char on_stop_key(EditLine* editor, int) {
    Libedit& me = self(editor);
    me.leave_terminal();
    me.signals_.obey(SIGTSTP, true);
    bool continued = false;
    while (const int signal = me.signals_.arrived()) {
      continued = continued || signal == SIGCONT;
      if (signal != SIGCONT) me.act_on(signal);
    }
    // Never stopped: nobody could continue it.
    if (!continued) say("\n");
    el_cursor(editor, -me.behind_);
    me.behind_ = 0;
    me.enter_terminal();
    return CC_NORM;
  }

  static unsigned char on_paste(EditLine* editor, int) {
    Libedit& me = self(editor);
    const std::string_view end = kEndOfPaste;
    constexpr std::size_t kMostPasted = std::size_t{16} << 20;
    std::string pasted;
    while (!std::string_view(pasted).ends_with(end) && pasted.size() < kMostPasted) {
      const auto byte = me.next_byte(false);
      if (!byte) break;
      pasted += static_cast<char>(*byte);
    }
    if (std::string_view(pasted).ends_with(end)) pasted.resize(pasted.size() - end.size());
    pasted = without_controls(pasted);
    while (!pasted.empty() && pasted.back() == '\n') pasted.pop_back();
    if (find_invalid_utf8(pasted) || el_insertstr(editor, pasted.c_str()) != 0) return CC_ERROR;
    return CC_REFRESH;
  }

  // To the line above or below, in the same column where it is long enough; false: there is none.
  static bool move_line(EditLine* editor, bool up) {
    const LineInfoW* info = el_wline(editor);
    const std::wstring_view text(info->buffer,
                                 static_cast<std::size_t>(info->lastchar - info->buffer));
    const auto cursor = static_cast<std::size_t>(info->cursor - info->buffer);
    const std::size_t start = text.substr(0, cursor).rfind(L'\n') + 1;  // After npos: 0.
    const std::size_t end = std::min(text.find(L'\n', cursor), text.size());
    if (up ? start == 0 : end == text.size()) return false;
    const std::size_t from = up ? text.substr(0, start - 1).rfind(L'\n') + 1 : end + 1;
    const std::size_t to = std::min(text.find(L'\n', from), text.size());
    const std::size_t target = std::min(from + (cursor - start), to);
    el_cursor(editor, static_cast<int>(target) - static_cast<int>(cursor));
    return true;
  }

  // Earlier texts that begin as this one does up to the cursor. The walk goes on until the text is
  // changed; at its near end waits what was typed.
  unsigned char walk(bool up) {
    std::size_t cursor = 0;
    const std::string now = text(&cursor);
    if (now != walked_ || at_ > texts_.size()) {
      typed_ = now;
      begun_ = now.substr(0, cursor);
      at_ = texts_.size();
    }
    std::size_t at = at_;
    const std::string* found = nullptr;
    while (found == nullptr && (up ? at > 0 : at < texts_.size())) {
      at = up ? at - 1 : at + 1;
      const std::string& candidate = at == texts_.size() ? typed_ : texts_[at];
      if (at == texts_.size() || (candidate.starts_with(begun_) && candidate != now)) {
        found = &candidate;
      }
    }
    if (found == nullptr) {
      walked_ = now;
      return CC_ERROR;
    }
    at_ = at;
    walked_ = *found;
    const LineInfoW* info = el_wline(editor_);
    el_cursor(editor_, static_cast<int>(info->lastchar - info->cursor));
    el_deletestr(editor_, static_cast<int>(info->lastchar - info->buffer));
    if (!walked_.empty()) el_insertstr(editor_, walked_.c_str());
    return CC_REFRESH;
  }

  static unsigned char on_up(EditLine* editor, int) {
    return move_line(editor, true) ? CC_CURSOR : self(editor).walk(true);
  }
  static unsigned char on_down(EditLine* editor, int) {
    return move_line(editor, false) ? CC_CURSOR : self(editor).walk(false);
  }

  static unsigned char on_tab(EditLine* editor, int) {
    Libedit& me = self(editor);
    std::size_t cursor = 0;
    const std::string text = me.text(&cursor);
    // At the margin of a line Tab indents.
    const std::size_t line = text.rfind('\n', cursor == 0 ? 0 : cursor - 1);
    const std::size_t from = line == std::string::npos ? 0 : line + 1;
    if (line != std::string::npos && text.find_first_not_of(" \t", from) >= cursor) {
      el_insertstr(editor, "  ");
      return CC_REFRESH;
    }
    const Completion found = me.options_.complete(text, cursor);
    if (found.words.empty()) return CC_REFRESH_BEEP;
    const std::string typed = text.substr(found.start, cursor - found.start);
    const std::string prefix = common_prefix(found.words);
    // Names come from files: what could command the terminal is shown, and never typed.
    const bool harmless = printable_text(prefix) == prefix;
    if (harmless && prefix.size() > typed.size() && prefix.starts_with(typed)) {
      el_insertstr(editor, prefix.substr(typed.size()).c_str());
      return CC_REFRESH;
    }
    if (found.words.size() == 1 && harmless) return CC_REFRESH;
    std::vector<std::string> shown;
    for (const std::string& word : found.words) shown.push_back(printable_text(word));
    me.list(shown);
    return CC_REDISPLAY;
  }

  // Words in columns, below the line.
  void list(const std::vector<std::string>& words) const {
    int screen = 80;
    el_get(editor_, EL_GETTC, "co", &screen, nullptr);
    const std::size_t most = std::min(kMostShown, words.size());
    std::size_t width = 0;
    for (std::size_t i = 0; i < most; ++i) width = std::max(width, text_width(words[i]) + 2);
    const std::size_t columns = std::max<std::size_t>(
        1, static_cast<std::size_t>(screen) / std::max<std::size_t>(1, width));
    const std::size_t lines = (most + columns - 1) / columns;
    std::string out = "\n";
    for (std::size_t row = 0; row < lines; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        const std::size_t i = column * lines + row;
        if (i >= most) continue;
        out += words[i];
        if (column + 1 < columns && (column + 1) * lines + row < most) {
          out += std::string(width - text_width(words[i]), ' ');
        }
      }
      out += "\n";
    }
    if (most < words.size()) out += "... " + std::to_string(words.size() - most) + " more\n";
    say(out.c_str());
  }

  void bind_keys() {
    el_set(editor_, EL_ADDFN, "impact-enter", "Ends a text that is whole", &Libedit::on_enter);
    el_set(editor_, EL_ADDFN, "impact-complete", "Completes a word", &Libedit::on_tab);
    el_set(editor_, EL_ADDFN, "impact-paste", "Takes what is pasted", &Libedit::on_paste);
    el_set(editor_, EL_ADDFN, "impact-interrupt", "Gives the text up", &Libedit::on_interrupt_key);
    el_set(editor_, EL_ADDFN, "impact-suspend", "Goes to the end", &Libedit::on_suspend_key);
    el_set(editor_, EL_ADDFN, "impact-stop", "Stops the program", &Libedit::on_stop_key);
    el_set(editor_, EL_ADDFN, "impact-up", "The line above, or earlier", &Libedit::on_up);
    el_set(editor_, EL_ADDFN, "impact-down", "The line below, or later", &Libedit::on_down);
    const std::pair<const char*, const char*> keys[] = {
        {"\n", "impact-enter"},
        {"\r", "impact-enter"},
        {"\t", "impact-complete"},
        {kBracket, "impact-paste"},
        {kAccept, "ed-newline"},
        {"\003", "impact-interrupt"},
        {"\032", "impact-suspend"},
        {kStop, "impact-stop"},
        {"\022", "em-inc-search-prev"},
        {"\023", "em-inc-search-next"},
        {"\033[A", "impact-up"},
        {"\033[B", "impact-down"},
        {"\033OA", "impact-up"},
        {"\033OB", "impact-down"},
        {"\033[H", "ed-move-to-beg"},
        {"\033[F", "ed-move-to-end"},
        {"\033[1~", "ed-move-to-beg"},
        {"\033[4~", "ed-move-to-end"},
        {"\033[3~", "ed-delete-next-char"},
        {"\033[1;5C", "em-next-word"},
        {"\033[1;5D", "ed-prev-word"},
    };
    for (const auto& [key, function] : keys) {
      el_set(editor_, EL_BIND, key, function, nullptr);
    }
  }

  // One text a line, as a JSON string.
  void load_history() {
    if (options_.history.empty()) return;
    std::ifstream file(options_.history);
    std::string line;
    HistEvent event;
    std::vector<std::string> lines;
    while (std::getline(file, line)) {
      const auto text = nlohmann::json::parse(line, nullptr, false);
      if (!text.is_string()) continue;  // Damaged: the other lines are as good as before.
      history(history_, &event, H_ENTER, text.get_ref<const std::string&>().c_str());
      texts_.push_back(text.get<std::string>());
      lines.push_back(line);
    }
    if (lines.size() > 2 * kMostHistory) shorten(lines);
  }

  // Two prompts may write at once: the last lines are kept, in a file that appears whole.
  void shorten(const std::vector<std::string>& lines) {
    std::string kept;
    for (std::size_t i = lines.size() - kMostHistory; i < lines.size(); ++i) {
      kept += lines[i] + "\n";
    }
    try {
      write_file_atomically(options_.history, kept);
      std::error_code code;
      std::filesystem::permissions(
          options_.history,
          std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, code);
    } catch (const Error&) {
      options_.history.clear();  // A history that can't be written is no reason to stop.
    }
  }

  // Texts that begin with a space are not kept: nobody's secrets belong into a file.
  void keep(const std::string& text) {
    if (text.find_first_not_of(" \t\n") == std::string::npos || text[0] == ' ' ||
        (!texts_.empty() && text == texts_.back()) || find_invalid_utf8(text)) {
      return;
    }
    texts_.push_back(text);
    HistEvent event;
    history(history_, &event, H_ENTER, text.c_str());
    if (options_.history.empty()) return;
    const int file = ::open(options_.history.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                            S_IRUSR | S_IWUSR);
    if (file < 0) return;
    const std::string line = nlohmann::json(text).dump() + "\n";
    // A history that can't be written is no reason to stop.
    if (::write(file, line.data(), line.size()) < 0) options_.history.clear();
    ::close(file);
  }

  LineEditorOptions options_;
  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  std::string prompt_;
  std::vector<std::string> texts_;  // The history, the last one at the end.
  // A walk through it: where it is, the text it shows, what was typed, and that up to the cursor.
  std::size_t at_ = 0;
  std::string walked_;
  std::string typed_;
  std::string begun_;
  bool interrupted_ = false;
  WaitingSignals signals_;
  std::string due_;  // Keys that stand for signals.
  int behind_ = 0;   // Characters behind the cursor when the program was to stop.
};

}  // namespace

std::unique_ptr<LineEditor> make_line_editor(LineEditorOptions options) {
  return std::make_unique<Libedit>(std::move(options));
}

}  // namespace impact::bindings
