#include "run/checkpoint_store.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <random>

#include <gmock/gmock.h>

#include <retort/error.hpp>

#include "../files/folder_test.hpp"
#include "faults.hpp"

namespace retort::run {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::int64_t kNever = 1 << 30;

// A state by which it can be told that it is the n-th, and whole.
weights::TensorFile state(std::int64_t n, const std::string& stage = "student") {
  const auto x = torch::full({3000}, n, torch::kInt64);
  return {.tensors = {{"x", x}, {"y", x.to(torch::kFloat)}},
          .metadata = {{"stage", stage}, {"epoch", std::to_string(n)}, {"step", std::to_string(10 * n)}}};
}

std::int64_t number_of(const weights::TensorFile& file) {
  const torch::Tensor& x = file.tensors.at("x");
  EXPECT_EQ(x.numel(), 3000);
  EXPECT_TRUE(x.eq(x[0]).all().item<bool>());
  return x[0].item<std::int64_t>();
}

class CheckpointStoreTest : public FolderTest {
 protected:
  // Three checkpoints, the first of them with the best evaluation: a fourth makes the second go.
  static void fill(const fs::path& folder) {
    fs::create_directory(folder);
    CheckpointStore store(folder, 2);
    store.save(state(1), 0.9);
    store.save(state(2), 0.5);
    store.save(state(3), 0.6);
  }
  std::vector<std::string> entries(const fs::path& folder) const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
    return names;
  }
  // The newest state, which is 0 when there is none; what is damaged goes to `warnings_`.
  std::int64_t load(const fs::path& folder) {
    const auto file =
        CheckpointStore(folder, 2).load_newest([this](const std::string& text) { warnings_.push_back(text); });
    return file ? number_of(*file) : 0;
  }

  std::vector<std::string> warnings_;
};

TEST_F(CheckpointStoreTest, KeepsTheNewestAndTheBest) {
  fill(path("a"));
  EXPECT_THAT(entries(path("a")), UnorderedElementsAre("000001", "000002", "000003", "last", "best"));
  CheckpointStore store(path("a"), 2);
  store.save(state(4), std::nullopt);
  EXPECT_THAT(entries(path("a")), UnorderedElementsAre("000001", "000003", "000004", "last", "best"));
  EXPECT_EQ(fs::read_symlink(path("a") / "last"), "000004");
  EXPECT_EQ(fs::read_symlink(path("a") / "best"), "000001");
  store.save(state(5), 0.95);
  EXPECT_THAT(entries(path("a")), UnorderedElementsAre("000004", "000005", "last", "best"));
  EXPECT_EQ(fs::read_symlink(path("a") / "best"), "000005");
  EXPECT_EQ(load(path("a")), 5);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CheckpointStoreTest, TheBestIsOfTheStageUnderWay) {
  fill(path("a"));
  CheckpointStore store(path("a"), 1);
  store.save(state(4, "next"), 0.1);
  EXPECT_EQ(fs::read_symlink(path("a") / "best"), "000004");
  EXPECT_THAT(entries(path("a")), UnorderedElementsAre("000004", "last", "best"));
  const auto all = store.list();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].stage, "next");
  EXPECT_EQ(all[0].epoch, 4);
  EXPECT_EQ(all[0].step, 40);
  EXPECT_EQ(all[0].top1, 0.1);
}

TEST_F(CheckpointStoreTest, NothingIsLoadedWhereNothingIs) {
  fs::create_directory(path("a"));
  EXPECT_EQ(load(path("a")), 0);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(CheckpointStoreTest, ADamagedCheckpointIsNamedAndTheOneBeforeUsed) {
  const auto damage = [](const fs::path& folder, const std::string& how) {
    const fs::path file = folder / "state.safetensors";
    if (how == "one byte") {
      std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
      stream.seekp(-100, std::ios::end);
      stream.put('\x55');
    }
    if (how == "truncated") fs::resize_file(file, fs::file_size(file) - 8);
    if (how == "state missing") fs::remove(file);
    if (how == "manifest missing") fs::remove(folder / "manifest.json");
    if (how == "manifest torn") fs::resize_file(folder / "manifest.json", 40);
    if (how == "another format") std::ofstream(folder / "manifest.json") << "{\"format\": 2}";
    if (how == "another state")
      fs::copy_file(folder / "../000002/state.safetensors", file, fs::copy_options::overwrite_existing);
  };
  for (const char* how : {"one byte", "truncated", "state missing", "manifest missing", "manifest torn",
                          "another format", "another state"}) {
    const fs::path folder = path(how);
    fill(folder);
    damage(folder / "000003", how);
    warnings_.clear();
    EXPECT_EQ(load(folder), 2) << how;
    ASSERT_EQ(warnings_.size(), 1U) << how;
    EXPECT_THAT(warnings_[0], HasSubstr((folder / "000003").string() + " is damaged: "));
    // It is out of the way, and its number is not used again.
    EXPECT_EQ(load(folder), 2) << how;
    EXPECT_EQ(warnings_.size(), 1U) << how;
    CheckpointStore(folder, 2).save(state(4), std::nullopt);
    EXPECT_EQ(fs::read_symlink(folder / "last"), "000004") << how;
    EXPECT_TRUE(fs::exists(folder / "000003.damaged")) << how;
  }
}

TEST_F(CheckpointStoreTest, ACheckpointOfVersion01IsRefused) {
  fs::create_directory(path("a"));
  write_bytes(path("a") / "last.safetensors", "");
  EXPECT_THROW(CheckpointStore(path("a"), 2), Error);
}

// Every operation of a save fails in turn, with each error.
TEST_F(CheckpointStoreTest, NoFailureLosesACheckpoint) {
  fill(path("count"));
  CheckpointStore counted(path("count"), 2);
  faults::arm(kNever, EIO);
  counted.save(state(4), 0.4);
  const std::int64_t operations = faults::disarm();
  EXPECT_GT(operations, 15);
  for (const int error : {ENOSPC, EIO, EROFS}) {
    for (std::int64_t n = 1; n <= operations; ++n) {
      const fs::path folder = path(std::to_string(error) + "-" + std::to_string(n));
      fill(folder);
      CheckpointStore store(folder, 2);
      std::string message;
      faults::arm(n, error);
      try {
        store.save(state(4), 0.4);
      } catch (const std::system_error& failure) {
        message = failure.what();
        EXPECT_EQ(failure.code().value(), error) << message;
        EXPECT_THAT(message, HasSubstr("cannot write " + folder.string()));
      }
      faults::disarm();
      EXPECT_NE(message, "") << "operation " << n << " failed silently";
      const std::int64_t newest = load(folder);
      EXPECT_TRUE(newest == 3 || newest == 4) << newest << " after operation " << n;
      EXPECT_THAT(warnings_, IsEmpty()) << n;
      // The same process goes on when there is room again.
      store.save(state(5), std::nullopt);
      EXPECT_EQ(load(folder), 5);
      EXPECT_EQ(fs::read_symlink(folder / "best"), "000001");
      fs::remove_all(folder);
    }
  }
}

// The process is killed in every operation of a save in turn.
TEST_F(CheckpointStoreTest, NoDeathLosesACheckpoint) {
  for (std::int64_t n = 1;; ++n) {
    const fs::path folder = path(std::to_string(n));
    fill(folder);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      CheckpointStore store(folder, 2);
      faults::arm(n, faults::kKill);
      store.save(state(4), 0.4);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::int64_t newest = load(folder);
    EXPECT_THAT(warnings_, IsEmpty()) << n;
    if (WIFEXITED(status)) {
      EXPECT_EQ(newest, 4);
      EXPECT_GT(n, 15);
      break;
    }
    EXPECT_TRUE(newest == 3 || newest == 4) << newest << " after operation " << n;
    // Besides, what it was about to give its name.
    for (const std::string& name : entries(folder)) {
      EXPECT_THAT(name, testing::MatchesRegex("[0-9]{6}|last|best|\\.retort-.*")) << n;
    }
    CheckpointStore(folder, 2).save(state(5), std::nullopt);
    EXPECT_EQ(load(folder), 5);
    EXPECT_EQ(fs::read_symlink(folder / "best"), "000001");
    fs::remove_all(folder);
  }
}

// A process that does nothing but save is killed at 200 random moments; the next one goes on with what it finds.
TEST_F(CheckpointStoreTest, KilledAtRandomMomentsItGoesOn) {
  fs::create_directory(path("a"));
  std::mt19937 random(1);
  std::int64_t newest = 0;
  for (int round = 0; round < 200; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      CheckpointStore store(path("a"), 2);
      const auto file = store.load_newest([](const std::string&) { ::_exit(1); });
      for (std::int64_t n = file ? number_of(*file) + 1 : 1;; ++n) {
        store.save(state(n), 1.0 / static_cast<double>(n));
        if (::write(ends[1], &n, sizeof n) != sizeof n) ::_exit(2);
      }
    }
    ::close(ends[1]);
    ::usleep(std::uniform_int_distribution<useconds_t>(0, 20'000)(random));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "a checkpoint was damaged in round " << round;
    std::int64_t told = 0;
    while (::read(ends[0], &told, sizeof told) == sizeof told) {
      EXPECT_EQ(told, newest + 1);
      newest = told;
    }
    ::close(ends[0]);
    const std::int64_t found = load(path("a"));
    EXPECT_TRUE(found == newest || found == newest + 1) << found << ", saved were " << newest;
    newest = found;
  }
  EXPECT_GT(newest, 20);
  EXPECT_THAT(warnings_, IsEmpty());
}

}  // namespace
}  // namespace retort::run
