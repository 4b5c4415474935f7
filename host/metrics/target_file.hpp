#pragma once

#include <filesystem>
#include <string>

namespace retort::metrics {

// Tells Prometheus (file_sd_configs) where a run is scraped, for as long as the object lives. The file holds one
// target, without labels: retort_run_info says which run it is.
class TargetFile {
 public:
  // `url`: MetricServer::url(). `path` should end with .json and lie in a folder of nothing else, such as
  // runs/targets/; missing folders are made. Throws std::system_error naming the path.
  TargetFile(std::filesystem::path path, const std::string& url);
  // Removes the file.
  ~TargetFile();
  TargetFile(const TargetFile&) = delete;
  TargetFile& operator=(const TargetFile&) = delete;

 private:
  const std::filesystem::path path_;
};

}  // namespace retort::metrics
