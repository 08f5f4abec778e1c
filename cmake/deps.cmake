# Every outside library is found here and nowhere else; nothing is downloaded at configure time.
find_package(fmt REQUIRED)
find_package(doctest QUIET)
find_package(OpenSSL 3 REQUIRED)
find_package(Threads REQUIRED)
find_package(date REQUIRED)
find_package(RocksDB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(libedit IMPORTED_TARGET libedit)
pkg_check_modules(liburing IMPORTED_TARGET liburing)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(utf8proc REQUIRED IMPORTED_TARGET libutf8proc)

# Arrow: a system install first, then the pinned Python wheel in the private environment.
find_package(Arrow CONFIG QUIET COMPONENTS)
if(NOT Arrow_FOUND)
  find_package(ArrowWheel 23 REQUIRED COMPONENTS arrow parquet)
endif()

# The wheel's libparquet exports OpenSSL's symbols, so libcrypto stands first in every final link.
add_library(crypto_first INTERFACE)
target_link_options(crypto_first INTERFACE "LINKER:--push-state,--no-as-needed" "$<TARGET_FILE:OpenSSL::Crypto>" "LINKER:--pop-state")

# RE2 static and hidden: the wheel exports RE2 symbols of another version, which would answer wrongly.
# Distributions build the static one for programs only, so liblaminar.so takes the shared one, named before Arrow's.
find_library(RE2_STATIC libre2.a REQUIRED)
find_library(RE2_SHARED re2 REQUIRED)
set(is_shared $<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>)
add_library(re2_hidden INTERFACE)
# From 2023 on RE2 stands on abseil, whose libraries its pkg-config file names.
pkg_check_modules(re2_needs QUIET re2)
list(REMOVE_ITEM re2_needs_LIBRARIES re2)
target_link_libraries(re2_hidden INTERFACE "$<IF:${is_shared},${RE2_SHARED},${RE2_STATIC}>" "$<$<NOT:${is_shared}>:${re2_needs_LIBRARIES}>" Threads::Threads)
target_link_options(re2_hidden INTERFACE "LINKER:--exclude-libs,libre2.a")
