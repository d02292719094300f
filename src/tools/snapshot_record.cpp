#include "tools/snapshot_record.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>
#include <system_error>

#include "tools/descriptor.hpp"

namespace colonnade::tools {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::string_view first_line = "colonnade snapshot 1";
constexpr std::string_view last_line = "end";
constexpr auto last_kind = static_cast<unsigned>(FileKind::other);

bool is_plain(char c) { return c > ' ' && c < 0x7f && c != '%'; }

// A field without blanks; "-" for an empty one.
void add_field(std::string& out, std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (!out.empty() && out.back() != '\n') out += ' ';
  if (text.empty()) out += '-';
  if (text == "-") {
    out += "%2d";
    return;
  }
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

template <class Number>
void add_number(std::string& out, Number number) {
  add_field(out, std::to_string(number));
}

std::string plain_text(std::string_view field) {
  std::string out;
  if (field == "-") return out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    unsigned byte = 0;
    const bool escaped = field[i] == '%' && i + 2 < field.size();
    if (escaped &&
        std::from_chars(field.data() + i + 1, field.data() + i + 3, byte, 16).ec == std::errc()) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += field[i];
    }
  }
  return out;
}

// The fields of one line, taken one after another.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view out = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return out;
  }
  std::string text() { return plain_text(next()); }
  template <class Number>
  Number number() {
    const std::string_view field = next();
    Number out{};
    const auto read = std::from_chars(field.data(), field.data() + field.size(), out);
    whole_ = whole_ && read.ec == std::errc() && read.ptr == field.data() + field.size();
    return out;
  }
  bool whole() const { return whole_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool whole_ = true;
};

bool take_file(Fields& fields, SnapshotRecord& record) {
  FileState state;
  const auto kind = fields.number<unsigned>();
  if (kind > last_kind) return false;
  state.kind = static_cast<FileKind>(kind);
  state.mode = fields.number<std::uint32_t>();
  state.user = fields.number<std::uint32_t>();
  state.group = fields.number<std::uint32_t>();
  state.size = fields.number<std::uint64_t>();
  state.inode = fields.number<std::uint64_t>();
  state.changed_at = fields.number<std::int64_t>();
  state.modified_at = fields.number<std::int64_t>();
  state.content = fields.text();
  state.not_kept = fields.text();
  std::string path = fields.text();
  record.files.insert_or_assign(std::move(path), std::move(state));
  return fields.whole();
}

bool take_line(std::string_view line, SnapshotRecord& record) {
  Fields fields(line);
  const std::string_view what = fields.next();
  if (what == "run") record.run_id = fields.text();
  if (what == "folder") record.folder = fields.text();
  if (what == "flag") record.flag = true;
  if (what == "cut") record.is_whole = false;
  if (what == "note") record.notes.push_back(fields.text());
  if (what == "at") return take_file(fields, record);
  return fields.whole();
}

std::unexpected<base::Error> broken() {
  return fail(ErrorKind::invalid, "a stored snapshot is broken");
}

std::unexpected<base::Error> not_stored(const std::string& path, int code) {
  return fail(ErrorKind::unavailable, "what the files were cannot be kept: " + path + ": " +
                                          std::generic_category().message(code));
}

bool write_record(const Descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::string record_text(const SnapshotRecord& record) {
  std::string out(first_line);
  out += "\nrun";
  add_field(out, record.run_id);
  out += "\nfolder";
  add_field(out, record.folder);
  out += '\n';
  if (record.flag) out += "flag\n";
  if (!record.is_whole) out += "cut\n";
  for (const std::string& note : record.notes) {
    out += "note";
    add_field(out, note);
    out += '\n';
  }
  for (const auto& [path, state] : record.files) {
    out += "at";
    add_number(out, static_cast<unsigned>(state.kind));
    add_number(out, state.mode);
    add_number(out, state.user);
    add_number(out, state.group);
    add_number(out, state.size);
    add_number(out, state.inode);
    add_number(out, state.changed_at);
    add_number(out, state.modified_at);
    add_field(out, state.content);
    add_field(out, state.not_kept);
    add_field(out, path);
    out += '\n';
  }
  out += last_line;
  out += '\n';
  return out;
}

Result<SnapshotRecord> read_record(const std::string& text) {
  SnapshotRecord out;
  std::string_view rest = text;
  bool ended = false;
  for (bool first = true; !rest.empty() && !ended; first = false) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return broken();
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (first && line != first_line) return broken();
    ended = line == last_line;
    if (!first && !ended && !take_line(line, out)) return broken();
  }
  if (!ended) return broken();
  return out;
}

Result<void> save_file(const std::string& path, const std::string& bytes) {
  const std::string temporary = path + ".tmp";
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.open() || !write_record(file, bytes) || ::fdatasync(file.number()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    return not_stored(path, errno);
  }
  const std::string above = path.substr(0, path.rfind('/'));
  const Descriptor folder(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open() || ::fsync(folder.number()) != 0) return not_stored(above, errno);
  return {};
}

Result<std::string> load_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.open() && errno == ENOENT) return fail(ErrorKind::not_found, path + " is not there");
  if (!file.open()) return not_stored(path, errno);
  std::string out;
  constexpr std::size_t piece_bytes = 64 * 1024;
  for (;;) {
    const std::size_t size = out.size();
    out.resize(size + piece_bytes);
    const ssize_t got = ::read(file.number(), out.data() + size, piece_bytes);
    if (got < 0 && errno != EINTR) return not_stored(path, errno);
    out.resize(size + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0) return out;
  }
}

}  // namespace colonnade::tools
