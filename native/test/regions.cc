// Regions against their specification, and contours against what they promise.
#include "../kernels/regions.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

#include "../plain/regions.h"
#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr auto both = {Connectivity::four, Connectivity::eight};

// Any kind of map, now and then with infinite and with the largest values.
Map hostile_map(Random& random, std::size_t largest_side) {
  Map map = test::random_map(random, largest_side);
  constexpr float largest = std::numeric_limits<float>::max();
  const float extremes[] = {-infinity, infinity, -largest, largest};
  if (random.below(3) > 0) return map;
  for (float& value : map.data) {
    if (random.below(3) == 0) value = extremes[random.below(4)];
  }
  return map;
}

// One of the map's values, or a number that is none of them.
double random_threshold(Random& random, const Map& map) {
  const double value = map.data[random.below(map.data.size())];
  return random.below(2) ? value : std::nextafter(value, infinity);
}

std::span<const Point> points_of(const Regions& regions, const Polygon& polygon) {
  return std::span(regions.points).subspan(polygon.first, polygon.count);
}

std::span<const Polygon> polygons_of(const Regions& regions, const Region& region) {
  return std::span(regions.polygons).subspan(region.first_polygon, region.polygons);
}

// Positive when it runs clockwise on screen.
double signed_area(std::span<const Point> polygon) {
  double sum = 0;
  for (std::size_t i = 0; i < polygon.size(); i++) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    sum += a.x * b.y - b.x * a.y;
  }
  return sum / 2;
}

// How often the polygon goes around the point, clockwise on screen.
int winding_number(std::span<const Point> polygon, Point around) {
  int winding = 0;
  for (std::size_t i = 0; i < polygon.size(); i++) {
    const Point& a = polygon[i];
    const Point& b = polygon[(i + 1) % polygon.size()];
    if ((a.y <= around.y) == (b.y <= around.y)) continue;
    const double x = a.x + (around.y - a.y) / (b.y - a.y) * (b.x - a.x);
    REQUIRE(x != around.x);
    if (x > around.x) winding += b.y > a.y ? 1 : -1;
  }
  return winding;
}

// Positive where c lies to the right of the way from a to b on screen, zero in line.
double turn(Point a, Point b, Point c) {
  return (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x);
}

bool between(Point a, Point b, Point c) {
  return std::min(a.x, b.x) <= c.x && c.x <= std::max(a.x, b.x) && std::min(a.y, b.y) <= c.y &&
         c.y <= std::max(a.y, b.y);
}

struct Side {
  Point a, b;
};

// Whether two sides have a point in common.
bool meet(const Side& one, const Side& other) {
  const double c = turn(one.a, one.b, other.a), d = turn(one.a, one.b, other.b);
  const double a = turn(other.a, other.b, one.a), b = turn(other.a, other.b, one.b);
  if (((c < 0 && d > 0) || (c > 0 && d < 0)) && ((a < 0 && b > 0) || (a > 0 && b < 0))) return true;
  return (c == 0 && between(one.a, one.b, other.a)) || (d == 0 && between(one.a, one.b, other.b)) ||
         (a == 0 && between(other.a, other.b, one.a)) || (b == 0 && between(other.a, other.b, one.b));
}

// Pairs of sides, of all polygons, that meet elsewhere than a side and the next one at their common end.
std::size_t crossings(const Regions& regions) {
  std::vector<Side> sides;
  std::vector<std::size_t> next;
  for (const Polygon& polygon : regions.polygons) {
    const std::size_t first = sides.size();
    for (std::size_t i = 0; i < polygon.count; i++) {
      const auto points = points_of(regions, polygon);
      sides.push_back({points[i], points[(i + 1) % polygon.count]});
      next.push_back(first + (i + 1) % polygon.count);
    }
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < sides.size(); i++) {
    for (std::size_t j = i + 1; j < sides.size(); j++) {
      const bool neighbours = next[i] == j || next[j] == i;
      count += !neighbours && meet(sides[i], sides[j]);
    }
  }
  return count;
}

// Every pixel's centre is as often inside of the region's polygons as the pixel belongs to it.
void check_centres(const Regions& found, const Region& region, const Map& map,
                   const std::vector<std::size_t>& label_of) {
  const std::size_t label = label_of[region.peak_y * map.size.width + region.peak_x];
  for (std::size_t i = 0; i < map.data.size(); i++) {
    const Point centre{static_cast<double>(i % map.size.width) + 0.5,
                       static_cast<double>(i / map.size.width) + 0.5};
    int winding = 0;
    for (const Polygon& polygon : polygons_of(found, region)) {
      winding += winding_number(points_of(found, polygon), centre);
    }
    if (winding != (label_of[i] == label ? 1 : 0)) FAIL("pixel ", i, " of a map of width ", map.size.width);
  }
}

void check_polygon(std::span<const Point> polygon, Size size) {
  REQUIRE(polygon.size() >= 3);
  for (std::size_t i = 0; i < polygon.size(); i++) {
    const Point& a = polygon[i];
    CHECK(between({0, 0}, {static_cast<double>(size.width), static_cast<double>(size.height)}, a));
    CHECK(turn(a, polygon[(i + 1) % polygon.size()], polygon[(i + 2) % polygon.size()]) != 0);
  }
}

double total_area(const Regions& regions) {
  double sum = 0;
  for (const Polygon& polygon : regions.polygons) sum += signed_area(points_of(regions, polygon));
  return sum;
}

}  // namespace

TEST_CASE("regions are those of the specification") {
  Random random(6);
  RegionFinder finder;
  for (int round = 0; round < 3000; round++) {
    const Map map = hostile_map(random, 24);
    std::vector<float> score(map.data.size());
    for (float& value : score) value = static_cast<float>(random.below(5));
    const double threshold = random_threshold(random, map);
    const float* peaks = random.below(2) ? score.data() : nullptr;
    for (const auto connectivity : both) {
      auto wanted = plain::regions(map.view(), threshold, connectivity, peaks).list;
      std::stable_sort(wanted.begin(), wanted.end(),
                       [](const Region& a, const Region& b) { return a.log_nfa < b.log_nfa; });
      const auto& found = finder.find(map.view(), threshold, connectivity, peaks).list;
      REQUIRE(found.size() == wanted.size());
      for (std::size_t i = 0; i < found.size(); i++) {
        const Region &a = found[i], &b = wanted[i];
        CHECK(a.log_nfa == b.log_nfa);
        CHECK(a.area == b.area);
        CHECK(std::array{a.x, a.y, a.width, a.height} == std::array{b.x, b.y, b.width, b.height});
        CHECK(a.centroid.x == b.centroid.x);
        CHECK(a.centroid.y == b.centroid.y);
        CHECK(std::array{a.peak_x, a.peak_y} == std::array{b.peak_x, b.peak_y});
        CHECK(a.peak_score == b.peak_score);
      }
    }
  }
}

TEST_CASE("a region's contour without its holes contains exactly the centres of its pixels") {
  Random random(7);
  for (int round = 0; round < 600; round++) {
    const Map map = hostile_map(random, 14);
    const double threshold = random_threshold(random, map);
    for (const auto connectivity : both) {
      const auto label_of = plain::regions(map.view(), threshold, connectivity, nullptr).label_of;
      const Regions found = regions(map.view(), threshold, connectivity, nullptr);
      for (const Region& region : found.list) {
        check_centres(found, region, map, label_of);
        for (std::size_t i = 0; i < region.polygons; i++) {
          const auto polygon = points_of(found, polygons_of(found, region)[i]);
          check_polygon(polygon, map.size);
          CHECK((signed_area(polygon) > 0) == (i == 0));
        }
      }
    }
  }
}

TEST_CASE("contours neither cross nor touch one another or themselves") {
  Random random(8);
  for (int round = 0; round < 300; round++) {
    const Map map = hostile_map(random, 10);
    const double threshold = random_threshold(random, map);
    for (const auto connectivity : both) {
      CHECK(crossings(regions(map.view(), threshold, connectivity, nullptr)) == 0);
    }
  }
}

TEST_CASE("what is below the threshold and what is above it share the map between them") {
  Random random(9);
  for (int round = 0; round < 1000; round++) {
    Map map = hostile_map(random, 20);
    const double threshold = random_threshold(random, map);
    if (std::find(map.data.begin(), map.data.end(), threshold) != map.data.end()) continue;
    const double below = total_area(regions(map.view(), threshold, Connectivity::four, nullptr));
    for (float& value : map.data) value = -value;
    const double above = total_area(regions(map.view(), -threshold, Connectivity::eight, nullptr));
    CHECK(below + above == doctest::Approx(static_cast<double>(map.size.pixels())).epsilon(1e-9));
  }
}

TEST_CASE("a contour crosses where the interpolated map equals the threshold, and keeps off the centres") {
  const auto right_end = [](float inside, float outside, double threshold) {
    const float values[] = {inside, outside};
    const Regions found = regions({values, {2, 1}}, threshold, Connectivity::four, nullptr);
    REQUIRE(found.points.size() == 4);
    double x = 0;
    for (const Point& point : found.points) x = std::max(x, point.x);
    return x - 0.5;
  };
  constexpr float largest = std::numeric_limits<float>::max();
  CHECK(right_end(-3, 1, 0) == 0.75);
  CHECK(right_end(-1, 3, -0.25) == 0.1875);
  CHECK(right_end(-1, 0, 0) == 63.0 / 64);
  CHECK(right_end(-1e-30f, 1, 0) == 1.0 / 64);
  CHECK(right_end(-infinity, 1, 0) == 63.0 / 64);
  CHECK(right_end(-1, infinity, 0) == 1.0 / 64);
  CHECK(right_end(-infinity, infinity, 0) == 0.5);
  CHECK(right_end(-largest, largest, 0) == 0.5);
  CHECK(right_end(-largest, infinity, 0) == 1.0 / 64);
  CHECK(right_end(0, infinity, std::numeric_limits<double>::infinity()) == 63.0 / 64);
}

TEST_CASE("numbers that are none are refused") {
  const float nan[] = {1, std::nanf("")}, numbers[] = {1, 2};
  CHECK_THROWS_AS(regions({nan, {2, 1}}, 0, Connectivity::four, nullptr), BadTensor);
  CHECK_THROWS_AS(regions({numbers, {2, 1}}, 0, Connectivity::four, nan), BadTensor);
}
