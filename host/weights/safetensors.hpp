#pragma once

#include <filesystem>
#include <map>
#include <string>

#include <torch/types.h>

namespace retort::weights {

// The content of a safetensors file (https://github.com/huggingface/safetensors, "Format"): named tensors, and notes
// about them.
struct TensorFile {
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;
};

// Reads a whole file; the tensors are contiguous and on the CPU. Types: F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL.
// Throws DataError, naming the file and what is wrong with it, when it cannot be read, is truncated or malformed.
TensorFile load_tensors(const std::filesystem::path& path);

// Writes the bytes that the safetensors package for Python writes. The file appears complete and durable or not at
// all: on any failure a file that `path` named before is still there, unchanged. Tensors may be strided and on any
// device. Throws Error with the path and the reason, or with the tensor that the format cannot hold.
void save_tensors(const std::filesystem::path& path, const TensorFile& file);

}  // namespace retort::weights
