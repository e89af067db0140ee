// Phases 3 and 4 in one: from the energies of one image to its maps and detected regions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "anomaly_map.h"
#include "joint_test.h"
#include "nfa_block.h"
#include "nfa_tree.h"
#include "regions.h"

namespace uflow {

// Owns the memory that the kernels need, so that from the second image of a size on nothing is allocated. For
// one thread at a time.
class Segmenter {
 public:
  struct Options {
    Size to;  // of the maps
    Tail tail = Tail::exact;
    Tests tests = Tests::all;
    double log_epsilon = 0;
    Connectivity connectivity = Connectivity::four;
    std::optional<JointBackground> joint;  // if given the joint energy is tested
  };

  // Memory for the maps, to.pixels() each: the anomaly map, log10 NFA, and 1 where that is below log_epsilon.
  struct Maps {
    std::span<float> anomaly;
    std::span<float> log_nfa;
    std::span<std::uint8_t> mask;
  };

  struct Result {
    float anomaly_score;     // the largest of the anomaly map
    float log_nfa;           // the smallest of log10 NFA
    const Regions& regions;  // with peaks by the anomaly map; until the next call
  };

  // Tests regions, of each scale or of the joint energy. Throws BadTensor on an energy that is negative or
  // not finite. Costs what anomaly_map, nfa_tree_map or joint_test and RegionFinder::find cost.
  Result segment(std::span<const EnergyView> energies, const Options& options, Maps maps);

  // Tests windows instead, by how many z² of each pixel the network has counted. `tail`, `tests` and
  // `joint` of the options do not matter.
  Result segment_windows(std::span<const EnergyView> energies, std::span<const CountsView> counts,
                         const WindowTest& test, const Options& options, Maps maps);

 private:
  Result detect(float anomaly_score, const Options& options, Maps maps);

  void test_regions(std::span<const EnergyView> energies, const Options& options, std::span<float> log_nfa);

  AnomalyMapWorkspace anomaly_map_;
  JointTestWorkspace joint_test_;
  NfaTreeWorkspace nfa_tree_;
  RegionFinder regions_;
};

}  // namespace uflow
