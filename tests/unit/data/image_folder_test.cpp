#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <png.h>
#include <torch/types.h>

#include <cstdio>

#include <jpeglib.h>

#include "built_dataset.hpp"

namespace {

using retort::Split;
using ::testing::HasSubstr;

using Pixels = std::vector<std::uint8_t>;

// Red grows to the right, green downwards, blue is `blue`.
Pixels ramp(int height, int width, int blue) {
  Pixels pixels;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (const int value : {255 * x / std::max(1, width - 1), 255 * y / std::max(1, height - 1), blue}) {
        pixels.push_back(static_cast<std::uint8_t>(value));
      }
    }
  }
  return pixels;
}

void write_png(const std::filesystem::path& path, const Pixels& pixels, int height, int width) {
  std::filesystem::create_directories(path.parent_path());
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = pixels.size() == static_cast<std::size_t>(height * width) ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  ASSERT_TRUE(png_image_write_to_file(&image, path.c_str(), 0, pixels.data(), 0, nullptr)) << image.message;
}

void write_jpeg(const std::filesystem::path& path, const Pixels& pixels, int height, int width) {
  std::filesystem::create_directories(path.parent_path());
  jpeg_compress_struct encoder;
  jpeg_error_mgr errors;
  encoder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&encoder);
  std::FILE* const file = std::fopen(path.c_str(), "wb");
  ASSERT_NE(file, nullptr);
  jpeg_stdio_dest(&encoder, file);
  encoder.image_width = static_cast<unsigned>(width);
  encoder.image_height = static_cast<unsigned>(height);
  encoder.input_components = 3;
  encoder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&encoder);
  jpeg_set_quality(&encoder, 98, TRUE);
  jpeg_start_compress(&encoder, TRUE);
  while (encoder.next_scanline < encoder.image_height) {
    auto* row = const_cast<std::uint8_t*>(pixels.data() + encoder.next_scanline * 3 * static_cast<unsigned>(width));
    jpeg_write_scanlines(&encoder, &row, 1);
  }
  jpeg_finish_compress(&encoder);
  jpeg_destroy_compress(&encoder);
  std::fclose(file);
}

std::unique_ptr<retort::Dataset> images_in(const TemporaryFolder& folder, std::int64_t classes, std::int64_t size) {
  return built_dataset("image_folder", "image_folder",
                       {{"root", folder.path().string()}, {"classes", classes}, {"size", size}});
}

std::string error_of(const std::function<void()>& body) {
  try {
    body();
  } catch (const retort::DataError& error) {
    return error.what();
  }
  return "read";
}

TEST(ImageFolder, NumbersClassesAndFilesByName) {
  const TemporaryFolder folder;
  for (const char* name : {"train/dog/b.png", "train/dog/a.PNG", "train/cat/z.png", "train/zebra/1.png"}) {
    write_png(folder.path() / name, ramp(8, 8, name[6]), 8, 8);
  }
  folder.write("train/dog/notes.txt", "no image");
  folder.write("train/README", "no class");
  const auto split = images_in(folder, 3, 8)->stream(Split::Train);
  EXPECT_TRUE(split->labels().equal(torch::tensor({0, 1, 1, 2}, torch::kInt64)));
  // Blue is the first letter of the class.
  for (const auto& [position, letter] : {std::pair{0, 'c'}, {1, 'd'}, {2, 'd'}, {3, 'z'}}) {
    EXPECT_EQ(split->image(position)[2].max().item<int>(), letter);
  }
}

TEST(ImageFolder, KeepsThePixelsOfAPngOfTheRightSize) {
  const TemporaryFolder folder;
  const Pixels pixels = ramp(8, 8, 77);
  write_png(folder.path() / "val/a/x.png", pixels, 8, 8);
  const at::Tensor image = images_in(folder, 1, 8)->stream(Split::Test)->image(0);
  EXPECT_TRUE(image.permute({1, 2, 0}).flatten().equal(torch::tensor(pixels, torch::kUInt8)));
}

TEST(ImageFolder, CutsOutTheMiddle) {
  const TemporaryFolder folder;
  const Pixels pixels = ramp(8, 12, 0);
  write_png(folder.path() / "train/a/wide.png", pixels, 8, 12);
  const at::Tensor image = images_in(folder, 1, 8)->stream(Split::Train)->image(0);
  const at::Tensor whole = torch::tensor(pixels, torch::kUInt8).view({8, 12, 3}).permute({2, 0, 1});
  EXPECT_TRUE(image.equal(whole.slice(2, 2, 10)));
}

// A ramp stays a ramp when it is scaled. Decoded at a part of its size, and then scaled down.
TEST(ImageFolder, ScalesTheShorterSide) {
  const TemporaryFolder folder;
  write_jpeg(folder.path() / "train/a/large.jpg", ramp(600, 400, 128), 600, 400);
  write_png(folder.path() / "train/a/large.png", ramp(600, 400, 128), 600, 400);
  write_png(folder.path() / "train/a/small.png", ramp(12, 8, 128), 12, 8);
  const auto split = images_in(folder, 1, 32)->stream(Split::Train);
  for (std::int64_t position = 0; position < 3; ++position) {
    const at::Tensor image = split->image(position).to(torch::kFloat);
    ASSERT_EQ(image.sizes(), (std::vector<std::int64_t>{3, 32, 32}));
    // Pixel centres: red spans the width, green the middle two thirds of the height.
    const at::Tensor centres = (torch::arange(32) + 0.5) / 32;
    const double tolerance = position == 2 ? 24 : 6;  // eight pixels a row tell less
    EXPECT_LT((image[0] - centres * 255).abs().max().item<double>(), tolerance) << position;
    EXPECT_LT((image[1] - (centres * 2 / 3 + 1.0 / 6).unsqueeze(1) * 255).abs().max().item<double>(), tolerance)
        << position;
    EXPECT_LT((image[2] - 128).abs().max().item<double>(), 3) << position;
  }
}

TEST(ImageFolder, TurnsGreyIntoRgb) {
  const TemporaryFolder folder;
  write_png(folder.path() / "train/a/grey.png", Pixels(64, 90), 8, 8);
  const at::Tensor image = images_in(folder, 1, 8)->stream(Split::Train)->image(0);
  EXPECT_TRUE(image.equal(torch::full({3, 8, 8}, 90, torch::kUInt8)));
}

TEST(ImageFolder, NamesTheFileThatIsDamaged) {
  const TemporaryFolder folder;
  write_jpeg(folder.path() / "train/a/1.jpg", ramp(64, 64, 9), 64, 64);
  std::filesystem::resize_file(folder.path() / "train/a/1.jpg", 700);
  write_png(folder.path() / "train/a/2.png", ramp(64, 64, 9), 64, 64);
  std::filesystem::resize_file(folder.path() / "train/a/2.png", 100);
  folder.write("train/a/3.jpg", "a letter");
  folder.write("train/a/4.jpg", "");
  const auto split = images_in(folder, 1, 8)->stream(Split::Train);
  const std::string place = (folder.path() / "train/a/").string();
  EXPECT_THAT(error_of([&] { split->image(0); }), HasSubstr(place + "1.jpg: is no JPEG image that can be read: "));
  EXPECT_THAT(error_of([&] { split->image(1); }), HasSubstr(place + "2.png: is no PNG image that can be read: "));
  EXPECT_EQ(error_of([&] { split->image(2); }), place + "3.jpg: is neither a JPEG nor a PNG image");
  EXPECT_EQ(error_of([&] { split->image(3); }), place + "4.jpg: is empty or cannot be read");
}

TEST(ImageFolder, NamesTheFolderThatIsWrong) {
  const TemporaryFolder folder;
  write_png(folder.path() / "train/a/x.png", ramp(8, 8, 1), 8, 8);
  EXPECT_THAT(error_of([&] { images_in(folder, 2, 8)->stream(Split::Train); }),
              HasSubstr("train: expected a folder for each of 2 classes, found 1"));
  EXPECT_THAT(error_of([&] { images_in(folder, 1, 8)->stream(Split::Test); }),
              HasSubstr("val: there is no such folder; `root` is " + folder.path().string()));
  std::filesystem::remove(folder.path() / "train/a/x.png");
  EXPECT_THAT(error_of([&] { images_in(folder, 1, 8)->stream(Split::Train); }),
              HasSubstr("train: there is no .jpg, .jpeg or .png file in its folders"));
}

TEST(ImageFolder, DeclaresItselfWithoutAFile) {
  const auto dataset =
      built_dataset("image_folder", "image_folder",
                    {{"root", std::string("/nonexistent")}, {"classes", std::int64_t{7}}, {"size", std::int64_t{40}}});
  EXPECT_EQ(dataset->info().image, (retort::Shape{3, 40, 40}));
  EXPECT_EQ(dataset->info().classes, 7);
}

}  // namespace
