#include <torch/script.h>

#include "../exported.hpp"

namespace {

torch::jit::Module load_script(const std::string& package, const c10::Device& device,
                               torch::jit::ExtraFilesMap& files) {
  retort::models::check_exists(package);
  try {
    return torch::jit::load(package, device, files);
  } catch (const c10::Error& error) {
    throw retort::DataError(package + ": LibTorch cannot load it as TorchScript: " + error.what_without_backtrace());
  }
}

retort::models::Metadata metadata_of(const std::string& package) {
  torch::jit::ExtraFilesMap files;
  for (const char* key : retort::models::kMetadataKeys) files[key] = "";
  load_script(package, c10::kCPU, files);
  // A file that is not there leaves its entry empty; none that is needed is.
  if (files.at("retort_format").empty()) files.erase("retort_format");
  return {files.begin(), files.end()};
}

// A network as TorchScript, frozen. Repacked weights are lost when such a module is saved, so it is optimised for
// inference here, on the device on which it will run.
class TorchScriptTeacher final : public retort::models::ExportedTeacher {
 public:
  explicit TorchScriptTeacher(const retort::models::PackageOptions& options)
      : ExportedTeacher(options.package, metadata_of(options.package)) {}

 private:
  std::vector<torch::Tensor> run(const torch::Tensor& images) override {
    if (!module_ || device_ != images.device()) prepare(images.device());
    const c10::IValue result = module_->forward({images});
    if (result.isTensor()) return {result.toTensor()};
    std::vector<torch::Tensor> taps;
    for (const c10::IValue& tap : result.toTupleRef().elements()) taps.push_back(tap.toTensor());
    return taps;
  }

  void prepare(const c10::Device& device) {
    torch::jit::ExtraFilesMap none;
    torch::jit::Module module = load_script(package().string(), device, none);
    module.eval();
    module_ = torch::jit::optimize_for_inference(module);
    device_ = device;
  }

  std::optional<torch::jit::Module> module_;
  c10::Device device_ = c10::kCPU;
};

}  // namespace

RETORT_PLUGIN(TorchScriptTeacher, retort::models::describe_package("torchscript", "A .pt file of export_teacher.py.")
                                      .summary("A frozen teacher from a TorchScript file; cannot be trained."));
