// The database as it should be: in memory, one core, other batches, nothing ever fails. It is given the steps that
// survived.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/clock.h"
#include "sim/file_system.h"
#include "steps.h"

namespace laminar::simulate {

inline constexpr Timestamp kWallStart = 1'700'000'000 * kSecond;

std::vector<std::unique_ptr<sdk::Connector>> ConnectorsOn(os::FileSystem& files, const os::Clock& clock);

class Reference {
 public:
  // `inputs`: the texts of /in/f0.csv, ...
  Reference(const std::vector<std::string>& inputs, uint32_t pieces);
  ~Reference();

  // Stands behind steps [0, count). Empty, or which step it would not do.
  std::string Advance(const std::vector<Step>& steps, size_t count);
  // Of a step that was refused elsewhere.
  Result<std::string> Try(const Step& step);
  void RunUntilIdle() { (void)database_->RunUntilIdle(); }
  // Its sinks' files are complete then.
  void Close();
  std::string SinkFile(const std::string& path);

  engine::Database& database() { return *database_; }
  engine::Connection& connection() { return *connection_; }

 private:
  void Start();
  const std::vector<std::string> inputs_;
  const uint32_t pieces_;
  std::unique_ptr<sim::SimClock> clock_;
  std::unique_ptr<sim::SimFileSystem> files_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<engine::Connection> connection_;
  size_t at_ = 0;
};

}  // namespace laminar::simulate
