# One folder of src/ is one library, linked only to what tools/arrows.txt lets it include.

set(COLONNADE_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(COLONNADE_WERROR)
  list(APPEND COLONNADE_WARNINGS -Werror)
endif()

if(COLONNADE_SANITIZE)
  add_compile_options(-fsanitize=${COLONNADE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${COLONNADE_SANITIZE})
endif()

# Asio and Beast compile once, in net/ and base/, not in every file that includes them.
add_compile_definitions(BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                        BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

# colonnade_library(<name> SOURCES … [LINK …]  [LINK_PRIVATE …])
#   Makes the static library colonnade_<name>.
function(colonnade_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK;LINK_PRIVATE" ${ARGN})
  add_library(colonnade_${name} STATIC ${arg_SOURCES})
  target_include_directories(colonnade_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  target_compile_options(colonnade_${name} PRIVATE ${COLONNADE_WARNINGS})
  target_link_libraries(colonnade_${name} PUBLIC ${arg_LINK} PRIVATE ${arg_LINK_PRIVATE})
endfunction()

# colonnade_test(<name> SOURCES … LINK …)
#   Makes the test program <name>_test and registers each of its cases with CTest.
function(colonnade_test name)
  if(NOT COLONNADE_TESTS)
    return()
  endif()
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  target_compile_options(${name}_test PRIVATE ${COLONNADE_WARNINGS})
  target_compile_definitions(${name}_test PRIVATE
    COLONNADE_FIXTURES="${COLONNADE_FIXTURES}"
    COLONNADE_CONTRACTS="${COLONNADE_CONTRACTS}"
    COLONNADE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(${name}_test PRIVATE ${arg_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 120)
endfunction()
