#pragma once

#include <retort/kernels/dispatch.hpp>

using CapabilityName = const char* (*)();
RETORT_DECLARE_KERNEL(CapabilityName, retort_capability_name)
