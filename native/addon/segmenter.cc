#include "../kernels/segmenter.h"

#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {
namespace {

class SegmenterObject : public Napi::ObjectWrap<SegmenterObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Segmenter", {InstanceMethod("segment", &SegmenterObject::segment)});
  }

  explicit SegmenterObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value segment(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    const auto given = energies(info[0]);
    const auto to = object(info[1], "to");
    const Segmenter::Options options{size(to, "to"), tail(to.Get("tail"), "to.tail"),
                                     tests(to.Get("tests"), "to.tests"),
                                     log_epsilon(to.Get("logEpsilon"), "to.logEpsilon"),
                                     connectivity(to.Get("connectivity"), "to.connectivity")};
    return guarded(env, [&] {
      auto anomaly = floats(env, options.to.pixels());
      auto log_nfa = floats(env, options.to.pixels());
      auto mask = Napi::Uint8Array::New(env, options.to.pixels());
      const auto found = segmenter_.segment(
          views(given), options, {memory(anomaly), memory(log_nfa), {mask.Data(), mask.ElementLength()}});
      auto result = Napi::Object::New(env);
      result.Set("anomalyMap", map_object(env, anomaly, options.to));
      result.Set("anomalyScore", found.anomaly_score);
      result.Set("logNfaMap", map_object(env, log_nfa, options.to));
      result.Set("logNfa", found.log_nfa);
      result.Set("mask", mask);
      result.Set("regions", packed(env, found.regions));
      return result;
    });
  }

  Segmenter segmenter_;
};

}  // namespace

Napi::Function segmenter_class(Napi::Env env) {
  return SegmenterObject::define(env);
}

}  // namespace uflow::addon
