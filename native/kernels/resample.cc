#include "resample.h"

#include <algorithm>

#include "loops.h"

namespace uflow {
namespace {

// Rows of the image are resized 64 at a time, one in each lane.
constexpr std::size_t lanes = byte_block;

std::size_t whole_blocks(std::size_t bytes) {
  return (bytes + byte_block - 1) / byte_block * byte_block;
}

using Tile = std::array<std::uint8_t, byte_block * byte_block>;

// Bytes beyond `part` stay what they are.
void load(const std::uint8_t* from, std::size_t stride, Size part, Tile& tile) {
  std::uint8_t* into = tile.data();
  for (std::size_t y = 0; y < part.height; y++, from += stride, into += byte_block) {
    if (part.width == byte_block) {
      std::copy_n(from, byte_block, into);  // of constant length: a few instructions
    } else {
      std::copy_n(from, part.width, into);
    }
  }
}

// (value/255 − mean)/std for all 256 values.
std::array<float, 256> normalized_values(float mean, float std) {
  std::array<float, 256> table;
  for (int value = 0; value < 256; value++) table[value] = (static_cast<float>(value) / 255.0f - mean) / std;
  return table;
}

// Both passes are one operation: weighted sums of rows of bytes. For the first a band of the image is
// transposed, so that the sums are over its columns; their result is transposed back.
class Resampling {
 public:
  Resampling(ImageView image, Size to, ResampleWorkspace& workspace)
      : image_(image),
        to_(to),
        colours_(image.channels == 1 ? 1 : 3),
        plane_stride_(whole_blocks(to.width)),
        row_stride_(colours_ * plane_stride_),
        work_(workspace) {
    work_.columns.fit(image.size.width, to.width);
    work_.rows.fit(image.size.height, to.height);
    work_.band.resize(whole_blocks(image.size.width * image.channels) * lanes);
    work_.resized_band.resize(to.width * colours_ * lanes);
    capacity_ = std::min(whole_blocks(image.size.height), 2 * work_.rows.longest() + lanes);
    work_.resized_rows.resize(capacity_ * row_stride_);
    work_.row.resize(row_stride_);
  }

  void run(const Normalization& normalization, float* out) {
    for (std::size_t c = 0; c < 3; c++) {
      tables_[c] = normalized_values(normalization.mean[c], normalization.std[c]);
    }
    std::size_t y = 0;
    for (std::size_t top = 0; top < image_.size.height; top += lanes) {
      const std::size_t count = std::min(lanes, image_.size.height - top);
      make_room(top, work_.rows[y].first);
      resize_band(top, count);
      for (; y < to_.height && work_.rows[y].end() <= top + count; y++) write_row(y, out);
    }
  }

 private:
  // Row y of the image at its new width: [colour][x], each plane padded to whole blocks.
  std::uint8_t* resized_row(std::size_t y) {
    return work_.resized_rows.data() + (y - first_kept_) * row_stride_;
  }

  // Forgets the rows above `needed` when there is no room for another band from row `top` on. There is room
  // for two windows, so that a row is moved about once at most.
  void make_room(std::size_t top, std::size_t needed) {
    if (top + lanes - first_kept_ <= capacity_) return;
    std::copy(resized_row(needed), resized_row(top), work_.resized_rows.data());
    first_kept_ = needed;
  }

  void resize_band(std::size_t top, std::size_t count) {
    if (image_.size.width == to_.width) {
      for (std::size_t y = top; y < top + count; y++) separate_colours(y);
      return;
    }
    load_band(top, count);
    const std::size_t column = image_.channels * lanes;
    std::uint8_t* into = work_.resized_band.data();
    for (std::size_t x = 0; x < to_.width; x++, into += colours_ * lanes) {
      const auto [first, weights] = work_.columns[x];
      loops_.weighted_bytes(work_.band.data() + first * column, column, weights.data(), weights.size(),
                            colours_ * lanes, into);
    }
    store_band(top, count);
  }

  // Where the width stays the same.
  void separate_colours(std::size_t y) {
    const std::uint8_t* pixels = image_.data + y * image_.size.width * image_.channels;
    for (std::size_t c = 0; c < colours_; c++) {
      std::uint8_t* into = resized_row(y) + c * plane_stride_;
      for (std::size_t x = 0; x < to_.width; x++) into[x] = pixels[x * image_.channels + c];
    }
  }

  // The band transposed: [column][channel][lane].
  void load_band(std::size_t top, std::size_t count) {
    const std::size_t row = image_.size.width * image_.channels;
    Tile tile{};
    for (std::size_t at = 0; at < row; at += byte_block) {
      load(image_.data + top * row + at, row, {std::min(byte_block, row - at), count}, tile);
      loops_.transpose_bytes(tile.data(), work_.band.data() + at * lanes);
    }
  }

  // The resized band, [x][colour][lane], transposed back.
  void store_band(std::size_t top, std::size_t count) {
    const std::size_t column = colours_ * lanes;
    Tile tile{}, transposed;
    for (std::size_t at = 0; at < to_.width; at += byte_block) {
      for (std::size_t c = 0; c < colours_; c++) {
        load(work_.resized_band.data() + at * column + c * lanes, column,
             {lanes, std::min(byte_block, to_.width - at)}, tile);
        loops_.transpose_bytes(tile.data(), transposed.data());
        for (std::size_t lane = 0; lane < count; lane++) {
          std::copy_n(transposed.data() + lane * byte_block, byte_block,
                      resized_row(top + lane) + c * plane_stride_ + at);
        }
      }
    }
  }

  void write_row(std::size_t y, float* out) {
    const auto [first, weights] = work_.rows[y];
    loops_.weighted_bytes(resized_row(first), row_stride_, weights.data(), weights.size(), row_stride_,
                          work_.row.data());
    for (std::size_t c = 0; c < 3; c++) {
      const std::uint8_t* values = work_.row.data() + (colours_ == 1 ? 0 : c) * plane_stride_;
      float* into = out + c * to_.pixels() + y * to_.width;
      for (std::size_t x = 0; x < to_.width; x++) into[x] = tables_[c][values[x]];
    }
  }

  ImageView image_;
  Size to_;
  std::size_t colours_;
  std::size_t plane_stride_;
  std::size_t row_stride_;
  std::size_t capacity_;
  std::size_t first_kept_ = 0;
  ResampleWorkspace& work_;
  std::array<std::array<float, 256>, 3> tables_;
  const Loops& loops_ = loops();
};

}  // namespace

void resample(ImageView image, Size to, const Normalization& normalization, std::span<float> out,
              ResampleWorkspace& workspace) {
  Resampling(image, to, workspace).run(normalization, out.data());
}

}  // namespace uflow
