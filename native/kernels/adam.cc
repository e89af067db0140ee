#include "adam.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <system_error>
#include <thread>

#include "loops.h"

namespace uflow {
namespace {

// What is worked on at once stays in the innermost cache.
constexpr std::size_t block_length = 2048;
// Below it starting a thread takes longer than it saves.
constexpr std::size_t fewest_per_thread = 1 << 17;

// A part of a piece; `offset` is its place in the flat vectors.
struct Block {
  const GradientPiece* piece;
  std::size_t begin;
  std::size_t length;
  std::size_t offset;
};

std::vector<Block> blocks_of(std::span<const GradientPiece> gradient) {
  std::vector<Block> blocks;
  std::size_t offset = 0;
  for (const auto& piece : gradient) {
    for (std::size_t begin = 0; begin < piece.length; begin += block_length) {
      blocks.push_back({&piece, begin, std::min(block_length, piece.length - begin), offset + begin});
    }
    offset += piece.length;
  }
  return blocks;
}

// Does the work on each block, neighbours in the same thread. Where no more threads can be had, in this one.
template <typename Work>
void for_each_block(const std::vector<Block>& blocks, std::size_t threads, Work work) {
  const std::size_t useful = blocks.size() * block_length / fewest_per_thread;
  const std::size_t parts = std::clamp<std::size_t>(useful, 1, threads);
  const auto part = [&](std::size_t index) {
    const std::size_t end = blocks.size() * (index + 1) / parts;
    for (std::size_t i = blocks.size() * index / parts; i < end; i++) work(i);
  };
  std::vector<std::thread> started;
  started.reserve(parts);
  for (std::size_t index = 1; index < parts; index++) {
    try {
      started.emplace_back(part, index);
    } catch (const std::system_error&) {
      part(index);
    }
  }
  part(0);
  for (auto& thread : started) thread.join();
}

void sum_shares(const Block& block, float* sum) {
  const auto& shares = block.piece->shares;
  std::copy_n(shares[0] + block.begin, block.length, sum);
  for (std::size_t k = 1; k < shares.size(); k++) loops().add(shares[k] + block.begin, block.length, sum);
}

// The vectors from `offset` on.
AdamVectors from(const AdamVectors& vectors, std::size_t offset) {
  return {vectors.values + offset, vectors.first_moment + offset, vectors.second_moment + offset};
}

void copy(const AdamVectors& from, std::size_t count, const AdamVectors& to) {
  std::copy_n(from.values, count, to.values);
  std::copy_n(from.first_moment, count, to.first_moment);
  std::copy_n(from.second_moment, count, to.second_moment);
}

}  // namespace

double gradient_norm(std::span<const GradientPiece> gradient, std::size_t threads) {
  const auto blocks = blocks_of(gradient);
  std::vector<double> squares(blocks.size());
  for_each_block(blocks, threads, [&](std::size_t i) {
    std::array<float, block_length> sum{};
    sum_shares(blocks[i], sum.data());
    squares[i] = loops().sum_of_squares(sum.data(), block_length);
  });
  double total = 0;
  for (const double square : squares) total += square;
  return std::sqrt(total);
}

void adam_step(std::span<const GradientPiece> gradient, const AdamOptions& options, const AdamVectors& before,
               const AdamVectors& after, std::span<float* const> copies, std::size_t threads) {
  const auto blocks = blocks_of(gradient);
  for_each_block(blocks, threads, [&](std::size_t i) {
    const Block& block = blocks[i];
    std::array<float, block_length> sum;
    sum_shares(block, sum.data());
    const AdamVectors state = from(after, block.offset);
    if (before.values != after.values) copy(from(before, block.offset), block.length, state);
    loops().adam(sum.data(), options, block.length, state);
    for (float* values : copies) std::copy_n(state.values, block.length, values + block.offset);
  });
}

}  // namespace uflow
