// How RocksDB keeps what was applied and not written yet: a list, sorted once, when it is written out or read. Rows
// come in any order and are hardly read before they are written, so a place in an order for each would be paid for and
// not used. The sort compares the first 16 bytes of keys as numbers, which decides nearly always.
#pragma once

#include <memory>

namespace rocksdb {
class MemTableRepFactory;
}

namespace laminar::state {

std::shared_ptr<rocksdb::MemTableRepFactory> MakeAppendedMemTables();

}  // namespace laminar::state
