// Connected regions as the definition says them: the specification of native/kernels/regions.h.
#pragma once

#include <vector>

#include "../kernels/regions.h"

namespace uflow::plain {

struct Regions {
  std::vector<std::size_t>
      label_of;              // per pixel: 1 for the region of the first detected pixel and so on, 0 for none
  std::vector<Region> list;  // by label, without polygons
};

// As uflow::regions. O(pixels).
Regions regions(MapView log_nfa, double log_epsilon, Connectivity connectivity, const float* score);

}  // namespace uflow::plain
