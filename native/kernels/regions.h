// From the map of log NFA to the list of detected regions.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "contours.h"
#include "views.h"

namespace uflow {

// A connected set of pixels with log NFA < the threshold. Pixel positions are those of centres: the first is
// (0, 0).
struct Region {
  double log_nfa;                   // of the most significant pixel
  std::size_t area;                 // pixels
  std::size_t x, y, width, height;  // smallest box of whole pixels
  Point centroid;
  std::size_t peak_x, peak_y;
  double peak_score;
  // Its polygons, among those of all regions: the outer boundary, then the holes.
  std::uint32_t first_polygon, polygons;
};

// `count` of the points from number `first` on: closed, the first point is not repeated.
struct Polygon {
  std::uint32_t first;
  std::uint32_t count;
};

struct Regions {
  std::vector<Region> list;       // most significant first, equal ones in the order of their first pixel
  std::vector<Polygon> polygons;  // by region
  std::vector<Point> points;
};

// Finds regions in map after map, in the same memory: nothing is allocated unless a map needs more than those
// before.
class RegionFinder {
 public:
  // Regions where log_nfa < log_epsilon, which may be infinite as log_nfa may; of at most 2²⁸ pixels. The
  // peak is the pixel of the highest `score`, or where `score` is null of the smallest log NFA (its score is
  // then −log NFA). Throws BadTensor on NaN. O(pixels) and O(regions · log regions); the result is valid
  // until the next call.
  const Regions& find(MapView log_nfa, double log_epsilon, Connectivity connectivity, const float* score);

  // What is found where no pixel is below the threshold.
  const Regions& none();

 private:
  friend Regions regions(MapView, double, Connectivity, const float*);

  // Neighbouring pixels of one row that are below the threshold.
  struct Run {
    std::int32_t y, begin, end;
    std::uint32_t earlier;  // number of a run of the same region that is not later
    std::uint32_t region;
  };
  struct Traced {
    std::uint32_t region;
    Polygon polygon;
  };

  void find_runs(Size size, Connectivity connectivity);
  void join_with_row_above(std::uint32_t& above, std::uint32_t row, Connectivity connectivity);
  std::uint32_t first_of(std::uint32_t run);
  void label();
  void describe(MapView log_nfa, const float* score);
  void trace(const ContourRule& rule);
  void sort();

  PixelsBelow below_;
  std::vector<Run> runs_;
  std::vector<Region> found_;                            // in the order of their first pixel
  std::vector<Traced> traced_;                           // the same; outer boundaries before holes
  std::vector<std::pair<double, std::uint32_t>> order_;  // log NFA and number in found_
  std::vector<std::uint32_t> rank_;                      // the inverse
  Regions result_;
};

// RegionFinder::find with a finder of its own.
Regions regions(MapView log_nfa, double log_epsilon, Connectivity connectivity, const float* score);

}  // namespace uflow
