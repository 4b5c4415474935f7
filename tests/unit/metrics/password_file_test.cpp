#include "metrics/password_file.hpp"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_folder.hpp"
#include "http_client.hpp"
#include "metrics/server.hpp"

namespace retort::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// `htpasswd -nbB -C 4 ada engine`, `openssl passwd -6 -salt pepper enchantress`
constexpr const char* kUsers =
    "# who may "
    "scrape\n\nada:$2y$04$abcdefghijklmnopqrstuuCiRMDOSPunoGZ1DCFvc2WqLWXwAsJFG\ncharles:$6$pepper$"
    "oWOHaRBrBh1WBkTsEDghJGnHDb7/b0SGQlKMCfF0aAmChol0SLnJYCvc3iIjNyMbejMQ/dumUyz9KmeJnyIc2/\n";

class PasswordFileTest : public ::testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) {
    const auto file = folder_.path() / "users";
    std::ofstream(file) << text;
    return file;
  }
  std::string problem(const std::string& text) {
    try {
      PasswordFile users(write(text));
    } catch (const PasswordFileError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(PasswordFileTest, AcceptsWhoIsInItWithHisPassword) {
  const PasswordFile users(write(kUsers));
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(users.accepts("Basic YWRhOmVuZ2luZQ=="));              // ada:engine
    EXPECT_TRUE(users.accepts("Basic Y2hhcmxlczplbmNoYW50cmVzcw=="));  // charles:enchantress
    EXPECT_FALSE(users.accepts("Basic YWRhOmVuY2hhbnRyZXNz"));         // ada:enchantress
    EXPECT_FALSE(users.accepts("Basic ZXZlOmVuZ2luZQ=="));             // eve:engine
    EXPECT_FALSE(users.accepts("Basic YWRhOg=="));                     // ada:
    EXPECT_FALSE(users.accepts("Basic YWRh"));                         // ada
  }
}

TEST_F(PasswordFileTest, RefusesWhatIsNoBasicAuthorization) {
  const PasswordFile users(write(kUsers));
  for (const std::string& header :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Basic ===="),
        std::string("Basic YWRhOmVuZ2luZQ"), std::string("Bearer YWRhOmVuZ2luZQ=="), std::string("Basic \n\n\n\n"),
        "Basic " + std::string(100000, 'A')}) {
    EXPECT_FALSE(users.accepts(header)) << header.substr(0, 40);
  }
}

TEST_F(PasswordFileTest, SaysWhatIsWrongWithALine) {
  EXPECT_THAT(problem("ada:*\n"), HasSubstr("users:1: what follows the colon is no hash of a password; expected"));
  EXPECT_THAT(problem("ada:secret\n"), HasSubstr("users:1: what follows the colon is no hash of a password, or one"));
  EXPECT_THAT(problem("# x\nada\n"), HasSubstr("users:2: there is no name and colon; expected name:hash"));
  EXPECT_THAT(problem("ada:$1$abcdefgh$x\n"), HasSubstr("is easy to break"));
  EXPECT_THAT(problem("# nobody\n"), HasSubstr("names no user"));
  EXPECT_THROW(PasswordFile(folder_.path() / "absent"), PasswordFileError);
}

TEST_F(PasswordFileTest, GuardsTheMetricsOfAServer) {
  MetricServer server(
      "127.0.0.1", 0, [] { return std::string("retort_up 1\n"); }, write(kUsers));
  const std::string refused = request(server.port(), "GET", "/metrics");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(refused, HasSubstr("\r\nWWW-Authenticate: Basic realm=\"retort\", charset=\"UTF-8\"\r\n"));
  EXPECT_THAT(refused, Not(HasSubstr("retort_up")));
  const HttpClient client(server.port());
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic YWRhOmVuZ2luZQ==\r\n\r\n");
  EXPECT_THAT(client.receive(), HasSubstr("retort_up 1\n"));
  EXPECT_THAT(request(server.port(), "GET", "/-/healthy"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace retort::metrics
