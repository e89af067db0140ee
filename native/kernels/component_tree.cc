#include "component_tree.h"

#include <array>
#include <bit>
#include <utility>

namespace uflow {
namespace {

constexpr int digit_bits = 11;
constexpr std::uint32_t digits = 1u << digit_bits;
constexpr int passes = 3;

using Histogram = std::array<std::uint32_t, digits>;

// Maps floats to integers whose order is the reverse of theirs; −0 and 0 become one.
std::uint32_t descending_key(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);
  return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

std::uint32_t digit_of(std::uint64_t entry, int pass) {
  return static_cast<std::uint32_t>(entry >> (32 + pass * digit_bits)) % digits;
}

// Moves the entries to where their digit belongs; false, and nothing is done, where all have the same digit.
bool distribute(std::span<const std::uint64_t> from, std::span<std::uint64_t> to, Histogram& counts,
                int pass) {
  if (from.empty() || counts[digit_of(from[0], pass)] == from.size()) return false;
  std::uint32_t start = 0;
  for (std::uint32_t& count : counts) {
    const std::uint32_t next = start + count;
    count = start;
    start = next;
  }
  for (const std::uint64_t entry : from) to[counts[digit_of(entry, pass)]++] = entry;
  return true;
}

}  // namespace

void ComponentTree::build(MapView values, float least) {
  sort(values.pixels(), least);
  flood(values.size);
  canonize();
}

// Radix sort from the lowest digit to the highest, O(n).
void ComponentTree::sort(std::span<const float> values, float least) {
  sorted_.clear();
  std::array<Histogram, passes> counts{};
  for (std::size_t i = 0; i < values.size(); i++) {
    if (values[i] < least) continue;
    const std::uint64_t entry = std::uint64_t{descending_key(values[i])} << 32 | i;
    sorted_.push_back(entry);
    for (int pass = 0; pass < passes; pass++) counts[pass][digit_of(entry, pass)]++;
  }
  const std::size_t n = sorted_.size();
  buffer_.resize(n);
  rank_.assign(values.size(), static_cast<Index>(n));
  for (int pass = 0; pass < passes; pass++) {
    if (distribute(sorted_, buffer_, counts[pass], pass)) sorted_.swap(buffer_);
  }
  key_.resize(n);
  pixel_.resize(n);
  for (std::size_t rank = 0; rank < n; rank++) {
    key_[rank] = static_cast<std::uint32_t>(sorted_[rank] >> 32);
    pixel_[rank] = static_cast<Index>(sorted_[rank]);
    rank_[pixel_[rank]] = static_cast<Index>(rank);
  }
}

// Adds the pixels from the highest down: each becomes the parent of the tops of the sets of higher pixels
// that it touches, and is then the top of their union. Union by size keeps the ways to a set's root short.
void ComponentTree::flood(Size size) {
  const auto n = static_cast<Index>(pixel_.size());
  const auto width = static_cast<Index>(size.width);
  const auto pixels = static_cast<Index>(size.pixels());
  link_.resize(n);
  count_.resize(n);
  top_.resize(n);
  parent_.resize(n);
  for (Index rank = 0; rank < n; rank++) {
    link_[rank] = top_[rank] = parent_[rank] = rank;
    count_[rank] = 1;
    Index mine = rank;
    const auto touch = [&](Index neighbour) {
      const Index other = rank_[neighbour];
      if (other < rank) mine = join(mine, root_of(other), rank);
    };
    const Index pixel = pixel_[rank];
    const Index x = pixel % width;
    if (x > 0) touch(pixel - 1);
    if (x + 1 < width) touch(pixel + 1);
    if (pixel >= width) touch(pixel - width);
    if (pixel + width < pixels) touch(pixel + width);
  }
}

// Halves the way for whoever goes it next.
ComponentTree::Index ComponentTree::root_of(Index rank) {
  while (link_[rank] != rank) rank = link_[rank] = link_[link_[rank]];
  return rank;
}

// Joins the set of `rank`, which is its top, with another; returns the root of both.
ComponentTree::Index ComponentTree::join(Index mine, Index other, Index rank) {
  if (mine == other) return mine;
  parent_[top_[other]] = rank;
  if (count_[other] > count_[mine]) std::swap(mine, other);
  link_[other] = mine;
  count_[mine] += count_[other];
  top_[mine] = rank;
  return mine;
}

// From the root up: a parent that is not the last of its component's lowest pixels is replaced by the one
// that is.
void ComponentTree::canonize() {
  for (std::size_t rank = parent_.size(); rank-- > 0;) {
    const Index above = parent_[rank];
    if (key_[above] == key_[parent_[above]]) parent_[rank] = parent_[above];
  }
}

}  // namespace uflow
