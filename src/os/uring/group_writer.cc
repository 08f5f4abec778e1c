#include "os/uring/group_writer.h"

#include <cerrno>
#include <cstring>

#include "base/hot_scope.h"
#include "base/text.h"

#if __has_include(<liburing.h>)
#include <liburing.h>
#define LAMINAR_HAS_LIBURING 1
#endif

namespace laminar::os {
namespace {

class PlainWriter final : public GroupWriter {
 public:
  Outcome WriteAndSync(File& file, uint64_t offset, std::string_view bytes) override {
    Outcome outcome;
    if (!bytes.empty()) outcome.written = file.WriteAt(offset, bytes);
    if (outcome.written.ok()) outcome.synced = file.SyncData();
    return outcome;
  }
  std::string_view MethodFor(const File&) const override { return "pwrite"; }
};

#ifdef LAMINAR_HAS_LIBURING

constexpr unsigned kEntries = 4;
constexpr uint64_t kWrite = 1;
constexpr uint64_t kSync = 2;
constexpr size_t kBytesMax = size_t{1} << 30;  // of one write in the ring

class RingWriter final : public GroupWriter {
 public:
  ~RingWriter() override { Close(); }

  // False where the kernel has no ring for us, or none that can write and sync.
  bool Open() {
    if (io_uring_queue_init(kEntries, &ring_, 0) != 0) return false;
    is_open_ = true;
    io_uring_probe* probe = io_uring_get_probe_ring(&ring_);
    const bool can = probe != nullptr && io_uring_opcode_supported(probe, IORING_OP_WRITE) != 0 &&
                     io_uring_opcode_supported(probe, IORING_OP_FSYNC) != 0;
    if (probe != nullptr) io_uring_free_probe(probe);
    if (!can) Close();
    return can;
  }

  Outcome WriteAndSync(File& file, uint64_t offset, std::string_view bytes) override {
    if (!is_open_ || file.descriptor() < 0 || bytes.size() > kBytesMax) {
      return plain_.WriteAndSync(file, offset, bytes);
    }
    ForbidInHotScope("file sync");
    int written = 0;
    int synced = 0;
    if (!Run(file.descriptor(), offset, bytes, written, synced)) {
      // Nothing was given to the kernel; the ring goes, so that it cannot be given later.
      Close();
      return plain_.WriteAndSync(file, offset, bytes);
    }
    return Judge(file, offset, bytes, written, synced);
  }

  std::string_view MethodFor(const File& file) const override {
    return is_open_ && file.descriptor() >= 0 ? "io_uring" : "pwrite";
  }

 private:
  // One round: the results as the kernel gives them (a count, or a negative error number).
  bool Run(int fd, uint64_t offset, std::string_view bytes, int& written, int& synced) {
    unsigned waiting = 1;
    if (!bytes.empty()) {
      io_uring_sqe* write = io_uring_get_sqe(&ring_);
      if (write == nullptr) return false;
      io_uring_prep_write(write, fd, bytes.data(), static_cast<unsigned>(bytes.size()), offset);
      io_uring_sqe_set_data64(write, kWrite);
      write->flags |= IOSQE_IO_LINK;  // the sync waits for it, and is cancelled when it fails or is short
      ++waiting;
    }
    io_uring_sqe* sync = io_uring_get_sqe(&ring_);
    if (sync == nullptr) return false;
    io_uring_prep_fsync(sync, fd, IORING_FSYNC_DATASYNC);
    io_uring_sqe_set_data64(sync, kSync);
    int submitted = 0;
    do {
      submitted = io_uring_submit_and_wait(&ring_, waiting);
    } while (submitted == -EINTR);
    if (submitted < 0) return false;
    while (waiting > 0) {
      io_uring_cqe* done = nullptr;
      const int error = io_uring_wait_cqe(&ring_, &done);
      if (error == -EINTR || error == -EAGAIN) continue;
      if (error < 0) {
        synced = error;
        return true;
      }
      (io_uring_cqe_get_data64(done) == kWrite ? written : synced) = done->res;
      io_uring_cqe_seen(&ring_, done);
      --waiting;
    }
    return true;
  }

  Outcome Judge(File& file, uint64_t offset, std::string_view bytes, int written, int synced) {
    const bool is_short = written >= 0 && static_cast<size_t>(written) < bytes.size();
    const bool is_refused = written == -EINVAL || written == -EOPNOTSUPP || written == -EAGAIN || written == -EINTR;
    // A short write is normal (a signal, a nearly full disk): the plain way finishes it, and says the disk is full
    // where it is. What the ring does not know how to do is done the plain way too.
    if (is_short) {
      const auto done = static_cast<size_t>(written);
      return plain_.WriteAndSync(file, offset + done, bytes.substr(done));
    }
    if (is_refused || written == -ENOSPC || written == -EDQUOT) return plain_.WriteAndSync(file, offset, bytes);
    Outcome outcome;
    if (written < 0) outcome.written = Failed("writing", file, -written);
    if (written >= 0 && synced < 0) outcome.synced = Failed("syncing", file, -synced);
    return outcome;
  }

  static Status Failed(std::string_view doing, const File& file, int error) {
    return Status(ErrorCode::kIo, std::string(doing) + " " + Quoted(file.path(), 300) + ": " + std::strerror(error) +
                                      " (errno " + std::to_string(error) + ")");
  }

  void Close() {
    if (is_open_) io_uring_queue_exit(&ring_);
    is_open_ = false;
  }

  io_uring ring_{};
  bool is_open_ = false;
  PlainWriter plain_;
};

#endif

}  // namespace

std::unique_ptr<GroupWriter> GroupWriter::Make(bool use_io_uring) {
#ifdef LAMINAR_HAS_LIBURING
  if (use_io_uring) {
    auto ring = std::make_unique<RingWriter>();
    if (ring->Open()) return ring;
  }
#endif
  return std::make_unique<PlainWriter>();
}

}  // namespace laminar::os
