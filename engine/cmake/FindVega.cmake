# Finds the folder with the minified builds of Vega, Vega-Lite and Vega-Embed, which reports with
# charts carry: where the user says (Vega_ROOT), else the pinned releases that the launcher fetched
# into .deps/. Sets Vega_FOLDER and Vega_FILES.

set(Vega_NAMES vega-embed.min.js vega-lite.min.js vega.min.js)
find_path(Vega_FOLDER vega.min.js HINTS "${PROJECT_SOURCE_DIR}/.deps/vega")
mark_as_advanced(Vega_FOLDER)

set(Vega_FILES "")
set(Vega_COMPLETE TRUE)
foreach(name IN LISTS Vega_NAMES)
  list(APPEND Vega_FILES "${Vega_FOLDER}/${name}")
  if(NOT EXISTS "${Vega_FOLDER}/${name}")
    set(Vega_COMPLETE FALSE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Vega
  REQUIRED_VARS Vega_FOLDER Vega_COMPLETE
  REASON_FAILURE_MESSAGE "run \"./impact setup\" to fetch the pinned releases, or set Vega_ROOT")
