// Frames of cameras against their specification, bit for bit, in memory that ends where the frame does.
#include "../kernels/frame.h"

#include <array>
#include <vector>

#include "../plain/frame.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Random;

namespace {

constexpr Colours patterns[] = {Colours::mono, Colours::bayer_rg, Colours::bayer_gr, Colours::bayer_gb,
                                Colours::bayer_bg};
constexpr Colours colours[] = {Colours::rgb, Colours::bgr, Colours::rgba, Colours::bgra};
constexpr Packing packings[] = {Packing::bits8,   Packing::bits10,  Packing::bits12,       Packing::bits16,
                                Packing::bits10p, Packing::bits12p, Packing::bits12_packed};

struct Frame {
  std::vector<std::uint8_t> data;
  FrameView view;
};

// Noise, or the largest values, which no sum may lose; padding is noise always. The last row has none.
Frame random_frame(Random& random, Size size, Colours colours, Packing packing) {
  const std::size_t row = (row_bits(size.width, colours, packing) + 7) / 8;
  const std::size_t stride = row + (random.below(2) == 0 ? 0 : random.below(9));
  Frame frame{std::vector<std::uint8_t>((size.height - 1) * stride + row), {}};
  const bool bright = random.below(4) == 0;
  for (auto& byte : frame.data) byte = static_cast<std::uint8_t>(bright ? 255 : random.bits());
  if (packing == Packing::bits10 || packing == Packing::bits12) {
    const int used = (1 << (bits_of(packing) - 8)) - 1;
    for (std::size_t y = 0; y < size.height; y++) {
      for (std::size_t x = 0; x < size.width; x++) frame.data[y * stride + 2 * x + 1] &= used;
    }
  }
  frame.view = {frame.data.data(), size, stride, colours, packing};
  return frame;
}

void check_equal_to_specification(const FrameView& frame, FrameWorkspace& workspace) {
  INFO(frame.size.width, " × ", frame.size.height, ", colours ", static_cast<int>(frame.colours),
       ", packing ", static_cast<int>(frame.packing));
  const std::size_t length = frame.size.pixels() * image_channels(frame.colours);
  std::vector<std::uint8_t> wanted(length);
  plain::image_of_frame(frame, wanted);
  test::with_every_instruction_set([&] {
    std::vector<std::uint8_t> out(length, 7);
    image_of_frame(frame, out, workspace);
    CHECK(out == wanted);
  });
}

}  // namespace

TEST_CASE("a frame of any format, size and stride gives the image of its specification") {
  Random random(21);
  FrameWorkspace workspace;
  for (int round = 0; round < 20; round++) {
    const std::size_t largest = round % 4 == 0 ? 200 : 12;
    for (const Colours pattern : patterns) {
      for (const Packing packing : packings) {
        const std::size_t least = is_mosaic(pattern) ? 2 : 1;
        const Size size{least + random.below(largest), least + random.below(10)};
        check_equal_to_specification(random_frame(random, size, pattern, packing).view, workspace);
      }
    }
    for (const Colours all : colours) {
      const Size size{1 + random.below(largest), 1 + random.below(10)};
      check_equal_to_specification(random_frame(random, size, all, Packing::bits8).view, workspace);
    }
  }
}

TEST_CASE("a row of every width is read to its end and no further") {
  Random random(22);
  FrameWorkspace workspace;
  for (std::size_t width = 2; width < 140; width++) {
    for (const Packing packing : packings) {
      check_equal_to_specification(random_frame(random, {width, 2}, Colours::bayer_gb, packing).view,
                                   workspace);
    }
  }
}

TEST_CASE("packed values are where the standards put them") {
  // GenICam's PFNC: a stream of bits, the lowest of the first pixel first. GigE Vision: the high bits of the
  // first pixel, the low bits of both, the high bits of the second.
  const auto image = [](Packing packing, std::vector<std::uint8_t> bytes, std::size_t width) {
    std::vector<std::uint8_t> out(width);
    FrameWorkspace workspace;
    image_of_frame({bytes.data(), {width, 1}, bytes.size(), Colours::mono, packing}, out, workspace);
    return out;
  };
  using Bytes = std::vector<std::uint8_t>;
  // 0x123, 0x2bc, 0x001, 0x3ff
  CHECK(image(Packing::bits10p, {0x23, 0xf1, 0x1a, 0xc0, 0xff}, 4) == Bytes{0x48, 0xaf, 0x00, 0xff});
  // 0x123, 0xabc
  CHECK(image(Packing::bits12p, {0x23, 0xc1, 0xab}, 2) == Bytes{0x12, 0xab});
  CHECK(image(Packing::bits12_packed, {0x12, 0xc3, 0xab}, 2) == Bytes{0x12, 0xab});
  CHECK(image(Packing::bits12, {0x23, 0x01, 0xbc, 0x0a}, 2) == Bytes{0x12, 0xab});
  CHECK(image(Packing::bits16, {0xff, 0x12, 0x00, 0xab}, 2) == Bytes{0x12, 0xab});
}

TEST_CASE("a scene of one colour has that colour everywhere, whatever the pattern, up to the edges") {
  const std::array<std::uint8_t, 3> scene{200, 100, 50};
  for (const Size size : {Size{2, 2}, Size{3, 2}, Size{2, 5}, Size{67, 5}}) {
    for (std::size_t pattern = 0; pattern < 4; pattern++) {
      // Red is at the even or odd columns and rows, blue at the others.
      const std::size_t red_x = pattern % 2, red_y = pattern / 2;
      std::vector<std::uint8_t> mosaic, out(3 * size.pixels());
      for (std::size_t y = 0; y < size.height; y++) {
        for (std::size_t x = 0; x < size.width; x++) {
          mosaic.push_back(scene[(x % 2 != red_x) + (y % 2 != red_y)]);
        }
      }
      FrameWorkspace workspace;
      image_of_frame({mosaic.data(), size, size.width, patterns[1 + pattern], Packing::bits8}, out,
                     workspace);
      bool same = true;
      for (std::size_t i = 0; i < out.size(); i++) same &= out[i] == scene[i % 3];
      CHECK(same);
    }
  }
}

TEST_CASE(
    "a value with more bits than its format is refused with its place, in a word that has room for it") {
  for (const auto& [packing, largest] :
       {std::pair{Packing::bits10, 1023}, std::pair{Packing::bits12, 4095}}) {
    for (const Colours pattern : {Colours::mono, Colours::bayer_rg}) {
      for (const int value : {largest, largest + 1, 65535}) {
        std::vector<std::uint8_t> data(2 * 70 * 6);
        const std::size_t x = 69, y = 5;
        data[2 * (y * 70 + x)] = static_cast<std::uint8_t>(value);
        data[2 * (y * 70 + x) + 1] = static_cast<std::uint8_t>(value >> 8);
        std::vector<std::uint8_t> out(3 * 70 * 6);
        FrameWorkspace workspace;
        const FrameView frame{data.data(), {70, 6}, 140, pattern, packing};
        test::with_every_instruction_set([&] {
          if (value == largest) return image_of_frame(frame, out, workspace);
          const std::string message = "the pixel at (69, 5) is " + std::to_string(value);
          CHECK_THROWS_WITH_AS(image_of_frame(frame, out, workspace), doctest::Contains(message.c_str()),
                               BadTensor);
          CHECK_THROWS_AS(plain::image_of_frame(frame, out), BadTensor);
        });
      }
    }
  }
}
