#pragma once

// Marks what libretort_sdk.so shares between host and plugins. Everything else is compiled with hidden visibility.
#define RETORT_API __attribute__((visibility("default")))
