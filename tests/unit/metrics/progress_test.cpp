#include "metrics/progress.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "metrics/descriptor.hpp"

namespace retort::metrics {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

const Progress kSample{"main", 3, 30, 0.5, 1.23456, NamedValue{"test top-1", 0.7125}, 5120.4, 3723.0};

// A variable of the environment for the length of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::string read_available(int descriptor) {
  std::string text;
  std::array<char, 4096> buffer;
  for (pollfd entry{descriptor, POLLIN, 0}; poll(&entry, 1, 50) > 0;) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

class Terminal {
 public:
  explicit Terminal(unsigned short columns) {
    const winsize size{24, columns, 0, 0};
    if (openpty(&master_, &slave_, nullptr, nullptr, &size) != 0) std::abort();
  }
  ~Terminal() {
    close(slave_);
    close(master_);
  }
  Terminal(const Terminal&) = delete;

  int descriptor() const { return slave_; }
  std::string output() const { return read_available(master_); }

 private:
  int master_ = -1;
  int slave_ = -1;
};

// What a person sees after `output`: the rows, with carriage return, line feed, erase and colour codes obeyed.
std::vector<std::string> screen(const std::string& output) {
  std::vector<std::string> rows(1);
  std::size_t column = 0;
  for (std::size_t i = 0; i < output.size(); ++i) {
    if (output[i] == '\r') {
      column = 0;
    } else if (output[i] == '\n') {
      rows.emplace_back();
    } else if (output[i] == '\x1b') {
      i = output.find_first_of("Km", i);
      if (output[i] == 'K') rows.back().resize(std::min(column, rows.back().size()));
    } else {
      rows.back().resize(std::max(rows.back().size(), column + 1), ' ');
      rows.back()[column++] = output[i];
    }
  }
  return rows;
}

std::size_t count(const std::string& text, char wanted) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), wanted));
}

TEST(ProgressText, ShowsEverything) {
  EXPECT_EQ(progress_line(kSample, 200, false),
            "main  epoch 3/30 [==========>         ]  loss 1.235  test top-1 71.25%  5120 images/s  ETA 1:02:03");
}

TEST(ProgressText, LeavesOutWhatIsUnknown) {
  EXPECT_EQ(progress_line({"main", 1, 2, 0.0, {}, {}, 0.0, {}}, 200, false), "main  epoch 1/2 [>                   ]");
  EXPECT_EQ(progress_line({"main", 2, 2, 1.0, std::numeric_limits<double>::quiet_NaN(), {}, 2.5, 59.6}, 200, false),
            "main  epoch 2/2 [====================]  loss nan  2.5 images/s  ETA 1:00");
}

TEST(ProgressText, IsCutToTheWidthWhateverItHolds) {
  Progress progress = kSample;
  progress.stage = "\xC3\xA9tape\x1b[2J\n";
  for (std::size_t width = 0; width < 120; ++width) {
    const std::string line = progress_line(progress, width, false);
    const auto characters =
        std::count_if(line.begin(), line.end(), [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
    EXPECT_LE(static_cast<std::size_t>(characters), width);
    EXPECT_EQ(line.find_first_of("\x1b\n"), std::string::npos);
  }
  EXPECT_EQ(progress_line(progress, 3, false), "\xC3\xA9ta");
}

TEST(ProgressText, ColourTakesNoRoomAndIsAlwaysEnded) {
  for (std::size_t width = 0; width < 120; ++width) {
    const std::string line = progress_line(kSample, width, true);
    EXPECT_EQ(screen(line).front(), progress_line(kSample, width, false));
    EXPECT_EQ(count(line, '\x1b') % 2, 0U) << line;
  }
  EXPECT_THAT(progress_line(kSample, 80, true), HasSubstr("\x1b[36m[====="));
}

class ProgressLineTest : public testing::Test {
  const Environment term_{"TERM", "xterm"};
  const Environment no_color_{"NO_COLOR", nullptr};
};

TEST_F(ProgressLineTest, RedrawsOneLineOfATerminal) {
  const Terminal terminal(120);
  std::string output;
  {
    ProgressLine line(terminal.descriptor(), {milliseconds(0), milliseconds(0)});
    Progress progress = kSample;
    for (int epoch = 28; epoch <= 30; ++epoch) {
      progress.epoch = epoch;
      line.update(progress);
      line.epoch_finished(progress);
    }
    output = terminal.output();
    EXPECT_EQ(count(output, '\n'), 0U);
    EXPECT_EQ(screen(output).front(), (progress.epoch = 30, progress_line(progress, 119, false)));
  }
  EXPECT_EQ(screen(output + terminal.output()).size(), 2U) << "the end leaves the line and goes to the next";
}

TEST_F(ProgressLineTest, ShorterTextLeavesNoRest) {
  const Terminal terminal(120);
  ProgressLine line(terminal.descriptor(), {milliseconds(0), milliseconds(0)});
  line.update(kSample);
  line.update({"x", 1, 1, 0.0, {}, {}, 0.0, {}});
  EXPECT_EQ(screen(terminal.output()).front(), "x  epoch 1/1 [>                   ]");
}

TEST_F(ProgressLineTest, IsCutToTheTerminal) {
  const Terminal terminal(40);
  ProgressLine line(terminal.descriptor());
  line.update(kSample);
  EXPECT_EQ(screen(terminal.output()).front(), progress_line(kSample, 39, false));
  EXPECT_EQ(progress_line(kSample, 39, false).size(), 39U);
}

TEST_F(ProgressLineTest, RedrawsTenTimesASecondAtMost) {
  const Terminal terminal(120);
  ProgressLine line(terminal.descriptor());
  const auto begin = std::chrono::steady_clock::now();
  std::size_t updates = 0;
  Progress progress = kSample;
  for (; std::chrono::steady_clock::now() - begin < milliseconds(350); ++updates) line.update(progress);
  const auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::string output = terminal.output();
  EXPECT_GT(updates, 100U);
  EXPECT_GE(count(output, '\r'), 2U);
  EXPECT_LE(static_cast<double>(count(output, '\r')), elapsed * 10 + 1);
  progress.loss = 9.0;
  line.update(progress);
  line.finish();
  EXPECT_THAT(terminal.output(), HasSubstr("loss 9 ")) << "the last state is not lost to the limit";
}

TEST_F(ProgressLineTest, MessagesDoNotTearTheLine) {
  const Terminal terminal(120);
  ProgressLine line(terminal.descriptor(), {milliseconds(0), milliseconds(0)});
  line.update(kSample);
  line.interrupt([&] { EXPECT_EQ(write(terminal.descriptor(), "a message\n", 10), 10); });
  EXPECT_THAT(screen(terminal.output()), testing::ElementsAre("a message", progress_line(kSample, 119, false)));
}

TEST_F(ProgressLineTest, MessagesFromOtherThreadsStayWhole) {
  const Terminal terminal(120);
  ProgressLine line(terminal.descriptor(), {milliseconds(0), milliseconds(0)});
  std::string output;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) output += terminal.output();
  });
  std::thread logger([&] {
    for (int i = 0; i < 100; ++i) {
      line.interrupt([&] { EXPECT_EQ(write(terminal.descriptor(), "a message\n", 10), 10); });
    }
  });
  for (int i = 0; i < 100; ++i) line.update(kSample);
  logger.join();
  done = true;
  reader.join();
  auto rows = screen(output + terminal.output());
  EXPECT_EQ(rows.back(), progress_line(kSample, 119, false));
  rows.pop_back();
  EXPECT_THAT(rows, testing::AllOf(testing::SizeIs(100), testing::Each("a message")));
}

TEST_F(ProgressLineTest, NoColorIsRespected) {
  const Terminal terminal(120);
  ProgressLine colored(terminal.descriptor());
  colored.update(kSample);
  EXPECT_THAT(terminal.output(), HasSubstr("\x1b[36m"));
  const Environment no_color("NO_COLOR", "1");
  ProgressLine plain(terminal.descriptor());
  plain.update(kSample);
  EXPECT_THAT(terminal.output(), Not(HasSubstr("\x1b[36m")));
}

TEST_F(ProgressLineTest, ADumbTerminalGetsPlainLines) {
  const Environment dumb("TERM", "dumb");
  const Terminal terminal(120);
  ProgressLine line(terminal.descriptor());
  line.update(kSample);
  line.epoch_finished(kSample);
  const std::string output = terminal.output();
  EXPECT_EQ(count(output, '\n'), 1U);
  EXPECT_EQ(count(output, '\x1b'), 0U);
}

class Pipe {
 public:
  Pipe() {
    if (pipe2(ends_.data(), O_NONBLOCK) != 0) std::abort();
  }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;

  int descriptor() const { return ends_[1]; }
  std::string output() const { return read_available(ends_[0]); }

 private:
  std::array<int, 2> ends_{};
};

TEST_F(ProgressLineTest, APipeGetsALinePerEpoch) {
  const Pipe pipe;
  {
    ProgressLine line(pipe.descriptor());
    Progress progress = kSample;
    for (int epoch = 1; epoch <= 2; ++epoch) {
      progress.epoch = epoch;
      for (progress.epoch_done = 0.0; progress.epoch_done < 1.0; progress.epoch_done += 0.125) line.update(progress);
      line.epoch_finished(progress);
    }
    line.interrupt([] {});
  }
  EXPECT_EQ(pipe.output(),
            "main  epoch 1/30  100%  loss 1.235  test top-1 71.25%  5120 images/s  ETA 1:02:03\n"
            "main  epoch 2/30  100%  loss 1.235  test top-1 71.25%  5120 images/s  ETA 1:02:03\n");
}

TEST_F(ProgressLineTest, APipeHearsOfALongEpoch) {
  const Pipe pipe;
  ProgressLine line(pipe.descriptor(), {milliseconds(0), milliseconds(400)});
  line.update(kSample);
  EXPECT_EQ(pipe.output(), "");
  std::this_thread::sleep_for(milliseconds(420));
  line.update(kSample);
  line.update(kSample);
  EXPECT_EQ(pipe.output(), "main  epoch 3/30   50%  loss 1.235  test top-1 71.25%  5120 images/s  ETA 1:02:03\n");
}

TEST_F(ProgressLineTest, ReportsEvery30SecondsElsewhere) {
  EXPECT_EQ(ProgressTiming{}.report, std::chrono::seconds(30));
}

TEST_F(ProgressLineTest, AFullPipeIsNoReasonToWait) {
  const Pipe pipe;
  ProgressLine line(pipe.descriptor());
  for (int i = 0; i < 3000; ++i) line.epoch_finished(kSample);
  EXPECT_THAT(pipe.output(), HasSubstr("epoch 3/30"));
}

}  // namespace
}  // namespace retort::metrics
