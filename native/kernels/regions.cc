#include "regions.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace uflow {
namespace {

using Index = std::uint32_t;
using Label = std::uint32_t;  // 0: no region

void check_numbers(const float* data, std::size_t count, const char* what) {
  for (std::size_t i = 0; i < count; i++) {
    if (std::isnan(data[i])) {
      throw BadTensor(std::string("expected numbers in ") + what + " but received NaN at pixel " +
                      std::to_string(i));
    }
  }
}

// A grid of labels that is 0 outside of itself.
struct Labels {
  Size size;
  std::vector<Label> of;

  Label at(std::ptrdiff_t x, std::ptrdiff_t y) const {
    const auto width = static_cast<std::ptrdiff_t>(size.width);
    const bool inside = x >= 0 && y >= 0 && x < width && y < static_cast<std::ptrdiff_t>(size.height);
    return inside ? of[static_cast<std::size_t>(y * width + x)] : 0;
  }
};

template <typename Visit>
void for_each_neighbour(Index pixel, Size size, Connectivity connectivity, Visit visit) {
  const std::size_t x = pixel % size.width;
  const std::size_t y = pixel / size.width;
  for (std::size_t v = y == 0 ? 0 : y - 1; v <= std::min(y + 1, size.height - 1); v++) {
    for (std::size_t u = x == 0 ? 0 : x - 1; u <= std::min(x + 1, size.width - 1); u++) {
      const bool diagonal = u != x && v != y;
      if (diagonal && connectivity == Connectivity::four) continue;
      visit(static_cast<Index>(v * size.width + u));
    }
  }
}

// Labels all pixels that are connected to `first`; returns them.
std::vector<Index> fill(Index first, Label label, std::span<const float> log_nfa, double log_epsilon,
                        Connectivity connectivity, Labels& labels) {
  std::vector<Index> pixels{first};
  labels.of[first] = label;
  for (std::size_t i = 0; i < pixels.size(); i++) {
    for_each_neighbour(pixels[i], labels.size, connectivity, [&](Index neighbour) {
      if (labels.of[neighbour] != 0 || !(log_nfa[neighbour] < log_epsilon)) return;
      labels.of[neighbour] = label;
      pixels.push_back(neighbour);
    });
  }
  return pixels;
}

// Walks around the region with it on the right hand, from the upper left corner of its first pixel, along the
// edges between pixels (x, y) in whole corners. Where two pixels touch only at a corner, 4-connectivity turns
// away from the second and 8-connectivity crosses over to it.
std::vector<Point> outer_contour(const Labels& labels, Index first, Connectivity connectivity) {
  static constexpr std::ptrdiff_t step_x[] = {1, 0, -1, 0};  // right, down, left, up
  static constexpr std::ptrdiff_t step_y[] = {0, 1, 0, -1};
  // The pixels in front of a corner, by direction of the walk, relative to the corner.
  static constexpr std::ptrdiff_t right_x[] = {0, -1, -1, 0}, right_y[] = {0, 0, -1, -1};
  static constexpr std::ptrdiff_t left_x[] = {0, 0, -1, -1}, left_y[] = {-1, 0, 0, -1};
  const Label label = labels.of[first];
  const auto start_x = static_cast<std::ptrdiff_t>(first % labels.size.width);
  const auto start_y = static_cast<std::ptrdiff_t>(first / labels.size.width);
  std::vector<Point> corners;
  std::ptrdiff_t x = start_x, y = start_y;
  int direction = 0;
  do {
    x += step_x[direction];
    y += step_y[direction];
    const bool right = labels.at(x + right_x[direction], y + right_y[direction]) == label;
    const bool left = labels.at(x + left_x[direction], y + left_y[direction]) == label;
    const bool crosses = left && (right || connectivity == Connectivity::eight);
    if (right && !left) continue;
    corners.push_back({static_cast<double>(x), static_cast<double>(y)});
    direction = (direction + (crosses ? 3 : 1)) % 4;
  } while (x != start_x || y != start_y || direction != 0);
  // The walk ends where it began, at the corner that it met last.
  std::rotate(corners.begin(), corners.end() - 1, corners.end());
  return corners;
}

Region describe(std::span<const Index> pixels, MapView log_nfa, const float* score) {
  const std::size_t width = log_nfa.size.width;
  std::size_t left = width, top = log_nfa.size.height, right = 0, bottom = 0;
  double sum_x = 0, sum_y = 0, least = log_nfa.data[pixels[0]];
  const auto score_of = [&](Index pixel) { return score ? score[pixel] : -log_nfa.data[pixel]; };
  Index peak = pixels[0];
  for (const Index pixel : pixels) {
    const std::size_t x = pixel % width, y = pixel / width;
    left = std::min(left, x), right = std::max(right, x);
    top = std::min(top, y), bottom = std::max(bottom, y);
    sum_x += static_cast<double>(x), sum_y += static_cast<double>(y);
    least = std::min<double>(least, log_nfa.data[pixel]);
    const bool higher =
        score_of(pixel) > score_of(peak) || (score_of(pixel) == score_of(peak) && pixel < peak);
    if (higher) peak = pixel;
  }
  const auto area = static_cast<double>(pixels.size());
  return {least,
          pixels.size(),
          left,
          top,
          right - left + 1,
          bottom - top + 1,
          {sum_x / area, sum_y / area},
          peak % width,
          peak / width,
          score_of(peak),
          {}};
}

}  // namespace

std::vector<Region> regions(MapView log_nfa, double log_epsilon, Connectivity connectivity,
                            const float* score) {
  const auto values = log_nfa.pixels();
  check_numbers(values.data(), values.size(), "logNfa");
  if (score) check_numbers(score, values.size(), "score");
  Labels labels{log_nfa.size, std::vector<Label>(values.size(), 0)};
  std::vector<Region> found;
  for (std::size_t i = 0; i < values.size(); i++) {
    if (labels.of[i] != 0 || !(values[i] < log_epsilon)) continue;
    const auto first = static_cast<Index>(i);
    const auto label = static_cast<Label>(found.size() + 1);
    const auto pixels = fill(first, label, values, log_epsilon, connectivity, labels);
    found.push_back(describe(pixels, log_nfa, score));
    found.back().contour = outer_contour(labels, first, connectivity);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Region& a, const Region& b) { return a.log_nfa < b.log_nfa; });
  return found;
}

}  // namespace uflow
