#pragma once

// Everything a plugin needs, and the macro that turns a source file into one.

#include <retort/abi.hpp>
#include <retort/component.hpp>
#include <retort/dataset.hpp>
#include <retort/loss.hpp>
#include <retort/model.hpp>
#include <retort/normalization.hpp>
#include <retort/projector.hpp>

// Offers several components: RETORT_PLUGIN_COMPONENTS(retort::component<A>(...), retort::component<B>(...)) or any
// other initializer of std::vector<retort::Component>. Once per library.
#define RETORT_PLUGIN_COMPONENTS(...)                                                                           \
  extern "C" {                                                                                                  \
  [[gnu::used, gnu::section(".retort.abi"), gnu::visibility("default")]] extern const char retort_abi_stamp[] = \
      RETORT_ABI_STAMP;                                                                                         \
  RETORT_API const ::retort::Manifest& retort_plugin_manifest() {                                               \
    static const ::retort::Manifest manifest{std::vector<::retort::Component>{__VA_ARGS__}};                    \
    return manifest;                                                                                            \
  }                                                                                                             \
  }                                                                                                             \
  static_assert(true, "a semicolon follows")

// Offers one component: the class and its description.
#define RETORT_PLUGIN(Impl, ...) RETORT_PLUGIN_COMPONENTS(::retort::component<Impl>(__VA_ARGS__))
