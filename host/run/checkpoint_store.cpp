#include "checkpoint_store.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <system_error>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <retort/error.hpp>

#include "files/atomic_file.hpp"
#include "files/symbolic_link.hpp"
#include "sha256.hpp"

namespace retort::run {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr const char* kState = "state.safetensors";
constexpr const char* kManifest = "manifest.json";
constexpr std::string_view kUnfinished = ".new-";  // before the name: being written
constexpr std::string_view kDiscarded = ".old-";   // being removed

void move(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw std::system_error(error, "cannot write " + to.string());
}

// "000012" and "000012.damaged" are 12; nothing for other names.
std::optional<std::int64_t> number_of(const fs::path& folder) {
  const std::string name = folder.stem();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

// The folders of checkpoints, the newest first.
std::vector<fs::path> folders_in(const fs::path& path) {
  std::vector<fs::path> folders;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (!entry.is_symlink() && !entry.path().has_extension() && number_of(entry.path()))
      folders.push_back(entry.path());
  }
  std::sort(folders.begin(), folders.end(), [](const auto& a, const auto& b) { return number_of(a) > number_of(b); });
  return folders;
}

Json manifest_of(const fs::path& folder) {
  std::ifstream stream(folder / kManifest);
  if (!stream) throw DataError("it has no manifest.json");
  try {
    Json manifest = Json::parse(stream);
    if (manifest.at("format") != kFormat) {
      throw DataError(fmt::format("its format is {}, this version reads {}", manifest.at("format").dump(), kFormat));
    }
    return manifest;
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("its manifest.json cannot be read: ") + error.what());
  }
}

CheckpointFacts facts_of(const fs::path& folder, const Json& manifest) {
  try {
    const Json& top1 = manifest.at("top1");
    return {.folder = folder,
            .number = manifest.at("number"),
            .stage = manifest.at("stage"),
            .epoch = manifest.at("epoch"),
            .step = manifest.at("step"),
            .top1 = top1.is_null() ? std::nullopt : std::optional(top1.get<double>())};
  } catch (const nlohmann::json::exception& error) {
    throw DataError(std::string("its manifest.json lacks an entry: ") + error.what());
  }
}

Json file_facts(const fs::path& file) {
  return {{"bytes", fs::file_size(file)}, {"sha256", file_sha256(file)}};
}

// Throws DataError unless the files are those that the manifest was written for.
void check_files(const fs::path& folder, const Json& manifest) {
  if (!manifest.contains("files") || !manifest["files"].contains(kState)) {
    throw DataError(fmt::format("its manifest.json does not list {}", kState));
  }
  for (const auto& [name, expected] : manifest["files"].items()) {
    if (!fs::exists(folder / name)) throw DataError(name + " is missing");
    if (file_facts(folder / name) != expected) throw DataError(name + " is not what was written: its SHA-256 differs");
  }
}

// A folder that is gone with the object unless it was renamed.
class UnfinishedFolder {
 public:
  explicit UnfinishedFolder(fs::path path) : path_(std::move(path)) {
    std::error_code error;
    fs::create_directory(path_, error);
    if (error) throw std::system_error(error, "cannot write " + path_.string());
  }
  ~UnfinishedFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  UnfinishedFolder(const UnfinishedFolder&) = delete;
  UnfinishedFolder& operator=(const UnfinishedFolder&) = delete;

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

CheckpointStore::CheckpointStore(fs::path folder, std::int64_t keep) : folder_(std::move(folder)), keep_(keep) {
  if (fs::exists(folder_ / "last.safetensors")) {
    throw Error(folder_.string() + " holds a checkpoint of an earlier version of Retort, which this one cannot go on " +
                "with; begin the run anew");
  }
  remove_unfinished();
}

void CheckpointStore::remove_unfinished() const {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    const std::string name = entry.path().filename();
    std::error_code ignored;
    if (name.starts_with(kUnfinished) || name.starts_with(kDiscarded)) fs::remove_all(entry.path(), ignored);
  }
}

std::int64_t CheckpointStore::next_number() const {
  std::int64_t newest = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_)) {
    newest = std::max(newest, number_of(entry.path()).value_or(0));
  }
  return newest + 1;
}

void CheckpointStore::save(const weights::TensorFile& state, std::optional<double> top1) {
  const std::int64_t number = next_number();
  const std::string name = fmt::format("{:06}", number);
  {
    const UnfinishedFolder unfinished(folder_ / (std::string(kUnfinished) + name));
    weights::save_tensors(unfinished.path() / kState, state);
    const Json manifest = {{"format", kFormat},
                           {"number", number},
                           {"stage", state.metadata.at("stage")},
                           {"epoch", std::stoll(state.metadata.at("epoch"))},
                           {"step", std::stoll(state.metadata.at("step"))},
                           {"top1", top1 ? Json(*top1) : Json()},
                           {"files", {{kState, file_facts(unfinished.path() / kState)}}}};
    files::write_file(unfinished.path() / kManifest, manifest.dump(2) + "\n");
    move(unfinished.path(), folder_ / name);
    files::sync_folder(folder_);
  }
  files::point_link(folder_ / "last", name);
  prune();
}

void CheckpointStore::prune() const {
  const std::vector<CheckpointFacts> all = list();
  if (all.empty()) return;
  const CheckpointFacts* best = nullptr;
  for (const CheckpointFacts& checkpoint : all) {
    if (checkpoint.stage != all.back().stage || !checkpoint.top1) continue;
    if (!best || *checkpoint.top1 > *best->top1) best = &checkpoint;
  }
  if (best) files::point_link(folder_ / "best", best->folder.filename());
  const auto newest = static_cast<std::size_t>(keep_);
  for (std::size_t i = 0; i + newest < all.size(); ++i) {
    if (&all[i] == best) continue;
    // Under another name first: half removed, it would count as damaged.
    const fs::path discarded = folder_ / (std::string(kDiscarded) + all[i].folder.filename().string());
    move(all[i].folder, discarded);
    std::error_code ignored;
    fs::remove_all(discarded, ignored);
  }
}

std::vector<CheckpointFacts> CheckpointStore::list() const {
  std::vector<CheckpointFacts> all;
  for (const fs::path& folder : folders_in(folder_)) {
    try {
      all.push_back(facts_of(folder, manifest_of(folder)));
    } catch (const DataError&) {  // load_newest() tells of it
    }
  }
  std::reverse(all.begin(), all.end());
  return all;
}

std::optional<weights::TensorFile> CheckpointStore::load_newest(const std::function<void(const std::string&)>& warn) {
  for (const fs::path& folder : folders_in(folder_)) {
    try {
      const Json manifest = manifest_of(folder);
      facts_of(folder, manifest);
      check_files(folder, manifest);
      return weights::load_tensors(folder / kState);
    } catch (const DataError& error) {
      warn(fmt::format("the checkpoint {} is damaged: {}; the one before it is used", folder.string(), error.what()));
      std::error_code ignored;
      fs::rename(folder, folder.string() + ".damaged", ignored);
    }
  }
  return std::nullopt;
}

}  // namespace retort::run
