#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>

#include <httplib.h>

#include "metrics/descriptor.hpp"

namespace retort::metrics {

// What decides how long a connection may keep a thread.
struct Pressure {
  std::atomic<int> waiting{0};  // connections that no thread has taken yet
  std::atomic<bool> stopping{false};
};

// One accepted, non-blocking connection, as cpp-httplib reads and writes it. Reading and writing fail once the peer has
// used up its time (see MetricServer), sent too much, or the server stops.
class Connection final : public httplib::Stream {
 public:
  Connection(Descriptor socket, const Pressure& pressure);
  // Ends the answer properly: closing with unread input would reset the connection.
  ~Connection() override;

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* data, std::size_t size) override;
  ssize_t write(const char* data, std::size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_.value(); }

 private:
  bool ready(short events, std::chrono::milliseconds limit) const;
  bool wait(short events);
  void discard_input() const;

  const Descriptor socket_;
  const Pressure& pressure_;
  std::chrono::steady_clock::duration waited_{0};  // for the peer, in all
  std::size_t received_ = 0;
};

}  // namespace retort::metrics
