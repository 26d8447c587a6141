# A pinned library below the source tree is found relative to the program, so the folder can move.

function(impact_rpath target)
  cmake_path(IS_PREFIX PROJECT_SOURCE_DIR "${DuckDB_LIBRARY}" NORMALIZE inside)
  if(NOT inside)
    return()
  endif()
  cmake_path(GET DuckDB_LIBRARY PARENT_PATH folder)
  file(RELATIVE_PATH relative "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}" "${folder}")
  set_target_properties(${target} PROPERTIES
    BUILD_WITH_INSTALL_RPATH ON
    INSTALL_RPATH "$ORIGIN/${relative}")
endfunction()
