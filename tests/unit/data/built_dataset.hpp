#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include <retort/component.hpp>
#include <retort/context.hpp>
#include <retort/dataset.hpp>
#include <retort/error.hpp>

#include "../temporary_folder.hpp"
#include "data/source.hpp"

using retort::TemporaryFolder;

// A data set from the plugin library that the build has made, created as the host creates it.
inline std::unique_ptr<retort::Dataset> built_dataset(const std::string& plugin, const std::string& name,
                                                      const retort::Table& params) {
  struct Silence final : retort::Logger, retort::MetricSink {
    void info(std::string_view) override {}
    void warn(std::string_view) override {}
    void report(std::string_view, const at::Tensor&) override {}
  };
  static Silence silence;
  const std::filesystem::path folder = RETORT_DATASET_PLUGINS;
  void* library = dlopen((folder / (plugin + ".so")).c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) throw retort::Error(dlerror());
  auto* manifest = reinterpret_cast<const retort::Manifest& (*)()>(dlsym(library, "retort_plugin_manifest"));
  static retort::Context context{silence, silence, at::detail::createCPUGenerator(0), {}};
  context.resources = folder / (plugin + ".data");
  for (const retort::Component& component : manifest().components) {
    if (component.descriptor.name != name) continue;
    return std::unique_ptr<retort::Dataset>(std::get<retort::DatasetFactory>(component.factory)(params, context));
  }
  throw retort::Error(plugin + ".so offers no " + name);
}

// A split that fits what the data set declares.
inline retort::ResidentSplit load_checked(retort::Dataset& dataset, retort::Split split) {
  retort::ResidentSplit data = dataset.load(split);
  retort::data::check_split("built", split, dataset.info(), data);
  return data;
}

// What load() says of a data set that it cannot read.
inline std::string load_error(retort::Dataset& dataset, retort::Split split) {
  try {
    dataset.load(split);
  } catch (const retort::DataError& error) {
    return error.what();
  }
  return "loaded";
}

// Mean and population deviation of each channel, of images scaled to [0, 1].
struct ChannelStatistics {
  std::vector<double> mean, deviation;
};

inline ChannelStatistics channel_statistics(const at::Tensor& images) {
  ChannelStatistics result;
  for (std::int64_t channel = 0; channel < images.size(1); ++channel) {
    const at::Tensor values = images.select(1, channel).contiguous();
    const auto* bytes = values.const_data_ptr<std::uint8_t>();
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < values.numel(); ++i) {
      const double value = bytes[i] / 255.0;
      sum += value;
      squares += value * value;
    }
    const double mean = sum / static_cast<double>(values.numel());
    result.mean.push_back(mean);
    result.deviation.push_back(std::sqrt(squares / static_cast<double>(values.numel()) - mean * mean));
  }
  return result;
}
