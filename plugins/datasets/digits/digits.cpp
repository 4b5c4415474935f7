#include <retort/plugin.hpp>

#include <charconv>
#include <string_view>

#include "../compressed_file.hpp"

// The UCI handwritten digits that scikit-learn ships: 1,797 images of 8x8 pixels. See NOTICE for origin and licence.
//
// The first 1,437 lines of the file are the train split and the last 360 (a fifth) the test split. A pixel is 15 times
// the file's count of 0..16, so 0..240: exact, and undone by one division.
class Digits final : public retort::Dataset {
 public:
  struct Options {
    std::optional<std::string> root;
  };

  Digits(const Options& options, retort::Context& context)
      : file_((options.root ? std::filesystem::path(*options.root) : context.resources) / "digits.csv.gz") {}

  retort::DatasetInfo info() const override {
    return {.image = {1, 8, 8},
            .classes = 10,
            .names = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"},
            .mean = {0.287422},
            .deviation = {0.353418}};
  }

  retort::ResidentSplit load(retort::Split split) override {
    const std::string text = read_compressed(file_);
    const at::Tensor table = parse(text);
    const at::Tensor rows = split == retort::Split::Train ? table.slice(0, 0, kTrain) : table.slice(0, kTrain);
    return {.images = rows.slice(1, 0, kPixels).mul(kScale).view({-1, 1, 8, 8}),
            .labels = rows.select(1, kPixels).to(torch::kInt64)};
  }

 private:
  static constexpr std::int64_t kLines = 1797, kTrain = 1437, kPixels = 64, kScale = 15;

  // [1797, 65] uint8: counts, then the digit.
  at::Tensor parse(std::string_view text) const {
    at::Tensor table = torch::empty({kLines, kPixels + 1}, torch::kUInt8);
    std::uint8_t* values = table.mutable_data_ptr<std::uint8_t>();
    std::int64_t line = 0;
    for (; !text.empty(); ++line) {
      const std::size_t length = std::min(text.find('\n'), text.size());
      if (line < kLines) parse_line(text.substr(0, length), line + 1, values + line * (kPixels + 1));
      text.remove_prefix(std::min(length + 1, text.size()));
    }
    if (line != kLines) {
      throw retort::DataError(file_.string() + ": expected " + std::to_string(kLines) + " lines, found " +
                              std::to_string(line));
    }
    return table;
  }

  void parse_line(std::string_view line, std::int64_t number, std::uint8_t* values) const {
    const char* at = line.data();
    const char* const end = line.data() + line.size();
    for (std::int64_t i = 0; i <= kPixels; ++i) {
      const auto [next, error] = std::from_chars(at, end, values[i]);
      const bool in_range = values[i] <= (i < kPixels ? 16 : 9);
      const bool ends_well = i < kPixels ? next != end && *next == ',' : next == end;
      if (error != std::errc() || !in_range || !ends_well) {
        throw retort::DataError(file_.string() + ":" + std::to_string(number) +
                                ": expected 64 counts from 0 to 16 and a digit, found '" + std::string(line) + "'");
      }
      at = next + 1;
    }
  }

  std::filesystem::path file_;
};

RETORT_PLUGIN(Digits,
              retort::describe<Digits::Options>("digits", "1.0.0")
                  .summary("1,797 handwritten digits of 8x8 pixels, carried by the project: 1,437 train, 360 test.")
                  .reference("Alpaydin and Kaynak 1998, Optical Recognition of Handwritten Digits, UCI Machine "
                             "Learning Repository, doi 10.24432/C50P49 (CC BY 4.0)")
                  .param(&Digits::Options::root, "root", "Folder with digits.csv.gz; without it, the plugin's own."));
