// How a target says that a kernel is wrong.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "../kernels/views.h"

namespace uflow::fuzz {

inline void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "fuzz: %s\n", what);
  std::abort();
}

// The same numbers up to `tolerance`, relative to the larger of them and 1; NaN equals NaN.
inline bool same(std::span<const float> a, std::span<const float> b, double tolerance = 0) {
  for (std::size_t i = 0; i < a.size(); i++) {
    if (a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i]))) continue;
    const double scale = std::fmax(1.0, std::fmax(std::abs(a[i]), std::abs(b[i])));
    if (!(std::abs(static_cast<double>(a[i]) - b[i]) <= tolerance * scale)) return false;
  }
  return true;
}

// What a kernel makes of its arguments; nothing where it refuses them.
template <typename Number = float, typename Work>
std::vector<Number> made(std::size_t count, Work work) {
  std::vector<Number> out(count);
  try {
    work(std::span(out));
  } catch (const BadTensor&) {
    out.clear();
  }
  return out;
}

inline void require_same(const std::vector<float>& fast, const std::vector<float>& plain,
                         double tolerance = 0) {
  require(fast.size() == plain.size(), "only one of a kernel and its specification refuses the arguments");
  require(same(fast, plain, tolerance), "a kernel differs from its specification");
}

}  // namespace uflow::fuzz
