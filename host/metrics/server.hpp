#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "metrics/listener.hpp"  // BindError

namespace retort::metrics {

// Serves GET and HEAD of /metrics (the Prometheus text format), /-/healthy and /-/ready over HTTP/1.1, one request a
// connection, on threads of its own. There is no encryption: what leaves the machine belongs behind a proxy.
//
// A client that sends its request or takes its answer slowly is dropped after five seconds, and after a quarter of a
// second while others wait; a request may have 16 KiB.
class MetricServer {
 public:
  // Listens at once. `address`: an IPv4 or IPv6 address, or a host name; `port`: 0 takes a free one. `text` gives the
  // answer to /metrics, on any of the server's threads; `users`: a PasswordFile of those who get it, everybody when it
  // is empty. Throws BindError and PasswordFileError.
  MetricServer(const std::string& address, int port, std::function<std::string()> text,
               const std::filesystem::path& users = {});
  // Stops.
  ~MetricServer();
  MetricServer(const MetricServer&) = delete;
  MetricServer& operator=(const MetricServer&) = delete;

  int port() const;
  // Whether only this machine can reach it.
  bool loopback() const;
  // "http://127.0.0.1:9464/metrics"
  std::string url() const;

  // /-/ready answers 503 until the server is ready.
  void set_ready(bool ready);

  // Returns when no thread is left, whatever clients do; calling it again does nothing.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace retort::metrics
