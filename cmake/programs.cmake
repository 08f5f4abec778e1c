# Programs beside the modules: the laminar binary, test drivers, fuzzers, benchmarks and examples.
if(EXISTS "${CMAKE_SOURCE_DIR}/src/app/main.cc")
  add_executable(laminar "${CMAKE_SOURCE_DIR}/src/app/main.cc")
  target_link_libraries(laminar PRIVATE crypto_first laminar_app)
endif()

# One fuzzer a file x_fuzz.cc, linked to its module.
if(LAMINAR_TESTS)
  foreach(module IN LISTS laminar_modules)
    file(GLOB_RECURSE fuzzers CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${module}/*_fuzz.cc")
    foreach(fuzzer IN LISTS fuzzers)
      get_filename_component(name "${fuzzer}" NAME_WE)
      add_executable(${name} "${fuzzer}" "${CMAKE_SOURCE_DIR}/tests/fuzz_main.cc")
      target_link_libraries(${name} PRIVATE crypto_first laminar_${module} laminar_sim)
      target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}" "${CMAKE_SOURCE_DIR}/tests")
    endforeach()
  endforeach()
endif()

# The simulation of whole databases, built on request (./dev sim) and without the unit tests.
file(GLOB simulation CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/tests/sim/*.cc")
add_executable(simulate EXCLUDE_FROM_ALL ${simulation})
target_link_libraries(simulate PRIVATE crypto_first laminar_connectors laminar_engine laminar_sim)

# The process that tests/recovery/kill.py kills.
if(LAMINAR_TESTS)
  add_executable(kill_worker "${CMAKE_SOURCE_DIR}/tests/recovery/kill_worker.cc")
  target_link_libraries(kill_worker PRIVATE crypto_first laminar_api)
endif()

# Benchmarks are built on request (./dev bench): one program a file, x_bench.cc beside the code and bench/*.cc for wholes.
add_custom_target(benchmarks)
foreach(module IN LISTS laminar_modules)
  file(GLOB_RECURSE benches CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/src/${module}/*_bench.cc")
  foreach(bench IN LISTS benches)
    get_filename_component(name "${bench}" NAME_WE)
    add_executable(${name} EXCLUDE_FROM_ALL "${bench}")
    target_link_libraries(${name} PRIVATE crypto_first laminar_${module} fmt::fmt)
    target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
    add_dependencies(benchmarks ${name})
  endforeach()
endforeach()
file(GLOB macro_benches CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/bench/*_bench.cc")
foreach(bench IN LISTS macro_benches)
  get_filename_component(name "${bench}" NAME_WE)
  add_executable(${name} EXCLUDE_FROM_ALL "${bench}")
  target_link_libraries(${name} PRIVATE crypto_first laminar_app fmt::fmt)
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}")
  add_dependencies(benchmarks ${name})
endforeach()

# Writes the reference page of the functions from what they declare (./dev docs).
add_executable(functions_page "${CMAKE_SOURCE_DIR}/tools/reference/functions_page.cc")
target_link_libraries(functions_page PRIVATE laminar_functions)
