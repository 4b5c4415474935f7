# retort_add_test(NAME SOURCES file... LIBRARIES target... [TORCH] [CAPABILITIES])
#
# A GoogleTest program; every test case becomes a CTest test. TORCH uses the precompiled LibTorch headers. With
# CAPABILITIES every case runs once more for each instruction set below the machine's best, see retort_test_capabilities.
function(retort_add_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "TORCH;CAPABILITIES" "" "SOURCES;LIBRARIES")
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${RETORT_WARNINGS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests"
                        ENABLE_EXPORTS OFF)
  retort_install_test(${name})
  if(arg_TORCH)
    retort_use_precompiled_torch(${name})
  endif()
  # One OpenMP thread: tests run side by side, and threads that wait for each other spin.
  gtest_discover_tests(${name} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120
                       PROPERTIES TIMEOUT 300 ENVIRONMENT OMP_NUM_THREADS=1)
  if(arg_CAPABILITIES)
    retort_test_capabilities(${name} "")
  endif()
endfunction()
