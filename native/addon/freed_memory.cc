#if defined(__linux__)
#include <malloc.h>
#endif

#include <mutex>

#include "functions.h"

namespace uflow::addon {
namespace {

#if defined(__GLIBC__)
// Blocks up to the most that glibc allows are not mapped one by one.
constexpr int largest_block = 1 << 25;
constexpr int unlimited = 1 << 30;
// glibc raises its thresholds by itself with the blocks that are freed, until they are set. These are what it
// has come to once such blocks as a training's were, and its own padding.
constexpr int usual_trim_threshold = 2 * largest_block;
constexpr int usual_top_pad = 128 * 1024;
std::mutex guard;
int keepers = 0;

void set(int mmap_threshold, int trim_threshold, int top_pad) {
  mallopt(M_MMAP_THRESHOLD, mmap_threshold);
  mallopt(M_TRIM_THRESHOLD, trim_threshold);
  mallopt(M_TOP_PAD, top_pad);
}
#endif

// In a thread of Node's pool: of some hundred megabytes it takes tens of milliseconds.
class Release : public Napi::AsyncWorker {
 public:
  explicit Release(Napi::Env env) : AsyncWorker(env), deferred_(Napi::Promise::Deferred::New(env)) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 private:
  void Execute() override {
#if defined(__GLIBC__)
    const std::lock_guard lock(guard);
    if (keepers == 0) malloc_trim(0);
#endif
  }
  void OnOK() override {
    deferred_.Resolve(Env().Undefined());
  }
  void OnError(const Napi::Error& error) override {
    deferred_.Reject(error.Value());
  }

  Napi::Promise::Deferred deferred_;
};

}  // namespace

Napi::Value keep_freed_memory(const Napi::CallbackInfo& info) {
#if defined(__GLIBC__)
  const std::lock_guard lock(guard);
  const bool keep = info[0].ToBoolean();
  if (keep && keepers++ == 0) set(largest_block, unlimited, 1 << 27);
  if (!keep && --keepers == 0) {
    set(largest_block, usual_trim_threshold, usual_top_pad);
    malloc_trim(0);
  }
#endif
  return info.Env().Undefined();
}

Napi::Value release_freed_memory(const Napi::CallbackInfo& info) {
  auto* const release = new Release(info.Env());
  release->Queue();
  return release->promise();
}

}  // namespace uflow::addon
