#include "weights/safetensors_header.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <retort/error.hpp>
#include <retort/nearest.hpp>

namespace retort::weights {
namespace {

using nlohmann::json;

constexpr const char* kMetadata = "__metadata__";
constexpr std::uint64_t kMaxAddressable = std::numeric_limits<std::int64_t>::max();
constexpr std::size_t kMaxDimensions = 64;  // of LibTorch's operators
constexpr std::size_t kDataAlignment = 8;

struct TypeName {
  const char* name;
  torch::ScalarType type;
};

// In the order in which the reference implementation lays tensors out, so that each one is aligned.
constexpr TypeName kTypes[] = {{"I64", torch::kInt64}, {"F64", torch::kFloat64},   {"F32", torch::kFloat32},
                               {"I32", torch::kInt32}, {"BF16", torch::kBFloat16}, {"F16", torch::kFloat16},
                               {"I16", torch::kInt16}, {"I8", torch::kInt8},       {"U8", torch::kUInt8},
                               {"BOOL", torch::kBool}};

// A value as a message quotes it.
std::string shown(const json& value) {
  constexpr std::size_t kLongest = 60;
  const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true);
  return text.size() <= kLongest ? text : text.substr(0, kLongest) + "...";
}

// Parses while refusing what a JSON library would let pass: keys given twice, and nesting deeper than a header has.
json parse_strictly(std::string_view text) {
  // The library takes a zero byte for the end of the text, whatever follows.
  if (text.find('\0') != std::string_view::npos) throw DataError("the header is not valid JSON (it has a zero byte)");
  std::vector<std::set<std::string>> keys;
  const auto check = [&keys](int depth, json::parse_event_t event, json& parsed) {
    constexpr int kShapeDepth = 2;
    if (event == json::parse_event_t::object_start || event == json::parse_event_t::array_start) {
      if (depth > kShapeDepth) throw DataError("the header is nested too deeply");
    }
    if (event == json::parse_event_t::object_start) {
      keys.resize(depth + 1);
      keys[depth].clear();
    } else if (event == json::parse_event_t::key && !keys[depth - 1].insert(parsed.get<std::string>()).second) {
      throw DataError("the header has the key '" + parsed.get<std::string>() + "' twice");
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::exception& error) {
    throw DataError(std::string("the header is not valid JSON (") + error.what() + ")");
  }
}

std::map<std::string, std::string> read_metadata(const json& value) {
  if (!value.is_object()) throw DataError("'__metadata__' must be a table of strings");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) throw DataError("'__metadata__." + key + "' must be a string, found " + shown(text));
    metadata[key] = text.get<std::string>();
  }
  return metadata;
}

// Reads the fields of one tensor; every message begins with its name.
class EntryReader {
 public:
  EntryReader(const std::string& name, const json& value) : name_(name), value_(value) {
    if (!value.is_object()) fail("must be a table with dtype, shape and data_offsets");
  }

  TensorEntry read() const {
    TensorEntry entry{.name = name_, .type = type(), .shape = shape()};
    const auto offsets = integers("data_offsets");
    if (offsets.size() != 2) fail("data_offsets must be two integers, found " + std::to_string(offsets.size()));
    entry.begin = offsets[0];
    entry.end = offsets[1];
    if (entry.end < entry.begin) fail("data_offsets end before they begin");
    check_size(entry);
    return entry;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { throw DataError("tensor '" + name_ + "': " + what); }

  const json& field(const char* key) const {
    const auto found = value_.find(key);
    if (found == value_.end()) fail(std::string("has no ") + key);
    return *found;
  }

  torch::ScalarType type() const {
    const json& value = field("dtype");
    std::vector<std::string> known;
    for (const auto& [name, type] : kTypes) {
      if (value == name) return type;
      known.emplace_back(name);
    }
    fail("dtype must be one of " + join(known) + ", found " + shown(value));
  }

  std::vector<std::uint64_t> integers(const char* key) const {
    const json& list = field(key);
    if (!list.is_array()) fail(std::string(key) + " must be a list of integers");
    std::vector<std::uint64_t> out;
    for (const json& item : list) {
      if (!item.is_number_unsigned() || item.get<std::uint64_t>() > kMaxAddressable) {
        fail(std::string(key) + " must hold integers from 0 to 2^63-1, found " + shown(item));
      }
      out.push_back(item.get<std::uint64_t>());
    }
    return out;
  }

  std::vector<std::int64_t> shape() const {
    const auto sizes = integers("shape");
    if (sizes.size() > kMaxDimensions) fail("shape has " + std::to_string(sizes.size()) + " dimensions, at most 64");
    return {sizes.begin(), sizes.end()};
  }

  void check_size(const TensorEntry& entry) const {
    // Zeros are left out of the product, so that the strides of an empty tensor are addressable too.
    std::uint64_t bytes = c10::elementSize(entry.type);
    bool empty = false;
    for (const std::int64_t size : entry.shape) {
      empty = empty || size == 0;
      const std::uint64_t factor = std::max<std::int64_t>(size, 1);
      if (__builtin_mul_overflow(bytes, factor, &bytes) || bytes > kMaxAddressable) {
        fail("its shape holds more bytes than can be addressed");
      }
    }
    if (empty) bytes = 0;
    if (entry.end - entry.begin != bytes) {
      fail("its shape and dtype take " + std::to_string(bytes) + " bytes, its data_offsets " +
           std::to_string(entry.end - entry.begin));
    }
  }

  const std::string& name_;
  const json& value_;
};

// The data belongs to the tensors without holes, overlaps or leftovers.
void check_coverage(std::vector<TensorEntry>& entries, std::uint64_t data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t covered = 0;
  for (const TensorEntry& entry : entries) {
    if (entry.begin != covered) {
      throw DataError("tensor '" + entry.name + "' begins at byte " + std::to_string(entry.begin) +
                      " of the data, expected " + std::to_string(covered));
    }
    covered = entry.end;
  }
  if (covered != data_bytes) {
    throw DataError("the header describes " + std::to_string(covered) + " bytes of data, found " +
                    std::to_string(data_bytes) + (covered > data_bytes ? " (truncated?)" : ""));
  }
}

const char* type_name(torch::ScalarType type) {
  return kTypes[layout_rank(type)].name;
}

}  // namespace

int layout_rank(torch::ScalarType type) {
  const auto found =
      std::find_if(std::begin(kTypes), std::end(kTypes), [&](auto& known) { return known.type == type; });
  return found == std::end(kTypes) ? -1 : static_cast<int>(found - std::begin(kTypes));
}

Header parse_header(std::string_view text, std::uint64_t data_bytes) {
  if (text.empty() || text.front() != '{') throw DataError("the header does not begin with '{'");
  const json root = parse_strictly(text);
  Header header;
  for (const auto& [name, value] : root.items()) {
    if (name == kMetadata) {
      header.metadata = read_metadata(value);
    } else {
      header.entries.push_back(EntryReader(name, value).read());
    }
  }
  check_coverage(header.entries, data_bytes);
  return header;
}

std::string format_header(const Header& header) {
  nlohmann::ordered_json root = nlohmann::ordered_json::object();
  if (!header.metadata.empty()) root[kMetadata] = header.metadata;
  for (const TensorEntry& entry : header.entries) {
    nlohmann::ordered_json fields;
    fields["dtype"] = type_name(entry.type);
    fields["shape"] = entry.shape;
    fields["data_offsets"] = {entry.begin, entry.end};
    root[entry.name] = std::move(fields);
  }
  std::string text;
  try {
    text = root.dump();
  } catch (const json::exception& error) {
    throw Error(std::string("a tensor's name or the metadata is not UTF-8 (") + error.what() + ")");
  }
  text.resize((text.size() + kDataAlignment - 1) / kDataAlignment * kDataAlignment, ' ');
  return text;
}

}  // namespace retort::weights
