#include <gmock/gmock.h>

#include <retort/error.hpp>
#include "weights/safetensors.hpp"

#include "../files/folder_test.hpp"

namespace retort::weights {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

using SafetensorsTest = FolderTest;

constexpr torch::ScalarType kTypes[] = {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16,
                                        torch::kInt64,   torch::kInt32,   torch::kInt16,   torch::kInt8,
                                        torch::kUInt8,   torch::kBool};

TEST_F(SafetensorsTest, EveryTypeReturnsAsItWas) {
  TensorFile file;
  for (const auto type : kTypes)
    file.tensors[c10::toString(type)] = torch::tensor({0, 1, 2, 100}).to(type).view({2, 2});
  save_tensors(path("a"), file);
  const TensorFile loaded = load_tensors(path("a"));
  ASSERT_EQ(loaded.tensors.size(), std::size(kTypes));
  for (const auto& [name, tensor] : file.tensors) {
    EXPECT_EQ(loaded.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(loaded.tensors.at(name).equal(tensor)) << name;
  }
}

TEST_F(SafetensorsTest, ScalarsEmptyAndStridedTensorsKeepShapeAndValues) {
  TensorFile file;
  file.tensors["scalar"] = torch::tensor(2.5);
  file.tensors["empty"] = torch::empty({0, 7, 3});
  file.tensors["transposed"] = torch::arange(6).view({2, 3}).t();
  file.tensors["expanded"] = torch::tensor(3.0f).expand({4});
  file.tensors["parameter"] = torch::ones({2}).requires_grad_();
  save_tensors(path("a"), file);
  const TensorFile loaded = load_tensors(path("a"));
  EXPECT_EQ(loaded.tensors.at("scalar").dim(), 0);
  for (const auto& [name, tensor] : file.tensors) EXPECT_TRUE(loaded.tensors.at(name).equal(tensor)) << name;
}

TEST_F(SafetensorsTest, MetadataAndUnusualNamesReturn) {
  TensorFile file{.tensors = {{"", torch::ones({1})}, {"a \"quoted\"\n\u00e9", torch::zeros({2})}},
                  .metadata = {{"format", "pt"}, {"\u00e9", "line\nbreak"}}};
  save_tensors(path("a"), file);
  const TensorFile loaded = load_tensors(path("a"));
  EXPECT_EQ(loaded.metadata, file.metadata);
  EXPECT_EQ(loaded.tensors.size(), 2u);
  EXPECT_TRUE(loaded.tensors.at("a \"quoted\"\n\u00e9").equal(torch::zeros({2})));
}

TEST_F(SafetensorsTest, AFileWithoutTensorsIsValid) {
  save_tensors(path("a"), {});
  EXPECT_EQ(read_bytes(path("a")), std::string("\x08\0\0\0\0\0\0\0{}      ", 16));
  EXPECT_TRUE(load_tensors(path("a")).tensors.empty());
}

TEST_F(SafetensorsTest, DataIsAlignedForItsType) {
  save_tensors(path("a"), {.tensors = {{"a", torch::ones({3}, torch::kInt8)}, {"b", torch::ones({2}, torch::kFloat64)}},
                           .metadata = {}});
  const std::string bytes = read_bytes(path("a"));
  const auto header_bytes = static_cast<unsigned char>(bytes[0]);
  EXPECT_EQ(header_bytes % 8, 0);
  EXPECT_THAT(bytes.substr(8), StartsWith(R"({"b":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},"a":)"));
}

TEST_F(SafetensorsTest, WhatTheFormatCannotHoldIsNamed) {
  const auto save = [&](const std::string& name, const torch::Tensor& tensor) {
    return [=, this] { save_tensors(path("a"), {.tensors = {{name, tensor}}, .metadata = {}}); };
  };
  EXPECT_THAT(save("z", torch::ones({1}, torch::kComplexFloat)), ThrowsMessage<Error>(HasSubstr("tensor 'z'")));
  EXPECT_THAT(save("s", torch::ones({2, 2}).to_sparse()), ThrowsMessage<Error>(HasSubstr("tensor 's'")));
  EXPECT_THAT(save("u", torch::Tensor()), ThrowsMessage<Error>(HasSubstr("tensor 'u' is undefined")));
  EXPECT_THAT(save("__metadata__", torch::ones({1})), ThrowsMessage<Error>(HasSubstr("__metadata__")));
  EXPECT_THAT(save("\xff", torch::ones({1})), ThrowsMessage<Error>(HasSubstr("not UTF-8")));
  EXPECT_THAT(save("z", torch::ones({1}, torch::kComplexFloat)), ThrowsMessage<Error>(HasSubstr(path("a").string())));
  EXPECT_TRUE(names().empty());
}

}  // namespace
}  // namespace retort::weights
