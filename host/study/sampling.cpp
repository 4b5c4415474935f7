#include "sampling.hpp"

#include <cmath>
#include <random>
#include <set>

#include <retort/param.hpp>

namespace retort::study {
namespace {

using config::Node;

constexpr int kMostAttempts = 1000;  // for one combination that is not there yet

// Draws for one key. The standard fixes what the engine and the seed sequence give, but not its distributions.
class Stream {
 public:
  Stream(std::int64_t seed, const SampledKey& key) : key_(key) {
    std::vector<std::uint32_t> words{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
    for (const unsigned char c : key.target.text) words.push_back(c);
    std::seed_seq sequence(words.begin(), words.end());
    engine_.seed(sequence);
  }

  Node next() {
    const Distribution& d = key_.distribution;
    const double u = static_cast<double>(engine_() >> 11) * 0x1p-53;  // [0, 1)
    switch (d.kind) {
      case Distribution::Kind::Uniform:
        return Node(Value(d.min + u * (d.max - d.min)), d.origin);
      case Distribution::Kind::LogUniform:
        return Node(Value(std::exp(std::log(d.min) + u * (std::log(d.max) - std::log(d.min)))), d.origin);
      case Distribution::Kind::Integers:
        return Node(Value(d.first + static_cast<std::int64_t>(u * static_cast<double>(d.last - d.first + 1))),
                    d.origin);
      case Distribution::Kind::Choices:
        break;
    }
    return d.choices[static_cast<std::size_t>(u * static_cast<double>(d.choices.size()))];
  }

 private:
  const SampledKey& key_;
  std::mt19937_64 engine_;
};

}  // namespace

std::vector<std::vector<Node>> draw(const Sample& sample, config::Diagnostics& diagnostics) {
  std::vector<Stream> streams;
  for (const SampledKey& key : sample.keys) streams.emplace_back(sample.seed, key);
  std::vector<std::vector<Node>> combinations;
  std::set<std::string> seen;
  int attempts = 0;
  while (static_cast<std::int64_t>(combinations.size()) < sample.count) {
    std::vector<Node> values;
    std::string text;
    for (Stream& stream : streams) {
      values.push_back(stream.next());
      text += to_toml(values.back().value()) + "\n";
    }
    if (seen.insert(text).second) {
      combinations.push_back(std::move(values));
      attempts = 0;
    } else if (++attempts == kMostAttempts) {
      diagnostics.error(sample.origin, "study.sample: " + std::to_string(sample.count) +
                                           " different combinations were asked for, only " +
                                           std::to_string(combinations.size()) + " were found");
      break;
    }
  }
  return combinations;
}

}  // namespace retort::study
