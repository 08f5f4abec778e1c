# What others build against: liblaminar.so, the public headers, and find_package(LaminarDB) or pkg-config to find them.
# The library shows only its public names; everything linked into it stays inside.
include(GNUInstallDirs)

get_target_property(api_type laminar_api TYPE)
if(NOT api_type STREQUAL "STATIC_LIBRARY")
  return()
endif()

file(STRINGS "${CMAKE_SOURCE_DIR}/include/laminar/laminar.h" header_version REGEX "define LAMINAR_VERSION \"${PROJECT_VERSION}\"")
if(NOT header_version)
  message(FATAL_ERROR "LAMINAR_VERSION in include/laminar/laminar.h is not ${PROJECT_VERSION}")
endif()

# Public names live in api, which goes in as objects, so that hiding every archive's symbols (exclude-libs) leaves its
# own alone. Of the rest only what it needs goes in.
add_library(laminar_shared SHARED $<TARGET_OBJECTS:laminar_api>)
target_link_libraries(laminar_shared PRIVATE crypto_first "${RE2_SHARED}" laminar_api)  # searched in this order
target_link_options(laminar_shared PRIVATE "LINKER:--exclude-libs,ALL" "LINKER:--gc-sections")
set_target_properties(laminar_shared PROPERTIES
  OUTPUT_NAME laminar VERSION "${PROJECT_VERSION}" SOVERSION "${PROJECT_VERSION_MAJOR}"
  INSTALL_RPATH "$ORIGIN/laminar")
target_include_directories(laminar_shared INTERFACE "${CMAKE_SOURCE_DIR}/include")
add_library(LaminarDB::laminar ALIAS laminar_shared)

install(TARGETS laminar_shared LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY "${CMAKE_SOURCE_DIR}/include/laminar" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}")
install(DIRECTORY "${CMAKE_SOURCE_DIR}/examples/flights" DESTINATION "${CMAKE_INSTALL_DATADIR}/laminar/examples")
install(FILES "${CMAKE_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DOCDIR}")
if(TARGET laminar)
  set_target_properties(laminar PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/laminar")
  install(TARGETS laminar RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
endif()
# Arrow from the wheel has no package of its own: its two libraries travel along. A system Arrow stays where it is.
if(ArrowWheel_FOUND)
  install(FILES $<TARGET_FILE:Arrow::arrow> $<TARGET_FILE:Arrow::parquet> DESTINATION "${CMAKE_INSTALL_LIBDIR}/laminar")
endif()

include(CMakePackageConfigHelpers)
configure_package_config_file("${CMAKE_SOURCE_DIR}/cmake/LaminarDBConfig.cmake.in" "${CMAKE_BINARY_DIR}/LaminarDBConfig.cmake"
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/LaminarDB" PATH_VARS CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/LaminarDBConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
string(REGEX REPLACE "[^/]+" ".." PC_UP "${CMAKE_INSTALL_LIBDIR}/pkgconfig")  # from the .pc file up to the prefix
configure_file("${CMAKE_SOURCE_DIR}/cmake/laminar.pc.in" "${CMAKE_BINARY_DIR}/laminar.pc" @ONLY)
install(FILES "${CMAKE_BINARY_DIR}/LaminarDBConfig.cmake" "${CMAKE_BINARY_DIR}/LaminarDBConfigVersion.cmake"
  DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/LaminarDB")
install(FILES "${CMAKE_BINARY_DIR}/laminar.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
