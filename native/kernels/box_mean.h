// Means over squares of pixels.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "views.h"

namespace uflow {

// Replaces every pixel by the mean of the side × side pixels around it, of those that are on the map. `side`
// is odd; 1 changes nothing. `workspace` is kept from one map to the next. O(side) per pixel; sums go along
// rows first, from left to right, then down, so that the same map has the same bits everywhere.
void box_mean(std::span<float> map, Size size, std::size_t side, std::vector<float>& workspace);

}  // namespace uflow
