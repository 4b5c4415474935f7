# retort_add_plugin(NAME SOURCES file... [DATA file...] [KIND folder])
#
# Builds the plugin library NAME.so and, beside it, its manifest NAME.plugin.toml.
#   DATA   files that the plugin finds under Context::resources
#   KIND   folder under lib/retort/plugins (losses, models, ...); without it the library stays in the current binary
#          folder, which is then what --plugin-path names
#
# Code is linked completely (-z defs), never unmapped (-z nodelete: an autograd graph may still point into it), and
# exports two symbols.
function(retort_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "KIND" "SOURCES;DATA")
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "usage: retort_add_plugin(NAME SOURCES file... [DATA file...] [KIND folder])")
  endif()
  add_library(${name}_plugin MODULE ${arg_SOURCES})
  set_target_properties(${name}_plugin PROPERTIES OUTPUT_NAME ${name} PREFIX "" SUFFIX ".so"
                        CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON CXX_EXTENSIONS OFF
                        POSITION_INDEPENDENT_CODE ON
                        LINK_DEPENDS "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version;$<TARGET_FILE:retort::manifest>")
  target_compile_features(${name}_plugin PRIVATE cxx_std_20)
  target_compile_options(${name}_plugin PRIVATE -Wall -Wextra)
  target_link_libraries(${name}_plugin PRIVATE retort::sdk)
  target_link_options(${name}_plugin PRIVATE LINKER:-z,defs LINKER:-z,nodelete
                      "LINKER:--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.version")
  retort_use_precompiled_torch(${name}_plugin)

  set(folder "${CMAKE_CURRENT_BINARY_DIR}")
  if(arg_KIND)
    set(folder "${CMAKE_BINARY_DIR}/lib/retort/plugins/${arg_KIND}")
    install(TARGETS ${name}_plugin ${RETORT_COLLECT_DEPENDENCIES} LIBRARY DESTINATION
                                                                        lib/retort/plugins/${arg_KIND})
    # Installing changes the library (its rpath, symbols when stripped), and the manifest holds its hash.
    install(CODE "set(_plugin \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/lib/retort/plugins/${arg_KIND}/${name}\")
                  execute_process(COMMAND \"$<TARGET_FILE:retort::manifest>\" \"\${_plugin}.so\" \"\${_plugin}.plugin.toml\"
                                  COMMAND_ERROR_IS_FATAL ANY)")
    set_target_properties(
      ${name}_plugin PROPERTIES INSTALL_RPATH
      "$ORIGIN/../../..;$ORIGIN/../../deps;$ORIGIN/../../../../torch/lib;${RETORT_TORCH_DIR}/lib")
  endif()
  set_target_properties(${name}_plugin PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${folder}")
  if(arg_DATA)
    foreach(file IN LISTS arg_DATA)
      get_filename_component(base "${file}" NAME)
      configure_file("${file}" "${folder}/${name}.data/${base}" COPYONLY)
    endforeach()
    if(arg_KIND)
      install(FILES ${arg_DATA} DESTINATION lib/retort/plugins/${arg_KIND}/${name}.data)
    endif()
  endif()
  add_custom_command(TARGET ${name}_plugin POST_BUILD
                     COMMAND $<TARGET_FILE:retort::manifest> "$<TARGET_FILE:${name}_plugin>"
                             "${folder}/${name}.plugin.toml"
                     BYPRODUCTS "${folder}/${name}.plugin.toml" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY RETORT_PLUGINS ${name}_plugin)
  if(TARGET retort_manifest)
    add_dependencies(${name}_plugin retort_manifest)
  endif()
endfunction()
