# retort_add_python_test(NAME FILE test_x.py [TIMEOUT seconds] [RUN_SERIAL] [ENVIRONMENT NAME=value...])
#
# One file for pytest as one CTest test; it finds the program under RETORT_BIN and the build tree under
# RETORT_BUILD_DIR. Run with RETORT_PYTHON, else with the Python that LibTorch came with; without either it is skipped.
function(retort_add_python_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "RUN_SERIAL" "FILE;TIMEOUT" "ENVIRONMENT")
  set(python "${RETORT_PYTHON}")
  if(NOT python)
    set(python "${RETORT_TORCH_DIR}/../../../../bin/python")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  if(EXISTS "${python}")
    add_test(NAME ${name} COMMAND "${python}" -m pytest -q -rs -p no:cacheprovider
                                  "${CMAKE_CURRENT_SOURCE_DIR}/${arg_FILE}")
  else()
    add_test(NAME ${name} COMMAND "${CMAKE_COMMAND}" -E echo "skipped: there is no Python at ${python}")
    set_tests_properties(${name} PROPERTIES SKIP_REGULAR_EXPRESSION "skipped: ")
  endif()
  set_tests_properties(
    ${name}
    PROPERTIES TIMEOUT ${arg_TIMEOUT} RUN_SERIAL ${arg_RUN_SERIAL} ENVIRONMENT
    "RETORT_BIN=$<TARGET_FILE:retort_host>;RETORT_BUILD_DIR=${CMAKE_BINARY_DIR};PYTHONDONTWRITEBYTECODE=1;${arg_ENVIRONMENT}")
endfunction()
