#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace retort::weights {

// Where a tensor lies in the data that follows the header.
struct TensorEntry {
  std::string name;
  torch::ScalarType type = torch::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // bytes from the start of the data
  std::uint64_t end = 0;
};

// The JSON part of a safetensors file. The entries cover the data from its first byte to its last, in order.
struct Header {
  std::vector<TensorEntry> entries;
  std::map<std::string, std::string> metadata;
};

// The limit of the reference implementation, in bytes.
inline constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;

// Reads the JSON text of a header that is followed by `data_bytes` bytes. Throws DataError saying what is wrong; the
// caller adds the file's name.
Header parse_header(std::string_view json, std::uint64_t data_bytes);

// The JSON text, padded with spaces to a multiple of 8 bytes so that the data is aligned. Throws Error when a name or a
// metadata string is not UTF-8.
std::string format_header(const Header& header);

// The position of a type in the order in which files are laid out (widest first), or -1 when the format lacks it.
int layout_rank(torch::ScalarType type);

}  // namespace retort::weights
