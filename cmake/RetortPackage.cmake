# What `cmake --install` and `cpack` make: a tree that runs from any place, on any machine with the same LibTorch.
#
#   bin/      retort and retort-manifest: a script that finds LibTorch and starts the program of its name in libexec/
#   libexec/  the programs
#   lib/      libretort_sdk.so; retort/plugins/ with the manifests; retort/deps/: the other shared libraries that are
#             needed, without glibc and LibTorch; cmake/Retort/ for find_package(Retort)
#   include/  what plugins are built against
#   share/    experiments, documents, benchmarks, converters
#
# The component "tests" (cmake --install … --component tests) adds the test programs in libexec/tests and those that measure in
# libexec/bench; tools/bench/gpu runs those of them that need a GPU.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME retort)
# LibTorch: RETORT_TORCH, by bin/retort; torch/ beside bin/; where it was when this was built.
set(RETORT_PROGRAM_RPATH "$ORIGIN/../lib;$ORIGIN/../lib/retort/deps;$ORIGIN/../torch/lib;${RETORT_TORCH_DIR}/lib")
set(RETORT_TEST_RPATH "$ORIGIN/../../lib;$ORIGIN/../../lib/retort/deps;$ORIGIN/../../torch/lib;${RETORT_TORCH_DIR}/lib")
# In an install(TARGETS): has the libraries that the target needs installed as well.
set(RETORT_COLLECT_DEPENDENCIES RUNTIME_DEPENDENCY_SET retort_dependencies)

# retort_install_test(TARGET [tests|bench]): a test program, or one of Google Benchmark's, in the component "tests"
function(retort_install_test target)
  set(folder ${ARGN})
  if(NOT folder)
    set(folder tests)
  endif()
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "${RETORT_TEST_RPATH}")
  install(TARGETS ${target} RUNTIME DESTINATION libexec/${folder} COMPONENT tests EXCLUDE_FROM_ALL)
endfunction()

# retort_install_dependencies(): behind the last install(TARGETS … ${RETORT_COLLECT_DEPENDENCIES})
function(retort_install_dependencies)
  install(RUNTIME_DEPENDENCY_SET retort_dependencies
          PRE_EXCLUDE_REGEXES "^libtorch" "^libc10" "^libgomp" "^libretort_sdk" "^ld-linux" "^libc\\.so" "^libm\\.so"
                              "^lib(dl|pthread|rt|resolv|util|anl|mvec)\\.so"
          POST_EXCLUDE_REGEXES "^${RETORT_TORCH_DIR}/"
          DIRECTORIES "${RETORT_TORCH_DIR}/lib" "${CMAKE_BINARY_DIR}/lib"
          LIBRARY DESTINATION lib/retort/deps)
endfunction()

configure_file(cmake/retort.sh.in "${CMAKE_BINARY_DIR}/retort.sh" @ONLY)
install(PROGRAMS "${CMAKE_BINARY_DIR}/retort.sh" DESTINATION bin RENAME retort)
install(PROGRAMS "${CMAKE_BINARY_DIR}/retort.sh" DESTINATION bin RENAME retort-manifest)
install(DIRECTORY configs DESTINATION share/retort FILES_MATCHING PATTERN "*.toml" PATTERN "*.md")
install(DIRECTORY tools/bench tools/grafana tools/python tools/prometheus DESTINATION share/retort USE_SOURCE_PERMISSIONS
        PATTERN "__pycache__" EXCLUDE)
install(FILES LICENSE README.md CHANGELOG.md BENCHMARKS.md DESTINATION share/retort)

# Whoever installs has built what they want to install.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_NAME retort)
set(CPACK_PACKAGE_VENDOR "Retort")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Knowledge distillation with plugins, in C++")
set(CPACK_PACKAGE_FILE_NAME "retort-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR}")
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL retort)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_RETORT_FILE_NAME "${CPACK_PACKAGE_FILE_NAME}")
set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY ON)
set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
include(CPack)
