#include <dlfcn.h>

#include <filesystem>

#include <ATen/Parallel.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>

#include "../exported.hpp"

namespace {

using torch::inductor::AOTIModelPackageLoader;

// A package may name libtorch.so as needed, which this program does not: opens the one beside LibTorch's other
// libraries, so that it is found wherever LibTorch lies.
void open_libtorch() {
  Dl_info torch{};
  if (dladdr(reinterpret_cast<const void*>(&at::get_num_threads), &torch) == 0) return;
  dlopen((std::filesystem::path(torch.dli_fname).parent_path() / "libtorch.so").c_str(), RTLD_NOW | RTLD_LOCAL);
}

// AOTInductor's loader is a prototype of PyTorch's: its interface is used here and nowhere else.
std::unique_ptr<AOTIModelPackageLoader> open_package(const std::string& package) {
  retort::models::check_exists(package);
  open_libtorch();
  try {
    return std::make_unique<AOTIModelPackageLoader>(package);
  } catch (const std::exception& error) {
    const auto* torch_error = dynamic_cast<const c10::Error*>(&error);
    throw retort::DataError(package + ": LibTorch cannot load it as an AOTInductor package for this machine: " +
                            (torch_error ? torch_error->what_without_backtrace() : error.what()));
  }
}

retort::models::Metadata metadata_of(AOTIModelPackageLoader& loader) {
  const auto entries = loader.get_metadata();
  return {entries.begin(), entries.end()};
}

// A network compiled ahead of time for one processor or one kind of GPU.
class AotInductorTeacher final : public retort::models::ExportedTeacher {
 public:
  explicit AotInductorTeacher(const retort::models::PackageOptions& options)
      : AotInductorTeacher(options.package, open_package(options.package)) {}

 private:
  AotInductorTeacher(const std::string& package, std::unique_ptr<AOTIModelPackageLoader> loader)
      : ExportedTeacher(package, metadata_of(*loader)), loader_(std::move(loader)) {
    device_ = c10::Device(metadata_of(*loader_).at("retort_device")).type();
  }

  std::vector<torch::Tensor> run(const torch::Tensor& images) override {
    if (images.device().type() != device_ && !images.is_cpu()) {
      throw retort::InvalidParameter(package().string() + " was compiled for " + c10::DeviceTypeName(device_, true) +
                                     ", and the images are on " + images.device().str() +
                                     "; export the teacher with --device " +
                                     c10::DeviceTypeName(images.device().type(), true));
    }
    // Samples that are tried on the CPU before a run on the GPU begins come here, too.
    const torch::Tensor placed = images.to(device_);
    if (placed.size(0) > 1) return loader_->run({placed});
    // The batch dimension is free from two samples on: PyTorch's export takes one for a constant.
    std::vector<torch::Tensor> taps = loader_->run({torch::cat({placed, placed})});
    for (torch::Tensor& tap : taps) tap = tap.narrow(0, 0, 1);
    return taps;
  }

  std::unique_ptr<AOTIModelPackageLoader> loader_;
  c10::DeviceType device_ = c10::kCPU;
};

}  // namespace

RETORT_PLUGIN(AotInductorTeacher,
              retort::models::describe_package(
                  "aoti", "A .pt2 package of export_teacher.py; its machine code is executed, so it must be trusted.")
                  .summary("A frozen teacher compiled by AOTInductor for this machine; cannot be trained."));
