#include "metrics/server.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <httplib.h>
#include <pthread.h>

#include "metrics/connection.hpp"
#include "metrics/password_file.hpp"

namespace retort::metrics {
namespace {

constexpr std::size_t kWorkers = 4;
constexpr int kMaxWaiting = 64;  // further connections are closed at once
constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";
constexpr const char* kPlainType = "text/plain; charset=utf-8";

// httplib's constructor ignores SIGPIPE for the whole process; that is not a metrics server's to decide.
class KeepSigpipe {
 public:
  KeepSigpipe() { sigaction(SIGPIPE, nullptr, &action_); }
  ~KeepSigpipe() { sigaction(SIGPIPE, &action_, nullptr); }
  KeepSigpipe(const KeepSigpipe&) = delete;

 private:
  struct sigaction action_ {};
};

// Blocks all signals in this thread, and thus in the threads it starts, until the end of the scope: they are for the
// run's own threads.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// cpp-httplib's parsing, routing and answering, over connections that it did not accept itself.
class Service : public httplib::Server {
 public:
  void serve(Connection& connection) {
    bool closed = false;
    process_request(connection, /*close_connection=*/true, closed, nullptr);
  }
};

std::unique_ptr<Service> make_service() {
  const KeepSigpipe keep;
  return std::make_unique<Service>();
}

Descriptor make_event() {
  Descriptor event(eventfd(0, EFD_CLOEXEC));
  if (event.value() < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  return event;
}

}  // namespace

class MetricServer::Impl {
 public:
  Impl(const std::string& address, int port, std::function<std::string()> text, const std::filesystem::path& users)
      : listener_(listen_on(address, port)),
        stop_event_(make_event()),
        address_(address),
        port_(bound_port(*listener_)),
        loopback_(bound_to_loopback(*listener_)) {
    if (!users.empty()) users_.emplace(users);
    add_routes(std::move(text));
    const SignalsBlocked blocked;
    workers_ = std::make_unique<httplib::ThreadPool>(kWorkers);
    acceptor_ = std::thread([this] { accept_connections(); });
  }

  void stop() {
    if (!acceptor_.joinable()) return;
    pressure_.stopping = true;
    const std::uint64_t one = 1;
    if (write(stop_event_.value(), &one, sizeof one) != sizeof one) std::terminate();  // an eventfd takes a 1
    acceptor_.join();
    listener_.reset();
    workers_->shutdown();
  }

  int port() const { return port_; }
  bool loopback() const { return loopback_; }

  std::string url() const {
    const bool ipv6 = address_.find(':') != std::string::npos;
    return fmt::format("http://{}{}{}:{}/metrics", ipv6 ? "[" : "", address_, ipv6 ? "]" : "", port_);
  }

  void set_ready(bool ready) { ready_ = ready; }

 private:
  void add_routes(std::function<std::string()> text) {
    service_->Get("/metrics",
                  [this, text = std::move(text)](const httplib::Request& request, httplib::Response& response) {
                    if (users_ && !users_->accepts(request.get_header_value("Authorization"))) {
                      response.status = 401;
                      response.set_header("WWW-Authenticate", "Basic realm=\"retort\", charset=\"UTF-8\"");
                      return;
                    }
                    response.set_content(text(), kMetricsType);
                  });
    service_->Get("/-/healthy", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("Retort is healthy.\n", kPlainType);
    });
    service_->Get("/-/ready", [this](const httplib::Request&, httplib::Response& response) {
      response.status = ready_ ? 200 : 503;
      response.set_content(ready_ ? "Retort is ready.\n" : "Retort is starting.\n", kPlainType);
    });
  }

  void accept_connections() {
    std::array<pollfd, 2> entries{{{listener_->value(), POLLIN, 0}, {stop_event_.value(), POLLIN, 0}}};
    while (!pressure_.stopping) {
      poll(entries.data(), entries.size(), -1);
      const int socket = accept4(listener_->value(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket >= 0) {
        hand_over(Descriptor(socket));
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the connection stays queued in the kernel
      }
    }
  }

  void hand_over(Descriptor socket) {
    if (pressure_.waiting >= kMaxWaiting) return;
    ++pressure_.waiting;
    auto shared = std::make_shared<Descriptor>(std::move(socket));
    workers_->enqueue([this, shared] {
      --pressure_.waiting;
      serve(std::move(*shared));
    });
  }

  void serve(Descriptor socket) {
    try {
      Connection connection(std::move(socket), pressure_);
      service_->serve(connection);
    } catch (const std::exception&) {
      // The connection is lost; the run must not be.
    }
  }

  std::optional<Descriptor> listener_;  // until stop
  Descriptor stop_event_;
  const std::string address_;
  const int port_;
  const bool loopback_;
  Pressure pressure_;
  std::atomic<bool> ready_{false};
  std::optional<PasswordFile> users_;
  std::unique_ptr<Service> service_ = make_service();
  std::unique_ptr<httplib::ThreadPool> workers_;
  std::thread acceptor_;
};

MetricServer::MetricServer(const std::string& address, int port, std::function<std::string()> text,
                           const std::filesystem::path& users)
    : impl_(std::make_unique<Impl>(address, port, std::move(text), users)) {}

MetricServer::~MetricServer() {
  stop();
}

int MetricServer::port() const {
  return impl_->port();
}

bool MetricServer::loopback() const {
  return impl_->loopback();
}

std::string MetricServer::url() const {
  return impl_->url();
}

void MetricServer::set_ready(bool ready) {
  impl_->set_ready(ready);
}

void MetricServer::stop() {
  impl_->stop();
}

}  // namespace retort::metrics
