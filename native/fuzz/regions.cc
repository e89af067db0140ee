// Detected regions.
#include "../kernels/regions.h"

#include "../plain/regions.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {

void regions(Input& input) {
  const Size size = input.size(24);
  const auto data = input.floats(size.pixels());
  const auto connectivity = input.below(2) == 0 ? Connectivity::four : Connectivity::eight;
  try {
    const MapView map{data.data(), size};
    const double threshold = input.number();
    const auto found = uflow::regions(map, threshold, connectivity, nullptr);
    const auto wanted = plain::regions(map, threshold, connectivity, nullptr);
    require(found.list.size() == wanted.list.size(), "regions differ from their specification");
  } catch (const BadTensor&) {
  }
}

}  // namespace uflow::fuzz
