#include "page_file.hpp"

#include <fstream>

#include <retort/error.hpp>

#include "files/atomic_file.hpp"
#include "page.hpp"

namespace retort::report {

void write_page(const std::filesystem::path& file, const std::string& html, bool force) {
  if (std::filesystem::is_directory(file)) {
    throw InvalidParameter(file.string() + " is a directory; expected the name of a file to write");
  }
  if (!force && std::filesystem::exists(std::filesystem::symlink_status(file))) {
    std::ifstream stream(file, std::ios::binary);
    std::string beginning(256, '\0');
    stream.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
    beginning.resize(static_cast<std::size_t>(stream.gcount()));
    if (!is_report(beginning)) {
      throw InvalidParameter(
          file.string() +
          " exists and is no report of Retort's; it stays as it is (--force replaces it, --out names "
          "another file)");
    }
  }
  if (file.has_parent_path() && !std::filesystem::is_directory(file.parent_path())) {
    throw InvalidParameter("cannot write " + file.string() + ": there is no directory " + file.parent_path().string());
  }
  files::write_file(file, html);
}

}  // namespace retort::report
