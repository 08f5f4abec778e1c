// Every wrapper of a call that may block says so to the guard of ring 0 (base/hot_scope.h).
#include <doctest/doctest.h>

#include <functional>
#include <string>

#include "base/hot_scope.h"
#include "os/file.h"
#include "os/process.h"
#include "os/stream.h"
#include "os/thread.h"
#include "os/uring/group_writer.h"

namespace laminar::os {
namespace {

// Did the guard see it? The step itself may do what it likes otherwise: results are made of allocations.
bool IsBreach(const std::function<void()>& step) {
  HotScope::SetMode(HotScope::Mode::kCount);
  const uint64_t before = HotScope::Violations();
  {
    HotScope hot("test operator");
    step();
  }
  const bool any = HotScope::Violations() > before;
  HotScope::SetMode(HotScope::Mode::kAbort);
  return any;
}

TEST_CASE("files and folders cannot be touched inside a hot scope" * doctest::skip(!HotScope::kIsGuarded)) {
  FileSystem& files = RealFileSystem();
  const std::string folder = TemporaryDirectory() + "/laminar-blocking-test-" + std::to_string(ProcessId());
  const std::string path = folder + "/a";
  const std::string other = folder + "/b";
  CHECK(IsBreach([&] { CHECK(files.CreateDirectory(folder).ok()); }));
  std::unique_ptr<File> file;
  CHECK(IsBreach([&] { file = *files.Open(path, OpenMode::kCreate); }));
  char byte = 'x';
  CHECK(IsBreach([&] { CHECK(file->WriteAt(0, {&byte, 1}).ok()); }));
  CHECK(IsBreach([&] { CHECK(file->Append({&byte, 1}).ok()); }));
  CHECK(IsBreach([&] { CHECK(*file->ReadAt(0, {&byte, 1}) == 1); }));
  CHECK(IsBreach([&] { CHECK(*file->Size() == 2); }));
  CHECK(IsBreach([&] { CHECK(file->Truncate(1).ok()); }));
  CHECK(IsBreach([&] { CHECK(file->Allocate(4096).ok()); }));
  CHECK(IsBreach([&] { CHECK(file->Sync().ok()); }));
  CHECK(IsBreach([&] { CHECK(file->SyncData().ok()); }));
  for (const bool use_ring : {false, true}) {
    const std::unique_ptr<GroupWriter> writer = GroupWriter::Make(use_ring);
    CHECK(IsBreach([&] { CHECK(writer->WriteAndSync(*file, 0, {&byte, 1}).written.ok()); }));
  }
  CHECK(IsBreach([&] { file.reset(); }));
  CHECK(IsBreach([&] { CHECK(files.Stat(path).has_value()); }));
  CHECK(IsBreach([&] { CHECK(files.List(folder)->size() == 1); }));
  CHECK(IsBreach([&] { CHECK(files.HardLink(path, other).ok()); }));
  CHECK(IsBreach([&] { CHECK(files.Rename(path, other).ok()); }));
  CHECK(IsBreach([&] { CHECK(files.SyncDirectory(folder).ok()); }));
  CHECK(IsBreach([&] { CHECK(files.Lock(folder + "/lock").has_value()); }));
  CHECK(IsBreach([&] { CHECK(files.Remove(other).ok()); }));
  CHECK(IsBreach([&] { CHECK(files.RemoveTree(folder).ok()); }));
}

TEST_CASE("threads are not started, joined or waited for inside a hot scope" * doctest::skip(!HotScope::kIsGuarded)) {
  Thread thread;
  CHECK(IsBreach([&] { thread = *Thread::Start("test", [](void*) {}, nullptr); }));
  CHECK(IsBreach([&] { thread.Join(); }));
  EventCount event;
  event.PrepareWait();
  CHECK(event.Notify());
  CHECK(IsBreach([&] { CHECK(event.Wait(0)); }));
}

TEST_CASE("streams and the process are not asked inside a hot scope" * doctest::skip(!HotScope::kIsGuarded)) {
  CHECK(IsBreach([] { CHECK(StandardOutput().Write({}).ok()); }));
  char byte = 0;
  size_t size = 0;
  CHECK(IsBreach([&] { (void)StandardInput().Read({&byte, 0}, size); }));
  CHECK(IsBreach([] { CHECK(UseOfThisProcess().cpu_nanos >= 0); }));
}

}  // namespace
}  // namespace laminar::os
