#include "event_log.hpp"

#include <cstdio>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <retort/error.hpp>

namespace retort::run {
namespace {

// Lines on the terminal that do not tear the progress line.
class AroundProgress final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit AroundProgress(metrics::ProgressLine& progress) : progress_(progress) {}

 private:
  // An error ends the program, which prints it itself.
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (message.level == spdlog::level::err) return;
    const std::string_view level = message.level == spdlog::level::warn ? "warning: " : "";
    progress_.interrupt([&] {
      std::fprintf(stderr, "%s%.*s%.*s\n", progress_.label().c_str(), static_cast<int>(level.size()), level.data(),
                   static_cast<int>(message.payload.size()), message.payload.data());
    });
  }
  void flush_() override { std::fflush(stderr); }

  metrics::ProgressLine& progress_;
};

}  // namespace

EventLog::EventLog(metrics::ProgressLine& progress)
    : logger_(std::make_shared<spdlog::logger>("retort", std::make_shared<AroundProgress>(progress))) {
  logger_->flush_on(spdlog::level::info);
}

EventLog::~EventLog() = default;

void EventLog::open(const std::filesystem::path& file) {
  try {
    auto sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string());
    sink->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger_->sinks().push_back(std::move(sink));
  } catch (const spdlog::spdlog_ex& problem) {
    throw Error(problem.what());
  }
}

void EventLog::info(std::string_view message) {
  logger_->info("{}", message);
}
void EventLog::warn(std::string_view message) {
  logger_->warn("{}", message);
}
void EventLog::error(std::string_view message) {
  logger_->error("{}", message);
}

}  // namespace retort::run
