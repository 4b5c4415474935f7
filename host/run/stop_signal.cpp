#include "stop_signal.hpp"

#include <unistd.h>
#include <csignal>

namespace retort::run {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGUSR1};
std::atomic<bool> stop{false};
std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

void handle(int signal) {
  if (signalled.exchange(true)) ::_exit(128 + signal);
  stop = true;
}

}  // namespace

StopSignal::StopSignal() {
  stop = false;
  signalled = false;
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) ::sigaction(signal, &action, nullptr);
}

StopSignal::~StopSignal() {
  for (const int signal : kSignals) std::signal(signal, SIG_DFL);
}

void StopSignal::request() {
  stop = true;
}

const std::atomic<bool>& StopSignal::requested() {
  return stop;
}

}  // namespace retort::run
