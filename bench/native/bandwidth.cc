// The speed of the memory in one thread: reading and copying a block that fits no cache. Prints bytes per
// second as JSON; a copied byte counts twice, since it is read and written.
//
//   bandwidth MEGABYTES
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

namespace {

using Words = std::vector<std::uint64_t>;
constexpr int repetitions = 24;

// A plain loop, which the compiler vectorises: additions cost nothing beside the memory.
std::uint64_t sum(const Words& words) {
  std::uint64_t result = 0;
  for (const auto word : words) result += word;
  return result;
}

template <typename Work>
double least_seconds(Work work) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repetitions; i++) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    least = std::min(least, taken.count());
  }
  return least;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const std::size_t bytes = std::strtoull(arguments[1], nullptr, 10) << 20;
  Words from(bytes / sizeof(std::uint64_t), 1);
  Words to(from.size(), 2);
  volatile std::uint64_t seen = 0;  // so that no loop can be left out
  const double reading = least_seconds([&] { seen = seen + sum(from); });
  const double copying = least_seconds([&] {
    std::memcpy(to.data(), from.data(), bytes);
    seen = seen + to[seen % to.size()];
  });
  std::printf("{\"read\": %.0f, \"copy\": %.0f}\n", static_cast<double>(bytes) / reading,
              2 * static_cast<double>(bytes) / copying);
}
