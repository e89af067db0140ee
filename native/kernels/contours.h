// Marching squares: the closed curves between the pixels of a map that are below a threshold and the others.
// docs/maths.md, "The map".
#pragma once

#include <cstdint>
#include <vector>

#include "views.h"

namespace uflow {

enum class Connectivity { four, eight };

// Corner (x, y) is the upper left corner of pixel (x, y), so that the centre of a pixel lies at + ½.
struct Point {
  double x;
  double y;
};

// Which pixels are below the threshold. A frame one pixel wide around the map is not.
class PixelsBelow {
 public:
  // Reuses the memory of the map before. O(pixels).
  void assign(MapView map, double threshold);

  // x from −1 to the width, y from −1 to the height.
  bool contains(std::int32_t x, std::int32_t y) const { return row(y)[x] != 0; }
  // The first pixel of row y from x on that is below; the width where there is none.
  std::int32_t next(std::int32_t x, std::int32_t y) const;
  // The first pixel of row y from x on that is not below, at most the width.
  std::int32_t end(std::int32_t x, std::int32_t y) const;

  // Whether a contour passes along the upper edge of a pixel that is below, and none has been traced there
  // yet.
  bool starts_contour(std::int32_t x, std::int32_t y) const { return row(y)[x] == 1 && !contains(x, y - 1); }
  void mark_traced(std::int32_t x, std::int32_t y) { pixels_[place(x, y)] = 2; }

 private:
  std::size_t place(std::int32_t x, std::int32_t y) const {
    return static_cast<std::size_t>(y + 1) * (width_ + 2) + static_cast<std::size_t>(x + 1);
  }
  const std::uint8_t* row(std::int32_t y) const { return pixels_.data() + place(0, y); }

  std::size_t width_ = 0;
  std::vector<std::uint8_t> pixels_;  // 0 not below, 1 below, 2 below with a traced upper edge
};

// A contour crosses the line from the centre of a pixel below the threshold, of value a, to the centre of a
// 4-neighbour that is not, of value b, at the share (threshold − a)/(b − a) of the way, kept within 1/64 …
// 63/64 so that all centres are strictly on their side. Outside of the map nothing is below, and contours
// keep to its border. Where pixels below touch at a corner only, contours separate them for
// Connectivity::four and join them for Connectivity::eight. Contours neither touch nor cross one another or
// themselves.
struct ContourRule {
  MapView map;
  double threshold;
  Connectivity connectivity;
};

// Appends the contour along the upper edge of pixel (x, y), which is below the threshold while the pixel
// above is not. Pixels below are on the right of the way: outer boundaries run clockwise on screen, those of
// holes anticlockwise. Closed without repeating the first point, no point in line with its neighbours.
// O(length).
void trace_contour(const ContourRule& rule, std::int32_t x, std::int32_t y, PixelsBelow& pixels,
                   std::vector<Point>& points);

}  // namespace uflow
