#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "metrics/descriptor.hpp"

namespace retort::metrics {

// A connection to a port of the loopback interface, which does only what it is told.
class HttpClient {
 public:
  explicit HttpClient(int port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval limit{20, 0};
    setsockopt(socket_.value(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(socket_.value(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("refused");
    }
  }

  void send(std::string_view text) const { ::send(socket_.value(), text.data(), text.size(), MSG_NOSIGNAL); }

  // All that comes until the server closes.
  std::string receive() const {
    std::string text;
    std::array<char, 65536> buffer;
    for (ssize_t count; (count = recv(socket_.value(), buffer.data(), buffer.size(), 0)) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
  }

  // Closing then resets the connection.
  void reset_when_closed() const {
    const linger now{1, 0};
    setsockopt(socket_.value(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  const Descriptor socket_;
};

inline std::string request(int port, std::string_view method, std::string_view path) {
  const HttpClient client(port);
  client.send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return client.receive();
}

}  // namespace retort::metrics
