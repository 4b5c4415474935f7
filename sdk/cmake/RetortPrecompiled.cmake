# One precompiled copy of LibTorch's headers for a whole build tree; it turns 20 to 40 seconds per source file into a few.
if(NOT TARGET retort_precompiled)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/retort_precompiled.cpp"
       CONTENT "// Exists to carry the precompiled header.\n")
  add_library(retort_precompiled OBJECT "${CMAKE_BINARY_DIR}/retort_precompiled.cpp")
  set_target_properties(retort_precompiled PROPERTIES POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden
                        VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF)
  target_compile_features(retort_precompiled PRIVATE cxx_std_20)
  target_link_libraries(retort_precompiled PRIVATE retort::torch)
  target_precompile_headers(retort_precompiled PRIVATE <torch/nn.h> <torch/types.h> <map> <string> <vector>)
endif()

# retort_use_precompiled_torch(TARGET): compiles TARGET with it.
function(retort_use_precompiled_torch target)
  # CMake compiles programs with -fPIE, libraries and the precompiled headers with -fPIC; they must agree.
  get_target_property(_type ${target} TYPE)
  if(_type STREQUAL "EXECUTABLE")
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
  target_precompile_headers(${target} REUSE_FROM retort_precompiled)
endfunction()
