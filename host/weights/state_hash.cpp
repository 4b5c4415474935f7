#include <string_view>

#include "sha256.hpp"
#include "weights/state.hpp"

namespace retort::weights {

std::string state_hash(const torch::nn::Module& module) {
  Sha256 hash;
  for (const auto& [name, tensor] : state_dict(module)) {
    hash.add_field(name.data(), name.size());
    const std::string_view type = c10::toString(tensor.scalar_type());
    hash.add_field(type.data(), type.size());
    hash.add_field(tensor.sizes().data(), tensor.sizes().size() * sizeof(std::int64_t));
    const torch::Tensor values = tensor.cpu().contiguous();
    hash.add_field(values.data_ptr(), values.nbytes());
  }
  return hash.hexadecimal();
}

}  // namespace retort::weights
