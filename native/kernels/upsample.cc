#include "upsample.h"

#include <algorithm>

#include "loops.h"

namespace uflow {

void BilinearAxis::fit(std::size_t from, std::size_t to) {
  if (from == from_ && to == size()) return;
  from_ = from;
  first_.resize(to);
  second_.resize(to);
  weight_.resize(to);
  const auto last = static_cast<std::int32_t>(from - 1);
  const float scale = static_cast<float>(from) / static_cast<float>(to);
  for (std::size_t i = 0; i < to; i++) {
    const float position = std::max(scale * (static_cast<float>(i) + 0.5f) - 0.5f, 0.0f);
    first_[i] = std::min(static_cast<std::int32_t>(position), last);
    second_[i] = std::min(first_[i] + 1, last);
    weight_[i] = position - static_cast<float>(first_[i]);
  }
}

void WidenedRows::start(MapView map, Size to) {
  map_ = map;
  columns_.fit(map.size.width, to.width);
  rows_.fit(map.size.height, to.height);
  for (const int parity : {0, 1}) {
    kept_[parity].resize(to.width);
    kept_row_[parity] = -1;
  }
}

WidenedRows::Blend WidenedRows::row(std::size_t y) {
  return {widened(rows_.first()[y]), widened(rows_.second()[y]), rows_.weight()[y]};
}

const float* WidenedRows::widened(std::int32_t y) {
  auto& kept = kept_[y % 2];
  if (kept_row_[y % 2] == y) return kept.data();
  kept_row_[y % 2] = y;
  const float* row = map_.data + static_cast<std::size_t>(y) * map_.size.width;
  loops().widen(row, columns_.first(), columns_.second(), columns_.weight(), kept.size(), kept.data());
  return kept.data();
}

}  // namespace uflow
