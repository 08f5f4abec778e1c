#include "reference.h"

#include "base/check.h"
#include "connectors/all.h"

namespace laminar::simulate {

std::vector<std::unique_ptr<sdk::Connector>> ConnectorsOn(os::FileSystem& files, const os::Clock& clock) {
  return connectors::MakeConnectors(files, clock);
}

Reference::Reference(const std::vector<std::string>& inputs, uint32_t pieces) : inputs_(inputs), pieces_(pieces) {
  Start();
}

Reference::~Reference() { Close(); }

void Reference::Start() {
  Close();
  clock_ = std::make_unique<sim::SimClock>(kWallStart);
  files_ = std::make_unique<sim::SimFileSystem>(*clock_);
  CHECK(files_->CreateDirectory("/in").ok() && files_->CreateDirectory("/out").ok());
  for (size_t i = 0; i < inputs_.size(); ++i)
    CHECK(files_->WriteWhole("/in/f" + std::to_string(i) + ".csv", inputs_[i]).ok());
  engine::DatabaseOptions options;
  options.is_inline = true;
  options.worker_cores = 1;
  options.clock = clock_.get();
  options.connectors = ConnectorsOn(*files_, *clock_);
  database_ = *engine::Database::Open(std::move(options));
  connection_ = std::make_unique<engine::Connection>(*database_);
  (void)connection_->Execute("SET batch_rows = " + std::to_string(1 + 97 * pieces_ % 300));
  at_ = 0;
}

void Reference::Close() {
  connection_.reset();
  database_.reset();
}

std::string Reference::Advance(const std::vector<Step>& steps, size_t count) {
  if (at_ > count || database_ == nullptr) Start();
  for (; at_ < count; ++at_) {
    const auto done = Apply(*database_, *connection_, steps[at_], pieces_);
    if (!done) return "the reference does not do \"" + Describe(steps[at_]) + "\": " + done.error().ToString();
  }
  return "";
}

Result<std::string> Reference::Try(const Step& step) { return Apply(*database_, *connection_, step, pieces_); }

std::string Reference::SinkFile(const std::string& path) {
  const auto whole = files_->ReadWhole(path, uint64_t{1} << 28);
  return whole ? *whole : "(" + whole.error().ToString() + ")";
}

}  // namespace laminar::simulate
