#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "weights/safetensors.hpp"

#include "../files/folder_test.hpp"

namespace retort::weights {
namespace {

using PythonInteropTest = FolderTest;

// What safetensors_oracle.py calls content().
TensorFile content() {
  const std::pair<const char*, torch::ScalarType> types[] = {
      {"F64", torch::kFloat64}, {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
      {"I64", torch::kInt64},   {"I32", torch::kInt32},   {"I16", torch::kInt16},   {"I8", torch::kInt8},
      {"U8", torch::kUInt8},    {"BOOL", torch::kBool}};
  TensorFile file{.tensors = {}, .metadata = {{"format", "pt"}}};
  for (const auto& [name, type] : types) file.tensors[name] = torch::arange(6).view({2, 3}).to(type);
  file.tensors["scalar"] = torch::tensor(1.5f);
  file.tensors["empty"] = torch::empty({0, 4});
  file.tensors["\u00e9 \"x\"\n"] = torch::tensor({-1.0f, INFINITY});
  return file;
}

void expect_content(const TensorFile& found) {
  const TensorFile expected = content();
  EXPECT_EQ(found.metadata, expected.metadata);
  ASSERT_EQ(found.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    ASSERT_TRUE(found.tensors.contains(name)) << name;
    EXPECT_EQ(found.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(found.tensors.at(name).equal(tensor)) << name;
  }
}

TEST_F(PythonInteropTest, EachReadsWhatTheOtherWritesAndTheBytesAreEqual) {
  if (!std::filesystem::exists(RETORT_TEST_PYTHON)) GTEST_SKIP() << "there is no Python at " << RETORT_TEST_PYTHON;
  save_tensors(path("retort"), content());
  const std::string oracle = "'" RETORT_TEST_PYTHON "' '" RETORT_TEST_ORACLE "' ";
  ASSERT_EQ(std::system((oracle + path("python").string() + " " + path("retort").string()).c_str()), 0);
  expect_content(load_tensors(path("python")));
  EXPECT_EQ(read_bytes(path("retort")), read_bytes(path("python")));
}

}  // namespace
}  // namespace retort::weights
