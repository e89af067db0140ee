// One target per kernel: builds arguments of any shape and content from bytes, runs the fast kernel and its
// specification, and stops the program where they differ. The sanitizers watch the memory.
#pragma once

#include <span>

#include "input.h"

namespace uflow::fuzz {

void energy(Input& input);
void joint_energy(Input& input);
void joint_test(Input& input);
void anomaly_map(Input& input);
void nfa_tree(Input& input);
void nfa_block(Input& input);
void regions(Input& input);
void resample(Input& input);
void frame(Input& input);
void chi2(Input& input);
void binomial(Input& input);
void binomial_table(Input& input);

struct Target {
  const char* name;
  void (*run)(Input&);
};

inline constexpr Target targets[] = {
    {"energy", energy},
    {"joint_energy", joint_energy},
    {"joint_test", joint_test},
    {"anomaly_map", anomaly_map},
    {"nfa_tree", nfa_tree},
    {"nfa_block", nfa_block},
    {"regions", regions},
    {"resample", resample},
    {"chi2", chi2},
    {"binomial", binomial},
    {"binomial_table", binomial_table},
    {"frame", frame},
};

}  // namespace uflow::fuzz
