#include "triangle_filter.h"

#include <algorithm>
#include <cmath>

#include "loops.h"

namespace uflow {

void TriangleFilter::fit(std::size_t from, std::size_t to) {
  if (from == from_ && to == size()) return;
  from_ = from;
  longest_ = 0;
  first_.clear();
  weights_.clear();
  start_.assign(1, 0);
  const double reduction = static_cast<double>(from) / static_cast<double>(to);
  for (std::size_t i = 0; i < to; i++) {
    append_weights((static_cast<double>(i) + 0.5) * reduction, std::max(reduction, 1.0));
    longest_ = std::max(longest_, weights_.size() - start_.back());
    start_.push_back(weights_.size());
  }
}

void TriangleFilter::append_weights(double centre, double radius) {
  const auto first = static_cast<std::size_t>(std::max(centre - radius + 0.5, 0.0));
  const auto end = std::min(static_cast<std::size_t>(centre + radius + 0.5), from_);
  const auto weight = [&](std::size_t k) {
    return std::max(1 - std::abs((static_cast<double>(k) - centre + 0.5) / radius), 0.0);
  };
  double sum = 0;
  for (std::size_t k = first; k < end; k++) sum += weight(k);
  first_.push_back(first);
  for (std::size_t k = first; k < end; k++) {
    weights_.push_back(static_cast<std::int32_t>(0.5 + weight(k) / sum * (1 << weight_bits)));
  }
  // So that an axis that keeps its length has one weight per position; others hardly ever end with a 0.
  while (weights_.back() == 0) weights_.pop_back();
}

}  // namespace uflow
