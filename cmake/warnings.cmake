# One place for what every translation unit is compiled with.
add_library(laminar_flags INTERFACE)
target_compile_options(laminar_flags INTERFACE
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror=return-type -Werror=unused-result
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
target_include_directories(laminar_flags INTERFACE "${CMAKE_SOURCE_DIR}/src" "${CMAKE_SOURCE_DIR}/include")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64" AND LAMINAR_ARCH)
  target_compile_options(laminar_flags INTERFACE "-march=${LAMINAR_ARCH}" -mtune=generic)
endif()
find_program(LAMINAR_MOLD mold)
if(LAMINAR_MOLD)
  target_link_options(laminar_flags INTERFACE -fuse-ld=mold)
endif()
if(LAMINAR_HOT_GUARD)
  target_compile_definitions(laminar_flags INTERFACE LAMINAR_HOT_GUARD)
endif()
