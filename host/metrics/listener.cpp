#include "metrics/listener.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include <fmt/format.h>

namespace retort::metrics {
namespace {

constexpr int kBacklog = 128;

std::string system_reason(int error) {
  return std::generic_category().message(error);
}

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList resolve(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    throw BindError(address, port, error == EAI_SYSTEM ? system_reason(errno) : gai_strerror(error));
  }
  return {found, &freeaddrinfo};
}

// 0, or the errno of the call that failed. SO_REUSEADDR lets a restarted run have its port back at once; SO_REUSEPORT,
// which would share it with a second run unnoticed, is not set.
int bind_and_listen(const Descriptor& socket, const addrinfo& address) {
  const int yes = 1;
  if (socket.value() < 0) return errno;
  if (setsockopt(socket.value(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return errno;
  if (bind(socket.value(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (listen(socket.value(), kBacklog) != 0) return errno;
  return 0;
}

sockaddr_storage bound_address(const Descriptor& socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket.value(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::system_error(errno, std::generic_category(), "getsockname");
  }
  return address;
}

}  // namespace

BindError::BindError(const std::string& address, int port, const std::string& reason)
    : std::runtime_error(fmt::format("cannot serve metrics on {} port {}: {}", address, port, reason)) {}

Descriptor listen_on(const std::string& address, int port) {
  if (address.empty()) throw BindError("\"\"", port, "the address is empty; use 127.0.0.1, or 0.0.0.0 for all");
  if (port < 0 || port > 65535) throw BindError(address, port, "a port is a number from 0 to 65535");
  const AddressList addresses = resolve(address, port);
  int first_error = 0;
  for (const addrinfo* candidate = addresses.get(); candidate != nullptr; candidate = candidate->ai_next) {
    Descriptor socket(::socket(candidate->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int error = bind_and_listen(socket, *candidate);
    if (error == 0) return socket;
    if (first_error == 0) first_error = error;
  }
  throw BindError(address, port, system_reason(first_error));
}

int bound_port(const Descriptor& socket) {
  const sockaddr_storage address = bound_address(socket);
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

bool bound_to_loopback(const Descriptor& socket) {
  const sockaddr_storage address = bound_address(socket);
  if (address.ss_family == AF_INET6) {
    const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    const bool maps_ipv4 = IN6_IS_ADDR_V4MAPPED(&ipv6);
    return IN6_IS_ADDR_LOOPBACK(&ipv6) || (maps_ipv4 && ipv6.s6_addr[12] == IN_LOOPBACKNET);
  }
  return ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

}  // namespace retort::metrics
