# colonnade_headers: compiles every header of src/ alone, so that each includes what it uses. Not part of
# `all`; `./dev check` builds it. Public headers are not here: `public_headers_alone` in tests/headers and
# the check `public` compile those, as C++20 and without anything precompiled.
#
# A header costs two seconds because of the third-party headers that it pulls in, so those come
# precompiled; COLONNADE_HEADERS_STRICT goes without. What of the standard library is missing in a
# header is then found by tools/std_headers, which reads the names.

option(COLONNADE_HEADERS_STRICT "Compile headers alone without any precompiled header" OFF)
add_custom_target(colonnade_headers)
if(COLONNADE_SERVER)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/src/*.hpp)
  set(units "")
  foreach(header IN LISTS headers)
    if(header STREQUAL "base/lane_run_on.hpp")
      continue()  # the body of base/lane.hpp, which alone includes it
    endif()
    string(REPLACE "/" "__" unit ${header})
    set(unit ${CMAKE_BINARY_DIR}/headers/colonnade_headers_of_src/${unit}.cpp)
    if(NOT EXISTS ${unit})
      file(WRITE ${unit} "#include \"${header}\"\n")
    endif()
    list(APPEND units ${unit})
  endforeach()
  add_library(colonnade_headers_of_src OBJECT EXCLUDE_FROM_ALL ${units})
  target_include_directories(colonnade_headers_of_src PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(colonnade_headers_of_src PRIVATE ${COLONNADE_WARNINGS})
  if(TARGET colonnade_pch AND NOT COLONNADE_HEADERS_STRICT)
    target_precompile_headers(colonnade_headers_of_src REUSE_FROM colonnade_pch)
  endif()
  add_dependencies(colonnade_headers colonnade_headers_of_src)
endif()
