# colonnade_headers: compiles every header of src/ and include/ alone, without a precompiled header, so
# that each includes what it uses. Not part of `all`; `./dev check` builds it.
#
# Public headers are compiled as C++20, which is what their users are promised.

function(colonnade_headers_alone target standard folder)
  file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.hpp)
  set(units "")
  foreach(header IN LISTS headers)
    if(header STREQUAL "base/lane_run_on.hpp")
      continue()  # the body of base/lane.hpp, which alone includes it
    endif()
    string(REPLACE "/" "__" unit ${header})
    set(unit ${CMAKE_BINARY_DIR}/headers/${target}/${unit}.cpp)
    if(NOT EXISTS ${unit})
      file(WRITE ${unit} "#include \"${header}\"\n")
    endif()
    list(APPEND units ${unit})
  endforeach()
  if(NOT units)
    return()
  endif()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${units})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/include ${folder})
  target_compile_options(${target} PRIVATE ${COLONNADE_WARNINGS})
  set_target_properties(${target} PROPERTIES CXX_STANDARD ${standard})
  add_dependencies(colonnade_headers ${target})
endfunction()

add_custom_target(colonnade_headers)
if(COLONNADE_SERVER)
  colonnade_headers_alone(colonnade_headers_of_src 23 ${CMAKE_SOURCE_DIR}/src)
endif()
colonnade_headers_alone(colonnade_headers_public 20 ${CMAKE_SOURCE_DIR}/include)
