#include "weights/safetensors.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <retort/error.hpp>
#include "files/atomic_file.hpp"
#include "weights/safetensors_header.hpp"

namespace retort::weights {
namespace {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian");

constexpr std::uint64_t kSizeBytes = sizeof(std::uint64_t);

// A regular file, read from its start to its end. Messages say what is wrong; load_tensors adds the file's name.
class Input {
 public:
  explicit Input(const std::filesystem::path& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor_ < 0) fail(errno);
  }
  ~Input() { ::close(descriptor_); }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;

  std::uint64_t size() const {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) throw DataError("not a regular file");
    return static_cast<std::uint64_t>(status.st_size);
  }

  void read(void* data, std::uint64_t size) {
    char* next = static_cast<char*>(data);
    while (size > 0) {
      const ssize_t got = ::read(descriptor_, next, size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(errno);
      if (got == 0) throw DataError("it became shorter while it was read");
      next += got;
      size -= static_cast<std::uint64_t>(got);
    }
  }

 private:
  [[noreturn]] static void fail(int error) { throw DataError(std::generic_category().message(error)); }

  int descriptor_;
};

Header read_header(Input& input) {
  const std::uint64_t file_bytes = input.size();
  if (file_bytes < kSizeBytes) {
    throw DataError("it has " + std::to_string(file_bytes) + " bytes, a safetensors file has at least 8");
  }
  std::uint64_t header_bytes = 0;
  input.read(&header_bytes, kSizeBytes);
  if (header_bytes > kMaxHeaderBytes) {
    throw DataError("it claims a header of " + std::to_string(header_bytes) + " bytes, at most " +
                    std::to_string(kMaxHeaderBytes) + "; it is no safetensors file, or damaged");
  }
  const std::uint64_t rest = file_bytes - kSizeBytes;
  if (header_bytes > rest) {
    throw DataError("it claims a header of " + std::to_string(header_bytes) + " bytes, and " + std::to_string(rest) +
                    " follow (truncated?)");
  }
  std::string text(header_bytes, '\0');
  input.read(text.data(), header_bytes);
  return parse_header(text, rest - header_bytes);
}

torch::Tensor read_tensor(Input& input, const TensorEntry& entry) {
  // A byte other than 0 and 1 must not become a bool as it is.
  const bool boolean = entry.type == torch::kBool;
  torch::Tensor tensor = torch::empty(entry.shape, boolean ? torch::kUInt8 : entry.type);
  input.read(tensor.data_ptr(), entry.end - entry.begin);
  return boolean ? tensor.to(torch::kBool) : tensor;
}

// Where every tensor will lie: widest types first, then by name, as the reference implementation does.
Header lay_out(const TensorFile& file) {
  Header header{.metadata = file.metadata};
  for (const auto& [name, tensor] : file.tensors) {
    if (name == "__metadata__") throw Error("a tensor may not be named '__metadata__'");
    if (!tensor.defined()) throw Error("tensor '" + name + "' is undefined");
    if (layout_rank(tensor.scalar_type()) < 0 || tensor.layout() != torch::kStrided) {
      throw Error("tensor '" + name + "' has a type that safetensors cannot hold: " + tensor.toString());
    }
    header.entries.push_back({.name = name, .type = tensor.scalar_type(), .shape = tensor.sizes().vec()});
  }
  std::sort(header.entries.begin(), header.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    using Key = std::tuple<int, const std::string&>;
    return Key(layout_rank(a.type), a.name) < Key(layout_rank(b.type), b.name);
  });
  std::uint64_t offset = 0;
  for (TensorEntry& entry : header.entries) {
    entry.begin = offset;
    offset += file.tensors.at(entry.name).nbytes();
    entry.end = offset;
  }
  return header;
}

void write_file(files::AtomicFile& output, const Header& header, const std::string& text, const TensorFile& file) {
  const std::uint64_t size = text.size();
  output.write(&size, kSizeBytes);
  output.write(text.data(), text.size());
  for (const TensorEntry& entry : header.entries) {
    const torch::Tensor tensor = file.tensors.at(entry.name).detach().cpu().contiguous();
    output.write(tensor.data_ptr(), tensor.nbytes());
  }
  output.commit();
}

}  // namespace

TensorFile load_tensors(const std::filesystem::path& path) {
  try {
    Input input(path);
    Header header = read_header(input);
    TensorFile file{.metadata = std::move(header.metadata)};
    for (const TensorEntry& entry : header.entries) file.tensors.emplace(entry.name, read_tensor(input, entry));
    return file;
  } catch (const DataError& error) {
    throw DataError("cannot read " + path.string() + ": " + error.what());
  }
}

void save_tensors(const std::filesystem::path& path, const TensorFile& file) {
  Header header;
  std::string text;
  try {
    header = lay_out(file);
    text = format_header(header);
  } catch (const Error& error) {
    throw Error("cannot write " + path.string() + ": " + error.what());
  }
  files::AtomicFile output(path);
  write_file(output, header, text, file);
}

}  // namespace retort::weights
