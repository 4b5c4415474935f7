# retort_add_kernels(TARGET SOURCES file... [CUDA file.cu...] [CUDA_FOLDER folder])
#
# Adds kernels for the machine that the program will run on, not the one that builds it, to the library, plugin
# (NAME_plugin) or program TARGET. Called once for a target.
#
#   SOURCES  compiled three times: for plain x86-64, for AVX2 with FMA and F16C, for AVX-512 (elsewhere once). LibTorch
#            chooses at run time, by the processor or by ATEN_CPU_CAPABILITY: retort/kernels/dispatch.hpp. They are plain
#            loops over pointers, that GCC vectorises. Everything in them is in an anonymous namespace and they use no
#            inline functions of the standard library or of LibTorch: the linker keeps one copy of an inline function,
#            which might be the one for AVX-512. The test <TARGET>.kernels_are_local checks it.
#   CUDA     compiled by nvcc for sm_80 and sm_90, with PTX for what comes later (RETORT_CUDA_ARCHITECTURES), where there
#            is an nvcc of LibTorch's CUDA version. They are C++17, take pointers and a stream, include no header of
#            LibTorch (then they compile in seconds) and export extern "C" functions, see retort/kernels/cuda.hpp.
#
# CUDA sources become a library of their own, TARGET.cuda.so. No binary names it as needed, nor libtorch_cuda or the CUDA
# runtime on its account: it is opened when a kernel first meets a tensor on a GPU, when LibTorch's CUDA libraries are
# loaded already. It lies in CUDA_FOLDER: by default beside a plugin, else in lib/ of the build tree, and is looked for
# beside the binary that holds the calling code and in ../lib from there. CMake's own CUDA language is not used: it would
# have to be enabled by every project that calls this function, and CMake 3.25 knows no C++20 for nvcc 13.
function(retort_add_kernels target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CUDA_FOLDER" "SOURCES;CUDA")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: retort_add_kernels(TARGET SOURCES file... [CUDA file.cu...] [CUDA_FOLDER folder])")
  endif()
  set(flags_DEFAULT "")
  set(flags_AVX2 -mavx2 -mfma -mf16c)
  set(flags_AVX512 -mavx512f -mavx512bw -mavx512vl -mavx512dq -mavx2 -mfma -mf16c -mprefer-vector-width=512)
  set(capabilities DEFAULT)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(APPEND capabilities AVX2 AVX512)
  endif()
  set(all_objects "")
  foreach(capability IN LISTS capabilities)
    string(TOLOWER "${target}_kernels_${capability}" objects)
    add_library(${objects} OBJECT ${arg_SOURCES})
    set_target_properties(${objects} PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                          VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF)
    target_compile_features(${objects} PRIVATE cxx_std_20)
    target_compile_definitions(${objects} PRIVATE CPU_CAPABILITY=${capability} CPU_CAPABILITY_${capability})
    # Not -ffast-math: NaN and infinity keep their meaning, and sums are reordered only where a loop says so.
    target_compile_options(${objects} PRIVATE -Wall -Wextra $<$<NOT:$<CONFIG:Debug>>:-O3> -fopenmp-simd -fno-math-errno
                           -fno-trapping-math ${flags_${capability}})
    target_link_libraries(${objects} PRIVATE retort::sdk)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${objects}>)
    list(APPEND all_objects $<TARGET_OBJECTS:${objects}>)
  endforeach()
  if(NOT DEFINED RETORT_TESTS OR RETORT_TESTS)
    add_test(NAME ${target}.kernels_are_local COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" "-DOBJECTS=${all_objects}"
                                                      -P "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/CheckKernelObjects.cmake")
  endif()

  if(NOT arg_CUDA OR NOT RETORT_HAVE_NVCC)
    return()
  endif()
  get_target_property(type ${target} TYPE)
  if(NOT arg_CUDA_FOLDER)
    set(arg_CUDA_FOLDER "${CMAKE_BINARY_DIR}/lib")
    if(type STREQUAL "MODULE_LIBRARY")
      get_target_property(arg_CUDA_FOLDER ${target} LIBRARY_OUTPUT_DIRECTORY)
    endif()
  endif()
  if(NOT RETORT_CUDA_ARCHITECTURES)
    set(RETORT_CUDA_ARCHITECTURES 80 90)
  endif()
  set(code "")
  foreach(architecture IN LISTS RETORT_CUDA_ARCHITECTURES)
    list(APPEND code -gencode arch=compute_${architecture},code=sm_${architecture})
  endforeach()
  list(GET RETORT_CUDA_ARCHITECTURES -1 newest)
  list(APPEND code -gencode arch=compute_${newest},code=compute_${newest})
  set(includes "$<TARGET_PROPERTY:retort::sdk,INTERFACE_INCLUDE_DIRECTORIES>")
  set(cuda_objects "")
  foreach(source IN LISTS arg_CUDA)
    get_filename_component(name "${source}" NAME)
    get_filename_component(path "${source}" ABSOLUTE)
    set(object "${CMAKE_CURRENT_BINARY_DIR}/${target}.${name}.o")
    add_custom_command(
      OUTPUT "${object}"
      COMMAND "${RETORT_NVCC}" -c -std=c++17 -O3 ${code} -Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra
              "$<$<BOOL:${includes}>:-I$<JOIN:${includes},;-I>>" -MD -MF "${object}.d" "${path}" -o "${object}"
      DEPENDS "${path}" DEPFILE "${object}.d" COMMENT "Building CUDA object ${target}.${name}.o" COMMAND_EXPAND_LISTS
      VERBATIM)
    list(APPEND cuda_objects "${object}")
  endforeach()
  set(library "${arg_CUDA_FOLDER}/${target}.cuda.so")
  add_custom_command(
    OUTPUT "${library}"
    COMMAND "${CMAKE_COMMAND}" -E make_directory "${arg_CUDA_FOLDER}"
    COMMAND "${RETORT_NVCC}" -shared -cudart shared ${code} -Xlinker=-z,defs,-z,nodelete ${cuda_objects} -o "${library}"
    DEPENDS ${cuda_objects} COMMENT "Linking CUDA kernels ${target}.cuda.so" VERBATIM)
  add_custom_target(${target}_cuda ALL DEPENDS "${library}")
  add_dependencies(${target} ${target}_cuda)
  target_compile_definitions(${target} PRIVATE RETORT_CUDA_KERNELS="${target}.cuda.so")
  file(RELATIVE_PATH destination "${CMAKE_BINARY_DIR}" "${arg_CUDA_FOLDER}")
  if(NOT destination MATCHES "^\\.\\.")
    install(FILES "${library}" DESTINATION "${destination}")
  endif()
endfunction()

# retort_test_capabilities(PROGRAM PREFIX): the cases of a GoogleTest program once more for plain x86-64, and for AVX2 on
# a machine that has it. Without them only the best instruction set of the machine would be tested.
function(retort_test_capabilities name prefix)
  set(capabilities default)
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo avx2 LIMIT_COUNT 1 REGEX "flags.* avx2 ")
    if(avx2)
      list(APPEND capabilities avx2)
    endif()
  endif()
  foreach(capability IN LISTS capabilities)
    gtest_discover_tests(${name} TEST_PREFIX "${prefix}" TEST_SUFFIX ".${capability}" NO_PRETTY_VALUES
                         DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 120 TEST_LIST ${name}_${capability}
                         PROPERTIES TIMEOUT 300 ENVIRONMENT "OMP_NUM_THREADS=1;ATEN_CPU_CAPABILITY=${capability}")
  endforeach()
endfunction()
