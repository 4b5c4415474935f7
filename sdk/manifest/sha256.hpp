#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;

namespace retort {

// A SHA-256 as it is fed. Throws Error when OpenSSL cannot compute it.
class Sha256 {
 public:
  Sha256();

  void add(const void* data, std::size_t size);
  // The length goes first, so that no two sequences of fields hash as the same bytes.
  void add_field(const void* data, std::size_t size);

  // Of what was added, in hexadecimal; nothing can be added any more.
  std::string hexadecimal();

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Of a text, in hexadecimal.
std::string sha256(std::string_view text);

// Of a file's content, in hexadecimal. Throws Error when it cannot be read.
std::string file_sha256(const std::string& path);

}  // namespace retort
