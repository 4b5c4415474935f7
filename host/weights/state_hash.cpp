#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include <retort/error.hpp>
#include "weights/state.hpp"

namespace retort::weights {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }

  void add(const void* data, std::size_t size) { check(EVP_DigestUpdate(context_.get(), data, size) == 1); }

  // The length goes first, so that no two sequences of fields hash as the same bytes.
  void add_field(const void* data, std::size_t size) {
    const std::uint64_t length = size;
    add(&length, sizeof length);
    add(data, size);
  }

  std::string hexadecimal() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    check(EVP_DigestFinal_ex(context_.get(), digest, &size) == 1);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned int i = 0; i < size; ++i) {
      text += kDigits[digest[i] >> 4];
      text += kDigits[digest[i] & 15];
    }
    return text;
  }

 private:
  static void check(bool done) {
    if (!done) throw Error("OpenSSL cannot compute SHA-256");
  }

  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

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
