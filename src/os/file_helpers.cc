// What every file system offers on top of its primitives: whole files, patterns, trees, paths.
#include <algorithm>

#include "base/text.h"
#include "os/file.h"

namespace laminar::os {
namespace {

// Against folder loops made by links, and against patterns that would list half a disk.
constexpr uint32_t kDepthMax = 32;
constexpr size_t kPathsMax = 1'000'000;

bool SetMatches(std::string_view set, char c) {
  const bool is_negated = !set.empty() && (set.front() == '!' || set.front() == '^');
  if (is_negated) set.remove_prefix(1);
  bool is_in = false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      is_in |= set[i] <= c && c <= set[i + 2];
      i += 2;
    } else {
      is_in |= set[i] == c;
    }
  }
  return is_in != is_negated;
}

// Length of the pattern element at the front ("*" counts one), and whether it takes the character.
struct Element {
  size_t length;
  bool takes;
};
Element ElementAt(std::string_view pattern, char c) {
  if (pattern.front() == '?') return {1, true};
  if (pattern.front() == '[') {
    const size_t close = pattern.find(']', 2);  // a ']' right behind '[' stands for itself
    if (close != std::string_view::npos) return {close + 1, SetMatches(pattern.substr(1, close - 1), c)};
  }
  return {1, pattern.front() == c};
}

struct Expansion {
  FileSystem& files;
  std::vector<std::string> found;
};

// Appends what fits parts[at...] below a folder. The recursion is bounded by the number of components and kDepthMax.
Status Expand(Expansion& expansion, const std::string& folder, std::span<const std::string_view> parts,
              uint32_t depth) {
  if (depth > kDepthMax || expansion.found.size() > kPathsMax) {
    return Error(Status(ErrorCode::kLimitReached, "expanding a file pattern: too many files or folders too deep")
                     .WithHint("name the folder more exactly"));
  }
  const std::string_view part = parts.front();
  const bool is_last = parts.size() == 1;
  if (part != "**" && !HasGlob(part)) {
    const std::string path = JoinPath(folder, part);
    const Result<FileFacts> facts = expansion.files.Stat(path);
    if (!facts) return Status::Ok();
    if (is_last) {
      expansion.found.push_back(path);
      return Status::Ok();
    }
    return facts->is_directory ? Expand(expansion, path, parts.subspan(1), depth) : Status::Ok();
  }
  if (part == "**" && !is_last) TRY(Expand(expansion, folder, parts.subspan(1), depth));
  const Result<std::vector<std::string>> names = expansion.files.List(folder.empty() ? "." : folder);
  if (!names) return Status::Ok();  // a folder we may not read, or that has just gone, holds no match
  for (const std::string& name : *names) {
    if (part == "**" ? name.front() == '.' : !GlobMatches(part, name)) continue;
    const std::string path = JoinPath(folder, name);
    const Result<FileFacts> facts = expansion.files.Stat(path);
    if (!facts) continue;
    if (part == "**") {
      // Links are not followed here: one to a folder above would never end.
      if (facts->is_directory && !facts->is_link) TRY(Expand(expansion, path, parts, depth + 1));
      if (!facts->is_directory && is_last) expansion.found.push_back(path);
    } else if (is_last) {
      if (!facts->is_directory) expansion.found.push_back(path);
    } else if (facts->is_directory) {
      TRY(Expand(expansion, path, parts.subspan(1), depth + 1));
    }
  }
  return Status::Ok();
}

}  // namespace

Status LockIsHeld(const std::string& path, std::string_view holder) {
  std::string message = "locking " + Quoted(path, 300) + ": it is held by ";
  message += holder.empty() ? "another process" : Quoted(holder, 200);
  return Status(ErrorCode::kDatabaseInUse, std::move(message))
      .WithHint("close the database there, or open another one here");
}

bool HasGlob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

// Greedy with one place to come back to: linear for one star, never exponential.
bool GlobMatches(std::string_view pattern, std::string_view name) {
  if (!name.empty() && name.front() == '.' && (pattern.empty() || pattern.front() != '.')) return false;
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t star_name = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_name = n;
      continue;
    }
    if (p < pattern.size()) {
      const Element element = ElementAt(pattern.substr(p), name[n]);
      if (element.takes) {
        p += element.length;
        ++n;
        continue;
      }
    }
    if (star == std::string_view::npos) return false;
    p = star + 1;
    n = ++star_name;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::string JoinPath(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  path += name;
  return path;
}

std::string_view DirectoryOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string_view BaseNameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

Result<std::string> FileSystem::ReadWhole(const std::string& path, uint64_t bytes_max) {
  const std::unique_ptr<File> file = TRY(Open(path, OpenMode::kRead));
  const uint64_t size = TRY(file->Size());
  if (size > bytes_max) {
    return Error(ErrorCode::kLimitReached, "reading " + Quoted(path, 300) + ": it has " + FormatBytes(size) +
                                               ", the limit is " + FormatBytes(bytes_max));
  }
  std::string bytes(size, '\0');
  bytes.resize(TRY(file->ReadAt(0, bytes)));
  return bytes;
}

Status FileSystem::WriteWhole(const std::string& path, std::string_view bytes) {
  const std::string temporary = path + ".tmp";
  {
    const std::unique_ptr<File> file = TRY(Open(temporary, OpenMode::kReplace));
    TRY(file->WriteAt(0, bytes));
    TRY(file->Sync());
  }
  TRY(Rename(temporary, path));
  return SyncDirectory(std::string(DirectoryOf(path)));
}

Result<std::vector<std::string>> FileSystem::Glob(const std::string& pattern) {
  Expansion expansion{*this, {}};
  std::string_view rest = pattern;
  std::string root;
  if (rest.starts_with('/')) root = "/";
  std::vector<std::string_view> parts;
  for (std::string_view part : Split(rest, '/')) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.empty()) return Error(ErrorCode::kBadFile, "the file pattern " + Quoted(pattern) + " names no file");
  TRY(Expand(expansion, root, parts, 0));
  std::sort(expansion.found.begin(), expansion.found.end());
  expansion.found.erase(std::unique(expansion.found.begin(), expansion.found.end()), expansion.found.end());
  return std::move(expansion.found);
}

Status FileSystem::RemoveTree(const std::string& path) {
  // Depth first without recursion: a folder is removed when it is met the second time.
  std::vector<std::pair<std::string, bool>> pending = {{path, false}};
  while (!pending.empty()) {
    const auto [at, is_emptied] = pending.back();
    pending.pop_back();
    const Result<FileFacts> facts = Stat(at);
    if (!facts && facts.error().code() == ErrorCode::kBadFile && at == path) return Status::Ok();
    if (is_emptied || !facts || !facts->is_directory || facts->is_link) {
      TRY(Remove(at));
      continue;
    }
    pending.emplace_back(at, true);
    for (const std::string& name : TRY(List(at))) pending.emplace_back(JoinPath(at, name), false);
  }
  return Status::Ok();
}

}  // namespace laminar::os
