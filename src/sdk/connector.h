// What a connector implements. A connector is one folder under connectors/, announced by one line in
// connectors/connectors.def.
//
// A Source is one reader of one relation, driven by one thread: the engine calls Read until kEnd. A Sink takes changes
// and makes them durable at barriers, in two steps (prepare, commit). Neither knows SQL, watermarks or operators. Times
// in options are durations as text ('5 minutes'). Errors name the thing that failed (file, line, host) and what to do
// next. A malformed row is not an error of Read: it goes to BadRows and reading goes on.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/time.h"
#include "data/batch.h"
#include "data/type.h"

namespace laminar::sdk {

// WITH (...) options in the order written; keys are case-sensitive and unique. Typed readers check and mark what they
// read, so that RejectUnread can name every option nobody knows.
class Options {
 public:
  Options() = default;
  explicit Options(std::vector<std::pair<std::string, std::string>> entries);

  bool Has(std::string_view key) const;
  // The value, or `fallback` where absent. kBadOption with key, value found and what is accepted.
  std::string Text(std::string_view key, std::string_view fallback);
  Result<std::string> RequiredText(std::string_view key, std::string_view example);
  Result<int64_t> Integer(std::string_view key, int64_t fallback, int64_t low, int64_t high);
  Result<double> Number(std::string_view key, double fallback, double low, double high);
  Result<bool> Boolean(std::string_view key, bool fallback);
  Result<Duration> Time(std::string_view key, Duration fallback);
  // One of `choices`, compared without case.
  Result<std::string> Choice(std::string_view key, std::string_view fallback,
                             std::span<const std::string_view> choices);
  // kBadOption for the first option never asked for, with the nearest known name as hint.
  Status RejectUnread(std::string_view what) const;
  const std::vector<std::pair<std::string, std::string>>& entries() const { return entries_; }

 private:
  const std::string* Find(std::string_view key);
  std::vector<std::pair<std::string, std::string>> entries_;
  std::vector<bool> read_;
  std::vector<std::string> asked_;
};

// Where a reader tells of what it could not read. `place` is "file:line" or the like; `text` the start of the row as
// found (bounded by the caller).
//
// What is no row at all (a line cut short, not JSON) is told and left out. A row in which a needed column cannot be
// read, or is NULL and must not be, is told once and delivered, with an error in that column
// (data::BatchBuffer::SetError): it goes to those who do not read that column. Law: how many rows there are, and where
// each stands, does not depend on which columns are needed, so neither does what one view holds depend on what another
// one reads.
class BadRows {
 public:
  virtual ~BadRows() = default;
  virtual void Add(std::string_view place, std::string_view reason, std::string_view text) = 0;
};

enum class ReadState : uint8_t {
  kRows,  // the buffer holds rows
  kIdle,  // nothing at the moment; ask again later (the engine waits, not the source)
  kEnd,   // nothing more will come
};

class Source {
 public:
  virtual ~Source() = default;
  // Resets `out` and fills it with up to `rows_max` (<= out.capacity()) rows; its types are the schema's. May block
  // only for local file reads.
  virtual Result<ReadState> Read(data::BatchBuffer& out, uint32_t rows_max) = 0;
  // Appends where reading stands behind the rows of the last Read, for SourceRequest::position of a later reader: the
  // source's own bytes, at most 64 KiB. Appends nothing when it cannot tell; then the engine replays by rows. Called
  // between two Reads, often: cheap.
  virtual void AppendPosition(std::string& out) const { (void)out; }
  // Progress for people: bytes or rows done and in total; total 0: unknown.
  virtual std::pair<uint64_t, uint64_t> Progress() const { return {0, 0}; }
};

struct SourceRequest {
  std::string name;          // of the relation, for messages
  data::Schema schema;       // all declared physical columns
  std::vector<bool> needed;  // needed[i]: column i is read by someone; others may be left NULL (projection push-down)
  Options options;
  BadRows* bad_rows = nullptr;  // never null; outlives the source
  // Of AppendPosition: go on right behind there. kCorrupt when it cannot be read, kBadFile when the source no longer
  // has what stood before it (a file that was replaced or became shorter). Empty: from the start.
  std::string position;
};

struct SourceTraits {
  bool replayable = true;  // a new reader delivers the same rows in the same order from the start
  bool bounded = true;     // it ends by itself
};

class Sink {
 public:
  virtual ~Sink() = default;
  // Rows with weights (changes). The batch dies when the call returns.
  virtual Status Write(const data::Batch& batch) = 0;
  // All writes so far belong to `epoch`: they must survive a crash from now on, but it must still be possible to take
  // them back. Appends to `token` what SinkRequest::resume needs to go on right behind them. A sink that cannot go on
  // appends nothing: its rows may come twice after a crash.
  virtual Status Prepare(uint64_t epoch, std::string& token) = 0;
  // The epoch is decided: make its rows visible. After a crash it may be called again for the same epoch.
  virtual Status Commit(uint64_t epoch) = 0;
  // No more writes: finish files. Called once. The epoch that ends the stream is prepared and committed behind it, like
  // any other.
  virtual Status Close() = 0;
  // Instead of Close: the statement that makes the sink has failed, so there is none. What it has made of an output
  // goes, as far as that is possible; nobody waits for the outcome.
  virtual void Abandon() {}
  // What Prepare appends is enough to deliver each row exactly once; false: rows may come twice after a crash.
  virtual bool can_resume() const { return false; }
};

// What change shapes a sink can take (spec F011B): the planner refuses the rest.
enum class SinkShape : uint8_t { kAppendOnly, kUpsert, kChangelog };

struct SinkRequest {
  std::string name;
  data::Schema schema;
  bool input_retracts = false;
  Options options;
  // Of the last decided epoch's Prepare: everything behind it at the target is taken back. nullopt: a new sink. An
  // empty one: nothing was decided yet, all is taken back.
  std::optional<std::string> resume;
  // The tokens of Prepare are kept and come back as `resume` after a crash: a sink that pays for being able to go on
  // pays only then.
  bool is_durable = false;
};

class Connector {
 public:
  virtual ~Connector() = default;
  virtual std::string_view name() const = 0;
  virtual std::string_view doc() const = 0;  // for SHOW CONNECTORS and the reference
  // Checks every option without opening anything; CREATE SOURCE calls it. `options` has neither `connector` nor engine
  // options (rate is a source's own).
  virtual Result<SourceTraits> CheckSource(const SourceRequest& request);
  // Columns when the user gave none (from a header, a Parquet footer, a generator's definition). Default:
  // kSchemaNotInferable.
  virtual Result<data::Schema> InferSchema(Options options);
  virtual Result<std::unique_ptr<Source>> OpenSource(SourceRequest request);
  virtual Result<SinkShape> CheckSink(const SinkRequest& request);
  virtual Result<std::unique_ptr<Sink>> OpenSink(SinkRequest request);
};

}  // namespace laminar::sdk
