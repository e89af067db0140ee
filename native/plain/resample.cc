#include "resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace uflow::plain {
namespace {

constexpr int fraction_bits = 22;

// The inputs of every output position along one axis, and their weights in fixed point.
class TriangleFilter {
 public:
  struct Window {
    std::size_t first;
    std::span<const std::int32_t> weights;
  };

  TriangleFilter(std::size_t from, std::size_t to) {
    const double reduction = static_cast<double>(from) / static_cast<double>(to);
    const double radius = std::max(reduction, 1.0);
    std::vector<double> weights;
    for (std::size_t i = 0; i < to; i++) {
      const double centre = (static_cast<double>(i) + 0.5) * reduction;
      const auto first = static_cast<std::size_t>(std::max(centre - radius + 0.5, 0.0));
      const auto end = std::min(static_cast<std::size_t>(centre + radius + 0.5), from);
      weights.clear();
      for (std::size_t k = first; k < end; k++) {
        const double distance = std::abs((static_cast<double>(k) - centre + 0.5) / radius);
        weights.push_back(std::max(1 - distance, 0.0));
      }
      first_.push_back(first);
      start_.push_back(weights_.size());
      append_fixed_point(weights);
    }
    start_.push_back(weights_.size());
  }

  Window operator[](std::size_t i) const {
    return {first_[i], std::span(weights_).subspan(start_[i], start_[i + 1] - start_[i])};
  }

  std::size_t size() const { return first_.size(); }

 private:
  void append_fixed_point(std::span<const double> weights) {
    double sum = 0;
    for (const double weight : weights) sum += weight;
    for (const double weight : weights) {
      weights_.push_back(static_cast<std::int32_t>(0.5 + weight / sum * (1 << fraction_bits)));
    }
  }

  std::vector<std::size_t> first_;
  std::vector<std::size_t> start_;
  std::vector<std::int32_t> weights_;
};

std::uint8_t rounded(std::int32_t fixed_point) {
  return static_cast<std::uint8_t>(std::clamp(fixed_point >> fraction_bits, 0, 255));
}

// The weighted sum of values that lie `stride` apart.
std::uint8_t filtered(const std::uint8_t* values, std::size_t stride, std::span<const std::int32_t> weights) {
  std::int32_t sum = 1 << (fraction_bits - 1);
  for (std::size_t k = 0; k < weights.size(); k++) sum += values[k * stride] * weights[k];
  return rounded(sum);
}

// Rows resized to the new width, colours only: [height, to_width, colours].
std::vector<std::uint8_t> resize_rows(ImageView image, std::size_t to_width, std::size_t colours) {
  const TriangleFilter filter(image.size.width, to_width);
  std::vector<std::uint8_t> result(image.size.height * to_width * colours);
  std::uint8_t* out = result.data();
  for (std::size_t y = 0; y < image.size.height; y++) {
    const std::uint8_t* row = image.data + y * image.size.width * image.channels;
    for (std::size_t x = 0; x < to_width; x++) {
      const auto [first, weights] = filter[x];
      const std::uint8_t* values = row + first * image.channels;
      for (std::size_t c = 0; c < colours; c++) *out++ = filtered(values + c, image.channels, weights);
    }
  }
  return result;
}

// (value/255 − mean)/std for all 256 values.
std::array<float, 256> normalized_values(float mean, float std) {
  std::array<float, 256> table;
  for (int value = 0; value < 256; value++) table[value] = (static_cast<float>(value) / 255.0f - mean) / std;
  return table;
}

}  // namespace

void resample(ImageView image, Size to, const Normalization& normalization, std::span<float> out) {
  const std::size_t colours = image.channels == 1 ? 1 : 3;
  const auto rows = resize_rows(image, to.width, colours);
  const TriangleFilter filter(image.size.height, to.height);
  const std::size_t stride = to.width * colours;
  for (std::size_t c = 0; c < 3; c++) {
    const auto table = normalized_values(normalization.mean[c], normalization.std[c]);
    float* plane = out.data() + c * to.pixels();
    for (std::size_t y = 0; y < to.height; y++) {
      const auto [first, weights] = filter[y];
      const std::uint8_t* column = rows.data() + first * stride + (colours == 1 ? 0 : c);
      for (std::size_t x = 0; x < to.width; x++)
        *plane++ = table[filtered(column + x * colours, stride, weights)];
    }
  }
}

}  // namespace uflow::plain
