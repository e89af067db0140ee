#include "regions.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace uflow {
namespace {

void check_numbers(std::span<const float> data, const char* what) {
  unsigned nan = 0;
  for (const float value : data) nan |= value != value;
  if (!nan) return;
  const auto first = std::find_if(data.begin(), data.end(), [](float value) { return std::isnan(value); });
  throw BadTensor(std::string("expected numbers in ") + what + " but received NaN at pixel " +
                  std::to_string(first - data.begin()));
}

Region new_region(std::size_t x, std::size_t y) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  return {infinity, 0, x, y, 0, 0, {0, 0}, x, y, -infinity, 0, 0};
}

// Rows come from the top, so that the box grows downwards only. The centroid is a sum until all runs are in.
void add_extent(Region& region, std::size_t begin, std::size_t end, std::size_t y) {
  const auto length = static_cast<double>(end - begin);
  region.area += end - begin;
  region.centroid.x += length * static_cast<double>(begin + end - 1) / 2;
  region.centroid.y += length * static_cast<double>(y);
  const std::size_t right = std::max(region.x + region.width, end);
  region.x = std::min(region.x, begin);
  region.width = right - region.x;
  region.height = y - region.y + 1;
}

void add_value(Region& region, std::size_t x, std::size_t y, double log_nfa, double score) {
  region.log_nfa = std::min(region.log_nfa, log_nfa);
  if (!(score > region.peak_score)) return;
  region.peak_score = score;
  region.peak_x = x;
  region.peak_y = y;
}

}  // namespace

const Regions& RegionFinder::find(MapView log_nfa, double log_epsilon, Connectivity connectivity,
                                  const float* score) {
  const auto values = log_nfa.pixels();
  check_numbers(values, "logNfa");
  if (score) check_numbers({score, values.size()}, "score");
  below_.assign(log_nfa, log_epsilon);
  find_runs(log_nfa.size, connectivity);
  label();
  describe(log_nfa, score);
  trace({log_nfa, log_epsilon, connectivity});
  sort();
  return result_;
}

const Regions& RegionFinder::none() {
  result_.list.clear();
  result_.polygons.clear();
  result_.points.clear();
  return result_;
}

void RegionFinder::find_runs(Size size, Connectivity connectivity) {
  const auto width = static_cast<std::int32_t>(size.width);
  const auto height = static_cast<std::int32_t>(size.height);
  runs_.clear();
  std::uint32_t above = 0;
  for (std::int32_t y = 0; y < height; y++) {
    const auto row = static_cast<std::uint32_t>(runs_.size());
    for (std::int32_t x = below_.next(0, y); x < width; x = below_.next(runs_.back().end, y)) {
      const auto number = static_cast<std::uint32_t>(runs_.size());
      runs_.push_back({y, x, below_.end(x, y), number, 0});
      join_with_row_above(above, row, connectivity);
    }
    above = row;
  }
}

// Joins the last run with those that touch it among the runs `above` … `row`, and skips those that end before
// it.
void RegionFinder::join_with_row_above(std::uint32_t& above, std::uint32_t row, Connectivity connectivity) {
  const std::int32_t reach = connectivity == Connectivity::eight ? 1 : 0;
  const auto last = static_cast<std::uint32_t>(runs_.size() - 1);
  const std::int32_t begin = runs_[last].begin, end = runs_[last].end;
  while (above < row && runs_[above].end + reach <= begin) above++;
  for (std::uint32_t run = above; run < row && runs_[run].begin < end + reach; run++) {
    const std::uint32_t one = first_of(run), other = first_of(last);
    runs_[std::max(one, other)].earlier = std::min(one, other);
  }
}

// The first run of the region so far. Paths are halved on the way (union-find).
std::uint32_t RegionFinder::first_of(std::uint32_t run) {
  while (runs_[run].earlier != run) {
    runs_[run].earlier = runs_[runs_[run].earlier].earlier;
    run = runs_[run].earlier;
  }
  return run;
}

// A run that is the first of its region begins a new one; the others follow the run that they were joined to.
void RegionFinder::label() {
  found_.clear();
  for (std::uint32_t number = 0; number < runs_.size(); number++) {
    Run& run = runs_[number];
    if (run.earlier == number) {
      run.region = static_cast<std::uint32_t>(found_.size());
      found_.push_back(new_region(static_cast<std::size_t>(run.begin), static_cast<std::size_t>(run.y)));
    } else {
      run.region = runs_[run.earlier].region;
    }
  }
}

void RegionFinder::describe(MapView log_nfa, const float* score) {
  for (const Run& run : runs_) {
    const auto begin = static_cast<std::size_t>(run.begin), end = static_cast<std::size_t>(run.end);
    const auto y = static_cast<std::size_t>(run.y);
    Region& region = found_[run.region];
    add_extent(region, begin, end, y);
    for (std::size_t x = begin; x < end; x++) {
      const std::size_t pixel = y * log_nfa.size.width + x;
      add_value(region, x, y, log_nfa.data[pixel], score ? score[pixel] : -log_nfa.data[pixel]);
    }
  }
  for (Region& region : found_) {
    region.centroid.x /= static_cast<double>(region.area);
    region.centroid.y /= static_cast<double>(region.area);
  }
}

// Each contour passes along the upper edge of some pixel. The first of a region in the order of pixels is its
// outer boundary, since nothing of the region lies above its first pixel.
void RegionFinder::trace(const ContourRule& rule) {
  traced_.clear();
  result_.points.clear();
  for (const Run& run : runs_) {
    for (std::int32_t x = run.begin; x < run.end; x++) {
      if (!below_.starts_contour(x, run.y)) continue;
      const auto first = static_cast<std::uint32_t>(result_.points.size());
      trace_contour(rule, x, run.y, below_, result_.points);
      traced_.push_back({run.region, {first, static_cast<std::uint32_t>(result_.points.size()) - first}});
      found_[run.region].polygons++;
    }
  }
}

// Regions by significance, and polygons by region.
void RegionFinder::sort() {
  order_.clear();
  for (std::uint32_t i = 0; i < found_.size(); i++) order_.emplace_back(found_[i].log_nfa, i);
  std::sort(order_.begin(), order_.end());
  rank_.resize(found_.size());
  result_.list.clear();
  std::uint32_t first_polygon = 0;
  for (const auto& [log_nfa, number] : order_) {
    rank_[number] = static_cast<std::uint32_t>(result_.list.size());
    result_.list.push_back(found_[number]);
    result_.list.back().first_polygon = first_polygon;
    first_polygon += std::exchange(result_.list.back().polygons, 0);
  }
  result_.polygons.resize(first_polygon);
  for (const auto& [region, polygon] : traced_) {
    Region& owner = result_.list[rank_[region]];
    result_.polygons[owner.first_polygon + owner.polygons++] = polygon;
  }
}

Regions regions(MapView log_nfa, double log_epsilon, Connectivity connectivity, const float* score) {
  RegionFinder finder;
  finder.find(log_nfa, log_epsilon, connectivity, score);
  return std::move(finder.result_);
}

}  // namespace uflow
