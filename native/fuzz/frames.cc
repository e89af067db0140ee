// Frames of cameras.
#include "../kernels/frame.h"
#include "../plain/frame.h"
#include "check.h"
#include "targets.h"

namespace uflow::fuzz {
void frame(Input& input) {
  const auto colours = static_cast<Colours>(input.below(9));
  const bool values = colours == Colours::mono || is_mosaic(colours);
  const auto packing = values ? static_cast<Packing>(input.below(7)) : Packing::bits8;
  Size size = input.size(150);
  if (is_mosaic(colours)) size.width++, size.height++;
  const std::size_t row = (row_bits(size.width, colours, packing) + 7) / 8;
  const std::size_t stride = row + input.below(5);
  std::vector<std::uint8_t> data((size.height - 1) * stride + row);
  // Any bytes, or such that words of two have 10 bits.
  const int mask = input.below(2) == 0 ? 255 : 3;
  for (auto& byte : data) byte = input.byte() & mask;
  const FrameView view{data.data(), size, stride, colours, packing};
  const std::size_t count = size.pixels() * image_channels(colours);
  FrameWorkspace workspace;
  const auto fast = made<std::uint8_t>(count, [&](auto out) { uflow::image_of_frame(view, out, workspace); });
  require(fast == made<std::uint8_t>(count, [&](auto out) { plain::image_of_frame(view, out); }),
          "the image of a frame differs from its specification");
}

}  // namespace uflow::fuzz
