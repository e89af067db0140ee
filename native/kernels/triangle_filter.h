// The antialiasing filter of one axis: docs/maths.md, "The input".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace uflow {

// The inputs of every output position along one axis, and their weights in units of 2⁻²² (`weighted_bytes` in
// loops.h): a triangle as wide as the reduction, at least from one input to the next.
class TriangleFilter {
 public:
  struct Window {
    std::size_t first;
    std::span<const std::int32_t> weights;

    std::size_t end() const { return first + weights.size(); }
  };

  // Keeps its memory from one size to the next. O(from + to).
  void fit(std::size_t from, std::size_t to);

  // `first` does not decrease with i, no gap is left between windows, and the last one ends with the axis.
  // Where from = to, the only weight is 1 at the position itself.
  Window operator[](std::size_t i) const {
    return {first_[i], std::span(weights_).subspan(start_[i], start_[i + 1] - start_[i])};
  }

  std::size_t size() const { return first_.size(); }
  // Inputs in the longest window.
  std::size_t longest() const { return longest_; }

 private:
  void append_weights(double centre, double radius);

  std::size_t from_ = 0;
  std::size_t longest_ = 0;
  std::vector<std::size_t> first_;
  std::vector<std::size_t> start_;
  std::vector<std::int32_t> weights_;
};

}  // namespace uflow
