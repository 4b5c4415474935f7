#pragma once

#include <stdexcept>
#include <string>

#include "metrics/descriptor.hpp"

namespace retort::metrics {

// An address and port that cannot be listened on; what() names both and the system's reason.
class BindError : public std::runtime_error {
 public:
  BindError(const std::string& address, int port, const std::string& reason);
};

// A TCP socket that listens on the first usable address of `address`, non-blocking. Throws BindError.
Descriptor listen_on(const std::string& address, int port);

// The port that a bound socket has.
int bound_port(const Descriptor& socket);

// Whether only this machine can reach a bound socket.
bool bound_to_loopback(const Descriptor& socket);

}  // namespace retort::metrics
