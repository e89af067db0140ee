// The fuzzer's program. Built by Clang with -fsanitize=fuzzer it is a libFuzzer target (define
// UFLOW_LIBFUZZER); any other compiler builds a program that feeds pseudo-random bytes. In both, the first
// byte chooses the kernel.
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "targets.h"

using namespace uflow::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  targets[input.below(std::size(targets))].run(input);
  return 0;
}

#ifndef UFLOW_LIBFUZZER
#include <chrono>
#include <random>

// kernel_fuzz [SECONDS] [SEED]
int main(int count, char** arguments) {
  const double seconds = count > 1 ? std::atof(arguments[1]) : 10;
  const unsigned seed = count > 2 ? static_cast<unsigned>(std::atoi(arguments[2])) : 1;
  std::mt19937 random(seed);
  std::vector<std::uint8_t> bytes;
  const auto start = std::chrono::steady_clock::now();
  long runs = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    bytes.resize(random() % 4096);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    runs++;
  }
  std::printf("fuzz: %ld runs with pseudo-random bytes, seed %u: nothing found\n", runs, seed);
  return 0;
}
#endif
