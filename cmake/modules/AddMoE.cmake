# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The short functions that keep the leaf CMakeLists short. Everything links the
# two dylibs, MLIR and LLVM, and never the static archives beside them: two
# copies of MLIR in one process do not work unless one is hidden, as in libmoe.so
# (lib/CAPI).

# add_moe_library(NAME sources... [DEPENDS targets...] [LINK_LIBS libs...] [MLIR])
# One room. MLIR: the room uses MLIR and links its dylib as well as LLVM's.
function(add_moe_library name)
  cmake_parse_arguments(ARG "MLIR;PLAIN" "" "DEPENDS;LINK_LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC ${ARG_LINK_LIBS})
  if(ARG_MLIR)
    target_link_libraries(${name} PUBLIC MLIR)
  endif()
  if(NOT ARG_PLAIN)
    target_link_libraries(${name} PUBLIC LLVM)
  endif()
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  set_property(GLOBAL APPEND PROPERTY MOE_ALL_LIBS ${name})
endfunction()

# add_moe_tool(NAME sources... LINK_LIBS libs...): an executable in build/bin;
# MOE_VERSION is what its --version prints.
function(add_moe_tool name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_compile_definitions(${name} PRIVATE MOE_VERSION="${PROJECT_VERSION}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS})
  install(TARGETS ${name} RUNTIME DESTINATION bin)
  set_property(GLOBAL APPEND PROPERTY MOE_ALL_TOOLS ${name})
endfunction()

# add_moe_unittest(NAME sources... LINK_LIBS libs...): a gtest program that lit
# finds and runs; it belongs to the target MoEUnitTests.
function(add_moe_unittest name)
  cmake_parse_arguments(ARG "" "" "LINK_LIBS" ${ARGN})
  add_executable(${name} EXCLUDE_FROM_ALL ${ARG_UNPARSED_ARGUMENTS})
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_LINK_LIBS} GTest::gtest
                        GTest::gtest_main)
  add_dependencies(MoEUnitTests ${name})
endfunction()
