// Plain views of the tensors that the kernels read. All are planar, row-major; the memory belongs to the
// caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>

namespace uflow {

// Numbers that no image can give: NaN, infinity, a negative energy. The caller's fault, told in the caller's
// words.
struct BadTensor : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

struct Size {
  std::size_t width;
  std::size_t height;

  std::size_t pixels() const { return width * height; }
};

// Pixels of a camera or decoder: 8 bits, rows from the top, channels interleaved: 1 grey, 3 RGB, 4 RGBA.
struct ImageView {
  const std::uint8_t* data;
  Size size;
  std::size_t channels;
};

// What the values of a frame are: grey; a Bayer mosaic, named after its first two pixels; or all colours of a
// pixel in this order.
enum class Colours { mono, bayer_rg, bayer_gr, bayer_gb, bayer_bg, rgb, bgr, rgba, bgra };

// How the values of a row lie in memory: one per byte; one per two bytes, low byte first; without gaps,
// lowest bits first (p); or two per three bytes, of which the middle one has the low bits of both (GigE
// Vision's Packed).
enum class Packing { bits8, bits10, bits12, bits16, bits10p, bits12p, bits12_packed };

// A frame as a camera sends it. Rows begin at whole bytes, `stride` bytes apart; all but grey and mosaics are
// of `bits8`.
struct FrameView {
  const std::uint8_t* data;
  Size size;
  std::size_t stride;
  Colours colours;
  Packing packing;
};

// A latent z: [channels, height, width].
struct LatentView {
  const float* data;
  std::size_t channels;
  Size size;
};

// How energies are distributed under the hypothesis "only chance": energy/scale is χ² with `dof` degrees of
// freedom (0.001 … 1e9), and `area` pixels (≥ 1) tell as much as one that stands alone.
struct Background {
  double scale = 1;
  double dof = 1;
  double area = 1;
};

// The energy of a latent, Σ z² over its channels: [height, width], finite and ≥ 0, and its background: of an
// ideal latent scale = 1, dof = channels and area = 1.
struct EnergyView {
  const float* data;
  std::size_t channels;
  Size size;
  double scale = 1;
  double dof = static_cast<double>(channels);
  double area = 1;

  std::span<const float> pixels() const { return {data, size.pixels()}; }
};

// One number per pixel: [height, width].
struct MapView {
  const float* data;
  Size size;

  std::span<const float> pixels() const { return {data, size.pixels()}; }
};

}  // namespace uflow
