#include "document.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <vector>

#include "file_hint.hpp"
#include "interpolation.hpp"
#include "merge.hpp"
#include "toml_reader.hpp"
#include "validation.hpp"

namespace retort::config {
namespace {

namespace fs = std::filesystem;

// The content of a file; `origin` is where the file was asked for.
std::optional<std::string> read_file(const fs::path& file, const Origin& origin, Diagnostics& diagnostics) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    diagnostics.error(origin, "cannot read '" + file.string() + "': it is a folder");
    return std::nullopt;
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    const std::string hint = errno == ENOENT ? nearest_file(file) : "";
    diagnostics.error(origin, "cannot read '" + file.string() + "': " + std::strerror(errno) + hint);
    return std::nullopt;
  }
  std::string text(kLargestFile + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > kLargestFile) {
    diagnostics.error({file.string()}, "the file is larger than " + std::to_string(kLargestFile) + " bytes");
    return std::nullopt;
  }
  return text;
}

class Loader {
 public:
  explicit Loader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::vector<SourceFile> take_sources() { return std::move(sources_); }

  // A file with everything that it extends; `origin` is where it was named.
  Node load(const fs::path& file, const Origin& origin) {
    Node nothing(Node::Entries{}, {file.string(), 1, 1});
    if (!enter(file, origin)) return nothing;
    Node result = nothing;
    if (const auto text = read_file(file, origin, diagnostics_)) {
      note(file, *text);
      Node own = read_toml(*text, file.string(), diagnostics_);
      Node base = extended(file, own);
      if (!diagnostics_.failed()) apply_unset(base, own, diagnostics_);
      result = merge(std::move(base), std::move(own));
    }
    chain_.pop_back();
    return result;
  }

 private:
  struct Link {
    fs::path canonical;
    std::string shown;
  };

  void note(const fs::path& file, const std::string& text) {
    const auto same = [&file](const SourceFile& source) { return source.path == file; };
    if (std::none_of(sources_.begin(), sources_.end(), same)) sources_.push_back({file, text});
  }

  // Refuses a file that is being read already, a chain that is too long, and too many files.
  bool enter(const fs::path& file, const Origin& origin) {
    std::error_code failure;
    fs::path canonical = fs::weakly_canonical(file, failure);
    if (failure) canonical = file;
    const auto same = [&canonical](const Link& link) { return link.canonical == canonical; };
    const auto known = std::find_if(chain_.begin(), chain_.end(), same);
    if (known != chain_.end()) {
      std::string text;
      for (auto link = known; link != chain_.end(); ++link) text += link->shown + " -> ";
      diagnostics_.error(origin, "extends: the file extends itself: " + text + file.string());
      return false;
    }
    if (static_cast<int>(chain_.size()) > kDeepestExtends) {
      diagnostics_.error(origin, "extends: more than " + std::to_string(kDeepestExtends) + " files deep");
      return false;
    }
    if (++files_ > kMostFiles) {
      diagnostics_.error(origin, "extends: more than " + std::to_string(kMostFiles) + " files");
      return false;
    }
    chain_.push_back({std::move(canonical), file.string()});
    return true;
  }

  // What the files that `own` extends amount to; takes the key `extends` out of it.
  Node extended(const fs::path& file, Node& own) {
    Node base(Node::Entries{}, own.origin());
    const Node* const found = own.find("extends");
    if (!found) return base;
    const Node names = *found;
    own.erase("extends");
    for (const Node* name : string_items(names, "extends", "a file, or a list of files", diagnostics_)) {
      const auto path = interpolated(name->scalar().as<std::string>(), name->origin(), diagnostics_);
      if (!path) continue;
      const fs::path target = (file.parent_path() / *path).lexically_normal();
      Node part = load(target, name->origin());
      part.erase("published");  // a figure of that experiment, not of those made from it
      base = merge(std::move(base), std::move(part));
    }
    return base;
  }

  Diagnostics& diagnostics_;
  std::vector<Link> chain_;
  std::vector<SourceFile> sources_;
  int files_ = 0;
};

}  // namespace

Node load_document(const fs::path& file, const Overrides& overrides, Diagnostics& diagnostics,
                   std::vector<SourceFile>* sources) {
  Loader loader(diagnostics);
  Node document = loader.load(file, {file.string()});
  if (sources) *sources = loader.take_sources();
  if (diagnostics.failed()) return document;  // overrides of half a document would fail for no fault of theirs
  apply_overrides(document, overrides, diagnostics);
  interpolate(document, diagnostics);
  return document;
}

fs::path base_directory(const Origin& origin) {
  const fs::path folder = origin.line > 0 ? fs::path(origin.source).parent_path() : fs::path();
  return fs::current_path() / folder;
}

fs::path absolute_path(const Node& value) {
  return (base_directory(value.origin()) / value.scalar().as<std::string>()).lexically_normal();
}

}  // namespace retort::config
