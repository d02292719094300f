# One folder of src/ is one library, linked only to what tools/arrows.txt lets it include.

set(COLONNADE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(COLONNADE_WERROR)
  list(APPEND COLONNADE_WARNINGS -Werror)
endif()

if(COLONNADE_SANITIZE)
  add_compile_options(-fsanitize=${COLONNADE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COLONNADE_SANITIZE})
endif()
if(COLONNADE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Under a sanitizer most of a build's time is the optimizer at work on tests; what they test stays
# optimized.
set(COLONNADE_TEST_SECONDS 120)
if(COLONNADE_SANITIZE)
  set(COLONNADE_TEST_OPTIONS -O0)
  set(COLONNADE_TEST_SECONDS 600)
endif()

# Asio and Beast compile once, in net/ and base/, not in every file that includes them.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

# Two precompiled headers serve every library and every test. They differ in -fPIC and -fPIE, which
# clang does not let one file mix. They must not be relied upon for missing includes:
# tools/std_headers finds those of the standard library, and the g++ build goes without.
if(COLONNADE_PCH AND CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # Without a timestamp inside, equal precompiled headers are equal bytes, and ccache hits.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fno-pch-timestamp>)
  # What the headers instantiate is instantiated in them, not again in each file.
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:SHELL:-Xclang$<SEMICOLON>-fpch-instantiate-templates>)
  add_library(colonnade_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
  target_precompile_headers(colonnade_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp)
  if(COLONNADE_UNITY AND COLONNADE_SERVER)
    # Clean builds parse core's headers once, too.
    add_library(colonnade_core_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
    target_include_directories(colonnade_core_pch PRIVATE ${CMAKE_SOURCE_DIR}/src)
    target_precompile_headers(colonnade_core_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_core.hpp)
    if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
      # A precompiled header fits one level of optimization only.
      add_library(colonnade_small_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
      target_include_directories(colonnade_small_pch PRIVATE ${CMAKE_SOURCE_DIR}/src)
      target_compile_options(colonnade_small_pch PRIVATE -Oz)
      target_precompile_headers(colonnade_small_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled_core.hpp)
    endif()
  endif()
  if(COLONNADE_TESTS)
    add_library(colonnade_test_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
    set_target_properties(colonnade_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(colonnade_test_pch PRIVATE -fPIE ${COLONNADE_TEST_OPTIONS})
    target_compile_definitions(colonnade_test_pch PRIVATE GTEST_HAS_PTHREAD=1)  # as GTest::gtest does
    target_precompile_headers(colonnade_test_pch PRIVATE
      ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp <gtest/gtest.h> <gmock/gmock.h>)
    if(COLONNADE_UNITY AND COLONNADE_SERVER)
      add_library(colonnade_core_test_pch OBJECT ${CMAKE_SOURCE_DIR}/cmake/precompiled.cpp)
      set_target_properties(colonnade_core_test_pch PROPERTIES POSITION_INDEPENDENT_CODE OFF)
      target_include_directories(colonnade_core_test_pch PRIVATE ${CMAKE_SOURCE_DIR}/src)
      target_compile_options(colonnade_core_test_pch PRIVATE -fPIE ${COLONNADE_TEST_OPTIONS})
      target_compile_definitions(colonnade_core_test_pch PRIVATE GTEST_HAS_PTHREAD=1)
      target_precompile_headers(colonnade_core_test_pch PRIVATE
        ${CMAKE_SOURCE_DIR}/cmake/precompiled_core.hpp <gtest/gtest.h> <gmock/gmock.h>)
    endif()
  endif()
endif()

# colonnade_library(<name> SOURCES … [LINK …] [LINK_PRIVATE …] [NO_UNITY] [SMALL])
#   Makes the static library colonnade_<name>. NO_PCH is for what links without Boost: the precompiled
#   header refers to Asio. NO_UNITY is for a library whose files cannot share a
#   translation unit; say why where it is used. SMALL is for what runs rarely: the release build
#   optimizes it for size, which makes its code about a quarter smaller.
function(colonnade_library name)
  cmake_parse_arguments(arg "NO_UNITY;NO_PCH;SMALL" "" "SOURCES;LINK;LINK_PRIVATE" ${ARGN})
  add_library(colonnade_${name} STATIC ${arg_SOURCES})
  target_include_directories(colonnade_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(colonnade_${name} PRIVATE ${COLONNADE_WARNINGS})
  target_link_libraries(colonnade_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_LINK_PRIVATE})
  if(arg_SMALL AND TARGET colonnade_small_pch)
    target_compile_options(colonnade_${name} PRIVATE -Oz)
    target_precompile_headers(colonnade_${name} REUSE_FROM colonnade_small_pch)
  elseif(TARGET colonnade_core_pch AND NOT arg_NO_PCH AND NOT name MATCHES "^(base|net)$")
    target_precompile_headers(colonnade_${name} REUSE_FROM colonnade_core_pch)
  elseif(TARGET colonnade_pch AND NOT arg_NO_PCH)
    target_precompile_headers(colonnade_${name} REUSE_FROM colonnade_pch)
  endif()
  if(COLONNADE_UNITY AND NOT arg_NO_UNITY)
    set_target_properties(colonnade_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 6)
    # Bodies of third-party libraries keep to themselves: their macros and names are not ours.
    foreach(source IN LISTS arg_SOURCES)
      if(source MATCHES "_impl\\.cpp$")
        set_source_files_properties(${source} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
      endif()
    endforeach()
  endif()
endfunction()

# colonnade_symbols_apart(<program>)
#   Moves the program's debug symbols into <program>.debug beside it, where debuggers find them by the
#   link that stays in the program. `cmake --install` installs the program alone, `--component symbols`
#   the symbols.
function(colonnade_symbols_apart program)
  if(NOT COLONNADE_SYMBOLS_APART OR NOT CMAKE_OBJCOPY)
    return()
  endif()
  set(file $<TARGET_FILE:${program}>)
  add_custom_command(TARGET ${program} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --only-keep-debug --compress-debug-sections ${file} ${file}.debug
    COMMAND ${CMAKE_OBJCOPY} --strip-all ${file}
    COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=${file}.debug ${file}
    VERBATIM)
  install(FILES ${file}.debug DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT symbols EXCLUDE_FROM_ALL)
endfunction()

# colonnade_test_library(<name> SOURCES … LINK …)
#   Makes the static library colonnade_<name> of what several test programs share, compiled once.
function(colonnade_test_library name)
  if(NOT COLONNADE_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(colonnade_${name} STATIC ${arg_SOURCES})
  target_compile_options(colonnade_${name} PRIVATE ${COLONNADE_WARNINGS} ${COLONNADE_TEST_OPTIONS})
  colonnade_tell_source_folder(${arg_SOURCES})
  target_link_libraries(colonnade_${name} PUBLIC ${arg_LINK} PRIVATE GTest::gtest GTest::gmock)
  if(TARGET colonnade_test_pch)
    set_target_properties(colonnade_${name} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(colonnade_${name} PRIVATE -fPIE)  # as the programs that share the header
    target_precompile_headers(colonnade_${name} REUSE_FROM colonnade_test_pch)
  endif()
endfunction()

# Only files that look for scripts or pages are told where the sources are: what does not know its own
# place compiles once for all checkouts, out of one cache.
function(colonnade_tell_source_folder)
  foreach(source IN LISTS ARGN)
    file(STRINGS ${source} mentions REGEX "COLONNADE_SOURCE_DIR|mcp_peers\\.hpp" LIMIT_COUNT 1)
    if(mentions)
      set_source_files_properties(${source} PROPERTIES
        COMPILE_DEFINITIONS COLONNADE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    endif()
  endforeach()
endfunction()

# colonnade_test(<name> SOURCES … LINK … [HEADER …])
#   Makes the test program <name>_test and registers each of its cases with CTest. HEADER is one that
#   most of its files include, and that costs seconds: it is parsed once for all of them.
function(colonnade_test name)
  if(NOT COLONNADE_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "NO_PCH" "HEADER" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_compile_options(${name}_test PRIVATE ${COLONNADE_WARNINGS} ${COLONNADE_TEST_OPTIONS})
  target_compile_definitions(${name}_test PRIVATE
    COLONNADE_FIXTURES="${COLONNADE_FIXTURES}"
    COLONNADE_CONTRACTS="${COLONNADE_CONTRACTS}")
  colonnade_tell_source_folder(${arg_SOURCES})
  target_link_libraries(${name}_test PRIVATE ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  if(TARGET colonnade_test_pch AND arg_HEADER)
    target_precompile_headers(${name}_test PRIVATE
      ${CMAKE_SOURCE_DIR}/cmake/precompiled.hpp <gtest/gtest.h> <gmock/gmock.h>
      ${CMAKE_CURRENT_SOURCE_DIR}/${arg_HEADER})
  elseif(TARGET colonnade_core_test_pch AND NOT arg_NO_PCH AND arg_LINK MATCHES "colonnade_(app|core|dialects|storage|tools)")
    target_precompile_headers(${name}_test REUSE_FROM colonnade_core_test_pch)
  elseif(TARGET colonnade_test_pch AND NOT arg_NO_PCH)
    target_precompile_headers(${name}_test REUSE_FROM colonnade_test_pch)
  endif()
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT ${COLONNADE_TEST_SECONDS})
endfunction()
