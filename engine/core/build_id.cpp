#include "engine/core/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstring>

namespace impact {
namespace {

// Notes are padded to words: header, name, description.
std::size_t padded(std::size_t size) { return (size + 3) / 4 * 4; }

void read_notes(const unsigned char* notes, std::size_t size, std::string* id) {
  constexpr char kDigits[] = "0123456789abcdef";
  while (size >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes, sizeof header);
    const std::size_t name = sizeof header;
    const std::size_t content = name + padded(header.n_namesz);
    const std::size_t next = content + padded(header.n_descsz);
    if (next > size) return;
    if (header.n_type == NT_GNU_BUILD_ID && header.n_namesz == 4 &&
        std::memcmp(notes + name, "GNU", 4) == 0) {
      for (std::size_t i = 0; i < header.n_descsz; ++i) {
        *id += kDigits[notes[content + i] >> 4U];
        *id += kDigits[notes[content + i] & 15U];
      }
      return;
    }
    notes += next;
    size -= next;
  }
}

// The program itself is the first object.
int visit(dl_phdr_info* info, std::size_t, void* id) {
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& part = info->dlpi_phdr[i];
    if (part.p_type != PT_NOTE) continue;
    const auto address = info->dlpi_addr + part.p_vaddr;
    read_notes(reinterpret_cast<const unsigned char*>(address), part.p_memsz,
               static_cast<std::string*>(id));
  }
  return 1;
}

std::string find_build_id() {
  std::string id;
  ::dl_iterate_phdr(visit, &id);
  return id;
}

}  // namespace

const std::string& build_id() {
  static const std::string id = find_build_id();
  return id;
}

}  // namespace impact
