# Faster builds where the machine has the tools: a compiler cache and a quick linker.

find_program(IMPACT_CCACHE ccache)
if(IMPACT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers are cached only with these relaxations.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime"
      "${IMPACT_CCACHE}")
endif()

find_program(IMPACT_MOLD mold)
find_program(IMPACT_LLD ld.lld)
if(IMPACT_MOLD)
  add_link_options(-fuse-ld=mold)
elseif(IMPACT_LLD)
  add_link_options(-fuse-ld=lld)
endif()
