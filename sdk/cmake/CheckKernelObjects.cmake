# Fails when an object file of OBJECTS defines weak symbols: code compiled for one instruction set that the linker could
# choose for the whole program.
execute_process(COMMAND "${NM}" -C --defined-only ${OBJECTS} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
if(weak)
  list(JOIN weak "\n" weak)
  message(FATAL_ERROR "kernels define inline functions outside an anonymous namespace:\n${weak}")
endif()
