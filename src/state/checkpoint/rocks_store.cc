// Options, calls and statuses of RocksDB.
#include "state/checkpoint/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/universal_compaction.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "state/checkpoint/checkpoint_manifest.h"
#include "state/checkpoint/rocks_memtable.h"
#include "state/log/delta.h"

namespace laminar::state {
namespace {

constexpr uint64_t kDeltaBytesMax = uint64_t{1} << 30;
constexpr size_t kReadAheadBytes = size_t{512} << 10;
constexpr size_t kBlockBytes = size_t{64} << 10;
constexpr int kSortedRunsMax = 10;

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }

Status Translate(const rocksdb::Status& status, const RocksFiles& files, std::string_view doing,
                 const std::string& directory) {
  if (status.ok()) return Status::Ok();
  const std::string text = status.ToString();
  const std::string what = std::string(doing) + " in " + Quoted(directory, 300);
  if (status.IsIOError()) {
    Status known = files.FindFailure(text);
    if (!known.ok()) return std::move(known.Prefix(what));
  }
  ErrorCode code = ErrorCode::kIo;
  if (status.IsNoSpace()) code = ErrorCode::kLimitReached;
  if (status.IsCorruption()) code = ErrorCode::kCorrupt;
  return Status(code, what + ": " + EscapeForMessage(text, 400));
}

// RocksDB reports through statuses, but memory may run out on the way.
template <class Work>
auto Guarded(std::string_view doing, Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return Error(ErrorCode::kLimitReached, std::string(doing) + ": out of memory");
  } catch (const std::exception& e) {
    return Error(ErrorCode::kInternal, std::string(doing) + ": " + EscapeForMessage(e.what()));
  }
}

class NoLog final : public rocksdb::Logger {
 public:
  NoLog() : Logger(rocksdb::InfoLogLevel::NUM_INFO_LOG_LEVELS) {}
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// Small stores do I/O only where a call asks for it; large ones are merged in the background by tiers of size: a merge
// takes runs of about equal size together, so changing one part in a hundred does not write the rest again.
rocksdb::Options MakeOptions(const RocksSettings& settings, rocksdb::Env* env,
                             const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::Options o;
  o.env = env;
  o.create_if_missing = settings.access == RocksAccess::kLive && settings.descriptor.empty();
  o.error_if_exists = o.create_if_missing;
  o.info_log = std::make_shared<NoLog>();
  o.max_background_jobs = 2;
  o.max_file_opening_threads = 1;
  o.max_open_files = 400;
  o.max_bgerror_resume_count = 0;
  o.max_manifest_file_size = 128 << 10;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.avoid_flush_during_shutdown = true;
  o.skip_stats_update_on_db_open = true;
  o.allow_concurrent_memtable_write = false;
  o.memtable_factory = MakeAppendedMemTables();
  o.enable_write_thread_adaptive_yield = false;
  o.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();

  o.write_buffer_size = std::max<uint64_t>(settings.memory_bytes / 2, uint64_t{1} << 20);
  o.max_write_buffer_number = 2;
  o.compaction_style = rocksdb::kCompactionStyleUniversal;
  o.compaction_options_universal.size_ratio = 10;
  o.compaction_options_universal.max_size_amplification_percent = 100;
  o.compaction_options_universal.allow_trivial_move = true;
  o.level0_file_num_compaction_trigger = kSortedRunsMax;
  o.level0_slowdown_writes_trigger = 3 * kSortedRunsMax;
  o.level0_stop_writes_trigger = 4 * kSortedRunsMax;
  o.target_file_size_base = uint64_t{64} << 20;
  // Opening a database reads all of it: merging waits for StartMerging.
  o.disable_auto_compactions = !settings.descriptor.empty();
  o.periodic_compaction_seconds = 0;
  o.ttl = 0;
  o.compression = rocksdb::kNoCompression;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = kBlockBytes;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

class RocksCursor final : public StateCursor {
 public:
  RocksCursor(std::shared_ptr<RocksStore> owner, std::shared_ptr<RocksFiles> files, std::string_view first,
              std::string_view behind)
      : owner_(std::move(owner)),
        rocks_files_(std::move(files)),
        first_(first),
        behind_(behind),
        first_slice_(first_),
        behind_slice_(behind_) {}

  Status Start(rocksdb::DB& db) {
    // Nobody reads RocksDB's counters of a thread, and each row would pay for them.
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    rocksdb::ReadOptions options;
    options.verify_checksums = true;
    options.fill_cache = false;
    options.readahead_size = kReadAheadBytes;
    options.adaptive_readahead = false;
    options.total_order_seek = true;
    if (!first_.empty()) options.iterate_lower_bound = &first_slice_;
    if (!behind_.empty()) options.iterate_upper_bound = &behind_slice_;
    iterator_.reset(db.NewIterator(options));
    if (first_.empty()) {
      iterator_->SeekToFirst();
    } else {
      iterator_->Seek(first_slice_);
    }
    return status();
  }

  bool valid() const override { return failed_.ok() && iterator_->Valid(); }
  void Next() override {
    failed_ = Guarded("reading state", [&] {
      iterator_->Next();
      return Status::Ok();
    });
  }
  std::string_view key() const override { return {iterator_->key().data(), iterator_->key().size()}; }
  std::string_view value() const override { return {iterator_->value().data(), iterator_->value().size()}; }
  Status status() const override {
    if (!failed_.ok()) return failed_;
    return Translate(iterator_->status(), *rocks_files_, "reading state", owner_->directory());
  }

 private:
  std::shared_ptr<RocksStore> owner_;  // the database must outlive the iterator
  std::shared_ptr<RocksFiles> rocks_files_;
  std::string first_;
  std::string behind_;
  rocksdb::Slice first_slice_;
  rocksdb::Slice behind_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
  Status failed_;
};

rocksdb::Status AddTo(rocksdb::WriteBatch& batch, const DeltaEntry& entry) {
  switch (entry.op) {
    case DeltaOp::kPut: return batch.Put(ToSlice(entry.key), ToSlice(entry.value));
    case DeltaOp::kDelete: return batch.Delete(ToSlice(entry.key));
    case DeltaOp::kDeleteRange: break;
  }
  return entry.key < entry.value ? batch.DeleteRange(ToSlice(entry.key), ToSlice(entry.value)) : rocksdb::Status::OK();
}

// RocksDB notes the checksum as four bytes, the highest first.
Result<uint32_t> ChecksumOf(const rocksdb::LiveFileStorageInfo& file) {
  if (file.file_checksum_func_name != rocksdb::kStandardDbFileChecksumFuncName || file.file_checksum.size() != 4) {
    return Error(ErrorCode::kCorrupt, "freezing state: the table file " + Quoted(file.relative_filename) +
                                          " has no checksum in the store's descriptor");
  }
  uint32_t crc = 0;
  for (const char byte : file.file_checksum) crc = crc << 8 | static_cast<uint8_t>(byte);
  return crc;
}

}  // namespace

RocksStore::RocksStore(RocksSettings settings)
    : settings_(std::move(settings)), rocks_files_(std::make_shared<RocksFiles>(*settings_.files, settings_.access)) {}

Result<std::shared_ptr<RocksStore>> RocksStore::Open(const RocksSettings& settings) {
  return Guarded("opening state", [&]() -> Result<std::shared_ptr<RocksStore>> {
    std::shared_ptr<RocksStore> store(new RocksStore(settings));
    TRY(store->OpenDatabase());
    return store;
  });
}

Status RocksStore::OpenDatabase() {
  env_ = rocks_files_->MakeEnv();
  if (settings_.is_inline) {
    background_ = std::make_shared<RocksBackground>();
    env_ = RocksBackground::Watch(std::move(env_), background_);
  } else {
    env_ = RocksBackground::MakeNice(std::move(env_));
  }
  if (!settings_.descriptor.empty()) {
    rocks_files_->PutText(os::JoinPath(settings_.directory, settings_.descriptor), settings_.descriptor_text);
    rocks_files_->PutText(os::JoinPath(settings_.directory, kCurrentName), CurrentText(settings_.descriptor));
    std::string().swap(settings_.descriptor_text);
  }
  cache_ = rocksdb::NewLRUCache(settings_.cache_bytes);
  rocksdb::Options options = MakeOptions(settings_, env_.get(), cache_);
  options.listeners.push_back(rocks_files_->MakeListener());
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = settings_.access == RocksAccess::kReadOnly
                                     ? rocksdb::DB::OpenForReadOnly(options, settings_.directory, &opened)
                                     : rocksdb::DB::Open(options, settings_.directory, &opened);
  db_.reset(opened);
  Settle();
  if (status.ok() || status.IsIOError()) return Translate(status, *rocks_files_, "opening state", settings_.directory);
  // Whatever else RocksDB dislikes about files that a valid start would have written is damage.
  return Error(ErrorCode::kCorrupt, "opening state in " + Quoted(settings_.directory, 300) + ": " +
                                        EscapeForMessage(status.ToString(), 400));
}

RocksStore::~RocksStore() {
  db_.reset();
  // Best effort: what stays is removed by the next start.
  if (settings_.access == RocksAccess::kLive) (void)settings_.files->RemoveTree(settings_.directory);
}

void RocksStore::Settle() {
  if (background_ != nullptr) background_->Await();
}

Status RocksStore::Revive() {
  if (background_ != nullptr) background_->Open();
  return Translate(db_->Resume(), *rocks_files_, "going on after a failed write of state", settings_.directory);
}

Status RocksStore::Apply(std::string_view delta) {
  if (delta.size() > kDeltaBytesMax) {
    return Error(Status(ErrorCode::kLimitReached, "applying a delta of " + FormatBytes(delta.size()) +
                                                      " to the state: the limit is " + FormatBytes(kDeltaBytesMax))
                     .WithHint("end epochs more often"));
  }
  // A disk that takes nothing must not fill the memory instead.
  if (rocks_files_->held_bytes() > settings_.memory_bytes) TRY(rocks_files_->WriteHeld());
  return Guarded("applying a delta to the state", [&]() -> Status {
    rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
    rocksdb::WriteBatch batch(delta.size() + delta.size() / 4 + 64);
    DeltaReader reader(delta);
    DeltaEntry entry;
    while (TRY(reader.Next(entry))) {
      TRY(Translate(AddTo(batch, entry), *rocks_files_, "applying a delta to the state", settings_.directory));
    }
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    rocksdb::Status written = db_->Write(options, &batch);
    if (written.IsIOError()) {
      // A merge in the background failed and write buffers are full; there may be room now.
      TRY(Revive());
      written = db_->Write(options, &batch);
    }
    Settle();
    return Translate(written, *rocks_files_, "applying a delta to the state", settings_.directory);
  });
}

Result<std::optional<std::string>> RocksStore::Get(std::string_view key) {
  return Guarded("reading state", [&]() -> Result<std::optional<std::string>> {
    // Not RocksDB's own Get: on a memory table that is no skip list it never frees the iterator it takes.
    const std::string behind = std::string(key) + '\0';
    const std::unique_ptr<StateCursor> cursor = TRY(Scan(key, behind));
    TRY(cursor->status());
    if (!cursor->valid()) return std::nullopt;
    return std::string(cursor->value());
  });
}

Result<std::unique_ptr<StateCursor>> RocksStore::Scan(std::string_view first, std::string_view behind) {
  return Guarded("reading state", [&]() -> Result<std::unique_ptr<StateCursor>> {
    // RocksDB wants its bounds in order; a range that ends before it starts is empty.
    const bool is_backward = !behind.empty() && behind < first;
    auto cursor = std::make_unique<RocksCursor>(shared_from_this(), rocks_files_, first, is_backward ? first : behind);
    TRY(cursor->Start(*db_));
    return cursor;
  });
}

Status RocksStore::StartMerging() {
  if (settings_.access != RocksAccess::kLive || settings_.descriptor.empty()) return {};  // it does already
  const rocksdb::Status status = db_->EnableAutoCompaction({db_->DefaultColumnFamily()});
  Settle();
  return Translate(status, *rocks_files_, "starting to merge state", settings_.directory);
}

Result<FrozenStore> RocksStore::Freeze() {
  return Guarded("freezing state", [&]() -> Result<FrozenStore> {
    rocksdb::FlushOptions flush;
    flush.allow_write_stall = true;
    rocksdb::Status status = db_->Flush(flush);
    if (status.IsIOError()) {
      TRY(Revive());
      status = db_->Flush(flush);
    }
    Settle();
    TRY(Translate(status, *rocks_files_, "writing changed state", settings_.directory));
    TRY(rocks_files_->WriteHeld());
    TRY(Translate(db_->DisableFileDeletions(), *rocks_files_, "freezing state", settings_.directory));
    rocksdb::LiveFilesStorageInfoOptions options;
    options.include_checksum_info = true;
    options.wal_size_for_flush = UINT64_MAX;  // it is flushed
    std::vector<rocksdb::LiveFileStorageInfo> files;
    status = db_->GetLiveFilesStorageInfo(options, &files);
    FrozenStore frozen;
    const auto collect = [&]() -> Status {
      TRY(Translate(status, *rocks_files_, "freezing state", settings_.directory));
      for (const rocksdb::LiveFileStorageInfo& file : files) {
        if (file.file_type == rocksdb::kTableFile) {
          frozen.tables.push_back({file.relative_filename, file.size, TRY(ChecksumOf(file))});
        } else if (file.file_type == rocksdb::kDescriptorFile) {
          frozen.descriptor = file.relative_filename;
          frozen.descriptor_text = TRY(rocks_files_->Text(os::JoinPath(settings_.directory, frozen.descriptor)));
          // The live store goes on writing it: what belongs to this moment is its beginning.
          if (frozen.descriptor_text.size() < file.size) {
            return Error(ErrorCode::kInternal, "freezing state: the store's descriptor is too short");
          }
          frozen.descriptor_text.resize(file.size);
        }
      }
      return Status::Ok();
    };
    if (Status collected = collect(); !collected.ok()) {
      (void)Thaw();  // the first failure is the one to tell
      return Error(std::move(collected));
    }
    std::sort(frozen.tables.begin(), frozen.tables.end(),
              [](const FrozenTable& a, const FrozenTable& b) { return a.name < b.name; });
    return frozen;
  });
}

namespace {

// Ends one DisableFileDeletions. RocksDB 9 has no other way; before, it is to be said.
template <class Db>
rocksdb::Status EnableDeletions(Db& db) {
  if constexpr (requires { db.EnableFileDeletions(/*force=*/false); })
    return db.EnableFileDeletions(/*force=*/false);
  else
    return db.EnableFileDeletions();
}

}  // namespace

Status RocksStore::Thaw() {
  const rocksdb::Status status = EnableDeletions(*db_);
  Settle();
  return Translate(status, *rocks_files_, "going on after freezing state", settings_.directory);
}

uint64_t RocksStore::memory_bytes() const {
  uint64_t buffers = 0;
  uint64_t tables = 0;
  uint64_t cached = 0;  // asked of the database: newer versions do not show what a cache is
  (void)db_->GetIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &buffers);
  (void)db_->GetIntProperty(rocksdb::DB::Properties::kEstimateTableReadersMem, &tables);
  (void)db_->GetIntProperty(rocksdb::DB::Properties::kBlockCacheUsage, &cached);
  return buffers + tables + cached;
}

}  // namespace laminar::state
