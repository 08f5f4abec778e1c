// What RocksDB gives to its background threads.
//
// Threaded, it gives way to whoever is in more of a hurry (MakeNice). Inline databases have no thread of their own as
// far as anybody can see: their background work is counted, so that a caller can wait for the last of it, and merges
// begin only then. When a call returns, nothing goes on behind it, and the same calls touch the same files in the same
// order. Thread: any.
#pragma once

#include <memory>

namespace rocksdb {
class Env;
}

namespace laminar::state {

class RocksBackground {
 public:
  RocksBackground();
  ~RocksBackground();
  // `env`, whose background work runs at a lower priority.
  static std::unique_ptr<rocksdb::Env> MakeNice(std::unique_ptr<rocksdb::Env> env);
  // `env`, whose background work counts from now on.
  static std::unique_ptr<rocksdb::Env> Watch(std::unique_ptr<rocksdb::Env> env,
                                             std::shared_ptr<RocksBackground> background);
  // Until nothing runs or waits to run. What runs may bring more: that is waited for too, unless it goes on and on.
  void Await();
  // Merges may begin at any time, until the next Await: for a call that waits for them itself.
  void Open();

  void Add(bool is_merge);
  void BeginMerge();  // waits until it may
  void Done(bool is_merge);
  void Drop(bool is_merge);

 private:
  struct Jobs;
  std::unique_ptr<Jobs> jobs_;
};

}  // namespace laminar::state
