#include "engine/learn/prepare/words.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

namespace impact::detail {
namespace {

enum class Letter { kNone, kLetter, kMark };

Letter kind_of(utf8proc_int32_t code) {
  switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return Letter::kLetter;
    case UTF8PROC_CATEGORY_PC: return code == '_' ? Letter::kLetter : Letter::kNone;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return Letter::kMark;
    default: return Letter::kNone;
  }
}

std::string composed(std::string word) {
  bool ascii = true;
  for (const char byte : word) ascii = ascii && static_cast<unsigned char>(byte) < 0x80;
  if (ascii) return word;
  utf8proc_uint8_t* out = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(word.data()),
                   static_cast<utf8proc_ssize_t>(word.size()), &out,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(out, &std::free);
  if (size < 0) return word;
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(size)};
}

}  // namespace

std::vector<std::string> words_of(std::string_view text, std::size_t least) {
  std::vector<std::string> words;
  std::string word;
  std::size_t letters = 0;
  const auto end_word = [&] {
    if (letters >= least && letters > 0) words.push_back(composed(std::move(word)));
    word.clear();
    letters = 0;
  };
  while (!text.empty()) {
    utf8proc_int32_t code = -1;
    const utf8proc_ssize_t size =
        utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                         static_cast<utf8proc_ssize_t>(text.size()), &code);
    const Letter kind = size > 0 ? kind_of(code) : Letter::kNone;
    text.remove_prefix(size > 0 ? static_cast<std::size_t>(size) : 1);
    if (kind == Letter::kNone) {
      end_word();
      continue;
    }
    std::array<utf8proc_uint8_t, 4> bytes{};
    const auto length = utf8proc_encode_char(utf8proc_tolower(code), bytes.data());
    word.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(length));
    if (kind == Letter::kLetter) ++letters;
  }
  end_word();
  return words;
}

}  // namespace impact::detail
