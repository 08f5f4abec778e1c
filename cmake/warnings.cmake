# One place for what every translation unit is compiled with. Global, so that the precompiled headers fit every target.
add_compile_options(
  -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Werror=return-type -Werror=unused-result
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64" AND LAMINAR_ARCH)
  add_compile_options("-march=${LAMINAR_ARCH}" -mtune=generic)
endif()
add_compile_definitions(FMT_SHARED)  # fmt's own flag: in every target or in none, for the precompiled headers' sake
if(LAMINAR_HOT_GUARD)
  add_compile_definitions(LAMINAR_HOT_GUARD)
endif()
if(LAMINAR_SANITIZE)
  add_compile_options("-fsanitize=${LAMINAR_SANITIZE}" -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options("-fsanitize=${LAMINAR_SANITIZE}")
endif()
find_program(LAMINAR_MOLD mold)
if(LAMINAR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
find_program(LAMINAR_CCACHE ccache)
if(LAMINAR_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Precompiled headers carry time stamps; these settings let ccache see past them.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime,locale
    "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${LAMINAR_CCACHE}")
endif()
