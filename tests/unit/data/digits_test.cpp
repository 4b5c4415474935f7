#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <zlib.h>

#include "built_dataset.hpp"

namespace {

using retort::Split;
using ::testing::HasSubstr;

std::unique_ptr<retort::Dataset> digits(const retort::Table& params = {}) {
  return built_dataset("digits", "digits", params);
}

std::string compressed(const std::string& text, const std::filesystem::path& path) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, text.data(), static_cast<unsigned>(text.size()));
  gzclose(file);
  return path.string();
}

std::string blank_lines(int count) {
  std::string line, text;
  for (int i = 0; i < 64; ++i) line += "0,";
  for (int i = 0; i < count; ++i) text += line + "0\n";
  return text;
}

TEST(Digits, HoldsTheFilesImages) {
  const auto dataset = digits();
  const auto train = load_checked(*dataset, Split::Train);
  const auto test = load_checked(*dataset, Split::Test);
  ASSERT_EQ(train.images.sizes(), (std::vector<std::int64_t>{1437, 1, 8, 8}));
  ASSERT_EQ(test.images.sizes(), (std::vector<std::int64_t>{360, 1, 8, 8}));

  // The first line of the file, which is a 0, and the last, which is an 8.
  const std::vector<std::int64_t> first{0, 0,  5, 13, 9,  1, 0,  0, 0,  0,  13, 15, 10, 15, 5, 0,  0,  3, 15, 2, 0,  11,
                                        8, 0,  0, 4,  12, 0, 0,  8, 8,  0,  0,  5,  8,  0,  0, 9,  8,  0, 0,  4, 11, 0,
                                        1, 12, 7, 0,  0,  2, 14, 5, 10, 12, 0,  0,  0,  0,  6, 13, 10, 0, 0,  0};
  const std::vector<std::int64_t> last{
      0, 0, 10, 14, 8,  1,  0, 0, 0, 2, 16, 14, 6, 1,  0, 0, 0, 0, 15, 15, 8, 15, 0, 0, 0, 0, 5, 16, 16, 10, 0, 0,
      0, 0, 12, 15, 15, 12, 0, 0, 0, 4, 16, 6,  4, 16, 6, 0, 0, 8, 16, 10, 8, 16, 8, 0, 0, 1, 8, 12, 14, 12, 1, 0};
  EXPECT_TRUE(train.images[0].flatten().to(torch::kInt64).equal(torch::tensor(first) * 15));
  EXPECT_TRUE(test.images[359].flatten().to(torch::kInt64).equal(torch::tensor(last) * 15));
  EXPECT_EQ(train.labels[0].item<int>(), 0);
  EXPECT_EQ(test.labels[359].item<int>(), 8);
}

TEST(Digits, HasEveryClassInBothSplits) {
  // The test split by class, counted from the file with numpy.
  const auto test = digits()->load(Split::Test);
  EXPECT_TRUE(test.labels.bincount().equal(torch::tensor({35, 36, 35, 37, 37, 37, 37, 36, 33, 37})));
  const auto train = digits()->load(Split::Train);
  EXPECT_TRUE(train.labels.bincount().equal(torch::tensor({143, 146, 142, 146, 144, 145, 144, 143, 141, 143})));
}

TEST(Digits, DeclaresItsStatistics) {
  const auto dataset = digits();
  const ChannelStatistics found = channel_statistics(dataset->load(Split::Train).images);
  EXPECT_NEAR(dataset->info().mean[0], found.mean[0], 1e-6);
  EXPECT_NEAR(dataset->info().deviation[0], found.deviation[0], 1e-6);
}

TEST(Digits, NamesFileAndLineOfAMistake) {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "digits.csv.gz").string();
  const auto dataset = digits({{"root", folder.path().string()}});
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(file + ": there is no such file"));

  compressed(blank_lines(1796), file);
  EXPECT_EQ(load_error(*dataset, Split::Train), file + ": expected 1797 lines, found 1796");

  for (const char* mistake : {"1,2,3\n", "17,0\n", "0,,0\n", "\n"}) {
    compressed(blank_lines(4) + mistake + blank_lines(1792), file);
    EXPECT_THAT(load_error(*dataset, Split::Test), HasSubstr(file + ":5: expected 64 counts from 0 to 16"));
  }
  std::string digit_ten = blank_lines(1797);
  digit_ten.replace(digit_ten.size() - 2, 1, "10");
  compressed(digit_ten, file);
  EXPECT_THAT(load_error(*dataset, Split::Test), HasSubstr(file + ":1797: "));
}

TEST(Digits, NoticesATruncatedArchive) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "digits.csv.gz";
  std::filesystem::copy_file(std::filesystem::path(RETORT_DATASET_PLUGINS) / "digits.data" / "digits.csv.gz", file);
  std::filesystem::resize_file(file, 30000);
  EXPECT_THAT(load_error(*digits({{"root", folder.path().string()}}), Split::Train), HasSubstr("truncated or damaged"));
}

}  // namespace
