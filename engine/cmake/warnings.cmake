# Warnings for the project's own code; third-party headers arrive as system headers and stay silent.
# CMAKE_COMPILE_WARNING_AS_ERROR (on in the dev and sanitizer presets, and in CI) makes them errors.

function(impact_warnings target)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
    -Wcast-qual -Wformat=2 -Wimplicit-fallthrough -Wundef -Wvla)
endfunction()
