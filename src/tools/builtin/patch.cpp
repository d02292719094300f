// long: both forms of patches, from their text to the text of the files
#include "tools/builtin/patch.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "base/utf8.hpp"
#include "tools/builtin/limits.hpp"

namespace colonnade::tools {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::string_view begin_mark = "*** Begin Patch";
constexpr std::string_view end_mark = "*** End Patch";
constexpr std::string_view add_mark = "*** Add File: ";
constexpr std::string_view update_mark = "*** Update File: ";
constexpr std::string_view delete_mark = "*** Delete File: ";
constexpr std::string_view move_mark = "*** Move to: ";
constexpr std::string_view git_mark = "diff --git ";
constexpr std::string_view end_of_file_mark = "*** End of File";
constexpr std::string_view no_file = "/dev/null";
constexpr std::size_t shown_bytes_max = 120;

std::string_view without_blanks_behind(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r");
  return last == std::string_view::npos ? std::string_view() : text.substr(0, last + 1);
}

std::string_view without_blanks(std::string_view text) {
  text = without_blanks_behind(text);
  const std::size_t first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view() : text.substr(first);
}

std::string in_quotes(std::string_view text) {
  const std::string_view cut = base::cut_utf8(text, shown_bytes_max);
  return "'" + std::string(cut) + (cut.size() < text.size() ? "…'" : "'");
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : lines_(lines_of(text)) {}

  Result<std::vector<PatchedFile>> read() {
    skip_blank();
    if (at_end()) return wrong("the patch is empty");
    const bool in_sections = without_blanks(line()) == begin_mark;
    auto done = in_sections ? read_sections() : read_unified();
    if (!done) return fail(std::move(done.error()));
    if (files_.empty()) return wrong("the patch changes no file");
    if (files_.size() > limits::patch_files_max) {
      return fail(ErrorKind::too_large,
                  "the patch changes " + std::to_string(files_.size()) + " files; the limit is " +
                      std::to_string(limits::patch_files_max),
                  "patchText");
    }
    return std::move(files_);
  }

 private:
  bool at_end() const { return at_ == lines_.size(); }
  std::string_view line() const { return lines_[at_]; }
  // Without the carriage return that may end it.
  std::string_view head() const { return without_blanks_behind(line()); }
  void skip_blank() {
    while (!at_end() && without_blanks(line()).empty()) ++at_;
  }
  std::unexpected<base::Error> wrong(const std::string& why) const {
    return fail(ErrorKind::invalid, "line " + std::to_string(at_ + 1) + " of the patch: " + why,
                "patchText");
  }

  // --- between Begin Patch and End Patch ---

  Result<void> read_sections() {
    ++at_;
    for (;;) {
      skip_blank();
      if (at_end()) return wrong("'" + std::string(end_mark) + "' is missing");
      if (head() == end_mark) {
        ++at_;
        skip_blank();
        if (!at_end()) return wrong("there is more behind '" + std::string(end_mark) + "'");
        return {};
      }
      auto section = read_section();
      if (!section) return section;
    }
  }

  Result<void> read_section() {
    using enum PatchedFile::Change;
    PatchedFile file;
    if (head().starts_with(add_mark)) {
      file = {.change = add, .path = std::string(head().substr(add_mark.size()))};
    } else if (head().starts_with(update_mark)) {
      file = {.change = update, .path = std::string(head().substr(update_mark.size()))};
    } else if (head().starts_with(delete_mark)) {
      file = {.change = remove, .path = std::string(head().substr(delete_mark.size()))};
    } else {
      return wrong(
          "expected '*** Add File: PATH', '*** Update File: PATH', '*** Delete File: "
          "PATH' or '" +
          std::string(end_mark) + "', not " + in_quotes(line()));
    }
    if (file.path.empty()) return wrong("the path is missing");
    ++at_;
    if (file.change == update && !at_end() && head().starts_with(move_mark)) {
      file.new_path = head().substr(move_mark.size());
      if (file.new_path.empty()) return wrong("the path is missing");
      ++at_;
    }
    auto body = file.change == add      ? read_added(file)
                : file.change == update ? read_hunks(file)
                                        : Result<void>();
    if (!body) return body;
    files_.push_back(std::move(file));
    return {};
  }

  Result<void> read_added(PatchedFile& file) {
    PatchHunk hunk;
    for (; !at_end() && !line().starts_with("***"); ++at_) {
      if (!line().starts_with('+')) {
        return wrong("a line of a new file begins with '+', not " + in_quotes(line()));
      }
      hunk.lines.push_back({PatchLine::Kind::added, std::string(line().substr(1))});
    }
    file.hunks.push_back(std::move(hunk));
    return {};
  }

  Result<void> read_hunks(PatchedFile& file) {
    while (!at_end() && (!line().starts_with("***") || head() == end_of_file_mark)) {
      PatchHunk hunk;
      for (; !at_end() && line().starts_with("@@"); ++at_) {
        hunk.title = head();
        std::string_view anchor = without_blanks(head().substr(2));
        // Some close it as unified diffs do.
        if (anchor.ends_with("@@")) anchor.remove_suffix(2);
        anchor = without_blanks(anchor);
        if (!anchor.empty()) hunk.anchors.emplace_back(anchor);
      }
      for (; !at_end() && !line().starts_with("@@") && !line().starts_with("***"); ++at_) {
        if (auto read = read_line(hunk, line()); !read) return read;
      }
      if (!at_end() && head() == end_of_file_mark) {
        hunk.at_end = true;
        ++at_;
      }
      if (hunk.lines.empty()) return wrong("a hunk without lines");
      file.hunks.push_back(std::move(hunk));
    }
    if (file.hunks.empty() && file.new_path.empty()) {
      return wrong("'" + file.path + "' is updated without a hunk");
    }
    return {};
  }

  Result<void> read_line(PatchHunk& hunk, std::string_view text) const {
    using enum PatchLine::Kind;
    // An empty line that is kept often lost its blank on the way.
    if (text.empty() || text == "\r") {
      hunk.lines.push_back({context, std::string(text)});
      return {};
    }
    const char mark = text.front();
    const auto kind = mark == '+' ? added : mark == '-' ? removed : context;
    if (kind == context && mark != ' ') {
      return wrong("a line of a hunk begins with ' ', '-' or '+', not " + in_quotes(text));
    }
    hunk.lines.push_back({kind, std::string(text.substr(1))});
    return {};
  }

  // --- unified ---

  Result<void> read_unified() {
    while (!at_end()) {
      if (line().starts_with("--- ")) {
        auto file = read_unified_file();
        if (!file) return file;
      } else if (head().starts_with(git_mark)) {
        begin_git_file();
      } else if (!files_seen() && !line().starts_with("@@")) {
        ++at_;  // a mail's head, or whatever stands before the first file
      } else if (auto known = read_git_line(); !known) {
        return known;
      }
    }
    end_git_file();
    if (files_.empty()) {
      at_ = 0;
      return wrong("neither '" + std::string(begin_mark) +
                   "' nor the '--- ' and '+++ ' of a unified diff");
    }
    return {};
  }

  bool files_seen() const { return in_git_file_ || !files_.empty(); }

  // What git says of a file without showing lines of it.
  struct GitFile {
    std::string from{};
    std::string to{};
    bool removed = false;
    bool added = false;
    bool shown = false;  // its lines followed
    std::string header{};
  };

  void begin_git_file() {
    end_git_file();
    in_git_file_ = true;
    git_ = {.header = std::string(head())};
    ++at_;
  }

  Result<void> read_git_line() {
    const std::string_view text = head();
    if (text.starts_with("rename from ")) {
      git_.from = text.substr(std::string_view("rename from ").size());
    } else if (text.starts_with("rename to ")) {
      git_.to = text.substr(std::string_view("rename to ").size());
    } else if (text.starts_with("deleted file mode")) {
      git_.removed = true;
    } else if (text.starts_with("new file mode")) {
      git_.added = true;
    } else if (text.starts_with("Binary files") || text.starts_with("GIT binary patch")) {
      return wrong("binary files cannot be patched");
    } else if (text.starts_with("copy from ")) {
      return wrong("copies cannot be patched; add the file instead");
    } else if (line().starts_with("@@")) {
      return wrong("a hunk without the '--- ' and '+++ ' of its file");
    }
    ++at_;
    return {};
  }

  // A rename, a removal or an empty new file, of which there were no lines to show.
  void end_git_file() {
    using enum PatchedFile::Change;
    if (!std::exchange(in_git_file_, false) || git_.shown) return;
    if (!git_.from.empty() && !git_.to.empty()) {
      files_.push_back({.change = update, .path = git_.from, .new_path = git_.to});
      return;
    }
    // "diff --git a/PATH b/PATH": both are the same.
    const std::string_view paths = std::string_view(git_.header).substr(git_mark.size());
    const std::size_t half = paths.size() / 2;
    const bool are_same = paths.size() > 5 && paths.size() % 2 == 1 &&
                          paths.substr(2, half - 2) == paths.substr(half + 3);
    if (!are_same) return;
    const std::string path(paths.substr(half + 3));
    if (git_.removed) files_.push_back({.change = remove, .path = path});
    if (git_.added) files_.push_back({.change = add, .path = path, .hunks = {{}}});
  }

  // "--- a/src/x.cpp\t2024-01-01 …"
  static std::string path_in(std::string_view text) {
    text.remove_prefix(4);
    text = text.substr(0, text.find('\t'));
    text = without_blanks(text);
    if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
      text = text.substr(1, text.size() - 2);
    }
    return std::string(text);
  }

  Result<void> read_unified_file() {
    using enum PatchedFile::Change;
    std::string from = path_in(line());
    ++at_;
    if (at_end() || !line().starts_with("+++ ")) return wrong("'+++ ' must follow '--- '");
    std::string to = path_in(line());
    if (from == no_file && to == no_file) return wrong("neither side is a file");
    const bool of_git =
        (from == no_file || from.starts_with("a/")) && (to == no_file || to.starts_with("b/"));
    if (of_git && from != no_file) from.erase(0, 2);
    if (of_git && to != no_file) to.erase(0, 2);
    if (from.empty() || to.empty()) return wrong("the path is missing");
    ++at_;
    PatchedFile file{.path = from == no_file ? to : from};
    file.change = from == no_file ? add : to == no_file ? remove : update;
    if (file.change == update && to != from) file.new_path = to;
    while (!at_end() && line().starts_with("@@")) {
      auto hunk = read_unified_hunk();
      if (!hunk) return fail(std::move(hunk.error()));
      file.hunks.push_back(std::move(*hunk));
    }
    if (file.hunks.empty()) return wrong("'" + file.path + "' has no hunk");
    git_.shown = true;
    files_.push_back(std::move(file));
    return {};
  }

  // "@@ -1,3 +1,4 @@ int main()"
  struct Ranges {
    std::size_t old_line = 0;
    std::size_t old_count = 1;
    std::size_t new_count = 1;
  };
  static bool take_range(std::string_view& text, char mark, std::size_t& line, std::size_t& count) {
    if (!text.starts_with(mark)) return false;
    text.remove_prefix(1);
    const char* start = text.data();
    const char* end = start + text.size();
    auto read = std::from_chars(start, end, line);
    if (read.ec != std::errc()) return false;
    if (read.ptr != end && *read.ptr == ',') {
      read = std::from_chars(read.ptr + 1, end, count);
      if (read.ec != std::errc()) return false;
    }
    text.remove_prefix(static_cast<std::size_t>(read.ptr - start));
    return true;
  }
  static std::optional<Ranges> ranges_of(std::string_view text) {
    Ranges out;
    std::size_t new_line = 0;
    if (!text.starts_with("@@ ")) return std::nullopt;
    text.remove_prefix(3);
    if (!take_range(text, '-', out.old_line, out.old_count)) return std::nullopt;
    if (!text.starts_with(' ')) return std::nullopt;
    text.remove_prefix(1);
    if (!take_range(text, '+', new_line, out.new_count) || !text.starts_with(" @@")) {
      return std::nullopt;
    }
    return out;
  }

  Result<PatchHunk> read_unified_hunk() {
    using enum PatchLine::Kind;
    const auto ranges = ranges_of(line());
    if (!ranges) return wrong("expected '@@ -LINE,COUNT +LINE,COUNT @@', not " + in_quotes(line()));
    PatchHunk hunk{.title = std::string(head()), .old_line = ranges->old_line};
    ++at_;
    std::size_t old_left = ranges->old_count;
    std::size_t new_left = ranges->new_count;
    while (old_left > 0 || new_left > 0) {
      if (at_end()) return wrong("the hunk " + in_quotes(hunk.title) + " ends too early");
      if (line().starts_with('\\')) {
        note_no_newline(hunk);
        ++at_;
        continue;
      }
      if (auto read = read_line(hunk, line()); !read) return fail(std::move(read.error()));
      const auto kind = hunk.lines.back().kind;
      const bool too_many = (kind != added && old_left == 0) || (kind != removed && new_left == 0);
      if (too_many) {
        return wrong("the hunk " + in_quotes(hunk.title) + " has more lines than its head says");
      }
      if (kind != added) --old_left;
      if (kind != removed) --new_left;
      ++at_;
    }
    if (!at_end() && line().starts_with('\\')) {
      note_no_newline(hunk);
      ++at_;
    }
    return hunk;
  }

  static void note_no_newline(PatchHunk& hunk) {
    using enum PatchLine::Kind;
    if (hunk.lines.empty()) return;
    const auto kind = hunk.lines.back().kind;
    if (kind != added) hunk.old_ends_without_newline = true;
    if (kind != removed) hunk.new_ends_without_newline = true;
  }

  std::vector<std::string_view> lines_;
  std::size_t at_ = 0;
  std::vector<PatchedFile> files_;
  bool in_git_file_ = false;
  GitFile git_{};
};

// --- applying -----------------------------------------------------------------------------------

// How exactly lines have to be the same.
enum class Exactness { exact, blanks_behind, blanks_around };

bool same_line(std::string_view one, std::string_view other, Exactness exactness) {
  switch (exactness) {
    case Exactness::exact: return one == other;
    case Exactness::blanks_behind:
      return without_blanks_behind(one) == without_blanks_behind(other);
    case Exactness::blanks_around: break;
  }
  return without_blanks(one) == without_blanks(other);
}

class Applier {
 public:
  Applier(const PatchedFile& file, std::string_view text)
      : file_(file),
        lines_(lines_of(text)),
        ends_in_newline_(text.empty() || text.ends_with('\n')) {
    crlf_ = !lines_.empty() && lines_.front().ends_with('\r');
  }

  Result<std::string> apply() {
    for (std::size_t i = 0; i < file_.hunks.size(); ++i) {
      if (auto done = apply(file_.hunks[i], i + 1); !done) return fail(std::move(done.error()));
    }
    take_until(lines_.size());
    return std::move(out_);
  }

 private:
  static std::vector<std::string_view> old_lines(const PatchHunk& hunk) {
    std::vector<std::string_view> out;
    for (const PatchLine& line : hunk.lines) {
      if (line.kind != PatchLine::Kind::added) out.emplace_back(line.text);
    }
    return out;
  }

  bool matches_at(std::size_t at, std::span<const std::string_view> wanted,
                  Exactness exactness) const {
    if (at + wanted.size() > lines_.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!same_line(lines_[at + i], wanted[i], exactness)) return false;
    }
    return true;
  }

  // The place nearest to `near` that is not before what is done already.
  std::optional<std::size_t> nearest(std::span<const std::string_view> wanted, std::size_t near,
                                     Exactness exactness) const {
    std::optional<std::size_t> best;
    const auto distance = [near](std::size_t at) { return at > near ? at - near : near - at; };
    for (std::size_t at = done_; at + wanted.size() <= lines_.size(); ++at) {
      if (best && at > near && distance(at) >= distance(*best)) break;
      if (!matches_at(at, wanted, exactness)) continue;
      if (!best || distance(at) < distance(*best)) best = at;
    }
    return best;
  }

  std::optional<std::size_t> find(const PatchHunk& hunk, std::span<const std::string_view> wanted,
                                  std::size_t from) const {
    for (const auto exactness :
         {Exactness::exact, Exactness::blanks_behind, Exactness::blanks_around}) {
      const bool may_end = lines_.size() >= wanted.size();
      if (hunk.at_end && may_end) {
        const std::size_t last = lines_.size() - wanted.size();
        if (last >= from && matches_at(last, wanted, exactness)) return last;
      }
      if (auto found = nearest(wanted, from, exactness)) return found;
      // Indentation is not to be guessed at where lines are numbered.
      if (hunk.old_line && exactness == Exactness::blanks_behind) break;
    }
    return std::nullopt;
  }

  Result<std::size_t> anchored(const PatchHunk& hunk, std::size_t number) const {
    std::size_t from = done_;
    for (const std::string& anchor : hunk.anchors) {
      const auto found = behind(anchor, from);
      if (!found) return does_not_fit(number, "the line " + in_quotes(anchor) + " is not there");
      from = *found;
    }
    return from;
  }

  std::optional<std::size_t> behind(std::string_view anchor, std::size_t from) const {
    for (const auto exactness : {Exactness::exact, Exactness::blanks_around}) {
      for (std::size_t at = from; at < lines_.size(); ++at) {
        if (same_line(lines_[at], anchor, exactness)) return at + 1;
      }
    }
    return std::nullopt;
  }

  // Where its old lines begin.
  Result<std::size_t> place_of(const PatchHunk& hunk, std::size_t number) const {
    const auto wanted = old_lines(hunk);
    if (hunk.old_line) {
      // What only adds says behind which line.
      const std::size_t given = *hunk.old_line;
      const std::size_t near = wanted.empty() ? given : given - std::min<std::size_t>(given, 1);
      if (wanted.empty()) {
        if (near < done_ || near > lines_.size()) {
          return does_not_fit(number, "there is no line " + std::to_string(given));
        }
        return near;
      }
      if (const auto found = find(hunk, wanted, near)) return *found;
      return does_not_fit(number, missing(wanted, near));
    }
    auto from = anchored(hunk, number);
    if (!from) return from;
    if (wanted.empty()) return hunk.anchors.empty() ? lines_.size() : *from;
    if (const auto found = find(hunk, wanted, *from); found && *found >= *from) return *found;
    return does_not_fit(number, missing(wanted, *from));
  }

  // The first line that the file does not have there.
  std::string missing(std::span<const std::string_view> wanted, std::size_t from) const {
    for (const std::string_view line : wanted) {
      const bool is_there = std::any_of(
          lines_.begin() + static_cast<std::ptrdiff_t>(std::min(from, lines_.size())), lines_.end(),
          [line](std::string_view one) { return same_line(one, line, Exactness::blanks_around); });
      if (!is_there) return "the line " + in_quotes(line) + " is not there";
    }
    return "its " + std::to_string(wanted.size()) + " lines, from " + in_quotes(wanted.front()) +
           ", do not follow each other there";
  }

  std::unexpected<base::Error> does_not_fit(std::size_t number, const std::string& why) const {
    const std::string& title = file_.hunks[number - 1].title;
    return fail(ErrorKind::conflict,
                "hunk " + std::to_string(number) + " of " + std::to_string(file_.hunks.size()) +
                    " for '" + file_.path + "'" + (title.empty() ? "" : " (" + title + ")") +
                    " does not fit: " + why + "; read the file again",
                "patchText");
  }

  void take_until(std::size_t end) {
    for (; done_ < end; ++done_) {
      const bool is_last = done_ + 1 == lines_.size();
      out_.append(lines_[done_]);
      if (!is_last || ends_in_newline_) out_ += '\n';
    }
  }

  Result<void> apply(const PatchHunk& hunk, std::size_t number) {
    const auto place = place_of(hunk, number);
    if (!place) return fail(place.error());
    take_until(*place);
    for (const PatchLine& line : hunk.lines) {
      if (line.kind == PatchLine::Kind::removed) {
        ++done_;
      } else if (line.kind == PatchLine::Kind::context) {
        take_until(done_ + 1);
      } else {
        if (!out_.empty() && !out_.ends_with('\n')) out_ += '\n';
        out_.append(line.text);
        if (crlf_ && !line.text.ends_with('\r')) out_ += '\r';
        out_ += '\n';
      }
    }
    if (done_ == lines_.size()) end_file(hunk);
    return {};
  }

  // The hunk reached the end of the file.
  void end_file(const PatchHunk& hunk) {
    const bool adds_last = !hunk.lines.empty() && hunk.lines.back().kind == PatchLine::Kind::added;
    const bool keeps_end = !hunk.old_line && !ends_in_newline_;
    const bool ends_open = hunk.new_ends_without_newline || (adds_last && keeps_end);
    if (ends_open && out_.ends_with('\n')) out_.pop_back();
    if (!ends_open && hunk.old_ends_without_newline && !out_.empty() && !out_.ends_with('\n')) {
      out_ += '\n';
    }
  }

  const PatchedFile& file_;
  std::vector<std::string_view> lines_;
  bool ends_in_newline_;
  bool crlf_ = false;
  std::size_t done_ = 0;  // lines of the old text that are taken or gone
  std::string out_;
};

}  // namespace

Result<std::vector<PatchedFile>> parse_patch(std::string_view text) { return Reader(text).read(); }

std::vector<std::string> patch_paths(const std::vector<PatchedFile>& files) {
  std::vector<std::string> out;
  const auto add = [&out](const std::string& path) {
    if (!path.empty() && std::ranges::find(out, path) == out.end()) out.push_back(path);
  };
  for (const PatchedFile& file : files) {
    add(file.path);
    add(file.new_path);
  }
  return out;
}

Result<std::string> patched_text(const PatchedFile& file, std::string_view text) {
  return Applier(file, text).apply();
}

}  // namespace colonnade::tools
