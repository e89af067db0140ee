// Resampling against its specification, bit for bit, on random shapes and contents, under the sanitizers.
#include "../kernels/resample.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <vector>

#include "../plain/resample.h"
#include "doctest/doctest.h"
#include "instruction_sets.h"
#include "random_map.h"

using namespace uflow;
using test::Random;

namespace {

struct Image {
  std::vector<std::uint8_t> data;
  Size size;
  std::size_t channels;

  ImageView view() const { return {data.data(), size, channels}; }
};

// Noise between two values: all of one, a few neighbouring or all that there are.
Image random_image(Random& random, Size size, std::size_t channels) {
  const std::size_t low = std::array<std::size_t, 4>{0, 0, 100, 255}[random.below(4)];
  const std::size_t values = 1 + random.below(std::array<std::size_t, 2>{256 - low, 1}[random.below(2)]);
  std::vector<std::uint8_t> data(size.pixels() * channels);
  for (auto& value : data) value = static_cast<std::uint8_t>(low + random.below(values));
  return {std::move(data), size, channels};
}

constexpr Normalization normalization{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};

void check_equal_to_specification(const Image& image, Size to, ResampleWorkspace& workspace) {
  INFO("from ", image.size.width, " × ", image.size.height, " × ", image.channels, " to ", to.width, " × ",
       to.height);
  std::vector<float> wanted(3 * to.pixels()), out(3 * to.pixels());
  plain::resample(image.view(), to, normalization, wanted);
  test::with_every_instruction_set([&] {
    std::fill(out.begin(), out.end(), -1.0f);
    resample(image.view(), to, normalization, out, workspace);
    CHECK(out == wanted);
  });
}

}  // namespace

TEST_CASE("resampling equals its specification bit for bit, for any sizes, with one workspace for all") {
  Random random(4);
  ResampleWorkspace workspace;
  for (int round = 0; round < 200; round++) {
    const std::size_t largest = round % 4 == 0 ? 200 : 70;
    const auto side = [&] { return 1 + random.below(largest); };
    const Size from{side(), side()};
    // Every other time one side or both keep their length.
    const Size to{round % 4 == 1 ? from.width : side(), round % 8 < 2 ? from.height : side()};
    const std::size_t channels = std::array<std::size_t, 3>{1, 3, 4}[random.below(3)];
    check_equal_to_specification(random_image(random, from, channels), to, workspace);
  }
}

TEST_CASE("so it does where a window covers hundreds of pixels, or a pixel hundreds of windows") {
  Random random(5);
  ResampleWorkspace workspace;
  const Size pairs[][2] = {
      {{1, 1}, {1, 1}},     {{1, 1}, {130, 65}},  {{1, 900}, {3, 4}},   {{900, 1}, {4, 3}},
      {{301, 300}, {1, 1}}, {{200, 240}, {2, 3}}, {{3, 2}, {240, 200}}, {{64, 64}, {128, 128}},
      {{65, 63}, {64, 64}}, {{5000, 1}, {1, 1}},  {{1, 5000}, {1, 2}},  {{400, 64}, {64, 400}},
  };
  for (const auto& [from, to] : pairs) {
    for (const std::size_t channels : {1, 3, 4}) {
      check_equal_to_specification(random_image(random, from, channels), to, workspace);
    }
  }
}

TEST_CASE("black stays black and white stays white, however many weights are rounded") {
  ResampleWorkspace workspace;
  for (const Size from : {Size{7, 5}, Size{333, 97}, Size{20000, 1}, Size{1, 20000}}) {
    for (const int value : {0, 255}) {
      const Image image{std::vector<std::uint8_t>(from.pixels(), static_cast<std::uint8_t>(value)), from, 1};
      std::vector<float> out(3);
      test::with_every_instruction_set([&] {
        resample(image.view(), {1, 1}, {}, out, workspace);
        for (const float found : out) CHECK(found == static_cast<float>(value) / 255.0f);
      });
    }
  }
}

TEST_CASE("an axis that keeps its length has one weight per position, which is 1") {
  TriangleFilter filter;
  for (const std::size_t length : {1, 2, 3, 100, 448, 65535}) {
    filter.fit(length, length);
    CHECK(filter.longest() == 1);
    bool identity = true;
    for (std::size_t i = 0; i < length; i++) {
      identity &= filter[i].first == i && filter[i].weights[0] == 1 << weight_bits;
    }
    CHECK(identity);
  }
}

TEST_CASE(
    "the windows of a filter go forward without a gap to the axis's end, and no weighted sum overflows") {
  Random random(6);
  TriangleFilter filter;
  for (int round = 0; round < 200; round++) {
    const std::size_t from = 1 + random.below(round % 3 == 0 ? 20000 : 200);
    const std::size_t to = 1 + random.below(200);
    filter.fit(from, to);
    std::size_t first = 0, end = 0;
    bool forward = true, bounded = true;
    for (std::size_t i = 0; i < to; i++) {
      const auto window = filter[i];
      forward &= window.first >= first && window.first <= end;
      bounded &= *std::min_element(window.weights.begin(), window.weights.end()) >= 0;
      bounded &= std::accumulate(window.weights.begin(), window.weights.end(), std::int64_t{0}) <=
                 (1 << weight_bits) + (1 << 16);
      first = window.first;
      end = window.end();
    }
    CHECK(forward);
    CHECK(bounded);
    CHECK(end == from);
  }
}
