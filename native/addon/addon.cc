#include "functions.h"

namespace {

Napi::Object initialise(Napi::Env env, Napi::Object exports) {
  using namespace uflow::addon;
  const auto add = [&](const char* name, Napi::Value (*function)(const Napi::CallbackInfo&)) {
    exports.Set(name, Napi::Function::New(env, function, name));
  };
  add("resample", resample);
  add("energy", energy);
  add("anomalyMap", anomaly_map);
  add("logChi2Survival", log_chi2_survival);
  add("logNumberOfRegions", log_number_of_regions);
  add("nfaTree", nfa_tree);
  add("nfaTreeMap", nfa_tree_map);
  add("regions", regions);
  return exports;
}

}  // namespace

NODE_API_MODULE(uflow, initialise)
