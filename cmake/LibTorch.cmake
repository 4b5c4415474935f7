# Defines the imported target retort::torch: the headers and CPU libraries of LibTorch.
#
# find_package(Torch) is not used: with a CUDA wheel it compiles a CUDA test project, fails on a machine without a CUDA
# toolkit, and links the CUDA libraries into every binary. Here they stay out of the link; the host loads them when it
# finds a GPU.
#
# Looked for in: RETORT_TORCH (variable, then environment), CMAKE_PREFIX_PATH, the cache that tools/retort fills.
# Sets RETORT_TORCH_DIR, RETORT_TORCH_VERSION and RETORT_TORCH_CUDA ("13.0", or "none").

if(TARGET retort::torch)
  return()
endif()

set(_retort_torch_candidates ${RETORT_TORCH} $ENV{RETORT_TORCH} ${CMAKE_PREFIX_PATH})
if(DEFINED ENV{CMAKE_PREFIX_PATH})
  string(REPLACE ":" ";" _retort_prefixes "$ENV{CMAKE_PREFIX_PATH}")
  list(APPEND _retort_torch_candidates ${_retort_prefixes})
endif()
if(DEFINED ENV{XDG_CACHE_HOME})
  set(_retort_cache "$ENV{XDG_CACHE_HOME}/retort")
else()
  set(_retort_cache "$ENV{HOME}/.cache/retort")
endif()
file(GLOB _retort_cached "${_retort_cache}/torch-2.11.0/lib/python3*/site-packages/torch")
list(APPEND _retort_torch_candidates ${_retort_cached})

set(RETORT_TORCH_DIR)
foreach(_candidate IN LISTS _retort_torch_candidates)
  foreach(_suffix "" "/torch" "/../..")
    if(NOT RETORT_TORCH_DIR AND EXISTS "${_candidate}${_suffix}/lib/libtorch_cpu.so"
       AND EXISTS "${_candidate}${_suffix}/include/ATen/ATen.h")
      file(REAL_PATH "${_candidate}${_suffix}" RETORT_TORCH_DIR)
    endif()
  endforeach()
endforeach()
if(NOT RETORT_TORCH_DIR)
  message(FATAL_ERROR "LibTorch was not found. Run tools/retort, which installs it, or set RETORT_TORCH to the folder "
                      "that holds include/ and lib/libtorch_cpu.so. Looked in: ${_retort_torch_candidates}")
endif()

set(RETORT_TORCH_CUDA "none")
set(RETORT_TORCH_VERSION "unknown")
if(EXISTS "${RETORT_TORCH_DIR}/version.py")
  file(STRINGS "${RETORT_TORCH_DIR}/version.py" _lines)
  foreach(_line IN LISTS _lines)
    if(_line MATCHES "^__version__ = '([^']+)'")
      set(RETORT_TORCH_VERSION "${CMAKE_MATCH_1}")
    elseif(_line MATCHES "^cuda[^=]*= '([^']+)'")
      set(RETORT_TORCH_CUDA "${CMAKE_MATCH_1}")
    endif()
  endforeach()
elseif(EXISTS "${RETORT_TORCH_DIR}/build-version")
  file(STRINGS "${RETORT_TORCH_DIR}/build-version" RETORT_TORCH_VERSION LIMIT_COUNT 1)
  if(RETORT_TORCH_VERSION MATCHES "\\+cu([0-9]+)([0-9])$")
    set(RETORT_TORCH_CUDA "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
  endif()
endif()

add_library(retort::torch INTERFACE IMPORTED)
# Last in the search order: the wheel carries copies of fmt and protobuf that must not hide the system's.
target_compile_options(retort::torch INTERFACE "SHELL:-idirafter ${RETORT_TORCH_DIR}/include"
                                               "SHELL:-idirafter ${RETORT_TORCH_DIR}/include/torch/csrc/api/include")
target_link_libraries(retort::torch INTERFACE "${RETORT_TORCH_DIR}/lib/libtorch_cpu.so"
                                              "${RETORT_TORCH_DIR}/lib/libc10.so")
# The wheel's libraries name their CUDA dependencies through their own rpath; the linker need not follow them.
target_link_options(retort::torch INTERFACE "LINKER:--allow-shlib-undefined"
                    "LINKER:-rpath,${RETORT_TORCH_DIR}/lib")
