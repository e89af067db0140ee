// From the map of log NFA to the list of detected regions.
#pragma once

#include <cstdint>
#include <vector>

#include "views.h"

namespace uflow {

enum class Connectivity { four, eight };

struct Point {
  double x;
  double y;
};

// A connected set of pixels with log NFA < the threshold. Pixel positions are those of centres: the first is
// (0, 0).
struct Region {
  double log_nfa;                   // of the most significant pixel
  std::size_t area;                 // pixels
  std::size_t x, y, width, height;  // smallest box of whole pixels
  Point centroid;
  std::size_t peak_x, peak_y;
  double peak_score;
  // Outer boundary along the edges of the pixels, clockwise on screen, corners only, closed without repeating
  // the first. Corner (x, y) is the upper left corner of pixel (x, y).
  std::vector<Point> contour;
};

// Regions where log_nfa < log_epsilon, most significant first (equal ones in the order of their first pixel).
// The peak is the pixel of the highest `score`, or where `score` is null of the smallest log NFA (its score
// is then −log NFA). Throws BadTensor on NaN. O(pixels), O(boundary) for the contours.
std::vector<Region> regions(MapView log_nfa, double log_epsilon, Connectivity connectivity,
                            const float* score);

}  // namespace uflow
