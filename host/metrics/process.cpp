#include "metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>

#include "metrics/catalogue.hpp"

namespace retort::metrics {
namespace {

// The fields of /proc/self/stat that are used, in its units (proc(5)).
struct Stat {
  double user_ticks;
  double system_ticks;
  double start_ticks;  // since boot
  double virtual_bytes;
  double resident_pages;
};

std::optional<Stat> read_stat() {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto name_end = text.rfind(')');  // the name before it may hold blanks and parentheses
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() < 22) return std::nullopt;
  const auto field = [&](std::size_t number) { return std::stod(fields[number - 3]); };  // the rest begins with field 3
  return Stat{field(14), field(15), field(22), field(23), field(24)};
}

// Unix time of the boot; 0 when unknown.
double boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key; file.ignore(1 << 20, '\n')) {
    if (double seconds = 0; key == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

std::optional<double> open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator entries("/proc/self/fd", error);
  if (error) return std::nullopt;
  return static_cast<double>(std::distance(begin(entries), end(entries)) - 1);  // less the iterator's own
}

std::optional<double> descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return std::nullopt;
  return static_cast<double>(limit.rlim_cur);
}

prometheus::MetricFamily family(Metric metric, double value) {
  const bool counts = spec(metric).type == MetricType::Counter;
  prometheus::ClientMetric sample;
  (counts ? sample.counter.value : sample.gauge.value) = value;
  return {spec(metric).name,
          spec(metric).help,
          counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
          {sample}};
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  if (const auto stat = read_stat()) {
    const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    const auto page_bytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    families.push_back(family(Metric::ProcessCpuSeconds, (stat->user_ticks + stat->system_ticks) / ticks_per_second));
    families.push_back(family(Metric::ProcessResidentMemory, stat->resident_pages * page_bytes));
    families.push_back(family(Metric::ProcessVirtualMemory, stat->virtual_bytes));
    families.push_back(family(Metric::ProcessStartTime, boot_time() + stat->start_ticks / ticks_per_second));
  }
  if (const auto open = open_descriptors()) families.push_back(family(Metric::ProcessOpenFds, *open));
  if (const auto limit = descriptor_limit()) families.push_back(family(Metric::ProcessMaxFds, *limit));
  return families;
}

}  // namespace retort::metrics
