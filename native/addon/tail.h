#pragma once

#include "../kernels/tail.h"
#include "arguments.h"

namespace uflow::addon {

// "exact" (default) or "chernoff".
inline Tail tail(Napi::Value value, const std::string& name) {
  static constexpr const char* words[] = {"exact", "chernoff"};
  return choice(value, name, words) == 0 ? Tail::exact : Tail::chernoff;
}

}  // namespace uflow::addon
