#include "child.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include <retort/error.hpp>

#include "metrics/descriptor.hpp"

namespace retort::study {
namespace {

using metrics::Descriptor;

[[noreturn]] void fail(const std::string& what) {
  throw Error(what + ": " + std::generic_category().message(errno));
}

// A list of pointers as execve() takes it.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_with(const std::vector<std::string>& added) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    const auto replaced = [&text](const std::string& one) {
      return text.starts_with(one.substr(0, one.find('=') + 1));
    };
    if (std::none_of(added.begin(), added.end(), replaced)) all.push_back(text);
  }
  all.insert(all.end(), added.begin(), added.end());
  return all;
}

// Everything is prepared before fork(): between it and execve() other threads' locks may be held.
pid_t start(std::vector<std::string> words, std::vector<std::string> environment, int output, int errors) {
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const std::vector<char*> arguments = pointers(words);
  const std::vector<char*> variables = pointers(environment);
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) fail("cannot start " + words[0]);
  if (process > 0) return process;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);  // it died before it was watched
  ::dup2(nothing.value(), STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(errors, STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), variables.data());
  ::_exit(127);
}

Ending ending_of(int status) {
  return WIFSIGNALED(status) ? Ending{.signal = WTERMSIG(status)} : Ending{.code = WEXITSTATUS(status)};
}

Ending wait_for(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return ending_of(status);
}

}  // namespace

Child::Child(const std::vector<std::string>& words, const std::filesystem::path& log,
             const std::vector<std::string>& environment) {
  const Descriptor file(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666));
  if (file.value() < 0) fail("cannot write " + log.string());
  process_ = start(words, environment_with(environment), file.value(), file.value());
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)), ending_(std::exchange(other.ending_, std::nullopt)) {}

Child::~Child() {
  if (process_ < 0 || ending_) return;
  ::kill(process_, SIGKILL);
  wait_for(process_);
}

std::optional<Ending> Child::poll() {
  if (ending_) return ending_;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) == process_) ending_ = ending_of(status);
  return ending_;
}

void Child::send(int signal) const {
  if (!ending_) ::kill(process_, signal);
}

Captured capture(const std::vector<std::string>& words, const std::vector<std::string>& environment) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) fail("cannot make a pipe");
  const Descriptor reading(ends[0]);
  const Descriptor silence(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  pid_t process = -1;
  {
    const Descriptor writing(ends[1]);
    process = start(words, environment_with(environment), writing.value(), silence.value());
  }
  Captured captured;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(reading.value(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    captured.output.append(buffer, static_cast<std::size_t>(count));
  }
  captured.ending = wait_for(process);
  return captured;
}

}  // namespace retort::study
