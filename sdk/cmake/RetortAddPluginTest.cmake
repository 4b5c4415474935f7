# retort_add_plugin_test(NAME SOURCES file... [CAPABILITIES])
#
# A GoogleTest program for the plugin NAME, linked with the testing kit (retort/testing.hpp); every test case becomes a
# CTest test. Its sources find the library under RETORT_PLUGIN_LIBRARY. Nothing is built where tests are off
# (RETORT_TESTS in Retort's own tree, BUILD_TESTING elsewhere); enable_testing() is the caller's. CAPABILITIES is for
# plugins with kernels: every case runs once more for each instruction set below the machine's best.
function(retort_add_plugin_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "CAPABILITIES" "" "SOURCES")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: retort_add_plugin_test(NAME SOURCES file... [CAPABILITIES])")
  endif()
  foreach(option RETORT_TESTS BUILD_TESTING)
    if(DEFINED ${option} AND NOT ${option})
      return()
    endif()
  endforeach()
  find_package(GTest REQUIRED)
  include(GoogleTest)
  add_executable(${name}_plugin_test ${arg_SOURCES})
  target_compile_options(${name}_plugin_test PRIVATE -Wall -Wextra -Wno-missing-field-initializers)
  target_compile_definitions(${name}_plugin_test PRIVATE RETORT_PLUGIN_LIBRARY="$<TARGET_FILE:${name}_plugin>")
  target_link_libraries(${name}_plugin_test PRIVATE retort::testing GTest::gmock GTest::gtest_main)
  add_dependencies(${name}_plugin_test ${name}_plugin)
  if(COMMAND retort_install_test)
    retort_install_test(${name}_plugin_test)
  endif()
  set_target_properties(${name}_plugin_test PROPERTIES CXX_EXTENSIONS OFF
                        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
  retort_use_precompiled_torch(${name}_plugin_test)
  # One OpenMP thread: tests run side by side, and threads that wait for each other spin.
  gtest_discover_tests(${name}_plugin_test TEST_PREFIX "${name}." NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST
                       DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 300 ENVIRONMENT OMP_NUM_THREADS=1)
  if(arg_CAPABILITIES)
    retort_test_capabilities(${name}_plugin_test "${name}.")
  endif()
endfunction()
