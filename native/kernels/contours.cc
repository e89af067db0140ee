#include "contours.h"

#include <algorithm>
#include <cstring>

namespace uflow {

void PixelsBelow::assign(MapView map, double threshold) {
  const auto [width, height] = map.size;
  width_ = width;
  pixels_.assign((width + 2) * (height + 2), 0);
  for (std::size_t y = 0; y < height; y++) {
    const float* from = map.data + y * width;
    std::uint8_t* to = pixels_.data() + place(0, static_cast<std::int32_t>(y));
    for (std::size_t x = 0; x < width; x++) to[x] = from[x] < threshold;
  }
}

std::int32_t PixelsBelow::next(std::int32_t x, std::int32_t y) const {
  const auto width = static_cast<std::int32_t>(width_);
  const void* found = std::memchr(row(y) + x, 1, static_cast<std::size_t>(width - x));
  return found ? static_cast<std::int32_t>(static_cast<const std::uint8_t*>(found) - row(y)) : width;
}

std::int32_t PixelsBelow::end(std::int32_t x, std::int32_t y) const {
  while (contains(x, y)) x++;
  return x;
}

namespace {

// Clockwise on screen: the next direction is a turn to the right.
enum Direction { right, down, left, up };
constexpr std::int32_t step_x[] = {1, 0, -1, 0};
constexpr std::int32_t step_y[] = {0, 1, 0, -1};

Direction turned_right(Direction direction) {
  return static_cast<Direction>((direction + 1) % 4);
}
Direction turned_left(Direction direction) {
  return static_cast<Direction>((direction + 3) % 4);
}

// Where a contour leaves the pixel (x, y): towards which of its neighbours, and at which share of the way
// there.
struct Crossing {
  std::int32_t x;
  std::int32_t y;
  Direction out;
  double share = 0;

  bool operator==(const Crossing& other) const { return x == other.x && y == other.y && out == other.out; }
  bool same_pixel(const Crossing& other) const { return x == other.x && y == other.y; }
};

constexpr double nearest_share = 1.0 / 64;
// Beyond all floats but the infinite ones; differences of two such numbers are finite.
constexpr double huge = 1e300;

double finite(double value) {
  return std::clamp(value, -huge, huge);
}

class Tracer {
 public:
  Tracer(const ContourRule& rule, PixelsBelow& pixels, std::vector<Point>& points)
      : rule_(rule), pixels_(pixels), points_(points), first_(points.size()) {}

  void trace(Crossing start) {
    start.share = share(start);
    Crossing here = start;
    do {
      if (here.out == up) pixels_.mark_traced(here.x, here.y);
      Crossing next = successor(here);
      next.share = share(next);
      add(point(here));
      if (next.same_pixel(here) && (leaves_map(here) || leaves_map(next))) add(corner(here, next));
      here = next;
    } while (!(here == start));
    close();
  }

 private:
  // Of the four pixels around the next corner, `here` and perhaps others are below the threshold.
  Crossing successor(const Crossing& here) const {
    const Direction ahead = turned_right(here.out);
    const std::int32_t x = here.x + step_x[ahead], y = here.y + step_y[ahead];
    const bool below_ahead = pixels_.contains(x, y);
    const std::int32_t diagonal_x = x + step_x[here.out], diagonal_y = y + step_y[here.out];
    const bool below_diagonal = (below_ahead || rule_.connectivity == Connectivity::eight) &&
                                pixels_.contains(diagonal_x, diagonal_y);
    if (below_diagonal) return {diagonal_x, diagonal_y, turned_left(here.out)};
    if (below_ahead) return {x, y, here.out};
    return {here.x, here.y, ahead};
  }

  bool leaves_map(const Crossing& at) const {
    const std::int32_t x = at.x + step_x[at.out], y = at.y + step_y[at.out];
    const auto width = static_cast<std::int32_t>(rule_.map.size.width);
    const auto height = static_cast<std::int32_t>(rule_.map.size.height);
    return x < 0 || y < 0 || x == width || y == height;
  }

  double value(std::int32_t x, std::int32_t y) const {
    const auto row = static_cast<std::size_t>(y) * rule_.map.size.width;
    return finite(rule_.map.data[row + static_cast<std::size_t>(x)]);
  }

  double share(const Crossing& at) const {
    if (leaves_map(at)) return 0.5;
    const double inside = value(at.x, at.y);
    const double outside = value(at.x + step_x[at.out], at.y + step_y[at.out]);
    return std::clamp((finite(rule_.threshold) - inside) / (outside - inside), nearest_share,
                      1 - nearest_share);
  }

  static Point point(const Crossing& at) {
    return {at.x + 0.5 + step_x[at.out] * at.share, at.y + 0.5 + step_y[at.out] * at.share};
  }

  // The map's border continues straight to where the contour meets it, and around the map's own corners.
  static Point corner(const Crossing& a, const Crossing& b) {
    return {a.x + 0.5 + step_x[a.out] * a.share + step_x[b.out] * b.share,
            a.y + 0.5 + step_y[a.out] * a.share + step_y[b.out] * b.share};
  }

  static bool in_line(const Point& a, const Point& b, const Point& c) {
    return (b.x - a.x) * (c.y - b.y) == (b.y - a.y) * (c.x - b.x);
  }

  void add(Point next) {
    const std::size_t count = points_.size() - first_;
    if (count >= 2 && in_line(points_.end()[-2], points_.back(), next)) points_.pop_back();
    points_.push_back(next);
  }

  // The same where the end meets the beginning.
  void close() {
    if (in_line(points_.end()[-2], points_.back(), points_[first_])) points_.pop_back();
    if (!in_line(points_.back(), points_[first_], points_[first_ + 1])) return;
    points_[first_] = points_.back();
    points_.pop_back();
  }

  const ContourRule rule_;
  PixelsBelow& pixels_;
  std::vector<Point>& points_;
  std::size_t first_;
};

}  // namespace

void trace_contour(const ContourRule& rule, std::int32_t x, std::int32_t y, PixelsBelow& pixels,
                   std::vector<Point>& points) {
  Tracer(rule, pixels, points).trace({x, y, up});
}

}  // namespace uflow
