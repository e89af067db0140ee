// Detected regions.
#include "../kernels/regions.h"

#include "check.h"
#include "targets.h"

namespace uflow::fuzz {

void regions(Input& input) {
  const Size size = input.size(24);
  const auto data = input.floats(size.pixels());
  const auto connectivity = input.below(2) == 0 ? Connectivity::four : Connectivity::eight;
  try {
    uflow::regions({data.data(), size}, input.number(), connectivity, nullptr);
  } catch (const BadTensor&) {
  }
}

}  // namespace uflow::fuzz
