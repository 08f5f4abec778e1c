#include "os/stream.h"

#include <cerrno>
#include <climits>
#include <cstring>

#include <poll.h>
#include <unistd.h>

#include "base/hot_scope.h"

namespace laminar::os {

namespace {

class DescriptorStream final : public Stream {
 public:
  DescriptorStream(int fd, const char* name) : fd_(fd), name_(name) {}

  Result<ReadState> Read(std::span<char> out, size_t& size) override {
    ForbidInHotScope("stream read");
    size = 0;
    pollfd wanted{.fd = fd_, .events = POLLIN, .revents = 0};
    const int ready = poll(&wanted, 1, 0);
    if (ready == 0 || (ready < 0 && errno == EINTR)) return ReadState::kNothingYet;
    const ssize_t got = read(fd_, out.data(), out.size());
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) return ReadState::kNothingYet;
      return Error(ErrorCode::kIo, std::string("reading ") + name_ + ": " + std::strerror(errno));
    }
    size = static_cast<size_t>(got);
    return got == 0 ? ReadState::kEnd : ReadState::kBytes;
  }

  Status Write(std::string_view bytes) override {
    ForbidInHotScope("stream write");
    while (!bytes.empty()) {
      const ssize_t done = write(fd_, bytes.data(), bytes.size());
      if (done >= 0) {
        bytes.remove_prefix(static_cast<size_t>(done));
      } else if (errno == EAGAIN) {
        pollfd wanted{.fd = fd_, .events = POLLOUT, .revents = 0};
        poll(&wanted, 1, -1);
      } else if (errno != EINTR) {
        return Status(ErrorCode::kIo, std::string("writing ") + name_ + ": " + std::strerror(errno));
      }
    }
    return {};
  }

 private:
  int fd_;
  const char* name_;
};

}  // namespace

Stream& StandardInput() {
  static DescriptorStream stream(STDIN_FILENO, "standard input");
  return stream;
}

Stream& StandardOutput() {
  static DescriptorStream stream(STDOUT_FILENO, "standard output");
  return stream;
}

Stream& StandardError() {
  static DescriptorStream stream(STDERR_FILENO, "standard error");
  return stream;
}

Result<std::string> ReadStandardInput(uint64_t bytes_max) {
  ForbidInHotScope("stream read");
  std::string text;
  char buffer[64 << 10];
  while (true) {
    pollfd wanted{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    poll(&wanted, 1, -1);
    size_t size = 0;
    const Stream::ReadState state = TRY(StandardInput().Read(buffer, size));
    if (state == Stream::ReadState::kEnd) return text;
    text.append(buffer, size);
    if (text.size() > bytes_max) {
      return Error(ErrorCode::kLimitReached, "standard input is longer than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

std::string WorkingDirectory() {
  ForbidInHotScope("asking for the working directory");
  char path[PATH_MAX];
  return getcwd(path, sizeof path) != nullptr ? std::string(path) : std::string();
}

}  // namespace laminar::os
