# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# What `cmake --install` installs beside the tools: headers, the libraries of
# all rooms, and the package that find_package(MoE) finds.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(MOE_PACKAGE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/MoE")
get_property(MOE_LIBS GLOBAL PROPERTY MOE_ALL_LIBS)
foreach(lib IN LISTS MOE_LIBS)
  target_include_directories(${lib} INTERFACE
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>"
    "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
endforeach()
install(TARGETS ${MOE_LIBS} EXPORT MoETargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT MoETargets NAMESPACE MoE:: DESTINATION "${MOE_PACKAGE_DIR}")

install(DIRECTORY "${PROJECT_SOURCE_DIR}/include/moe"
                  "${PROJECT_BINARY_DIR}/include/moe"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        FILES_MATCHING PATTERN "*.h" PATTERN "*.def" PATTERN "*.td"
                       PATTERN "*.inc"
        PATTERN "CMakeFiles" EXCLUDE)

configure_package_config_file("${PROJECT_SOURCE_DIR}/cmake/modules/MoEConfig.cmake.in"
  "${PROJECT_BINARY_DIR}/MoEConfig.cmake"
  INSTALL_DESTINATION "${MOE_PACKAGE_DIR}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/MoEConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/MoEConfig.cmake"
              "${PROJECT_BINARY_DIR}/MoEConfigVersion.cmake"
        DESTINATION "${MOE_PACKAGE_DIR}")
