#include "dispatch_test_kernel.hpp"

#define RETORT_TEXT(x) RETORT_TEXT_OF(x)
#define RETORT_TEXT_OF(x) #x

namespace {

const char* compiled_for() {
  return RETORT_TEXT(CPU_CAPABILITY);
}

}  // namespace

RETORT_REGISTER_KERNEL(retort_capability_name, &compiled_for)
