# impact_embed(<target> BASE <folder> FILES <file>... HEADER <header> FUNCTION <qualified::name>)
#
# Puts the bytes of the files into <target>, unchanged. <header> declares the function, which takes
# nothing and returns std::span<const impact::EmbeddedFile>, sorted by name; a name is the path
# below <folder>. The assembler reads the files (.incbin), so a megabyte costs no compile time; it
# reads them again when one changes.

enable_language(ASM)

function(impact_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE;HEADER;FUNCTION" "FILES")
  set(names "")
  foreach(file IN LISTS arg_FILES)
    file(RELATIVE_PATH name "${arg_BASE}" "${file}")
    list(APPEND names "${name}")
  endforeach()
  list(SORT names COMPARE STRING)
  string(MAKE_C_IDENTIFIER "${arg_FUNCTION}" stem)
  string(REGEX REPLACE "::[^:]+$" "" namespace "${arg_FUNCTION}")
  string(REGEX REPLACE "^.*::" "" function "${arg_FUNCTION}")

  set(bytes "  .section .rodata\n")
  set(symbols "")
  set(rows "")
  set(count 0)
  foreach(name IN LISTS names)
    set(symbol "${stem}_${count}")
    string(APPEND bytes "  .globl ${symbol}, ${symbol}_end\n  .hidden ${symbol}, ${symbol}_end\n"
      "${symbol}:\n  .incbin \"${arg_BASE}/${name}\"\n${symbol}_end:\n  .byte 0\n")
    string(APPEND symbols "extern const char ${symbol}[];\nextern const char ${symbol}_end[];\n")
    string(APPEND rows "    {\"${name}\", text(${symbol}, ${symbol}_end)},\n")
    math(EXPR count "${count} + 1")
  endforeach()
  string(APPEND bytes "  .section .note.GNU-stack,\"\",%progbits\n")

  set(code "#include \"${arg_HEADER}\"\n\n#include <array>\n\nextern \"C\" {\n${symbols}}\n\n")
  string(APPEND code "namespace ${namespace} {\nnamespace {\n\n"
    "std::string_view text(const char* begin, const char* end) {\n"
    "  return {begin, static_cast<std::size_t>(end - begin)};\n}\n\n}  // namespace\n\n"
    "std::span<const impact::EmbeddedFile> ${function}() {\n"
    "  static const std::array<impact::EmbeddedFile, ${count}> kFiles{{\n${rows}  }};\n"
    "  return kFiles;\n}\n\n}  // namespace ${namespace}\n")

  set(output "${CMAKE_CURRENT_BINARY_DIR}/${stem}")
  file(CONFIGURE OUTPUT "${output}.s" CONTENT "${bytes}" @ONLY)
  file(CONFIGURE OUTPUT "${output}.cpp" CONTENT "${code}" @ONLY)
  set_source_files_properties("${output}.s" PROPERTIES OBJECT_DEPENDS "${arg_FILES}")
  target_sources(${target} PRIVATE "${output}.s" "${output}.cpp")
endfunction()
