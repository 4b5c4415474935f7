#include "prometheus_text.hpp"

#include <algorithm>
#include <cstdlib>
#include <optional>

namespace retort::report {
namespace {

class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line) {}

  std::optional<PrometheusSample> read() {
    PrometheusSample sample;
    const std::size_t end = line_.find_first_of("{ ");
    if (line_.empty() || line_[0] == '#' || end == std::string_view::npos || end == 0) return std::nullopt;
    sample.name = line_.substr(0, end);
    next_ = end;
    if (line_[next_] == '{' && !read_labels(sample.labels)) return std::nullopt;
    const std::string rest(line_.substr(next_));
    char* behind = nullptr;
    sample.value = std::strtod(rest.c_str(), &behind);
    if (behind == rest.c_str()) return std::nullopt;
    return sample;
  }

 private:
  bool read_labels(std::map<std::string, std::string>& labels) {
    ++next_;  // the brace
    while (next_ < line_.size() && line_[next_] != '}') {
      const std::size_t equals = line_.find("=\"", next_);
      if (equals == std::string_view::npos) return false;
      const std::string key(line_.substr(next_, equals - next_));
      next_ = equals + 2;
      if (!read_value(labels[key])) return false;
      if (next_ < line_.size() && line_[next_] == ',') ++next_;
    }
    if (next_ >= line_.size()) return false;
    ++next_;
    return true;
  }

  bool read_value(std::string& value) {
    for (; next_ < line_.size(); ++next_) {
      if (line_[next_] == '"') {
        ++next_;
        return true;
      }
      if (line_[next_] == '\\' && next_ + 1 < line_.size()) {
        ++next_;
        value += line_[next_] == 'n' ? '\n' : line_[next_];
      } else {
        value += line_[next_];
      }
    }
    return false;
  }

  std::string_view line_;
  std::size_t next_ = 0;
};

}  // namespace

std::string PrometheusSample::label(const std::string& key) const {
  const auto found = labels.find(key);
  return found == labels.end() ? "" : found->second;
}

std::vector<PrometheusSample> read_prometheus(std::string_view text) {
  std::vector<PrometheusSample> samples;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (auto sample = LineReader(text.substr(0, end)).read()) samples.push_back(std::move(*sample));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return samples;
}

}  // namespace retort::report
