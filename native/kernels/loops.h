// The inner loops of the kernels over contiguous memory. They are written once, plainly (loops.inl), and
// compiled once per instruction set; a table of function pointers is chosen when the program starts. Every
// loop does the same IEEE operations for every element whatever the vector width, and sums only across
// independent elements: the results are the same bits with every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "adam.h"
#include "instruction_set.h"
#include "views.h"

namespace uflow {

// Bytes are worked on in blocks of 64: one to four vectors.
constexpr std::size_t byte_block = 64;

// Fixed-point weights are in units of 2⁻²².
constexpr int weight_bits = 22;

// A row of a Bayer mosaic between its neighbours. Memory is from a pixel before the first to one after the
// last block of 64. The row begins with green or not; its other colour is blue or red.
struct MosaicRows {
  const std::uint16_t* above;
  const std::uint16_t* row;
  const std::uint16_t* below;
  bool green_first;
  bool blue;
};

struct Loops {
  // sum[i] = Σ_c z[c·stride + i]², channel by channel, in double.
  void (*sum_squares)(const float* z, std::size_t channels, std::size_t stride, std::size_t count,
                      double* sum);

  // Whether all values are finite and ≥ 0.
  bool (*are_energies)(const float* values, std::size_t count);

  // out[i] = exp(factor · energy[i]) for factor < 0 and finite energies ≥ 0. Error < 1 unit in the last
  // place.
  void (*likelihood)(const float* energy, std::size_t count, float factor, float* out);

  // out[i] = (1 − weight[i])·row[first[i]] + weight[i]·row[second[i]].
  void (*widen)(const float* row, const std::int32_t* first, const std::int32_t* second, const float* weight,
                std::size_t count, float* out);

  // out[i] += (1 − weight)·upper[i] + weight·lower[i].
  void (*add_blend)(const float* upper, const float* lower, float weight, std::size_t count, float* out);

  // out[i] = min(out[i], max(lowest float, (1 − weight)·upper[i] + weight·lower[i] + added)).
  void (*min_blend)(const float* upper, const float* lower, float weight, float added, std::size_t count,
                    float* out);

  // out[i] += ((1 − weight)·upper[i] + weight·lower[i])⁻² for values ≥ 0; ∞ for 0.
  void (*add_inverse_squares)(const float* upper, const float* lower, float weight, std::size_t count,
                              float* out);

  // values[i] = min(largest, √(number / values[i])).
  void (*inverse_roots)(float* values, std::size_t count, float number, float largest);

  // values[i] = 1 − values[i]/divisor, restricted to 0 … 1; returns the largest.
  float (*complement)(float* values, std::size_t count, float divisor);

  // mask[i] = log_nfa[i] < threshold; returns the smallest value. No NaN.
  float (*detect)(const float* log_nfa, std::size_t count, float threshold, std::uint8_t* mask);

  // out[i] = min(255, round(Σ_k weights[k]·values[k·stride + i] / 2²²)), i < count: a multiple of 64. Weights
  // ≥ 0, their sum at most 2²² + 2¹⁶: no sum exceeds 31 bits.
  void (*weighted_bytes)(const std::uint8_t* values, std::size_t stride, const std::int32_t* weights,
                         std::size_t taps, std::size_t count, std::uint8_t* out);

  // out[64·x + y] = in[64·y + x]; both of 64 × 64 bytes.
  void (*transpose_bytes)(const std::uint8_t* in, std::uint8_t* out);

  // large[i] = how many |z[c·stride + i]|, c < channels, are at least the positive float whose bits are
  // `limit`. Returns whether all are finite.
  bool (*count_large)(const float* z, std::size_t channels, std::size_t stride, std::size_t count,
                      std::uint32_t limit, std::uint32_t* large);

  // out[i] = Σ_k weights[k·count + i]·row[first[i] + k], k = 0 … 3.
  void (*widen_cubic)(const float* row, const std::int32_t* first, const float* weights, std::size_t count,
                      float* out);

  // out[i] += Σ_k weights[k]·rows[k][i], k = 0 … 3.
  void (*add_cubic)(const float* const* rows, const float* weights, std::size_t count, float* out);

  // The values of a row of a frame; returns the bits that are set in any of them.
  std::uint16_t (*unpack)(const std::uint8_t* bytes, Packing packing, std::size_t count,
                          std::uint16_t* values);

  // out[i] = values[i] / 2^drop, below 256.
  void (*upper_bytes)(const std::uint16_t* values, std::size_t count, int drop, std::uint8_t* out);

  // RGB of a row of a mosaic: means of the neighbours of each colour, rounded, / 2^drop.
  void (*demosaic)(const MosaicRows& rows, std::size_t count, int drop, std::uint8_t* out);

  // RGB of pixels of 3 or 4 channels, of which the first three are red, green, blue or the reverse.
  void (*to_rgb)(const std::uint8_t* pixels, std::size_t channels, bool reversed, std::size_t count,
                 std::uint8_t* out);

  // sum[i] += values[i].
  void (*add)(const float* values, std::size_t count, float* sum);

  // Σ values[i]² of a multiple of 16 values, as 16 sums of every sixteenth.
  double (*sum_of_squares)(const float* values, std::size_t count);

  // One step of Adam in place, with the gradient before it is scaled.
  void (*adam)(const float* gradient, const AdamOptions& options, std::size_t count,
               const AdamVectors& vectors);
};

// Those of the instruction set in use: the best available, or what `use_instruction_set` said.
const Loops& loops();

// For tests and measurements, before any kernel runs; the set must be available.
void use_instruction_set(InstructionSet set);
InstructionSet instruction_set_in_use();

}  // namespace uflow
