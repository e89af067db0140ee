// Included by loops.cc once per instruction set. The compiler vectorises these loops: they have no branches, no
// aliasing (UFLOW_RESTRICT) and no sum across lanes.

#if defined(_MSC_VER)
#define UFLOW_RESTRICT __restrict
#else
#define UFLOW_RESTRICT __restrict__
#endif

namespace uflow::UFLOW_TARGET {
namespace {

void sum_squares(const float* UFLOW_RESTRICT z, std::size_t channels, std::size_t stride, std::size_t count,
                 double* UFLOW_RESTRICT sum) {
  const auto square = [](float value) { return static_cast<double>(value) * static_cast<double>(value); };
  std::fill_n(sum, count, 0.0);
  std::size_t c = 0;
  // Four channels per visit of the sums, which are then loaded and stored a quarter as often.
  for (; c + 4 <= channels; c += 4, z += 4 * stride) {
    const float* UFLOW_RESTRICT z1 = z + stride;
    const float* UFLOW_RESTRICT z2 = z1 + stride;
    const float* UFLOW_RESTRICT z3 = z2 + stride;
    for (std::size_t i = 0; i < count; i++) {
      sum[i] = (((sum[i] + square(z[i])) + square(z1[i])) + square(z2[i])) + square(z3[i]);
    }
  }
  for (; c < channels; c++, z += stride) {
    for (std::size_t i = 0; i < count; i++) sum[i] += square(z[i]);
  }
}

bool are_energies(const float* UFLOW_RESTRICT values, std::size_t count) {
  constexpr float largest = std::numeric_limits<float>::max();
  unsigned wrong = 0;
  for (std::size_t i = 0; i < count; i++) wrong |= !((values[i] >= 0) & (values[i] <= largest));
  return wrong == 0;
}

// exp(x) = 2ⁿ·exp(r), n = round(x/ln 2), |r| ≤ ½ ln 2, by its Taylor polynomial; n·ln 2 is subtracted in two parts
// of which the first is exact (W. J. Cody and W. Waite, "Software Manual for the Elementary Functions", 1980).
// 2ⁿ is multiplied in two halves, since it may be smaller than the smallest normal float.
void likelihood(const float* UFLOW_RESTRICT energy, std::size_t count, float factor, float* UFLOW_RESTRICT out) {
  constexpr float to_integer = 12582912.0f;  // 1.5·2²³: adding it rounds to a whole number
  const float largest = -110.0f / factor;    // where the result has long been 0
  const auto power_of_two = [](std::int32_t n) { return std::bit_cast<float>((n + 127) * (1 << 23)); };
  for (std::size_t i = 0; i < count; i++) {
    const float x = factor * (energy[i] < largest ? energy[i] : largest);
    const float shifted = x * 1.44269504f + to_integer;
    const float n = shifted - to_integer;
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = (p * r) * r + r + 1.0f;
    const std::int32_t exponent = std::bit_cast<std::int32_t>(shifted) - std::bit_cast<std::int32_t>(to_integer);
    const std::int32_t half = exponent >> 1;
    out[i] = p * power_of_two(half) * power_of_two(exponent - half);
  }
}

void widen(const float* UFLOW_RESTRICT row, const std::int32_t* UFLOW_RESTRICT first,
           const std::int32_t* UFLOW_RESTRICT second, const float* UFLOW_RESTRICT weight, std::size_t count,
           float* UFLOW_RESTRICT out) {
  for (std::size_t i = 0; i < count; i++) {
    out[i] = (1 - weight[i]) * row[first[i]] + weight[i] * row[second[i]];
  }
}

void add_blend(const float* UFLOW_RESTRICT upper, const float* UFLOW_RESTRICT lower, float weight,
               std::size_t count, float* UFLOW_RESTRICT out) {
  const float rest = 1 - weight;
  for (std::size_t i = 0; i < count; i++) out[i] += rest * upper[i] + weight * lower[i];
}

void min_blend(const float* UFLOW_RESTRICT upper, const float* UFLOW_RESTRICT lower, float weight, float added,
               std::size_t count, float* UFLOW_RESTRICT out) {
  constexpr float lowest = std::numeric_limits<float>::lowest();
  const float rest = 1 - weight;
  for (std::size_t i = 0; i < count; i++) {
    const float value = (rest * upper[i] + weight * lower[i]) + added;
    const float bounded = value > lowest ? value : lowest;
    out[i] = bounded < out[i] ? bounded : out[i];
  }
}

void add_inverse_squares(const float* UFLOW_RESTRICT upper, const float* UFLOW_RESTRICT lower, float weight,
                         std::size_t count, float* UFLOW_RESTRICT out) {
  const float rest = 1 - weight;
  for (std::size_t i = 0; i < count; i++) {
    const float inverse = 1 / (rest * upper[i] + weight * lower[i]);
    out[i] += inverse * inverse;
  }
}

void inverse_roots(float* UFLOW_RESTRICT values, std::size_t count, float number, float largest) {
  for (std::size_t i = 0; i < count; i++) {
    const float root = std::sqrt(number / values[i]);
    values[i] = root < largest ? root : largest;
  }
}

// The largest of eight interleaved running maxima; of finite numbers the order does not matter.
float complement(float* UFLOW_RESTRICT values, std::size_t count, float divisor) {
  for (std::size_t i = 0; i < count; i++) {
    const float value = 1 - values[i] / divisor;
    const float positive = value > 0 ? value : 0;
    values[i] = positive < 1 ? positive : 1;
  }
  // Of floats in 0 … 1 the order is that of their bits.
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < count; i++) {
    const auto bits = std::bit_cast<std::int32_t>(values[i]);
    largest = bits > largest ? bits : largest;
  }
  return std::bit_cast<float>(largest);
}

// Floats as integers of the same order, of which the compiler can take a minimum in lanes.
float detect(const float* UFLOW_RESTRICT log_nfa, std::size_t count, float threshold,
             std::uint8_t* UFLOW_RESTRICT mask) {
  const auto ordered = [](std::int32_t bits) { return bits ^ ((bits >> 31) & 0x7fffffff); };
  std::int32_t least = std::numeric_limits<std::int32_t>::max();
  for (std::size_t i = 0; i < count; i++) {
    const std::int32_t key = ordered(std::bit_cast<std::int32_t>(log_nfa[i]));
    least = key < least ? key : least;
  }
  for (std::size_t i = 0; i < count; i++) mask[i] = log_nfa[i] < threshold;
  return std::bit_cast<float>(ordered(least));
}

// The sums of a block stay in registers while all taps are added.
void weighted_bytes(const std::uint8_t* UFLOW_RESTRICT values, std::size_t stride,
                    const std::int32_t* UFLOW_RESTRICT weights, std::size_t taps, std::size_t count,
                    std::uint8_t* UFLOW_RESTRICT out) {
  for (std::size_t at = 0; at < count; at += byte_block) {
    std::int32_t sums[byte_block];
    for (std::int32_t& sum : sums) sum = 1 << (weight_bits - 1);
    for (std::size_t k = 0; k < taps; k++) {
      const std::uint8_t* UFLOW_RESTRICT row = values + k * stride + at;
      const std::int32_t weight = weights[k];
      for (std::size_t i = 0; i < byte_block; i++) sums[i] += weight * row[i];
    }
    for (std::size_t i = 0; i < byte_block; i++) {
      const std::int32_t value = sums[i] >> weight_bits;
      out[at + i] = static_cast<std::uint8_t>(value < 255 ? value : 255);
    }
  }
}

// Deals the four quarters of 64 × 64 bytes out in turn: the two highest of the 12 bits of a position become its
// lowest.
void deal_quarters(const std::uint8_t* UFLOW_RESTRICT in, std::uint8_t* UFLOW_RESTRICT out) {
  constexpr std::size_t quarter = byte_block * byte_block / 4;
  for (std::size_t i = 0; i < quarter; i++) {
    out[4 * i] = in[i];
    out[4 * i + 1] = in[i + quarter];
    out[4 * i + 2] = in[i + 2 * quarter];
    out[4 * i + 3] = in[i + 3 * quarter];
  }
}

// Three times two bits: the row and the column in the position are exchanged.
void transpose_bytes(const std::uint8_t* UFLOW_RESTRICT in, std::uint8_t* UFLOW_RESTRICT out) {
  std::uint8_t once[byte_block * byte_block], twice[byte_block * byte_block];
  deal_quarters(in, once);
  deal_quarters(once, twice);
  deal_quarters(twice, out);
}

// Of finite numbers the magnitudes are ordered like their bits, and the sign bit of a difference says which is smaller.
bool count_large(const float* UFLOW_RESTRICT z, std::size_t channels, std::size_t stride, std::size_t count,
                 std::uint32_t limit, std::uint32_t* UFLOW_RESTRICT large) {
  const auto magnitude = [](float value) { return std::bit_cast<std::uint32_t>(value) & 0x7fffffffu; };
  const auto is_small = [limit](std::uint32_t bits) { return (bits - limit) >> 31; };
  // Adding this to the bits of NaN or infinity sets the sign bit.
  constexpr std::uint32_t carry = 0x00800000u;
  std::uint32_t special = 0;
  std::fill_n(large, count, static_cast<std::uint32_t>(channels));
  std::size_t c = 0;
  for (; c + 4 <= channels; c += 4, z += 4 * stride) {
    const float* UFLOW_RESTRICT z1 = z + stride;
    const float* UFLOW_RESTRICT z2 = z1 + stride;
    const float* UFLOW_RESTRICT z3 = z2 + stride;
    for (std::size_t i = 0; i < count; i++) {
      const std::uint32_t m0 = magnitude(z[i]);
      const std::uint32_t m1 = magnitude(z1[i]);
      const std::uint32_t m2 = magnitude(z2[i]);
      const std::uint32_t m3 = magnitude(z3[i]);
      large[i] -= is_small(m0) + is_small(m1) + is_small(m2) + is_small(m3);
      special |= (m0 + carry) | (m1 + carry) | (m2 + carry) | (m3 + carry);
    }
  }
  for (; c < channels; c++, z += stride) {
    for (std::size_t i = 0; i < count; i++) {
      const std::uint32_t m = magnitude(z[i]);
      large[i] -= is_small(m);
      special |= m + carry;
    }
  }
  return special >> 31 == 0;
}

void widen_cubic(const float* UFLOW_RESTRICT row, const std::int32_t* UFLOW_RESTRICT first,
                 const float* UFLOW_RESTRICT weights, std::size_t count, float* UFLOW_RESTRICT out) {
  for (std::size_t i = 0; i < count; i++) {
    const float* taps = row + first[i];
    out[i] = ((weights[i] * taps[0] + weights[count + i] * taps[1]) + weights[2 * count + i] * taps[2]) +
             weights[3 * count + i] * taps[3];
  }
}

void add_cubic(const float* const* rows, const float* weights, std::size_t count, float* UFLOW_RESTRICT out) {
  const float* UFLOW_RESTRICT r0 = rows[0];
  const float* UFLOW_RESTRICT r1 = rows[1];
  const float* UFLOW_RESTRICT r2 = rows[2];
  const float* UFLOW_RESTRICT r3 = rows[3];
  const float w0 = weights[0];
  const float w1 = weights[1];
  const float w2 = weights[2];
  const float w3 = weights[3];
  for (std::size_t i = 0; i < count; i++) {
    out[i] += ((w0 * r0[i] + w1 * r1[i]) + w2 * r2[i]) + w3 * r3[i];
  }
}

std::uint16_t all_bits(const std::uint16_t* UFLOW_RESTRICT values, std::size_t count) {
  std::uint16_t bits = 0;
  for (std::size_t i = 0; i < count; i++) bits |= values[i];
  return bits;
}

// Four values in five bytes. They are moved apart in a word of 64 bits, as long as that does not reach beyond the row;
// then one by one: value i begins in byte i + i/4 and ends in the next.
void unpack_10p(const std::uint8_t* UFLOW_RESTRICT bytes, std::size_t count, std::uint16_t* UFLOW_RESTRICT values) {
  constexpr std::uint64_t first = 0x3ff;
  const std::size_t row = (10 * count + 7) / 8;
  std::size_t i = 0;
  for (std::size_t at = 0; at + 8 <= row; at += 5, i += 4) {
    std::uint64_t word;
    std::memcpy(&word, bytes + at, 8);
    word = (word & first) | (word & first << 10) << 6 | (word & first << 20) << 12 | (word & first << 30) << 18;
    std::memcpy(values + i, &word, 8);
  }
  for (; i < count; i++) {
    const std::uint8_t* UFLOW_RESTRICT at = bytes + i + i / 4;
    values[i] = static_cast<std::uint16_t>((at[0] | at[1] << 8) >> i % 4 * 2 & 0x3ff);
  }
}

// Two values in three bytes, as bits12p and bits12_packed have them; the second is the same in both.
template <Packing packing>
void unpack_12(const std::uint8_t* UFLOW_RESTRICT bytes, std::size_t count, std::uint16_t* UFLOW_RESTRICT values) {
  const auto first = [](int low, int middle) {
    const int value = packing == Packing::bits12p ? low | (middle & 15) << 8 : low << 4 | (middle & 15);
    return static_cast<std::uint16_t>(value);
  };
  for (std::size_t i = 0; i < count / 2; i++) {
    const std::uint8_t* UFLOW_RESTRICT pair = bytes + 3 * i;
    values[2 * i] = first(pair[0], pair[1]);
    values[2 * i + 1] = static_cast<std::uint16_t>(pair[1] >> 4 | pair[2] << 4);
  }
  if (count % 2 == 1) values[count - 1] = first(bytes[count / 2 * 3], bytes[count / 2 * 3 + 1]);
}

std::uint16_t unpack(const std::uint8_t* UFLOW_RESTRICT bytes, Packing packing, std::size_t count,
                     std::uint16_t* UFLOW_RESTRICT values) {
  switch (packing) {
    case Packing::bits8:
      for (std::size_t i = 0; i < count; i++) values[i] = bytes[i];
      return 0xff;
    case Packing::bits10p:
      unpack_10p(bytes, count, values);
      return 0x3ff;
    case Packing::bits12p:
      unpack_12<Packing::bits12p>(bytes, count, values);
      return 0xfff;
    case Packing::bits12_packed:
      unpack_12<Packing::bits12_packed>(bytes, count, values);
      return 0xfff;
    default:
      std::memcpy(values, bytes, 2 * count);
      return all_bits(values, count);
  }
}

void upper_bytes(const std::uint16_t* UFLOW_RESTRICT values, std::size_t count, int drop,
                 std::uint8_t* UFLOW_RESTRICT out) {
  for (std::size_t i = 0; i < count; i++) out[i] = static_cast<std::uint8_t>(values[i] >> drop);
}

void interleave(const std::uint8_t* UFLOW_RESTRICT red, const std::uint8_t* UFLOW_RESTRICT green,
                const std::uint8_t* UFLOW_RESTRICT blue, std::size_t count, std::uint8_t* UFLOW_RESTRICT out) {
  for (std::size_t i = 0; i < count; i++) {
    out[3 * i] = red[i];
    out[3 * i + 1] = green[i];
    out[3 * i + 2] = blue[i];
  }
}

// All ones where the mosaic is green, in a row that begins with another colour.
constexpr std::uint16_t greens[byte_block + 1] = {
#define UFLOW_EIGHT 0, 0xffff, 0, 0xffff, 0, 0xffff, 0, 0xffff
    UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, UFLOW_EIGHT, 0
#undef UFLOW_EIGHT
};

// `Sum` holds the sum of four values. Both kinds of pixels are computed everywhere, and one is chosen.
template <typename Sum>
void demosaic_in(const MosaicRows& rows, std::size_t count, int drop, std::uint8_t* UFLOW_RESTRICT out) {
  const std::uint16_t* UFLOW_RESTRICT is_green = greens + (rows.green_first ? 1 : 0);
  for (std::size_t at = 0; at < count; at += byte_block) {
    const std::uint16_t* UFLOW_RESTRICT above = rows.above + at;
    const std::uint16_t* UFLOW_RESTRICT row = rows.row + at;
    const std::uint16_t* UFLOW_RESTRICT below = rows.below + at;
    std::uint8_t own[byte_block], green[byte_block], other[byte_block];
    for (std::size_t i = 0; i < byte_block; i++) {
      const Sum self = row[i + 1];
      const Sum beside = static_cast<Sum>(row[i] + row[i + 2]);
      const Sum upright = static_cast<Sum>(above[i + 1] + below[i + 1]);
      const Sum corners = static_cast<Sum>(above[i] + above[i + 2] + below[i] + below[i + 2]);
      const Sum cross = static_cast<Sum>(beside + upright);
      const Sum mask = static_cast<Sum>(is_green[i]);
      const auto chosen = [mask](Sum at_green, Sum elsewhere) {
        return static_cast<Sum>((at_green & mask) | (elsewhere & ~mask));
      };
      const auto half = [](Sum sum) { return static_cast<Sum>(static_cast<Sum>(sum + 1) >> 1); };
      const auto quarter = [](Sum sum) { return static_cast<Sum>(static_cast<Sum>(sum + 2) >> 2); };
      own[i] = static_cast<std::uint8_t>(chosen(half(beside), self) >> drop);
      green[i] = static_cast<std::uint8_t>(chosen(self, quarter(cross)) >> drop);
      other[i] = static_cast<std::uint8_t>(chosen(half(upright), quarter(corners)) >> drop);
    }
    const std::uint8_t* red = rows.blue ? other : own;
    const std::uint8_t* blue = rows.blue ? own : other;
    if (count - at < byte_block) return interleave(red, green, blue, count - at, out + 3 * at);
    interleave(red, green, blue, byte_block, out + 3 * at);
  }
}

void demosaic(const MosaicRows& rows, std::size_t count, int drop, std::uint8_t* out) {
  if (drop > 6) return demosaic_in<std::uint32_t>(rows, count, drop, out);
  demosaic_in<std::uint16_t>(rows, count, drop, out);
}

template <std::size_t channels, std::size_t red>
void to_rgb_from(const std::uint8_t* UFLOW_RESTRICT pixels, std::size_t count, std::uint8_t* UFLOW_RESTRICT out) {
  for (std::size_t i = 0; i < count; i++) {
    out[3 * i] = pixels[channels * i + red];
    out[3 * i + 1] = pixels[channels * i + 1];
    out[3 * i + 2] = pixels[channels * i + 2 - red];
  }
}

void to_rgb(const std::uint8_t* pixels, std::size_t channels, bool reversed, std::size_t count,
            std::uint8_t* out) {
  if (channels == 3) {
    if (reversed) return to_rgb_from<3, 2>(pixels, count, out);
    return to_rgb_from<3, 0>(pixels, count, out);
  }
  if (reversed) return to_rgb_from<4, 2>(pixels, count, out);
  to_rgb_from<4, 0>(pixels, count, out);
}

void add(const float* UFLOW_RESTRICT values, std::size_t count, float* UFLOW_RESTRICT sum) {
  for (std::size_t i = 0; i < count; i++) sum[i] += values[i];
}

double sum_of_squares(const float* UFLOW_RESTRICT values, std::size_t count) {
  constexpr std::size_t lanes = 16;
  double sums[lanes] = {};
  for (std::size_t at = 0; at < count; at += lanes) {
    for (std::size_t i = 0; i < lanes; i++) {
      const double value = values[at + i];
      sums[i] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

void adam(const float* UFLOW_RESTRICT gradient, const AdamOptions& options, std::size_t count,
          const AdamVectors& vectors) {
  const float beta1 = static_cast<float>(options.beta1);
  const float beta2 = static_cast<float>(options.beta2);
  const float rest1 = static_cast<float>(1 - options.beta1);
  const float rest2 = static_cast<float>(1 - options.beta2);
  const float epsilon = static_cast<float>(options.epsilon);
  const float scale = static_cast<float>(options.gradient_scale);
  const float weight_decay = static_cast<float>(options.weight_decay);
  const float step_size = static_cast<float>(options.step_size);
  const float inverse_correction = static_cast<float>(options.inverse_correction);
  float* UFLOW_RESTRICT values = vectors.values;
  float* UFLOW_RESTRICT first_moment = vectors.first_moment;
  float* UFLOW_RESTRICT second_moment = vectors.second_moment;
  for (std::size_t i = 0; i < count; i++) {
    const float slope = scale * gradient[i] + weight_decay * values[i];
    const float first = beta1 * first_moment[i] + rest1 * slope;
    const float second = beta2 * second_moment[i] + rest2 * (slope * slope);
    const float deviation = std::sqrt(second) * inverse_correction + epsilon;
    values[i] -= step_size * (first / deviation);
    first_moment[i] = first;
    second_moment[i] = second;
  }
}

constexpr Loops loops{
    .sum_squares = sum_squares,
    .are_energies = are_energies,
    .likelihood = likelihood,
    .widen = widen,
    .add_blend = add_blend,
    .min_blend = min_blend,
    .add_inverse_squares = add_inverse_squares,
    .inverse_roots = inverse_roots,
    .complement = complement,
    .detect = detect,
    .weighted_bytes = weighted_bytes,
    .transpose_bytes = transpose_bytes,
    .count_large = count_large,
    .widen_cubic = widen_cubic,
    .add_cubic = add_cubic,
    .unpack = unpack,
    .upper_bytes = upper_bytes,
    .demosaic = demosaic,
    .to_rgb = to_rgb,
    .add = add,
    .sum_of_squares = sum_of_squares,
    .adam = adam,
};

}  // namespace
}  // namespace uflow::UFLOW_TARGET

#undef UFLOW_RESTRICT
