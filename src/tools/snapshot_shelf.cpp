// long: keeping, comparing and restoring share what is kept
#include "tools/snapshot_shelf.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "tools/descriptor.hpp"
#include "tools/limits.hpp"
#include "tools/text_diff.hpp"

namespace colonnade::tools {
namespace {

namespace fs = std::filesystem;

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr const char* runs = "runs";
constexpr const char* reverts = "reverts";
constexpr const char* baseline_name = "baseline";

std::string number_text(std::uint64_t number) {
  std::string out = std::to_string(number);
  constexpr std::size_t digits = 12;
  return std::string(digits - std::min(digits, out.size()), '0') + out;
}

std::uint64_t size_of_files(const fs::path& folder) {
  std::uint64_t out = 0;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    const auto size = at->file_size(ignored);
    if (!ignored) out += size;
  }
  return out;
}

std::string shown(const std::string& path) { return base::replace_invalid_utf8(path); }

std::string too_large_text(std::uint64_t bytes) {
  return "it is larger than " + std::to_string(bytes) + " bytes, and larger files are not kept";
}

// Whether both have the same bytes, as far as that is known.
bool same_content(const FileState& before, const FileState& now, const SnapshotFolder& folder,
                  const std::string& path) {
  if (before.kind == FileKind::link) return before.content == now.content;
  if (before.kind != FileKind::file) return true;
  if (before.size != now.size || before.content.empty()) return false;
  const auto bytes = folder.read(path, limits::snapshot_file_bytes_max);
  return bytes && base::sha256_hex(*bytes) == before.content;
}

bool is_same(const FileState& before, const FileState& now, const SnapshotFolder& folder,
             const std::string& path) {
  if (looks_same(before, now)) return true;
  return before.kind == now.kind && before.mode == now.mode && before.user == now.user &&
         before.group == now.group && same_content(before, now, folder, path);
}

std::string mode_text(std::uint32_t mode) {
  std::string out;
  for (int shift = 9; shift >= 0; shift -= 3) {
    out += static_cast<char>('0' + ((mode >> static_cast<unsigned>(shift)) & 7U));
  }
  return out;
}

core::FileChangeKind change_kind(const FileState& before, const FileState& now) {
  if (before.kind == FileKind::absent) return core::FileChangeKind::added;
  return now.kind == FileKind::absent ? core::FileChangeKind::removed
                                      : core::FileChangeKind::modified;
}

std::string link_text(const char* mark, const FileState& state) {
  return state.kind == FileKind::link ? mark + ("link to " + shown(state.content)) + "\n" : "";
}

}  // namespace

// --- shares -------------------------------------------------------------------------------------

void SnapshotShares::load() {
  if (loaded_) return;
  loaded_ = true;
  std::error_code error;
  for (fs::directory_iterator at(root_, error), end; !error && at != end; at.increment(error)) {
    if (auto account = load_file((at->path() / "account").string())) {
      const std::uint64_t bytes = size_of_files(at->path() / "objects");
      bytes_[*account] += bytes;
      total_ += bytes;
    }
  }
}

bool SnapshotShares::take(const std::string& account, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  load();
  std::uint64_t& held = bytes_[account];
  if (held + bytes > limits::snapshot_account_bytes_max) return false;
  if (total_ + bytes > limits::snapshot_bytes_max) return false;
  held += bytes;
  total_ += bytes;
  return true;
}

void SnapshotShares::give_back(const std::string& account, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  load();
  std::uint64_t& held = bytes_[account];
  const std::uint64_t given = std::min(held, bytes);
  held -= given;
  total_ -= std::min(total_, given);
}

// --- records and objects ------------------------------------------------------------------------

bool SnapshotShelf::exists() const {
  std::error_code error;
  return fs::exists(path("account"), error);
}

Result<void> SnapshotShelf::prepare() {
  if (exists()) return {};
  std::error_code error;
  for (const char* name : {"objects", runs, reverts}) {
    fs::create_directories(path(name), error);
    if (error) break;
  }
  if (!error) fs::permissions(folder_, fs::perms::owner_all, error);
  if (error) {
    return fail(ErrorKind::unavailable,
                "what the files were cannot be kept: " + folder_ + ": " + error.message());
  }
  return save_file(path("account"), account_);
}

SnapshotShelf::Numbered SnapshotShelf::numbered(const char* kind) const {
  Numbered out;
  std::error_code error;
  for (fs::directory_iterator at(path(kind), error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    std::uint64_t number = 0;
    const auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    if (read.ec == std::errc() && read.ptr == name.data() + name.size()) {
      out.emplace(number, at->path().string());
    }
  }
  return out;
}

std::string SnapshotShelf::record_path(const char* kind, std::uint64_t number) const {
  return path(std::string(kind) + "/" + number_text(number));
}

Result<std::optional<SnapshotRecord>> SnapshotShelf::load(const std::string& path) const {
  const auto text = load_file(path);
  if (!text && text.error().kind == ErrorKind::not_found) return std::nullopt;
  if (!text) return fail(text.error());
  auto record = read_record(*text);
  if (!record) return fail(std::move(record.error()));
  return std::move(*record);
}

// The run's own record, or the one that it is to have: a thread that is moved in the middle of a
// run begins another.
Result<SnapshotShelf::OpenRun> SnapshotShelf::run_for(const std::string& run_id,
                                                      const std::string& workspace) const {
  const Numbered all = numbered(runs);
  OpenRun out{.number = all.empty() ? 1 : all.rbegin()->first + 1,
              .record = {.run_id = run_id, .folder = workspace}};
  if (all.empty()) return out;
  auto newest = load(all.rbegin()->second);
  if (!newest) return fail(std::move(newest.error()));
  const bool is_it =
      *newest && (*newest)->run_id == run_id && (*newest)->folder == workspace && !(*newest)->flag;
  if (is_it) out = {.number = all.rbegin()->first, .record = std::move(**newest)};
  return out;
}

// What was undone before can be done again no more, and the oldest go.
Result<void> SnapshotShelf::save_run(const OpenRun& run) {
  const std::string place = record_path(runs, run.number);
  std::error_code error;
  const bool begins = !fs::exists(place, error);
  if (auto synced = sync(); !synced) return synced;
  if (auto saved = save_file(place, record_text(run.record)); !saved || !begins) return saved;
  for (const auto& [number, file] : numbered(reverts)) fs::remove(file, error);
  Numbered all = numbered(runs);
  for (const auto& [number, file] : all) {
    if (number == run.number) continue;
    const auto record = load(file);
    const bool undone = record && *record && (*record)->flag;
    const bool is_old = number + limits::snapshot_runs_max <= run.number;
    if (undone || is_old) fs::remove(file, error);
  }
  drop_unused();
  return {};
}

bool SnapshotShelf::has_object(const std::string& hash) const {
  std::error_code error;
  return !hash.empty() && fs::exists(path("objects/" + hash), error);
}

// The hash; "" with the reason where a limit or the disk keeps it out.
std::string SnapshotShelf::keep_bytes(const std::string& bytes, std::string* not_kept) {
  std::string hash = base::sha256_hex(bytes);
  if (has_object(hash)) return hash;
  if (!shares_.take(account_, bytes.size())) {
    *not_kept = "the files that are kept of this account's threads would have more than " +
                std::to_string(limits::snapshot_account_bytes_max) + " bytes, or those of all " +
                "accounts more than " + std::to_string(limits::snapshot_bytes_max);
    return {};
  }
  const std::string place = path("objects/" + hash);
  const std::string temporary = place + ".tmp";
  const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  std::string_view rest = bytes;
  bool written = file.open();
  while (written && !rest.empty()) {
    const ssize_t count = ::write(file.number(), rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    written = count > 0;
    if (written) rest.remove_prefix(static_cast<std::size_t>(count));
  }
  const int code = errno;
  if (written && ::rename(temporary.c_str(), place.c_str()) == 0) {
    wrote_ = true;
    return hash;
  }
  ::unlink(temporary.c_str());
  shares_.give_back(account_, bytes.size());
  *not_kept = "it cannot be stored: " + std::generic_category().message(code);
  return {};
}

void SnapshotShelf::keep_content(const SnapshotFolder& folder, const std::string& path,
                                 FileState& state) {
  if (state.kind == FileKind::other) state.not_kept = "it is a device, FIFO or socket";
  if (state.kind != FileKind::file) return;
  auto bytes = folder.read(path, limits::snapshot_file_bytes_max);
  if (!bytes) {
    state.not_kept = bytes.error().kind == ErrorKind::too_large
                         ? too_large_text(limits::snapshot_file_bytes_max)
                         : "it cannot be read: " + bytes.error().message;
    return;
  }
  state.size = bytes->size();
  state.content = keep_bytes(*bytes, &state.not_kept);
}

Result<std::string> SnapshotShelf::object(const std::string& hash) const {
  auto bytes = load_file(path("objects/" + hash));
  if (bytes && base::sha256_hex(*bytes) != hash) {
    return fail(ErrorKind::unavailable, "what is kept of it is damaged");
  }
  return bytes;
}

// Nothing is done to a file before what it was is on the disk.
Result<void> SnapshotShelf::sync() {
  if (!wrote_) return {};
  const Descriptor folder(::open(path("objects").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::syncfs(folder.number()) != 0) {
    return fail(ErrorKind::unavailable,
                "what the files were cannot be kept: " + std::generic_category().message(errno));
  }
  wrote_ = false;
  return {};
}

// Objects that no record names.
void SnapshotShelf::drop_unused() {
  std::set<std::string> used;
  std::vector<std::string> files{path(baseline_name)};
  for (const char* kind : {runs, reverts}) {
    for (const auto& [number, file] : numbered(kind)) files.push_back(file);
  }
  for (const std::string& file : files) {
    const auto record = load(file);
    if (!record) return;  // what it names is unknown
    if (!*record) continue;
    for (const auto& [name, state] : (*record)->files) used.insert(state.content);
  }
  std::error_code error;
  for (fs::directory_iterator at(path("objects"), error), end; !error && at != end;
       at.increment(error)) {
    if (used.contains(at->path().filename().string())) continue;
    std::error_code ignored;
    const auto size = at->file_size(ignored);
    if (fs::remove(at->path(), ignored)) shares_.give_back(account_, size);
  }
}

Result<void> SnapshotShelf::remove() {
  const std::uint64_t bytes = size_of_files(path("objects"));
  std::error_code error;
  fs::remove_all(folder_, error);
  if (error) {
    return fail(ErrorKind::unavailable, folder_ + " cannot be removed: " + error.message());
  }
  if (!account_.empty()) shares_.give_back(account_, bytes);
  return {};
}

// --- keeping ------------------------------------------------------------------------------------

Result<void> SnapshotShelf::keep(const std::string& run_id, const std::string& workspace,
                                 const std::vector<std::string>& paths) {
  if (auto ready = prepare(); !ready) return ready;
  auto folder = SnapshotFolder::open(workspace);
  if (!folder) return fail(std::move(folder.error()));
  auto run = run_for(run_id, workspace);
  if (!run) return fail(std::move(run.error()));
  auto baseline = load(path(baseline_name));
  if (!baseline) return fail(std::move(baseline.error()));
  // A command that is under way may have changed a file by now.
  const auto in_baseline = [&](const std::string& name) -> const FileState* {
    if (!*baseline || (*baseline)->run_id != run_id || (*baseline)->folder != workspace) {
      return nullptr;
    }
    const auto found = (*baseline)->files.find(name);
    const bool is_kept = found != (*baseline)->files.end() && !found->second.content.empty();
    return is_kept ? &found->second : nullptr;
  };
  bool added = false;
  const auto add = [&](const std::string& name) -> Result<void> {
    if (run->record.files.contains(name)) return {};
    auto state = folder->look(name);
    if (!state) return fail(std::move(state.error()));
    if (const FileState* before = in_baseline(name)) {
      *state = *before;
    } else {
      keep_content(*folder, name, *state);
    }
    run->record.files.insert_or_assign(name, std::move(*state));
    added = true;
    return {};
  };
  for (const std::string& name : paths) {
    // Folders that will be made on the way are to go again.
    for (std::size_t slash = name.find('/'); slash != std::string::npos;
         slash = name.find('/', slash + 1)) {
      const std::string above = name.substr(0, slash);
      const auto there = folder->look(above);
      if (there && there->kind != FileKind::absent) continue;
      if (auto kept = add(above); !kept) return kept;
    }
    if (auto kept = add(name); !kept) return kept;
  }
  return added ? save_run(*run) : Result<void>{};
}

Result<void> SnapshotShelf::keep_all(const std::string& run_id, const std::string& workspace,
                                     const std::stop_token& stop) {
  if (auto ready = prepare(); !ready) return ready;
  auto old = load(path(baseline_name));
  if (!old) return fail(std::move(old.error()));
  const bool has = *old && (*old)->run_id == run_id && (*old)->folder == workspace;
  if (has && (*old)->flag) return {};
  if (has) {
    (*old)->flag = true;
    return save_file(path(baseline_name), record_text(**old));
  }
  auto folder = SnapshotFolder::open(workspace);
  if (!folder) return fail(std::move(folder.error()));
  auto listing = folder->list(stop);
  if (!listing) return fail(std::move(listing.error()));
  if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
  SnapshotRecord now{.run_id = run_id,
                     .folder = workspace,
                     .flag = true,
                     .is_whole = listing->is_whole,
                     .files = std::move(listing->files)};
  // The small ones first, so that most of them are kept.
  std::vector<std::pair<const std::string*, FileState*>> by_size;
  for (auto& [name, state] : now.files) {
    if (state.kind == FileKind::file) by_size.emplace_back(&name, &state);
  }
  std::ranges::sort(by_size, {}, [](const auto& one) {
    return std::pair(one.second->size, std::string_view(*one.first));
  });
  std::uint64_t bytes = 0;
  for (const auto& [name, state] : by_size) {
    if (stop.stop_requested()) return fail(ErrorKind::cancelled, "stopped");
    const auto before = *old ? (*old)->files.find(*name) : now.files.end();
    const bool known = *old && (*old)->folder == workspace && before != (*old)->files.end() &&
                       looks_same(before->second, *state) && has_object(before->second.content);
    if (state->size > limits::snapshot_file_bytes_max) {
      state->not_kept = too_large_text(limits::snapshot_file_bytes_max);
    } else if (bytes + state->size > limits::snapshot_thread_bytes_max) {
      state->not_kept = "the files of its folder have more than the " +
                        std::to_string(limits::snapshot_thread_bytes_max) +
                        " bytes that are kept of one thread";
    } else if (known) {
      state->content = before->second.content;
    } else {
      keep_content(*folder, *name, *state);
    }
    if (!state->content.empty()) bytes += state->size;
  }
  if (auto synced = sync(); !synced) return synced;
  if (auto saved = save_file(path(baseline_name), record_text(now)); !saved) return saved;
  drop_unused();
  return {};
}

// Adds to the run what is another thing now than in the baseline.
Result<void> SnapshotShelf::compare(const SnapshotRecord& baseline, const std::stop_token& stop) {
  auto folder = SnapshotFolder::open(baseline.folder);
  if (!folder) return fail(std::move(folder.error()));
  auto now = folder->list(stop);
  if (!now) return fail(std::move(now.error()));
  auto run = run_for(baseline.run_id, baseline.folder);
  if (!run) return fail(std::move(run.error()));
  bool added = false;
  for (const auto& [name, before] : baseline.files) {
    if (run->record.files.contains(name)) continue;
    const auto found = now->files.find(name);
    FileState state;
    if (found != now->files.end()) {
      state = found->second;
    } else if (!now->is_whole) {
      auto looked = folder->look(name);
      if (!looked) continue;
      state = std::move(*looked);
    }
    if (is_same(before, state, *folder, name)) continue;
    run->record.files.emplace(name, before);
    added = true;
  }
  for (const auto& [name, state] : now->files) {
    if (!baseline.is_whole || baseline.files.contains(name)) continue;
    added = run->record.files.emplace(name, FileState{}).second || added;
  }
  const std::string note =
      "the folder has more than " + std::to_string(limits::snapshot_files_max) +
      " files and folders, or some that cannot be read: what a command made or changed among the "
      "rest is not known";
  if (added && (!baseline.is_whole || !now->is_whole) &&
      std::ranges::find(run->record.notes, note) == run->record.notes.end()) {
    run->record.notes.push_back(note);
  }
  return added ? save_run(*run) : Result<void>{};
}

Result<void> SnapshotShelf::settle(const std::string& run_id, bool ended,
                                   const std::stop_token& stop) {
  auto baseline = load(path(baseline_name));
  if (!baseline) return fail(std::move(baseline.error()));
  if (!*baseline || (*baseline)->run_id != run_id) return {};
  if (auto done = compare(**baseline, stop); !done) return done;
  if (!ended) return {};
  (*baseline)->flag = false;
  return save_file(path(baseline_name), record_text(**baseline));
}

Result<void> SnapshotShelf::recover(const std::string& workspace, bool commands,
                                    const std::stop_token& stop) {
  if (!exists()) return {};
  auto baseline = load(path(baseline_name));
  if (!baseline) return fail(std::move(baseline.error()));
  if (*baseline && (*baseline)->flag && (*baseline)->folder == workspace) {
    if (auto settled = settle((*baseline)->run_id, !commands, stop); !settled) return settled;
  }
  for (const auto& [number, file] : numbered(reverts)) {
    auto record = load(file);
    if (!record) return fail(std::move(record.error()));
    if (!*record || !(*record)->flag || (*record)->folder != workspace) continue;
    if (auto done = finish_revert(number, std::move(**record), nullptr); !done) return done;
  }
  return {};
}

// --- comparing ----------------------------------------------------------------------------------

Result<std::map<std::string, SnapshotShelf::Difference>> SnapshotShelf::differences(
    const SnapshotFolder& folder, const SnapshotRecord& record) const {
  std::map<std::string, Difference> out;
  for (const auto& [name, before] : record.files) {
    auto now = folder.look(name);
    if (!now) return fail(std::move(now.error()));
    if (is_same(before, *now, folder, name)) continue;
    out.emplace(name, Difference{before, std::move(*now)});
  }
  return out;
}

namespace {

std::unexpected<base::Error> was_moved(const std::string& folder) {
  return fail(
      ErrorKind::conflict,
      "the run changed files in " + folder + ", and the thread was moved since; move it back there",
      "directory");
}

}  // namespace

Result<core::FileDiff> SnapshotShelf::diff(const std::string& workspace) const {
  core::FileDiff out;
  const Numbered all = numbered(runs);
  if (all.empty()) return out;
  auto record = load(all.rbegin()->second);
  if (!record) return fail(std::move(record.error()));
  if (!*record || (*record)->flag) return out;
  if ((*record)->folder != workspace) return was_moved((*record)->folder);
  auto folder = SnapshotFolder::open(workspace);
  if (!folder) return fail(std::move(folder.error()));
  auto changed = differences(*folder, **record);
  if (!changed) return fail(std::move(changed.error()));
  out.run_id = (*record)->run_id;
  out.notes = (*record)->notes;
  for (const auto& [name, difference] : *changed) {
    const auto& [before, now] = difference;
    if (before.kind == FileKind::folder || now.kind == FileKind::folder) {
      if (before.kind == now.kind || before.kind == FileKind::absent ||
          now.kind == FileKind::absent) {
        continue;
      }
    }
    out.files.push_back(
        {.path = shown(name), .kind = change_kind(before, now), .not_kept = before.not_kept});
    if (out.text.size() >= limits::diff_bytes_max) continue;
    if (before.kind == now.kind && before.mode != now.mode && before.kind == FileKind::file) {
      out.text += "old mode " + mode_text(before.mode) + "\nnew mode " + mode_text(now.mode) + " " +
                  shown(name) + "\n";
    }
    std::optional<std::string> old_text;
    std::optional<std::string> new_text;
    if (before.kind == FileKind::link || now.kind == FileKind::link) {
      out.text += "--- a/" + shown(name) + "\n+++ b/" + shown(name) + "\n" +
                  link_text("-", before) + link_text("+", now);
      continue;
    }
    if (before.kind == FileKind::file) {
      auto bytes = object(before.content);
      if (before.content.empty() || !bytes) {
        out.text += "What a/" + shown(name) + " was is not kept: " +
                    (before.content.empty() ? before.not_kept : bytes.error().message) + "\n";
        continue;
      }
      old_text = std::move(*bytes);
    }
    if (now.kind == FileKind::file) {
      auto bytes = folder->read(name, limits::snapshot_file_bytes_max);
      if (!bytes) {
        out.text += "b/" + shown(name) + " cannot be shown: " + bytes.error().message + "\n";
        continue;
      }
      new_text = std::move(*bytes);
    }
    out.text += base::replace_invalid_utf8(unified_diff(shown(name), old_text, new_text));
  }
  if (out.text.size() > limits::diff_bytes_max) {
    out.text = std::string(base::cut_utf8(out.text, limits::diff_bytes_max));
    out.text += "\n[the rest of the diff is left out]\n";
  }
  return out;
}

// --- restoring ----------------------------------------------------------------------------------

// What has to go goes first, the innermost first; then folders are made, then what lies in them.
void SnapshotShelf::apply(const SnapshotFolder& folder,
                          const std::map<std::string, FileState>& states,
                          core::RestoredFiles& out) const {
  std::map<std::string, std::string> failed;
  const auto restore = [&](const std::string& name, const FileState& state) {
    std::string bytes;
    if (state.kind == FileKind::file) {
      auto kept = object(state.content);
      if (!kept) {
        failed.emplace(name, kept.error().message);
        return;
      }
      bytes = std::move(*kept);
    }
    if (auto done = folder.restore(name, state, bytes); !done) {
      failed.insert_or_assign(name, done.error().message);
    }
  };
  constexpr std::uint32_t owner_works = 0700;
  for (auto at = states.rbegin(); at != states.rend(); ++at) {
    if (at->second.kind == FileKind::absent) restore(at->first, at->second);
  }
  for (const auto& [name, state] : states) {
    if (state.kind == FileKind::absent) continue;
    FileState first = state;
    if (first.kind == FileKind::folder) first.mode |= owner_works;
    restore(name, first);
  }
  for (auto at = states.rbegin(); at != states.rend(); ++at) {
    if (at->second.kind == FileKind::folder) restore(at->first, at->second);
  }
  for (const auto& [name, state] : states) {
    const auto why = failed.find(name);
    if (why == failed.end()) {
      out.restored.push_back(shown(name));
    } else {
      out.left_out.push_back({.path = shown(name), .reason = why->second});
    }
  }
}

// Does what a revert was to do, and notes that it is done. What is restored already stays as it is.
Result<void> SnapshotShelf::finish_revert(std::uint64_t number, SnapshotRecord before_revert,
                                          core::RestoredFiles* out) {
  auto run = load(record_path(runs, number));
  if (!run) return fail(std::move(run.error()));
  auto folder = SnapshotFolder::open(before_revert.folder);
  if (!folder) return fail(std::move(folder.error()));
  if (*run) {
    std::map<std::string, FileState> states;
    for (const auto& [name, state] : before_revert.files) {
      const auto before = (*run)->files.find(name);
      if (before != (*run)->files.end()) states.emplace(name, before->second);
    }
    core::RestoredFiles unheard;
    apply(*folder, states, out == nullptr ? unheard : *out);
    (*run)->flag = true;
    if (auto saved = save_file(record_path(runs, number), record_text(**run)); !saved) {
      return saved;
    }
  }
  before_revert.flag = false;
  return save_file(record_path(reverts, number), record_text(before_revert));
}

Result<core::RestoredFiles> SnapshotShelf::revert(const std::string& workspace) {
  core::RestoredFiles out;
  const Numbered all = numbered(runs);
  for (auto at = all.rbegin(); at != all.rend(); ++at) {
    auto record = load(at->second);
    if (!record) return fail(std::move(record.error()));
    if (!*record || (*record)->flag) continue;
    if ((*record)->folder != workspace) return was_moved((*record)->folder);
    auto folder = SnapshotFolder::open(workspace);
    if (!folder) return fail(std::move(folder.error()));
    auto changed = differences(*folder, **record);
    if (!changed) return fail(std::move(changed.error()));
    if (changed->empty()) continue;
    SnapshotRecord before_revert{.run_id = (*record)->run_id, .folder = workspace, .flag = true};
    for (auto& [name, difference] : *changed) {
      auto& [before, now] = difference;
      std::string why = before.not_kept;
      if (why.empty()) {
        keep_content(*folder, name, now);
        if (!now.not_kept.empty()) why = "what it is now could not be kept: " + now.not_kept;
      }
      if (!why.empty()) {
        out.left_out.push_back({.path = shown(name), .reason = std::move(why)});
      } else {
        before_revert.files.emplace(name, std::move(now));
      }
    }
    out.run_id = before_revert.run_id;
    out.notes = (*record)->notes;
    if (auto synced = sync(); !synced) return fail(std::move(synced.error()));
    const std::string place = record_path(reverts, at->first);
    if (auto saved = save_file(place, record_text(before_revert)); !saved) {
      return fail(std::move(saved.error()));
    }
    auto done = finish_revert(at->first, std::move(before_revert), &out);
    if (!done) return fail(std::move(done.error()));
    return out;
  }
  return out;
}

Result<core::RestoredFiles> SnapshotShelf::unrevert(const std::string& workspace) {
  core::RestoredFiles out;
  const Numbered all = numbered(reverts);
  if (all.empty()) return out;
  const std::uint64_t number = all.begin()->first;  // each revert undoes an older run
  auto before_revert = load(all.begin()->second);
  if (!before_revert) return fail(std::move(before_revert.error()));
  auto run = load(record_path(runs, number));
  if (!run) return fail(std::move(run.error()));
  if (!*before_revert || !*run) return out;
  if ((*before_revert)->folder != workspace) return was_moved((*before_revert)->folder);
  auto folder = SnapshotFolder::open(workspace);
  if (!folder) return fail(std::move(folder.error()));
  std::map<std::string, FileState> states;
  for (const auto& [name, state] : (*before_revert)->files) {
    auto now = folder->look(name);
    if (!now) return fail(std::move(now.error()));
    const auto reverted = (*run)->files.find(name);
    const bool is_there = is_same(state, *now, *folder, name);
    const bool untouched =
        reverted != (*run)->files.end() && is_same(reverted->second, *now, *folder, name);
    if (is_there || untouched) {
      states.emplace(name, state);
    } else {
      out.left_out.push_back({.path = shown(name), .reason = "it was changed since the revert"});
    }
  }
  out.run_id = (*run)->run_id;
  apply(*folder, states, out);
  (*run)->flag = false;
  if (auto saved = save_file(record_path(runs, number), record_text(**run)); !saved) {
    return fail(std::move(saved.error()));
  }
  std::error_code error;
  fs::remove(all.begin()->second, error);
  return out;
}

}  // namespace colonnade::tools
