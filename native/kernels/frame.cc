#include "frame.h"

#include <algorithm>
#include <bit>
#include <string>

#include "loops.h"

namespace uflow {
namespace {

static_assert(std::endian::native == std::endian::little, "two bytes of a frame are read as one number");

std::size_t values_per_pixel(Colours colours) {
  if (colours == Colours::rgb || colours == Colours::bgr) return 3;
  return colours == Colours::rgba || colours == Colours::bgra ? 4 : 1;
}

// In memory, the unused ones included.
std::size_t bits_in_memory(Packing packing) {
  return packing == Packing::bits10 || packing == Packing::bits12 ? 16 : bits_of(packing);
}

class Reading {
 public:
  Reading(FrameView frame, FrameWorkspace& workspace)
      : frame_(frame), length_((frame.size.width + byte_block - 1) / byte_block * byte_block + 2) {
    workspace.rows.resize(3 * length_);
    rows_ = workspace.rows.data();
  }

  void grey(std::uint8_t* out) {
    const auto [width, height] = frame_.size;
    for (std::size_t y = 0; y < height; y++, out += width) {
      if (frame_.packing == Packing::bits8) {
        std::copy_n(bytes(y), width, out);
      } else {
        loops_.upper_bytes(unpacked(y), width, drop_, out);
      }
    }
  }

  void mosaic(std::uint8_t* out) {
    const auto [width, height] = frame_.size;
    const bool green_first = frame_.colours == Colours::bayer_gr || frame_.colours == Colours::bayer_gb;
    const bool blue_first = frame_.colours == Colours::bayer_gb || frame_.colours == Colours::bayer_bg;
    const std::uint16_t* row = mirrored(0);
    const std::uint16_t* below = mirrored(1);
    const std::uint16_t* above = below;
    for (std::size_t y = 0; y < height; y++, out += 3 * width) {
      const bool odd = y % 2 == 1;
      loops_.demosaic({above, row, below, green_first != odd, blue_first != odd}, width, drop_, out);
      above = row;
      row = below;
      below = y + 2 < height ? mirrored(y + 2) : above;
    }
  }

  void colours(std::uint8_t* out) {
    const auto [width, height] = frame_.size;
    const bool reversed = frame_.colours == Colours::bgr || frame_.colours == Colours::bgra;
    for (std::size_t y = 0; y < height; y++, out += 3 * width) {
      if (frame_.colours == Colours::rgb) {
        std::copy_n(bytes(y), 3 * width, out);
      } else {
        loops_.to_rgb(bytes(y), values_per_pixel(frame_.colours), reversed, width, out);
      }
    }
  }

 private:
  const std::uint8_t* bytes(std::size_t y) const { return frame_.data + y * frame_.stride; }

  // The values of row y, until row y + 3 is unpacked.
  std::uint16_t* unpacked(std::size_t y) {
    std::uint16_t* values = rows_ + y % 3 * length_ + 1;
    const std::uint16_t bits = loops_.unpack(bytes(y), frame_.packing, frame_.size.width, values);
    if (bits >> bits_ != 0) refuse(y, values);
    return values;
  }

  // The same from a pixel before the first to one after the last.
  const std::uint16_t* mirrored(std::size_t y) {
    std::uint16_t* values = unpacked(y);
    values[-1] = values[1];
    values[frame_.size.width] = values[frame_.size.width - 2];
    return values - 1;
  }

  [[noreturn]] void refuse(std::size_t y, const std::uint16_t* values) const {
    const auto* wrong = std::find_if(values, values + frame_.size.width,
                                     [this](std::uint16_t value) { return value >> bits_ != 0; });
    throw BadTensor("the pixel at (" + std::to_string(wrong - values) + ", " + std::to_string(y) + ") is " +
                    std::to_string(*wrong) + ", but " + std::to_string(bits_) + " bits end at " +
                    std::to_string((1 << bits_) - 1));
  }

  FrameView frame_;
  // Of a row: a pixel, whole blocks, a pixel.
  std::size_t length_;
  std::uint16_t* rows_;
  int bits_ = bits_of(frame_.packing);
  int drop_ = bits_ - 8;
  const Loops& loops_ = loops();
};

}  // namespace

int bits_of(Packing packing) {
  switch (packing) {
    case Packing::bits8:
      return 8;
    case Packing::bits10:
    case Packing::bits10p:
      return 10;
    case Packing::bits16:
      return 16;
    default:
      return 12;
  }
}

bool is_mosaic(Colours colours) {
  return colours >= Colours::bayer_rg && colours <= Colours::bayer_bg;
}

std::size_t row_bits(std::size_t width, Colours colours, Packing packing) {
  return width * values_per_pixel(colours) * bits_in_memory(packing);
}

std::size_t image_channels(Colours colours) {
  return colours == Colours::mono ? 1 : 3;
}

void image_of_frame(FrameView frame, std::span<std::uint8_t> image, FrameWorkspace& workspace) {
  Reading reading(frame, workspace);
  if (frame.colours == Colours::mono) return reading.grey(image.data());
  if (is_mosaic(frame.colours)) return reading.mosaic(image.data());
  reading.colours(image.data());
}

}  // namespace uflow
