# The same bits everywhere: no contraction, no value-changing optimisation, one fixed instruction
# set instead of the build machine's own, and no hidden threads inside Eigen.

add_compile_options(-ffp-contract=off -fno-fast-math)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  add_compile_options(-march=x86-64-v2 -mtune=generic)
endif()
add_compile_definitions(EIGEN_DONT_PARALLELIZE)
