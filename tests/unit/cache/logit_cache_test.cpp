#include "cache/logit_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cstdlib>
#include <fstream>

#include "../temporary_folder.hpp"

namespace retort::cache {
namespace {

using ::testing::HasSubstr;

LogitKey key_of(const std::string& teacher) {
  LogitKey key;
  key.add("teacher", teacher);
  return key;
}

// A teacher whose logits follow from the entry, and which remembers what it was asked for.
class Teacher {
 public:
  at::Tensor truth(const at::Tensor& entries) const {
    return entries.to(torch::kFloat).unsqueeze(1) * torch::tensor({1.0f, -0.337f, 0.1001f});
  }

  LogitCache::Compute asked(const at::Tensor& entries) {
    return [this, entries](const at::Tensor& rows) {
      rows_ = rows;
      return truth(entries.index_select(0, rows));
    };
  }

  std::vector<std::int64_t> rows() const {
    return rows_.defined() ? std::vector<std::int64_t>(rows_.const_data_ptr<std::int64_t>(),
                                                       rows_.const_data_ptr<std::int64_t>() + rows_.size(0))
                           : std::vector<std::int64_t>();
  }
  void forget() { rows_ = at::Tensor(); }

 private:
  at::Tensor rows_;
};

at::Tensor entries_of(std::int64_t begin, std::int64_t end) {
  return torch::arange(begin, end, torch::kInt64);
}

class LogitCacheTest : public ::testing::Test {
 protected:
  LogitCache open(at::ScalarType type = torch::kBFloat16, const std::string& teacher = "a") {
    return {folder_.path(),
            key_of(teacher),
            {.images = 100, .views = 4, .classes = 3, .type = type},
            [this](const std::string& text) { warnings_ += text + "\n"; }};
  }

  TemporaryFolder folder_;
  std::string warnings_;
  Teacher teacher_;
};

TEST_F(LogitCacheTest, AsksTheTeacherOnce) {
  LogitCache cache = open(torch::kFloat);
  const at::Tensor entries = entries_of(10, 60);
  EXPECT_TRUE(cache.logits(entries, teacher_.asked(entries)).equal(teacher_.truth(entries)));
  EXPECT_EQ(teacher_.rows().size(), 50u);
  teacher_.forget();
  const at::Tensor some = torch::tensor({59, 12, 30}, torch::kInt64);
  EXPECT_TRUE(cache.logits(some, teacher_.asked(some)).equal(teacher_.truth(some)));
  EXPECT_TRUE(teacher_.rows().empty());
  EXPECT_EQ(cache.counts().hits, 3);
  EXPECT_EQ(cache.counts().misses, 50);
  EXPECT_DOUBLE_EQ(cache.counts().spared(), 3.0 / 53.0);
  EXPECT_EQ(cache.take_counts().hits, 3);
  EXPECT_EQ(cache.take_counts().hits, 0);
}

TEST_F(LogitCacheTest, AsksForWhatIsMissing) {
  LogitCache cache = open(torch::kFloat);
  const at::Tensor first = entries_of(0, 60);
  cache.logits(first, teacher_.asked(first));
  const at::Tensor entries = entries_of(20, 100);  // 40 known ones, 40 new ones
  EXPECT_TRUE(cache.logits(entries, teacher_.asked(entries)).equal(teacher_.truth(entries)));
  EXPECT_EQ(teacher_.rows().size(), 64u);  // two times 32: with 24 of the known ones, the first
  EXPECT_EQ(teacher_.rows()[23], 23);
  EXPECT_EQ(teacher_.rows()[24], 40);
  EXPECT_EQ(cache.counts().hits, 16);
}

TEST_F(LogitCacheTest, NeverAsksForFewRows) {
  LogitCache cache = open(torch::kFloat);
  const at::Tensor known = entries_of(0, 99);
  cache.logits(known, teacher_.asked(known));
  const at::Tensor entries = entries_of(50, 100);  // the last one is new
  EXPECT_TRUE(cache.logits(entries, teacher_.asked(entries)).equal(teacher_.truth(entries)));
  EXPECT_EQ(teacher_.rows().size(), static_cast<std::size_t>(LogitCache::kRowsAtOnce));
  EXPECT_EQ(teacher_.rows().front(), 0);
  EXPECT_EQ(teacher_.rows().back(), 49);
  EXPECT_EQ(cache.counts().hits, 50 - LogitCache::kRowsAtOnce);
  // A batch smaller than that is computed whole.
  const at::Tensor few = torch::tensor({5, 300, 6}, torch::kInt64);
  EXPECT_TRUE(cache.logits(few, teacher_.asked(few)).equal(teacher_.truth(few)));
  EXPECT_EQ(teacher_.rows(), (std::vector<std::int64_t>{0, 1, 2}));
}

TEST_F(LogitCacheTest, RoundsWhatIsComputedLikeWhatIsRead) {
  const at::Tensor entries = entries_of(0, 40);
  const at::Tensor rounded = teacher_.truth(entries).to(torch::kBFloat16).to(torch::kFloat);
  EXPECT_FALSE(rounded.equal(teacher_.truth(entries)));
  LogitCache cache = open();
  EXPECT_TRUE(cache.logits(entries, teacher_.asked(entries)).equal(rounded));
  EXPECT_TRUE(cache.logits(entries, teacher_.asked(entries)).equal(rounded));
  EXPECT_EQ(cache.counts().hits, 40);
}

TEST_F(LogitCacheTest, IsSharedByThoseWithOneTeacher) {
  const at::Tensor entries = entries_of(0, 40);
  LogitCache one = open(), same = open(), other = open(torch::kBFloat16, "b"), exact = open(torch::kFloat);
  one.logits(entries, teacher_.asked(entries));
  for (LogitCache* cache : {&same, &other, &exact}) cache->logits(entries, teacher_.asked(entries));
  EXPECT_EQ(same.counts().hits, 40);
  EXPECT_EQ(other.counts().hits, 0);
  EXPECT_EQ(exact.counts().hits, 0);
  EXPECT_EQ(one.file().path(), same.file().path());
}

TEST_F(LogitCacheTest, RefusesLogitsOfAnotherShape) {
  LogitCache cache = open();
  EXPECT_THROW(cache.logits(entries_of(0, 40),
                            [](const at::Tensor& rows) {
                              return torch::zeros({rows.size(0), 5});
                            }),
               ShapeError);
}

TEST_F(LogitCacheTest, KeepsNothingWhenTheTeacherFails) {
  LogitCache cache = open();
  const at::Tensor entries = entries_of(0, 40);
  EXPECT_THROW(cache.logits(entries, [](const at::Tensor&) -> at::Tensor { throw Error("ill"); }), Error);
  cache.logits(entries, teacher_.asked(entries));
  EXPECT_EQ(cache.counts().misses, 40);
}

TEST(DefaultFolder, FollowsTheEnvironment) {
  setenv("HOME", "/home/someone", 1);
  unsetenv("XDG_CACHE_HOME");
  EXPECT_EQ(default_folder(), "/home/someone/.cache/retort/logits");
  setenv("XDG_CACHE_HOME", "/var/somewhere", 1);
  EXPECT_EQ(default_folder(), "/var/somewhere/retort/logits");
  setenv("XDG_CACHE_HOME", "relative", 1);  // the specification says: is ignored
  EXPECT_EQ(default_folder(), "/home/someone/.cache/retort/logits");
}

}  // namespace
}  // namespace retort::cache
