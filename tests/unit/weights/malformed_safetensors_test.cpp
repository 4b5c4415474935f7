#include <gmock/gmock.h>
#include <sys/stat.h>

#include <random>

#include <retort/error.hpp>
#include "weights/safetensors.hpp"

#include "../files/folder_test.hpp"

namespace retort::weights {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

// The bytes of a file with this header and this much data.
std::string file_bytes(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t size = header.size();
  return std::string(reinterpret_cast<const char*>(&size), sizeof size) + header + std::string(data_bytes, '\1');
}

struct Malformed {
  const char* what;
  std::string header;
  std::size_t data_bytes;
  const char* message;
};

void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.what;
}

const std::string kTooManyDimensions = [] {
  std::string shape = "1";
  for (int i = 0; i < 64; ++i) shape += ",1";
  return R"({"x":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,1]}})";
}();

const Malformed kMalformed[] = {
    {"empty", "", 0, "does not begin with '{'"},
    {"leading space", " {}", 0, "does not begin with '{'"},
    {"list", "[]", 0, "does not begin with '{'"},
    {"unterminated", R"({"x")", 0, "not valid JSON"},
    {"two values", "{}{}", 0, "not valid JSON"},
    {"not UTF-8", "{\"\xff\":1}", 0, "not valid JSON"},
    {"NUL padding", std::string("{}\0\0", 4), 0, "not valid JSON"},
    {"nested", R"({"x":{"dtype":[[[1]]],"shape":[],"data_offsets":[0,4]}})", 4, "nested too deeply"},
    {"name twice",
     R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[],"data_offsets":[1,2]}})", 2,
     "the key 'x' twice"},
    {"field twice", R"({"x":{"dtype":"U8","dtype":"I8","shape":[],"data_offsets":[0,1]}})", 1, "the key 'dtype' twice"},
    {"metadata twice", R"({"__metadata__":{"a":"1","a":"2"}})", 0, "the key 'a' twice"},
    {"metadata no table", R"({"__metadata__":["a"]})", 0, "'__metadata__' must be a table"},
    {"metadata number", R"({"__metadata__":{"a":1}})", 0, "'__metadata__.a' must be a string, found 1"},
    {"tensor no table", R"({"x":3})", 0, "tensor 'x': must be a table"},
    {"no dtype", R"({"x":{"shape":[],"data_offsets":[0,1]}})", 1, "tensor 'x': has no dtype"},
    {"no shape", R"({"x":{"dtype":"U8","data_offsets":[0,1]}})", 1, "tensor 'x': has no shape"},
    {"no offsets", R"({"x":{"dtype":"U8","shape":[]}})", 1, "tensor 'x': has no data_offsets"},
    {"unknown dtype", R"({"x":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}})", 1, R"(found "F8_E4M3")"},
    {"dtype number", R"({"x":{"dtype":7,"shape":[],"data_offsets":[0,1]}})", 1, "found 7"},
    {"negative size", R"({"x":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}})", 1, "found -1"},
    {"fractional size", R"({"x":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}})", 1, "found 1.0"},
    {"huge size", R"({"x":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}})", 1, "found 92233"},
    {"overflow", R"({"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0, "addressed"},
    {"overflow by type", R"({"x":{"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]}})", 0, "addressed"},
    {"empty overflow", R"({"x":{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}})", 0,
     "addressed"},
    {"dimensions", kTooManyDimensions, 1, "65 dimensions"},
    {"one offset", R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0]}})", 1, "must be two integers, found 1"},
    {"backwards", R"({"x":{"dtype":"U8","shape":[],"data_offsets":[1,0]}})", 1, "end before they begin"},
    {"size mismatch", R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4,
     "take 8 bytes, its data_offsets 4"},
    {"hole at the start", R"({"x":{"dtype":"U8","shape":[],"data_offsets":[1,2]}})", 2, "expected 0"},
    {"hole",
     R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"y":{"dtype":"U8","shape":[],"data_offsets":[2,3]}})", 3,
     "tensor 'y' begins at byte 2 of the data, expected 1"},
    {"overlap",
     R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})", 3,
     "tensor 'y' begins at byte 1 of the data, expected 2"},
    {"leftover", R"({"x":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", 2, "describes 1 bytes of data, found 2"},
    {"short", R"({"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})", 1, "found 1 (truncated?)"},
};

class MalformedHeaderTest : public FolderTest, public ::testing::WithParamInterface<Malformed> {};

TEST_P(MalformedHeaderTest, IsRefusedWithFileAndReason) {
  write_bytes(path("bad"), file_bytes(GetParam().header, GetParam().data_bytes));
  EXPECT_THAT([&] { load_tensors(path("bad")); },
              ThrowsMessage<DataError>(
                  AllOf(StartsWith("cannot read " + path("bad").string() + ": "), HasSubstr(GetParam().message))));
}

INSTANTIATE_TEST_SUITE_P(All, MalformedHeaderTest, ::testing::ValuesIn(kMalformed));

class MalformedFileTest : public FolderTest {
 protected:
  // A small valid file with everything in it.
  std::string valid_bytes() {
    save_tensors(path("valid"),
                 {.tensors = {{"a", torch::arange(3)}, {"b", torch::ones({2, 1})}, {"c", torch::tensor(true)}},
                  .metadata = {{"k", "v"}}});
    return read_bytes(path("valid"));
  }

  // True when it loads; anything but success or a DataError fails the test.
  bool loads(const std::string& bytes) {
    write_bytes(path("file"), bytes);
    try {
      load_tensors(path("file"));
      return true;
    } catch (const DataError&) {
      return false;
    }
  }
};

TEST_F(MalformedFileTest, EveryTruncationIsRefused) {
  const std::string bytes = valid_bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(loads(bytes.substr(0, size))) << size;
  EXPECT_TRUE(loads(bytes));
  EXPECT_FALSE(loads(bytes + '\0'));
}

TEST_F(MalformedFileTest, NoFlippedBitOfTheHeaderDoesHarm) {
  const std::string bytes = valid_bytes();
  const std::size_t header_end = 8 + static_cast<unsigned char>(bytes[0]);
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < 8 * header_end; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
    refused += loads(damaged) ? 0 : 1;
  }
  // Flips in names and metadata go unnoticed; those in sizes, types, offsets and syntax do not.
  EXPECT_GT(refused, 4 * header_end);
}

TEST_F(MalformedFileTest, NoRandomBytesDoHarm) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random() % 200, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    EXPECT_FALSE(loads(bytes));
    EXPECT_FALSE(loads(file_bytes("{" + bytes, 0)));
  }
}

TEST_F(MalformedFileTest, AHeaderLargerThanTheLimitIsNotAllocated) {
  std::string bytes("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 10);
  write_bytes(path("bad"), bytes);
  EXPECT_THAT([&] { load_tensors(path("bad")); }, ThrowsMessage<DataError>(HasSubstr("at most 100000000")));
}

TEST_F(MalformedFileTest, WhatIsNoRegularFileIsRefused) {
  EXPECT_THAT([&] { load_tensors(path("none")); }, ThrowsMessage<DataError>(HasSubstr("No such file or directory")));
  EXPECT_THAT([&] { load_tensors(folder_); }, ThrowsMessage<DataError>(HasSubstr("not a regular file")));
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  EXPECT_THAT([&] { load_tensors(path("pipe")); }, ThrowsMessage<DataError>(HasSubstr("not a regular file")));
}

TEST_F(MalformedFileTest, EveryNonZeroByteOfABoolIsTrue) {
  std::string bytes =
      file_bytes(R"({"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}})", 0) + std::string("\0\1\xff", 3);
  write_bytes(path("bool"), bytes);
  const torch::Tensor x = load_tensors(path("bool")).tensors.at("x");
  EXPECT_TRUE(x.equal(torch::tensor({false, true, true})));
  EXPECT_EQ(static_cast<const unsigned char*>(x.data_ptr())[2], 1);
}

}  // namespace
}  // namespace retort::weights
