#include "decode.hpp"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <fstream>
#include <iterator>

#include <jpeglib.h>

#include <jerror.h>

#include <retort/error.hpp>

namespace {

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw retort::DataError(file.string() + ": " + what);
}

std::vector<std::uint8_t> contents(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.good() && !stream.eof()) fail(file, "cannot be read");
  if (bytes.empty()) fail(file, "is empty or cannot be read");
  return bytes;
}

// libjpeg ends a decoding by a jump, and fills what a file lacks with grey and a warning.
struct JpegErrors {
  jpeg_error_mgr manager;
  std::jmp_buf back;
  char message[JMSG_LENGTH_MAX];
};

void jump_back(j_common_ptr decoder) {
  auto* const errors = reinterpret_cast<JpegErrors*>(decoder->err);
  errors->manager.format_message(decoder, errors->message);
  std::longjmp(errors->back, 1);
}

void refuse_truncated(j_common_ptr decoder, int /*level*/) {
  const int code = decoder->err->msg_code;
  if (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER) jump_back(decoder);
}

// Adobe's files hold the complements of the inks.
void cmyk_to_rgb(const std::vector<std::uint8_t>& in, std::vector<std::uint8_t>& out) {
  out.resize(in.size() / 4 * 3);
  for (std::size_t i = 0; i < in.size() / 4; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      out[3 * i + c] = static_cast<std::uint8_t>((in[4 * i + c] * in[4 * i + 3] + 127) / 255);
    }
  }
}

// Only plain data lives across the jump; `bytes` belongs to the caller. False: see errors.message.
bool read_jpeg(const std::vector<std::uint8_t>& file, std::int64_t least, JpegErrors& errors, Picture& picture,
               std::vector<std::uint8_t>& bytes, bool& cmyk) {
  jpeg_decompress_struct decoder;
  decoder.err = jpeg_std_error(&errors.manager);
  errors.manager.error_exit = jump_back;
  errors.manager.emit_message = refuse_truncated;
  if (setjmp(errors.back) != 0) {
    jpeg_destroy_decompress(&decoder);
    return false;
  }
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, file.data(), file.size());
  jpeg_read_header(&decoder, TRUE);
  cmyk = decoder.jpeg_color_space == JCS_CMYK || decoder.jpeg_color_space == JCS_YCCK;
  decoder.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  decoder.scale_denom = 8;
  const std::int64_t side = std::min(decoder.image_width, decoder.image_height);
  decoder.scale_num = static_cast<unsigned>(std::clamp<std::int64_t>((8 * least + side - 1) / side, 1, 8));
  jpeg_start_decompress(&decoder);
  picture.height = decoder.output_height;
  picture.width = decoder.output_width;
  const std::size_t row = static_cast<std::size_t>(decoder.output_width) * decoder.output_components;
  bytes.resize(row * decoder.output_height);
  while (decoder.output_scanline < decoder.output_height) {
    JSAMPROW line = bytes.data() + row * decoder.output_scanline;
    jpeg_read_scanlines(&decoder, &line, 1);
  }
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  return true;
}

Picture decode_jpeg(const std::filesystem::path& file, const std::vector<std::uint8_t>& data, std::int64_t least) {
  JpegErrors errors{};
  Picture picture;
  std::vector<std::uint8_t> bytes;
  bool cmyk = false;
  if (!read_jpeg(data, least, errors, picture, bytes, cmyk)) {
    fail(file, std::string("is no JPEG image that can be read: ") + errors.message);
  }
  if (cmyk) {
    cmyk_to_rgb(bytes, picture.bytes);
  } else {
    picture.bytes = std::move(bytes);
  }
  return picture;
}

Picture decode_png(const std::filesystem::path& file, const std::vector<std::uint8_t>& data) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  Picture picture;
  const png_color black{0, 0, 0};
  bool read = png_image_begin_read_from_memory(&image, data.data(), data.size()) != 0;
  if (read) {
    image.format = PNG_FORMAT_RGB;
    picture.height = image.height;
    picture.width = image.width;
    picture.bytes.resize(PNG_IMAGE_SIZE(image));
    read = png_image_finish_read(&image, &black, picture.bytes.data(), 0, nullptr) != 0;
  }
  const std::string problem = image.message;
  png_image_free(&image);
  if (!read || PNG_IMAGE_FAILED(image)) fail(file, "is no PNG image that can be read: " + problem);
  return picture;
}

}  // namespace

Picture decode(const std::filesystem::path& file, std::int64_t least) {
  const std::vector<std::uint8_t> data = contents(file);
  if (data.size() > 2 && data[0] == 0xff && data[1] == 0xd8) return decode_jpeg(file, data, least);
  if (data.size() > 8 && png_sig_cmp(data.data(), 0, 8) == 0) return decode_png(file, data);
  fail(file, "is neither a JPEG nor a PNG image");
}
