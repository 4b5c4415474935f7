#include "data_fingerprint.hpp"

#include <memory>

#include <fmt/format.h>
#include <openssl/evp.h>

#include <retort/error.hpp>

namespace retort::run {

std::string fingerprint(const ResidentSplit& split) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool done = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  for (const at::Tensor& tensor : {split.images, split.labels}) {
    const at::Tensor values = tensor.cpu().contiguous();
    const auto shape = values.sizes();
    done = done && EVP_DigestUpdate(context.get(), shape.data(), shape.size() * sizeof(std::int64_t)) == 1;
    done = done && EVP_DigestUpdate(context.get(), values.const_data_ptr(), values.nbytes()) == 1;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  done = done && EVP_DigestFinal_ex(context.get(), digest, &size) == 1;
  if (!done) throw Error("OpenSSL cannot compute SHA-256");
  std::string text;
  for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

}  // namespace retort::run
