// Detected regions.
#include "../kernels/regions.h"

#include <algorithm>
#include <tuple>

#include "../plain/regions.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {
namespace {

// By what a region says of its pixels; the specification has them in the order of their first pixel and no
// contours.
bool same_regions(std::vector<Region> found, std::vector<Region> wanted) {
  const auto key = [](const Region& region) {
    return std::tuple(region.log_nfa, region.area, region.x, region.y, region.width, region.height,
                      region.centroid.x, region.centroid.y, region.peak_x, region.peak_y, region.peak_score);
  };
  const auto before = [&](const Region& a, const Region& b) { return key(a) < key(b); };
  std::sort(found.begin(), found.end(), before);
  std::sort(wanted.begin(), wanted.end(), before);
  return std::equal(found.begin(), found.end(), wanted.begin(), wanted.end(),
                    [&](const Region& a, const Region& b) { return key(a) == key(b); });
}

}  // namespace

void regions(Input& input) {
  const Size size = input.size(24);
  const auto data = input.floats(size.pixels());
  const auto connectivity = input.below(2) == 0 ? Connectivity::four : Connectivity::eight;
  try {
    const MapView map{data.data(), size};
    const double threshold = input.number();
    const auto found = uflow::regions(map, threshold, connectivity, nullptr);
    const auto wanted = plain::regions(map, threshold, connectivity, nullptr);
    require(same_regions(found.list, wanted.list), "regions differ from their specification");
  } catch (const BadTensor&) {
  }
}

}  // namespace uflow::fuzz
