# Finds DuckDB's C library and its header, in this order:
#   1. where the user says: DuckDB_ROOT (CMake variable or environment);
#   2. the pinned release that the launcher fetched into .deps/;
#   3. the system.
# Defines the imported target DuckDB::DuckDB.

find_path(DuckDB_INCLUDE_DIR duckdb.h
  HINTS "${PROJECT_SOURCE_DIR}/.deps/duckdb/include")
find_library(DuckDB_LIBRARY duckdb
  HINTS "${PROJECT_SOURCE_DIR}/.deps/duckdb/lib")
mark_as_advanced(DuckDB_INCLUDE_DIR DuckDB_LIBRARY)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(DuckDB
  REQUIRED_VARS DuckDB_LIBRARY DuckDB_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "run \"./impact setup\" to fetch the pinned release, or set DuckDB_ROOT")

if(DuckDB_FOUND AND NOT TARGET DuckDB::DuckDB)
  add_library(DuckDB::DuckDB SHARED IMPORTED)
  set_target_properties(DuckDB::DuckDB PROPERTIES
    IMPORTED_LOCATION "${DuckDB_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${DuckDB_INCLUDE_DIR}")
endif()
