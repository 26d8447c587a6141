# IMPACT_SANITIZE=address|undefined|thread instruments everything the project compiles.

set(known_sanitizers address undefined thread)
if(IMPACT_SANITIZE)
  if(NOT IMPACT_SANITIZE IN_LIST known_sanitizers)
    message(FATAL_ERROR "IMPACT_SANITIZE is \"${IMPACT_SANITIZE}\"; expected address, undefined or thread")
  endif()
  add_compile_options(-fsanitize=${IMPACT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${IMPACT_SANITIZE})
  if(IMPACT_SANITIZE STREQUAL "undefined")
    add_compile_options(-fno-sanitize-recover=all)
  endif()
endif()
