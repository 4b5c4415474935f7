#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <zlib.h>

#include "built_dataset.hpp"

namespace {

using retort::Split;
using ::testing::HasSubstr;

std::string header(int type, std::initializer_list<std::uint32_t> sizes) {
  std::string bytes{0, 0, static_cast<char>(type), static_cast<char>(sizes.size())};
  for (const std::uint32_t size : sizes) {
    for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>(size >> shift & 0xff);
  }
  return bytes;
}

std::string counted(int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(i * 7 % 251);
  return bytes;
}

void write_compressed(const std::filesystem::path& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
}

const retort::List kSmallGray{1, 3, 5};

std::unique_ptr<retort::Dataset> idx(const TemporaryFolder& folder, retort::Table params = {}) {
  params.emplace("root", folder.path().string());
  params.emplace("image", kSmallGray);
  params.emplace("classes", 3);
  return built_dataset("idx", "idx", params);
}

void write_gray(const TemporaryFolder& folder) {
  folder.write("train-images-idx3-ubyte", header(8, {4, 3, 5}) + counted(60));
  folder.write("train-labels-idx1-ubyte", header(8, {4}) + std::string{0, 2, 1, 1});
}

at::Tensor expected(std::vector<std::int64_t> shape) {
  return torch::arange(60).mul(7).remainder(251).to(torch::kUInt8).view(shape);
}

TEST(Idx, ReadsGrayImages) {
  const TemporaryFolder folder;
  write_gray(folder);
  const auto dataset = idx(folder);
  const auto train = load_checked(*dataset, Split::Train);
  EXPECT_TRUE(train.images.equal(expected({4, 1, 3, 5})));
  EXPECT_TRUE(train.labels.equal(torch::tensor({0, 2, 1, 1}, torch::kInt64)));
}

TEST(Idx, ReadsCompressedColourImages) {
  const TemporaryFolder folder;
  write_compressed(folder.path() / "t10k-images-idx4-ubyte.gz", header(8, {2, 3, 2, 5}) + counted(60));
  write_compressed(folder.path() / "t10k-labels-idx1-ubyte.gz", header(8, {2}) + std::string{2, 0});
  const retort::List three{0.1, 0.2, 0.3};
  const auto dataset = idx(folder, {{"image", retort::List{3, 2, 5}}, {"mean", three}, {"deviation", three}});
  const auto test = load_checked(*dataset, Split::Test);
  EXPECT_TRUE(test.images.equal(expected({2, 3, 2, 5})));
  EXPECT_TRUE(test.labels.equal(torch::tensor({2, 0}, torch::kInt64)));
}

TEST(Idx, IsMnistByDefault) {
  const TemporaryFolder folder;
  const auto info = built_dataset("idx", "idx", {{"root", folder.path().string()}})->info();
  EXPECT_EQ(info.image, (retort::Shape{1, 28, 28}));
  EXPECT_EQ(info.classes, 10);
  EXPECT_EQ(info.mean, std::vector<double>{0.1307});
  EXPECT_EQ(info.deviation, std::vector<double>{0.3081});
}

TEST(Idx, NamesTheImageFileThatIsWrong) {
  const TemporaryFolder folder;
  write_gray(folder);
  const auto dataset = idx(folder);
  const std::string name = "train-images-idx3-ubyte", file = (folder.path() / name).string();
  const std::pair<std::string, std::string> cases[] = {
      {std::string("\0\0\x08", 3), ": too short for an IDX file"},
      {header(9, {4, 3, 5}) + counted(60),
       ": expected 000008 and a rank, as IDX files of unsigned bytes begin, found 00000903"},
      {counted(76), ": expected 000008 and a rank"},
      {header(8, {4, 3, 5}).substr(0, 15), ": ends within its header"},
      {header(8, {4, 5, 3}) + counted(60), ": expected images of 1x3x5 as `image` says, found 1x5x3"},
      {header(8, {60}) + counted(60), ": expected images of 1x3x5 as `image` says, found"},
      {header(8, {4, 3, 5}) + counted(59), ": expected 4x3x5 bytes after the header, found 59"},
      {header(8, {3, 3, 5}) + counted(60), ": expected 3x3x5 bytes after the header, found 60"},
      {header(8, {0xffffffff, 3, 5}) + counted(60), ": expected 4294967295x3x5 bytes after the header"},
      {header(8, {3, 3, 5}) + counted(45), ": expected a label for each of the 3 images, found 4"},
  };
  for (const auto& [bytes, message] : cases) {
    folder.write(name, bytes);
    EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(message));
  }
  folder.write(name, "");
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(file));
  std::filesystem::remove(file);
  EXPECT_EQ(load_error(*dataset, Split::Train),
            folder.path().string() +
                ": expected a file train-images-idx3-ubyte or train-images-idx4-ubyte, plain or "
                ".gz, found none");
}

TEST(Idx, NamesTheLabelFileThatIsWrong) {
  const TemporaryFolder folder;
  write_gray(folder);
  const auto dataset = idx(folder);
  const std::string name = "train-labels-idx1-ubyte";
  folder.write(name, header(8, {4}) + std::string{0, 2, 3, 1});
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr("expected labels from 0 to 2, found 3 at sample 2"));
  folder.write(name, header(8, {4, 1}) + std::string{0, 2, 1, 1});
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(name + ": expected labels, of rank 1, found rank 2"));
  folder.write(name, header(8, {4}) + std::string{0, 2, 1});
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(name + ": expected 4 bytes after the header, found 3"));
}

TEST(Idx, MayHaveAClassForEveryByte) {
  const TemporaryFolder folder;
  write_gray(folder);
  folder.write("train-labels-idx1-ubyte", header(8, {4}) + std::string{0, 2, '\xff', 1});
  EXPECT_EQ(idx(folder, {{"classes", 256}})->load(Split::Train).labels[2].item<int>(), 255);
}

TEST(Idx, RefusesParametersThatDoNotFitTogether) {
  const TemporaryFolder folder;
  EXPECT_THROW(idx(folder, {{"image", retort::List{28, 28}}}), retort::InvalidParameter);
  EXPECT_THROW(idx(folder, {{"image", retort::List{3, 28, 28}}}), retort::InvalidParameter)
      << "one mean, three channels";
  EXPECT_THROW(idx(folder, {{"deviation", retort::List{0.0}}}), retort::InvalidParameter);
}

}  // namespace
