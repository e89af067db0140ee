// Resampling, anomaly map and regions on random shapes, under the sanitizers.
#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "../kernels/anomaly_map.h"
#include "../kernels/regions.h"
#include "../kernels/resample.h"
#include "doctest/doctest.h"
#include "random_map.h"

using namespace uflow;
using test::Map;
using test::Random;

TEST_CASE("resampling stays within the values of the image, for any sizes") {
  Random random(4);
  for (int round = 0; round < 300; round++) {
    const Size from{1 + random.below(70), 1 + random.below(70)};
    const Size to{1 + random.below(70), 1 + random.below(70)};
    const std::size_t channels = std::array<std::size_t, 3>{1, 3, 4}[random.below(3)];
    std::vector<std::uint8_t> image;
    for (std::size_t i = 0; i < from.pixels() * channels; i++) {
      image.push_back(static_cast<std::uint8_t>(100 + random.below(50)));
    }
    std::vector<float> out(3 * to.pixels());
    resample({image.data(), from, channels}, to, {}, out);
    const auto [low, high] = std::minmax_element(out.begin(), out.end());
    CHECK(*low >= 100 / 255.0f);
    CHECK(*high <= 149 / 255.0f);
  }
}

TEST_CASE("the anomaly map lies in 0 … 1, for any energies and sizes") {
  Random random(5);
  for (int round = 0; round < 300; round++) {
    const Map fine = test::random_map(random, 20);
    const Map coarse = test::random_map(random, 20);
    const EnergyView energies[] = {fine.energy(1 + random.below(900)), coarse.energy(1 + random.below(900))};
    const Size to{1 + random.below(40), 1 + random.below(40)};
    std::vector<float> out(to.pixels());
    anomaly_map(energies, to, out);
    CHECK(std::all_of(out.begin(), out.end(), [](float value) { return value >= 0 && value <= 1; }));
  }
}

TEST_CASE("regions cover exactly the pixels below the threshold") {
  Random random(6);
  for (int round = 0; round < 300; round++) {
    Map map = test::random_map(random, 20);
    const double threshold = map.data[random.below(map.data.size())];
    for (const auto connectivity : {Connectivity::four, Connectivity::eight}) {
      std::size_t covered = 0;
      for (const auto& region : regions(map.view(), threshold, connectivity, nullptr)) {
        covered += region.area;
        CHECK(region.contour.size() >= 4);
        CHECK(region.log_nfa < threshold);
      }
      const auto below =
          std::count_if(map.data.begin(), map.data.end(), [&](float value) { return value < threshold; });
      CHECK(covered == static_cast<std::size_t>(below));
    }
  }
}

TEST_CASE("numbers that no image can give are refused") {
  const float nan[] = {1, std::nanf("")};
  std::vector<float> out(2);
  CHECK_THROWS_AS(anomaly_map(std::array{EnergyView{nan, 1, {2, 1}}}, {2, 1}, out), BadTensor);
  CHECK_THROWS_AS(regions({nan, {2, 1}}, 0, Connectivity::four, nullptr), BadTensor);
  CHECK_THROWS_AS(energy({nan, 1, {2, 1}}, out), BadTensor);
}
