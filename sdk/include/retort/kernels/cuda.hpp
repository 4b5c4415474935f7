#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <system_error>

#include <dlfcn.h>
#include <link.h>

#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <retort/error.hpp>

// The library that retort_add_kernels makes of the CUDA sources of this target; empty where they are not built.
#ifndef RETORT_CUDA_KERNELS
#define RETORT_CUDA_KERNELS ""
#endif

namespace retort::kernels {

// An extern "C" function of a CUDA source, with arguments of plain types, the stream as a void* first among them. It
// launches kernels without waiting, allocates nothing (so that the launch may be recorded into a CUDA graph), and
// returns null, or what went wrong.
//
//   CudaKernel<const char*(void* stream, const float* x, std::int64_t size)> scale{RETORT_CUDA_KERNELS,
//   "example_scale"}; if (x.is_cuda() && scale.available()) scale(x.device(), x.const_data_ptr<float>(), x.numel());
template <class Function>
class CudaKernel;

template <class... Args>
class CudaKernel<const char*(void*, Args...)> {
 public:
  constexpr CudaKernel(const char* library, const char* symbol) : library_(library), symbol_(symbol) {}

  // Opens the library on the first call. [any thread]
  bool available() const { return function() != nullptr; }

  // Launches on the device's current stream. Throws Error when CUDA refuses. [any thread]
  void operator()(c10::Device device, Args... args) const {
    const c10::DeviceGuard guard(device);
    const auto stream = c10::impl::VirtualGuardImpl(device.type()).getStream(device);
    if (const char* problem = function()(stream.native_handle(), args...)) {
      throw Error(std::string("the CUDA kernel ") + symbol_ + " failed: " + problem);
    }
  }

 private:
  using Function = const char*(void*, Args...);

  Function* function() const {
    std::call_once(opened_, [this] {
      if (*library_ == '\0') return;
      void* library = nullptr;
      for (const char* folder : {".", "../lib"}) {
        if (library == nullptr) library = dlopen((own_folder() / folder / library_).c_str(), RTLD_NOW | RTLD_LOCAL);
      }
      if (library != nullptr) function_ = reinterpret_cast<Function*>(dlsym(library, symbol_));
    });
    return function_;
  }

  // The folder of the binary, program or plugin, that holds this code. A program has no name in its own link map, and
  // what it was called by need not be a path.
  static std::filesystem::path own_folder() {
    Dl_info self{};
    link_map* map = nullptr;
    dladdr1(reinterpret_cast<const void*>(&CudaKernel::own_folder), &self, reinterpret_cast<void**>(&map),
            RTLD_DL_LINKMAP);
    std::error_code unknown;
    const bool program = map == nullptr || *map->l_name == '\0';
    return std::filesystem::canonical(program ? "/proc/self/exe" : map->l_name, unknown).parent_path();
  }

  const char* library_;
  const char* symbol_;
  mutable std::once_flag opened_;
  mutable Function* function_ = nullptr;
};

}  // namespace retort::kernels
