#include "data_fingerprint.hpp"

#include "sha256.hpp"

namespace retort::run {

std::string fingerprint(const ResidentSplit& split) {
  Sha256 hash;
  for (const at::Tensor& tensor : {split.images, split.labels}) {
    const at::Tensor values = tensor.cpu().contiguous();
    const auto shape = values.sizes();
    hash.add(shape.data(), shape.size() * sizeof(std::int64_t));
    hash.add(values.const_data_ptr(), values.nbytes());
  }
  return hash.hexadecimal();
}

}  // namespace retort::run
