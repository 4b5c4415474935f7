#include "metrics/connection.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <utility>

namespace retort::metrics {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{5000};
constexpr milliseconds kPatienceWhileOthersWait{250};
constexpr milliseconds kLookInterval{50};  // how often a waiting thread looks whether others wait or the server stops
constexpr std::size_t kRequestLimit = 16 * 1024;

}  // namespace

Connection::Connection(Descriptor socket, const Pressure& pressure) : socket_(std::move(socket)), pressure_(pressure) {}

Connection::~Connection() {
  shutdown(socket(), SHUT_WR);
  discard_input();
}

bool Connection::ready(short events, milliseconds limit) const {
  pollfd entry{socket(), events, 0};
  return poll(&entry, 1, static_cast<int>(limit.count())) > 0;
}

bool Connection::wait(short events) {
  while (!pressure_.stopping) {
    const auto begin = std::chrono::steady_clock::now();
    const bool is_ready = ready(events, kLookInterval);
    waited_ += std::chrono::steady_clock::now() - begin;
    if (waited_ > (pressure_.waiting > 0 ? kPatienceWhileOthersWait : kPatience)) return false;
    if (is_ready) return true;
  }
  return false;
}

bool Connection::is_readable() const {
  return ready(POLLIN, milliseconds{0});
}

bool Connection::is_writable() const {
  return ready(POLLOUT, milliseconds{0});
}

ssize_t Connection::read(char* data, std::size_t size) {
  if (received_ >= kRequestLimit || !wait(POLLIN)) return -1;
  const ssize_t count = recv(socket(), data, std::min(size, kRequestLimit - received_), 0);
  if (count > 0) received_ += static_cast<std::size_t>(count);
  return count;
}

ssize_t Connection::write(const char* data, std::size_t size) {
  if (!wait(POLLOUT)) return -1;
  return send(socket(), data, size, MSG_NOSIGNAL);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void Connection::discard_input() const {
  std::array<char, 4096> buffer;
  for (std::size_t total = 0; total < kRequestLimit;) {
    const ssize_t count = recv(socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count <= 0) return;
    total += static_cast<std::size_t>(count);
  }
}

}  // namespace retort::metrics
