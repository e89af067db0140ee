#include "frame.h"

#include <string>

namespace uflow::plain {
namespace {

constexpr std::size_t red = 0, green = 1, blue = 2;

// `count` bits from bit `first` on, lowest first.
std::uint32_t bits(const std::uint8_t* bytes, std::size_t first, int count) {
  std::uint32_t value = 0;
  for (int i = 0; i < count; i++) {
    const std::size_t at = first + static_cast<std::size_t>(i);
    value |= (bytes[at / 8] >> at % 8 & 1u) << i;
  }
  return value;
}

// The value of a pixel of a grey frame or of a mosaic.
std::uint32_t value(const FrameView& frame, std::size_t x, std::size_t y) {
  const std::uint8_t* row = frame.data + y * frame.stride;
  switch (frame.packing) {
    case Packing::bits8:
      return row[x];
    case Packing::bits10p:
      return bits(row, 10 * x, 10);
    case Packing::bits12p:
      return bits(row, 12 * x, 12);
    case Packing::bits12_packed: {
      const std::uint8_t* pair = row + x / 2 * 3;
      return x % 2 == 0 ? pair[0] * 16u + pair[1] % 16 : pair[2] * 16u + pair[1] / 16;
    }
    default:
      return row[2 * x] + 256u * row[2 * x + 1];
  }
}

std::size_t colour(Colours mosaic, std::size_t x, std::size_t y) {
  const bool red_row = (mosaic == Colours::bayer_rg || mosaic == Colours::bayer_gr) == (y % 2 == 0);
  const bool is_green = (mosaic == Colours::bayer_gr || mosaic == Colours::bayer_gb) == ((x + y) % 2 == 0);
  if (is_green) return green;
  return red_row ? red : blue;
}

// −1 is 1, `length` is length − 2; one position is its only neighbour.
std::size_t mirrored(std::size_t position, int step, std::size_t length) {
  if (position == 0 && step < 0) return 1;
  if (position + 1 == length && step > 0) return length - 2;
  return position + static_cast<std::size_t>(step);
}

// The pixel's own value, or the mean of those neighbours that have the colour.
std::uint32_t interpolated(const FrameView& frame, std::size_t x, std::size_t y, std::size_t wanted) {
  if (colour(frame.colours, x, y) == wanted) return value(frame, x, y);
  std::uint32_t sum = 0, count = 0;
  for (int dy = -1; dy <= 1; dy++) {
    for (int dx = -1; dx <= 1; dx++) {
      const std::size_t at_x = mirrored(x, dx, frame.size.width);
      const std::size_t at_y = mirrored(y, dy, frame.size.height);
      if (colour(frame.colours, at_x, at_y) != wanted) continue;
      sum += value(frame, at_x, at_y);
      count++;
    }
  }
  return (sum + count / 2) / count;
}

std::uint8_t byte_of_colour(const FrameView& frame, std::size_t x, std::size_t y, std::size_t wanted) {
  const std::uint8_t* row = frame.data + y * frame.stride;
  const int drop = bits_of(frame.packing) - 8;
  switch (frame.colours) {
    case Colours::mono:
      return static_cast<std::uint8_t>(value(frame, x, y) >> drop);
    case Colours::rgb:
      return row[3 * x + wanted];
    case Colours::bgr:
      return row[3 * x + 2 - wanted];
    case Colours::rgba:
      return row[4 * x + wanted];
    case Colours::bgra:
      return row[4 * x + 2 - wanted];
    default:
      return static_cast<std::uint8_t>(interpolated(frame, x, y, wanted) >> drop);
  }
}

void check(const FrameView& frame, std::size_t x, std::size_t y) {
  if (frame.colours != Colours::mono && !is_mosaic(frame.colours)) return;
  if (value(frame, x, y) >> bits_of(frame.packing) == 0) return;
  throw BadTensor("a value has more bits than its format");
}

}  // namespace

void image_of_frame(FrameView frame, std::span<std::uint8_t> image) {
  std::uint8_t* out = image.data();
  for (std::size_t y = 0; y < frame.size.height; y++) {
    for (std::size_t x = 0; x < frame.size.width; x++) {
      check(frame, x, y);
      for (std::size_t c = 0; c < image_channels(frame.colours); c++) *out++ = byte_of_colour(frame, x, y, c);
    }
  }
}

}  // namespace uflow::plain
