#include "nfa_block.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "../kernels/bicubic.h"

namespace uflow::plain {
namespace {

using Signed = std::ptrdiff_t;

// The map continued by reflection at its first and last pixel.
Signed reflected(Signed i, Signed size) {
  if (size == 1) return 0;
  while (i < 0 || i >= size) i = i < 0 ? -i : 2 * (size - 1) - i;
  return i;
}

std::uint32_t count(LatentView latent, Signed x, Signed y, Signed half, float tau) {
  const auto width = static_cast<Signed>(latent.size.width);
  const auto height = static_cast<Signed>(latent.size.height);
  std::uint32_t found = 0;
  for (std::size_t c = 0; c < latent.channels; c++) {
    const float* plane = latent.data + c * latent.size.pixels();
    for (Signed v = y - half; v <= y + half; v++) {
      for (Signed u = x - half; u <= x + half; u++) {
        const float z = plane[reflected(v, height) * width + reflected(u, width)];
        if (z * z >= tau) found++;
      }
    }
  }
  return found;
}

std::vector<float> log_probabilities(LatentView latent, std::size_t scale, const WindowTest& test) {
  check_finite(latent, scale);
  const auto tau = static_cast<float>(chi2_quantile(test.probability));
  const std::uint32_t half = half_window(test, scale);
  const std::uint32_t n = (2 * half + 1) * (2 * half + 1);
  const auto channels = static_cast<std::uint32_t>(latent.channels);
  std::vector<float> map;
  for (std::size_t i = 0; i < latent.size.pixels(); i++) {
    const auto x = static_cast<Signed>(i % latent.size.width);
    const auto y = static_cast<Signed>(i / latent.size.width);
    // Where all exceed, the tail is 0: the smallest probability that is not takes its place.
    const std::uint32_t exceeding = std::min(count(latent, x, y, half, tau), n * channels - 1);
    const double mean = static_cast<double>(exceeding) / channels;
    map.push_back(static_cast<float>(log_binomial_survival(mean, n, 1 - test.probability, test.kind)));
  }
  return map;
}

float bicubic(MapView map, Size to, std::size_t x, std::size_t y) {
  const CubicTap column(map.size.width, to.width, x);
  const CubicTap row(map.size.height, to.height, y);
  const auto inside = [](std::int32_t i, std::size_t size) {
    return static_cast<std::size_t>(std::clamp(i, 0, static_cast<std::int32_t>(size) - 1));
  };
  float sum = 0;
  for (std::int32_t k = 0; k < 4; k++) {
    const float* pixels = map.data + inside(row.first - 1 + k, map.size.height) * map.size.width;
    float along = 0;
    for (std::int32_t l = 0; l < 4; l++) {
      along +=
          column.weights[static_cast<std::size_t>(l)] * pixels[inside(column.first - 1 + l, map.size.width)];
    }
    sum += row.weights[static_cast<std::size_t>(k)] * along;
  }
  return sum;
}

}  // namespace

void nfa_block_map(std::span<const LatentView> latents, Size to, const WindowTest& test,
                   std::span<float> out) {
  double tests = 0;
  for (const auto& latent : latents) tests += static_cast<double>(latent.size.pixels());
  std::fill(out.begin(), out.end(), static_cast<float>(std::log10(tests)));
  for (std::size_t scale = 0; scale < latents.size(); scale++) {
    const auto map = log_probabilities(latents[scale], scale, test);
    for (std::size_t i = 0; i < out.size(); i++) {
      out[i] += bicubic({map.data(), latents[scale].size}, to, i % to.width, i / to.width);
    }
  }
}

}  // namespace uflow::plain
