#include "segmenter.h"

#include <cmath>
#include <limits>

#include "loops.h"

namespace uflow {
namespace {

// The smallest float that is not below the threshold: floats are below the one exactly when they are below
// the other.
float as_float(double threshold) {
  constexpr float largest = std::numeric_limits<float>::max();
  if (std::isinf(threshold)) return static_cast<float>(threshold);
  if (threshold > largest) return std::numeric_limits<float>::infinity();
  if (threshold < -largest) return -largest;
  const auto nearest = static_cast<float>(threshold);
  return nearest < threshold ? std::nextafter(nearest, std::numeric_limits<float>::infinity()) : nearest;
}

}  // namespace

Segmenter::Result Segmenter::segment(std::span<const EnergyView> energies, const Options& options,
                                     Maps maps) {
  const float score = anomaly_map(energies, options.to, maps.anomaly, anomaly_map_);
  test_regions(energies, options, maps.log_nfa);
  return detect(score, options, maps);
}

void Segmenter::test_regions(std::span<const EnergyView> energies, const Options& options,
                             std::span<float> log_nfa) {
  if (!options.joint)
    return nfa_tree_map(energies, options.to, options.tail, options.tests, log_nfa, nfa_tree_);
  joint_test(energies, *options.joint, options.to, options.tail, options.tests, log_nfa, joint_test_);
}

Segmenter::Result Segmenter::segment_windows(std::span<const EnergyView> energies,
                                             std::span<const CountsView> counts, const WindowTest& test,
                                             const Options& options, Maps maps) {
  const float score = anomaly_map(energies, options.to, maps.anomaly, anomaly_map_);
  nfa_block_map_of_counts(counts, options.to, test, maps.log_nfa);
  return detect(score, options, maps);
}

Segmenter::Result Segmenter::detect(float anomaly_score, const Options& options, Maps maps) {
  const float threshold = as_float(options.log_epsilon);
  const float least = loops().detect(maps.log_nfa.data(), maps.log_nfa.size(), threshold, maps.mask.data());
  if (!(least < threshold)) return {anomaly_score, least, regions_.none()};
  const auto& found = regions_.find({maps.log_nfa.data(), options.to}, options.log_epsilon,
                                    options.connectivity, maps.anomaly.data());
  return {anomaly_score, least, found};
}

}  // namespace uflow
