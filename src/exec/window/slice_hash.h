// The hash of (slice, key) from that of the key. The vnode (its lowest 8 bits) stays the key's, so all
// slices of a key live in one place.
#pragma once

#include <cstdint>

#include "base/hash.h"
#include "base/time.h"

namespace laminar::exec {

inline uint64_t SliceHash(uint64_t key_hash, Timestamp slice) {
  return (HashCombine(key_hash, static_cast<uint64_t>(slice)) & ~uint64_t{255}) | (key_hash & 255);
}

}  // namespace laminar::exec
