# impact_embed(<target> BASE <folder> FILES <file>... HEADER <header> FUNCTION <qualified::name>)
#
# Compiles the bytes of the files into <target>, unchanged. <header> declares the function, which
# takes nothing and returns std::span<const impact::EmbeddedFile>, sorted by name; a name is the
# path below <folder>. The table is rewritten when a file changes or the list of files does.
#
# As a script (cmake -P) this file writes that table.

if(CMAKE_SCRIPT_MODE_FILE STREQUAL CMAKE_CURRENT_LIST_FILE)
  file(STRINGS "${LIST}" files)
  set(arrays "")
  set(rows "")
  set(index 0)
  foreach(name IN LISTS files)
    file(READ "${BASE}/${name}" bytes HEX)
    string(LENGTH "${bytes}" size)
    math(EXPR size "${size} / 2")
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
    # The closing zero keeps an empty file's array legal; it is not part of the text.
    string(APPEND arrays "constexpr unsigned char kFile${index}[] = {\n${bytes}0x00};\n")
    string(APPEND rows "    {\"${name}\", {reinterpret_cast<const char*>(kFile${index}), ${size}}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  string(REGEX REPLACE "::[^:]+$" "" namespace "${FUNCTION}")
  string(REGEX REPLACE "^.*::" "" function "${FUNCTION}")
  set(code "#include \"${HEADER}\"\n\n#include <array>\n\nnamespace {\n${arrays}}  // namespace\n\n")
  string(APPEND code "namespace ${namespace} {\n\nstd::span<const impact::EmbeddedFile> ${function}() {\n")
  string(APPEND code "  static const std::array<impact::EmbeddedFile, ${index}> kFiles{{\n${rows}  }};\n")
  string(APPEND code "  return kFiles;\n}\n\n}  // namespace ${namespace}\n")
  file(WRITE "${OUTPUT}" "${code}")
  return()
endif()

set(IMPACT_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")

function(impact_embed target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "BASE;HEADER;FUNCTION" "FILES")
  set(names "")
  foreach(file IN LISTS arg_FILES)
    file(RELATIVE_PATH name "${arg_BASE}" "${file}")
    list(APPEND names "${name}")
  endforeach()
  list(SORT names COMPARE STRING)
  list(JOIN names "\n" lines)
  string(MAKE_C_IDENTIFIER "${arg_FUNCTION}" stem)
  set(list_file "${CMAKE_CURRENT_BINARY_DIR}/${stem}.list")
  set(output "${CMAKE_CURRENT_BINARY_DIR}/${stem}.cpp")
  file(CONFIGURE OUTPUT "${list_file}" CONTENT "${lines}" @ONLY)
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DLIST=${list_file}" "-DBASE=${arg_BASE}" "-DHEADER=${arg_HEADER}"
            "-DFUNCTION=${arg_FUNCTION}" "-DOUTPUT=${output}" -P "${IMPACT_EMBED_SCRIPT}"
    DEPENDS ${arg_FILES} "${list_file}" "${IMPACT_EMBED_SCRIPT}"
    COMMENT "Embedding ${arg_BASE}"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
