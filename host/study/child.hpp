#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace retort::study {

// How a process ended.
struct Ending {
  int code = 0;    // its exit code
  int signal = 0;  // or the signal that killed it
};

// A process that this one started: in a process group of its own, so that Ctrl-C reaches it once, through its parent;
// told to stop (SIGTERM) when its parent dies. [the thread that starts it lives as long as it]
class Child {
 public:
  // `words[0]` is the program's path. Output is appended to `log`; `environment` adds NAME=value. Throws Error when the
  // log cannot be written or no process be started.
  Child(const std::vector<std::string>& words, const std::filesystem::path& log,
        const std::vector<std::string>& environment);
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  // Kills it when it lives still.
  ~Child();

  // Nothing while it lives.
  std::optional<Ending> poll();
  void send(int signal) const;

 private:
  pid_t process_ = -1;
  std::optional<Ending> ending_;
};

// Starts a program and waits for it; what it writes to stdout is returned, stderr is dropped. `environment` as above.
struct Captured {
  Ending ending;
  std::string output;
};
Captured capture(const std::vector<std::string>& words, const std::vector<std::string>& environment);

}  // namespace retort::study
