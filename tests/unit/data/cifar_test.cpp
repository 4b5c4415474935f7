#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>

#include "built_dataset.hpp"

namespace {

using retort::Split;
using ::testing::HasSubstr;

// The byte at (plane, row, column) of record `n` of the file with this `salt`.
char pixel(int salt, int n, int plane, int row, int column) {
  return static_cast<char>((salt * 41 + n * 97 + plane * 59 + row * 7 + column * 3) & 0xff);
}

// A record: label bytes, then red, green and blue planes, row by row.
std::string record(int salt, int n, std::initializer_list<int> labels) {
  std::string bytes;
  for (const int label : labels) bytes += static_cast<char>(label);
  for (int plane = 0; plane < 3; ++plane) {
    for (int row = 0; row < 32; ++row) {
      for (int column = 0; column < 32; ++column) bytes += pixel(salt, n, plane, row, column);
    }
  }
  return bytes;
}

void expect_pixels(const at::Tensor& image, int salt, int n) {
  const auto values = image.accessor<std::uint8_t, 3>();
  for (int plane = 0; plane < 3; ++plane) {
    for (int row = 0; row < 32; ++row) {
      for (int column = 0; column < 32; ++column) {
        ASSERT_EQ(values[plane][row][column], static_cast<std::uint8_t>(pixel(salt, n, plane, row, column)));
      }
    }
  }
}

std::unique_ptr<retort::Dataset> cifar10(const TemporaryFolder& folder) {
  return built_dataset("cifar", "cifar10", {{"root", folder.path().string()}});
}

std::unique_ptr<retort::Dataset> cifar100(const TemporaryFolder& folder, const std::string& labels) {
  return built_dataset("cifar", "cifar100", {{"root", folder.path().string()}, {"labels", labels}});
}

// Five files of 1, 2, 3, 4 and 5 records; record n of file f has the label (f + n) mod 10.
void write_train10(const TemporaryFolder& folder) {
  for (int f = 1; f <= 5; ++f) {
    std::string bytes;
    for (int n = 0; n < f; ++n) bytes += record(f, n, {(f + n) % 10});
    folder.write("data_batch_" + std::to_string(f) + ".bin", bytes);
  }
}

TEST(Cifar10, JoinsTheBatchesInTheirOrder) {
  const TemporaryFolder folder;
  write_train10(folder);
  const auto dataset = cifar10(folder);
  const auto train = load_checked(*dataset, Split::Train);
  ASSERT_EQ(train.images.sizes(), (std::vector<std::int64_t>{15, 3, 32, 32}));
  std::int64_t sample = 0;
  for (int f = 1; f <= 5; ++f) {
    for (int n = 0; n < f; ++n, ++sample) {
      expect_pixels(train.images[sample], f, n);
      EXPECT_EQ(train.labels[sample].item<int>(), (f + n) % 10);
    }
  }
}

TEST(Cifar10, ReadsTheTestBatch) {
  const TemporaryFolder folder;
  folder.write("test_batch.bin", record(6, 0, {9}) + record(6, 1, {0}));
  const auto test = cifar10(folder)->load(Split::Test);
  expect_pixels(test.images[1], 6, 1);
  EXPECT_TRUE(test.labels.equal(torch::tensor({9, 0}, torch::kInt64)));
}

TEST(Cifar10, NamesTheFileThatIsWrong) {
  const TemporaryFolder folder;
  write_train10(folder);
  const auto dataset = cifar10(folder);
  const std::string file = (folder.path() / "data_batch_3.bin").string();

  folder.write("data_batch_3.bin", record(3, 0, {1}) + record(3, 1, {1}).substr(0, 100));
  EXPECT_EQ(load_error(*dataset, Split::Train),
            file + ": expected a whole number of records of 3073 bytes, found 3173 bytes");
  folder.write("data_batch_3.bin", "");
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(file + ": expected a whole number of records"));
  folder.write("data_batch_3.bin", record(3, 0, {1}) + record(3, 1, {10}));
  EXPECT_EQ(load_error(*dataset, Split::Train), file + ": expected labels from 0 to 9, found 10 in record 1");
  std::filesystem::remove(file);
  EXPECT_THAT(load_error(*dataset, Split::Train), HasSubstr(file + ": there is no such file"));
}

TEST(Cifar10, RefusesAFolderInPlaceOfAFile) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "test_batch.bin");
  EXPECT_THAT(load_error(*cifar10(folder), Split::Test), HasSubstr("test_batch.bin: there is no such file"));
}

TEST(Cifar10, NeedsARoot) {
  EXPECT_THROW(built_dataset("cifar", "cifar10", {}), retort::InvalidParameter);
}

TEST(Cifar100, ReadsFineOrCoarseLabels) {
  const TemporaryFolder folder;
  folder.write("train.bin", record(1, 0, {4, 99}) + record(1, 1, {19, 0}) + record(1, 2, {0, 57}));
  folder.write("test.bin", record(2, 0, {7, 42}));
  const auto fine = cifar100(folder, "fine"), coarse = cifar100(folder, "coarse");
  const auto train = load_checked(*fine, Split::Train);
  EXPECT_TRUE(train.labels.equal(torch::tensor({99, 0, 57}, torch::kInt64)));
  for (int n = 0; n < 3; ++n) expect_pixels(train.images[n], 1, n);
  EXPECT_TRUE(load_checked(*coarse, Split::Train).labels.equal(torch::tensor({4, 19, 0}, torch::kInt64)));
  EXPECT_EQ(fine->load(Split::Test).labels.item<int>(), 42);
}

TEST(Cifar100, ChecksBothLabels) {
  const TemporaryFolder folder;
  folder.write("train.bin", record(1, 0, {20, 0}));
  folder.write("test.bin", record(1, 0, {19, 100}));
  for (const char* labels : {"fine", "coarse"}) {
    EXPECT_THAT(load_error(*cifar100(folder, labels), Split::Train),
                HasSubstr("expected coarse labels from 0 to 19, found 20 in record 0"));
    EXPECT_THAT(load_error(*cifar100(folder, labels), Split::Test),
                HasSubstr("expected fine labels from 0 to 99, found 100 in record 0"));
  }
}

TEST(Cifar100, RefusesCifar10Records) {
  const TemporaryFolder folder;
  folder.write("test.bin", record(1, 0, {3}));
  EXPECT_THAT(load_error(*cifar100(folder, "fine"), Split::Test), HasSubstr("records of 3074 bytes, found 3073"));
}

TEST(Cifar100, NamesItsClasses) {
  const TemporaryFolder folder;
  for (const auto& [labels, count, first, last] :
       {std::tuple{"fine", 100u, "apple", "worm"}, std::tuple{"coarse", 20u, "aquatic_mammals", "vehicles_2"}}) {
    const retort::DatasetInfo info = cifar100(folder, labels)->info();
    EXPECT_EQ(info.classes, count);
    ASSERT_EQ(info.names.size(), count);
    EXPECT_EQ(info.names.front(), first);
    EXPECT_EQ(info.names.back(), last);
    // Both official lists are in the order of the alphabet.
    EXPECT_TRUE(std::is_sorted(info.names.begin(), info.names.end()));
    EXPECT_EQ(std::adjacent_find(info.names.begin(), info.names.end()), info.names.end());
  }
}

TEST(Cifar10, DeclaresTheStatisticsOfTheRealSet) {
  const char* folder = std::getenv("RETORT_DATA");
  if (!folder) GTEST_SKIP() << "CIFAR-10: RETORT_DATA is not set";
  const auto root = std::filesystem::path(folder) / "cifar-10-batches-bin";
  if (!std::filesystem::exists(root)) GTEST_SKIP() << "CIFAR-10: RETORT_DATA has no cifar-10-batches-bin";
  const auto dataset = built_dataset("cifar", "cifar10", {{"root", root.string()}});
  const auto train = load_checked(*dataset, Split::Train);
  const auto test = load_checked(*dataset, Split::Test);
  EXPECT_TRUE(train.labels.bincount().equal(torch::full({10}, 5000, torch::kInt64)));
  EXPECT_TRUE(test.labels.bincount().equal(torch::full({10}, 1000, torch::kInt64)));
  const ChannelStatistics found = channel_statistics(train.images);
  for (int channel = 0; channel < 3; ++channel) {
    EXPECT_NEAR(dataset->info().mean[channel], found.mean[channel], 5e-5);
    EXPECT_NEAR(dataset->info().deviation[channel], found.deviation[channel], 5e-5);
  }
}

}  // namespace
