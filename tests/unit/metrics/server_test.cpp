#include "metrics/server.hpp"

#include <arpa/inet.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <deque>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http_client.hpp"
#include "metrics/store.hpp"
#include "sample_run.hpp"

namespace retort::metrics {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Clock = std::chrono::steady_clock;

constexpr const char* kHalfARequest = "GET /metrics HTTP/1.1\r\nHost: loc";

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::string some_text() {
  return "retort_up 1\n";
}

std::string body(const std::string& answer) {
  return answer.substr(answer.find("\r\n\r\n") + 4);
}

TEST(MetricServer, ServesTheMetrics) {
  MetricServer server("127.0.0.1", 0, some_text);
  const std::string answer = request(server.port(), "GET", "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_EQ(body(answer), "retort_up 1\n");
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()) + "/metrics");
}

TEST(MetricServer, AnswersHeadWithoutABody) {
  MetricServer server("127.0.0.1", 0, some_text);
  const std::string answer = request(server.port(), "HEAD", "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 12\r\n"));
  EXPECT_EQ(body(answer), "");
}

TEST(MetricServer, TellsHealthAndReadiness) {
  MetricServer server("127.0.0.1", 0, some_text);
  EXPECT_THAT(request(server.port(), "GET", "/-/healthy"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(request(server.port(), "GET", "/-/ready"), StartsWith("HTTP/1.1 503 "));
  server.set_ready(true);
  EXPECT_THAT(request(server.port(), "GET", "/-/ready"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(request(server.port(), "HEAD", "/-/ready"), StartsWith("HTTP/1.1 200 "));
}

TEST(MetricServer, HasNothingElse) {
  MetricServer server("127.0.0.1", 0, some_text);
  for (const char* path : {"/", "/metrics/", "/metrics/sub", "/metricsx", "/../etc/passwd", "/%2e%2e/etc/passwd"}) {
    EXPECT_THAT(request(server.port(), "GET", path), StartsWith("HTTP/1.1 404 ")) << path;
  }
  EXPECT_THAT(request(server.port(), "DELETE", "/metrics"), StartsWith("HTTP/1.1 404 "));
}

TEST(MetricServer, SaysWhyAPortCannotBeHad) {
  MetricServer server("127.0.0.1", 0, some_text);
  try {
    MetricServer second("127.0.0.1", server.port(), some_text);
    FAIL() << "two runs would share the port";
  } catch (const BindError& error) {
    EXPECT_EQ(error.what(),
              "cannot serve metrics on 127.0.0.1 port " + std::to_string(server.port()) + ": Address already in use");
  }
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), StartsWith("HTTP/1.1 200 "));
}

TEST(MetricServer, SaysWhyAnAddressCannotBeHad) {
  const auto reason = [](const std::string& address, int port) -> std::string {
    try {
      MetricServer server(address, port, some_text);
      return "";
    } catch (const BindError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(reason("192.0.2.1", 0), "cannot serve metrics on 192.0.2.1 port 0: Cannot assign requested address");
  EXPECT_THAT(reason("no host", 9464), StartsWith("cannot serve metrics on no host port 9464: "));
  EXPECT_THAT(reason("", 9464), HasSubstr("the address is empty"));
  EXPECT_THAT(reason("127.0.0.1", 65536), HasSubstr("port 65536: a port is a number from 0 to 65535"));
  EXPECT_THAT(reason("127.0.0.1", -1), HasSubstr("port -1: a port is a number from 0 to 65535"));
}

TEST(MetricServer, TakesItsPortBackAtOnce) {
  int port = 0;
  {
    MetricServer server("127.0.0.1", 0, some_text);
    port = server.port();
    EXPECT_THAT(request(port, "GET", "/metrics"), StartsWith("HTTP/1.1 200 "));
  }
  MetricServer server("127.0.0.1", port, some_text);
  EXPECT_EQ(server.port(), port);
}

TEST(MetricServer, KnowsWhetherOtherMachinesReachIt) {
  const auto loopback = [](const std::string& address) { return MetricServer(address, 0, some_text).loopback(); };
  EXPECT_TRUE(loopback("127.0.0.1"));
  EXPECT_TRUE(loopback("127.0.0.2"));
  EXPECT_TRUE(loopback("localhost"));
  EXPECT_FALSE(loopback("0.0.0.0"));
}

TEST(MetricServer, ServesIpv6) {
  std::unique_ptr<MetricServer> server;
  try {
    server = std::make_unique<MetricServer>("::1", 0, some_text);
  } catch (const BindError& error) {
    GTEST_SKIP() << "no IPv6 loopback here: " << error.what();
  }
  EXPECT_THAT(server->url(), StartsWith("http://[::1]:"));
  EXPECT_TRUE(server->loopback());
  const Descriptor socket(::socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(static_cast<std::uint16_t>(server->port()));
  address.sin6_addr = in6addr_loopback;
  ASSERT_EQ(connect(socket.value(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string text = "GET /-/healthy HTTP/1.1\r\nHost: [::1]\r\n\r\n";
  ASSERT_EQ(send(socket.value(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  std::array<char, 12> answer{};
  ASSERT_EQ(recv(socket.value(), answer.data(), answer.size(), MSG_WAITALL), 12);
  EXPECT_EQ(std::string(answer.data(), answer.size()), "HTTP/1.1 200");
}

TEST(MetricServer, Serves50ScrapesAtOnceWhileTheStoreIsFed) {
  MetricStore store;
  StageMetrics stage(store, "main", 1);
  stage.record(sample_step_report());
  MetricServer server("127.0.0.1", 0, [&] { return store.text(); });
  std::atomic<int> whole{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 50; ++i) {
    clients.emplace_back([&] {
      const std::string answer = request(server.port(), "GET", "/metrics");
      const std::string length = "Content-Length: " + std::to_string(body(answer).size()) + "\r\n";
      if (answer.starts_with("HTTP/1.1 200 ") && answer.find(length) != std::string::npos) ++whole;
    });
  }
  for (int i = 0; i < 200; ++i) stage.record(sample_step_report());
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(whole, 50);
}

TEST(MetricServer, HalfOpenClientsDoNotBlockScrapes) {
  MetricServer server("127.0.0.1", 0, some_text);
  std::deque<HttpClient> clients;
  for (int i = 0; i < 12; ++i) clients.emplace_back(server.port()).send(i % 2 == 0 ? "" : kHalfARequest);
  const auto begin = Clock::now();
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(seconds_since(begin), 3.0);
}

TEST(MetricServer, AClientThatSendsByteByByteDoesNotKeepItsThread) {
  MetricServer server("127.0.0.1", 0, some_text);
  std::deque<HttpClient> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back(server.port());
  std::atomic<bool> done{false};
  std::thread trickle([&] {
    while (!done) {
      for (const HttpClient& client : clients) client.send("G");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto begin = Clock::now();
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(seconds_since(begin), 3.0);
  done = true;
  trickle.join();
}

TEST(MetricServer, StopsAtOnceWithAHalfSentRequestOpen) {
  MetricServer server("127.0.0.1", 0, some_text);
  std::deque<HttpClient> clients;
  for (int i = 0; i < 20; ++i) clients.emplace_back(server.port()).send(kHalfARequest);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto begin = Clock::now();
  server.stop();
  EXPECT_LT(seconds_since(begin), 1.0);
  EXPECT_THROW(HttpClient late(server.port()), std::runtime_error) << "nobody listens any more";
  server.stop();
}

TEST(MetricServer, StopsAtOnceWhenAClientDoesNotReadItsAnswer) {
  MetricServer server("127.0.0.1", 0, [] { return std::string(16 << 20, 'x'); });
  const HttpClient client(server.port());
  client.send("GET /metrics HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto begin = Clock::now();
  server.stop();
  EXPECT_LT(seconds_since(begin), 1.0);
}

TEST(MetricServer, SurvivesClientsThatResetTheConnection) {
  MetricServer server("127.0.0.1", 0, [] { return std::string(8 << 20, 'x'); });
  for (int i = 0; i < 8; ++i) {
    const HttpClient client(server.port());
    client.send("GET /metrics HTTP/1.1\r\n\r\n");
    client.reset_when_closed();
  }
  EXPECT_EQ(body(request(server.port(), "GET", "/metrics")).size(), std::size_t{8} << 20);
}

TEST(MetricServer, RefusesALargeRequest) {
  MetricServer server("127.0.0.1", 0, some_text);
  for (const std::string& flood :
       {"GET /metrics HTTP/1.1\r\nX: " + std::string(1 << 20, 'a'), std::string(1 << 20, '/'),
        "GET /metrics HTTP/1.1\r\nRange: bytes=" + std::string(12'000, '1') + "\r\n\r\n",
        "POST /metrics HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n" + std::string(1 << 20, 'a')}) {
    const HttpClient client(server.port());
    client.send(flood);
    EXPECT_THAT(client.receive(), testing::Not(HasSubstr(" 200 ")));
  }
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), StartsWith("HTTP/1.1 200 "));
}

TEST(MetricServer, AFailureOfTheSourceIsThatScrapesAlone) {
  std::atomic<bool> fails{true};
  MetricServer server("127.0.0.1", 0, [&] { return fails ? throw std::runtime_error("no text") : some_text(); });
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), StartsWith("HTTP/1.1 500 "));
  fails = false;
  EXPECT_THAT(request(server.port(), "GET", "/metrics"), EndsWith(some_text()));
}

TEST(MetricServer, LeavesTheProcessItsSignals) {
  const auto before = std::signal(SIGPIPE, SIG_DFL);
  MetricServer server("127.0.0.1", 0, some_text);
  EXPECT_EQ(std::signal(SIGPIPE, before), SIG_DFL);
}

}  // namespace
}  // namespace retort::metrics
