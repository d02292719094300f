# colonnade_headers: compiles every header of src/ alone, so that each includes what it uses. Not part of
# `all`; `./dev check` builds it. Public headers are not here: `public_headers_alone` in tests/headers and
# the check `public` compile those, as C++20 and without anything precompiled.
#
# tools/header_chains puts headers that include each other into one unit, which halves the units and
# finds the same faults; `./dev check headers` runs it again first.
#
# A header costs two seconds because of the third-party headers that it pulls in, so those come
# precompiled; COLONNADE_HEADERS_STRICT goes without. What of the standard library is missing in a
# header is then found by tools/std_headers, which reads the names.

option(COLONNADE_HEADERS_STRICT "Compile headers alone without any precompiled header" OFF)
add_custom_target(colonnade_headers)
if(COLONNADE_SERVER)
  set(folder ${CMAKE_BINARY_DIR}/headers/colonnade_headers_of_src)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/header_chains ${folder} ${CMAKE_SOURCE_DIR}
                  COMMAND_ERROR_IS_FATAL ANY)
  file(GLOB units CONFIGURE_DEPENDS ${folder}/*.cpp)
  add_library(colonnade_headers_of_src OBJECT EXCLUDE_FROM_ALL ${units})
  target_include_directories(colonnade_headers_of_src PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(colonnade_headers_of_src PRIVATE ${COLONNADE_WARNINGS})
  if(TARGET colonnade_pch AND NOT COLONNADE_HEADERS_STRICT)
    target_precompile_headers(colonnade_headers_of_src REUSE_FROM colonnade_pch)
  endif()
  add_dependencies(colonnade_headers colonnade_headers_of_src)
endif()
