#include "regions.h"

#include <algorithm>

namespace uflow::plain {
namespace {

bool touch(std::size_t p, std::size_t q, std::size_t width, Connectivity connectivity) {
  const std::size_t px = p % width, py = p / width, qx = q % width, qy = q / width;
  const std::size_t dx = std::max(px, qx) - std::min(px, qx), dy = std::max(py, qy) - std::min(py, qy);
  return connectivity == Connectivity::four ? dx + dy == 1 : std::max(dx, dy) == 1;
}

// The pixels that are connected to `first`, which get its label.
std::vector<std::size_t> fill(std::size_t first, MapView map, double log_epsilon, Connectivity connectivity,
                              std::vector<std::size_t>& label_of) {
  const std::size_t width = map.size.width;
  std::vector<std::size_t> pixels{first};
  for (std::size_t i = 0; i < pixels.size(); i++) {
    const std::size_t from = pixels[i] < width + 1 ? 0 : pixels[i] - width - 1;
    const std::size_t to = std::min(map.size.pixels(), pixels[i] + width + 2);
    for (std::size_t pixel = from; pixel < to; pixel++) {
      if (label_of[pixel] != 0 || !(map.data[pixel] < log_epsilon)) continue;
      if (!touch(pixels[i], pixel, width, connectivity)) continue;
      label_of[pixel] = label_of[first];
      pixels.push_back(pixel);
    }
  }
  std::sort(pixels.begin(), pixels.end());
  return pixels;
}

Region describe(const std::vector<std::size_t>& pixels, MapView map, const float* score) {
  const auto score_of = [&](std::size_t pixel) { return score ? score[pixel] : -map.data[pixel]; };
  std::vector<std::size_t> xs, ys;
  std::size_t peak = pixels[0], best = pixels[0];
  Point sum{0, 0};
  for (const std::size_t pixel : pixels) {
    xs.push_back(pixel % map.size.width);
    ys.push_back(pixel / map.size.width);
    sum.x += static_cast<double>(xs.back());
    sum.y += static_cast<double>(ys.back());
    if (map.data[pixel] < map.data[best]) best = pixel;
    if (score_of(pixel) > score_of(peak)) peak = pixel;
  }
  const auto [left, right] = std::minmax_element(xs.begin(), xs.end());
  const auto [top, bottom] = std::minmax_element(ys.begin(), ys.end());
  const auto area = static_cast<double>(pixels.size());
  Region region{};
  region.log_nfa = map.data[best];
  region.area = pixels.size();
  region.x = *left;
  region.y = *top;
  region.width = *right - *left + 1;
  region.height = *bottom - *top + 1;
  region.centroid = {sum.x / area, sum.y / area};
  region.peak_x = peak % map.size.width;
  region.peak_y = peak / map.size.width;
  region.peak_score = score_of(peak);
  return region;
}

}  // namespace

Regions regions(MapView log_nfa, double log_epsilon, Connectivity connectivity, const float* score) {
  Regions result{std::vector<std::size_t>(log_nfa.size.pixels(), 0), {}};
  for (std::size_t first = 0; first < result.label_of.size(); first++) {
    if (result.label_of[first] != 0 || !(log_nfa.data[first] < log_epsilon)) continue;
    result.label_of[first] = result.list.size() + 1;
    const auto pixels = fill(first, log_nfa, log_epsilon, connectivity, result.label_of);
    result.list.push_back(describe(pixels, log_nfa, score));
  }
  return result;
}

}  // namespace uflow::plain
