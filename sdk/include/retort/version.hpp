#pragma once

// The version of the SDK and of the project: CMake reads these three lines, so they are the single source.
#define RETORT_VERSION_MAJOR 0
#define RETORT_VERSION_MINOR 1
#define RETORT_VERSION_PATCH 0

#define RETORT_STRINGIFY_(x) #x
#define RETORT_STRINGIFY(x) RETORT_STRINGIFY_(x)
#define RETORT_VERSION_STRING            \
  RETORT_STRINGIFY(RETORT_VERSION_MAJOR) \
  "." RETORT_STRINGIFY(RETORT_VERSION_MINOR) "." RETORT_STRINGIFY(RETORT_VERSION_PATCH)
