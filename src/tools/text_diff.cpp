#include "tools/text_diff.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "tools/limits.hpp"
#include "tools/text.hpp"

namespace colonnade::tools {
namespace {

using Lines = std::vector<std::string_view>;

// Each with its line break, if it has one.
Lines lines_of(std::string_view text) {
  Lines out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

// Which lines stay: pairs of numbers, rising.
struct Match {
  std::size_t before = 0;
  std::size_t after = 0;
};

// Myers' shortest edit script of lines [from, to) of both; nothing when it has too many edits.
class EditScript {
 public:
  EditScript(const Lines& before, const Lines& after, std::size_t head, std::size_t tail)
      : before_(before),
        after_(after),
        head_(head),
        rows_(static_cast<long>(before.size() - head - tail)),
        columns_(static_cast<long>(after.size() - head - tail)) {}

  std::vector<Match> matches() {
    const long edits_max =
        std::min<long>(rows_ + columns_, static_cast<long>(limits::diff_edits_max));
    std::vector<long> reach(static_cast<std::size_t>(2 * edits_max + 3), 0);
    const auto at = [&](long diagonal) -> long& {
      return reach[static_cast<std::size_t>(diagonal + edits_max + 1)];
    };
    for (long edits = 0; edits <= edits_max; ++edits) {
      for (long diagonal = -edits; diagonal <= edits; diagonal += 2) {
        const bool down =
            diagonal == -edits || (diagonal != edits && at(diagonal - 1) < at(diagonal + 1));
        long row = down ? at(diagonal + 1) : at(diagonal - 1) + 1;
        row = slide(row, row - diagonal);
        at(diagonal) = row;
        if (row >= rows_ && row - diagonal >= columns_) {
          keep(reach, edits);
          return way_back(edits, edits_max);
        }
      }
      keep(reach, edits);
    }
    return {};
  }

 private:
  long slide(long row, long column) const {
    while (row < rows_ && column < columns_ && column >= 0 &&
           before_[head_ + static_cast<std::size_t>(row)] ==
               after_[head_ + static_cast<std::size_t>(column)]) {
      ++row;
      ++column;
    }
    return row;
  }

  // Of this number of edits, the diagonals that were looked at.
  void keep(const std::vector<long>& reach, long edits) {
    const auto middle = static_cast<long>(reach.size() / 2);
    steps_.emplace_back(reach.begin() + middle - edits, reach.begin() + middle + edits + 1);
  }

  std::vector<Match> way_back(long edits, long /*edits_max*/) const {
    std::vector<Match> out;
    long row = rows_;
    long column = columns_;
    for (; edits > 0; --edits) {
      const std::vector<long>& reach = steps_[static_cast<std::size_t>(edits - 1)];
      const auto at = [&](long diagonal) {
        const long place = diagonal + edits - 1;
        const bool known = place >= 0 && place < static_cast<long>(reach.size());
        return known ? reach[static_cast<std::size_t>(place)] : -1;
      };
      const long diagonal = row - column;
      const bool down =
          diagonal == -edits || (diagonal != edits && at(diagonal - 1) < at(diagonal + 1));
      const long from = down ? diagonal + 1 : diagonal - 1;
      const long start_row = at(from);
      const long start_column = start_row - from;
      const long first = down ? start_row : start_row + 1;
      while (row > first) add(out, --row, --column);
      row = start_row;
      column = start_column;
    }
    while (row > 0 && column > 0) add(out, --row, --column);
    std::ranges::reverse(out);
    return out;
  }

  void add(std::vector<Match>& out, long row, long column) const {
    out.push_back(
        {head_ + static_cast<std::size_t>(row), head_ + static_cast<std::size_t>(column)});
  }

  const Lines& before_;
  const Lines& after_;
  std::size_t head_;
  long rows_;
  long columns_;
  std::vector<std::vector<long>> steps_{};  // by the number of edits
};

std::vector<Match> matches_of(const Lines& before, const Lines& after) {
  const std::size_t most = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < most && before[head] == after[head]) ++head;
  std::size_t tail = 0;
  while (tail < most - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
    ++tail;
  }
  std::vector<Match> out;
  for (std::size_t i = 0; i < head; ++i) out.push_back({i, i});
  const auto middle = EditScript(before, after, head, tail).matches();
  out.insert(out.end(), middle.begin(), middle.end());
  for (std::size_t i = tail; i > 0; --i) out.push_back({before.size() - i, after.size() - i});
  return out;
}

// Lines [before, before_end) are replaced by [after, after_end).
struct Change {
  std::size_t before = 0;
  std::size_t before_end = 0;
  std::size_t after = 0;
  std::size_t after_end = 0;
};

std::vector<Change> changes_of(const Lines& before, const Lines& after) {
  std::vector<Change> out;
  Match next;  // behind the last line that stays
  const auto add_until = [&](std::size_t row, std::size_t column) {
    if (row > next.before || column > next.after) {
      out.push_back({next.before, row, next.after, column});
    }
  };
  for (const Match& match : matches_of(before, after)) {
    add_until(match.before, match.after);
    next = {match.before + 1, match.after + 1};
  }
  add_until(before.size(), after.size());
  return out;
}

void write_line(std::string& out, char mark, std::string_view line) {
  out += mark;
  out += line;
  if (!line.ends_with('\n')) out += "\n\\ No newline at end of file\n";
}

// "3,4"; a range without lines is named by the line before it.
std::string range_text(std::size_t begin, std::size_t end) {
  const std::size_t count = end - begin;
  std::string out = std::to_string(count == 0 ? begin : begin + 1);
  if (count != 1) out += "," + std::to_string(count);
  return out;
}

constexpr std::size_t around = 3;

// Writes changes [first, last), which share the lines around them.
void write_hunk(std::string& out, const Lines& before, const Lines& after,
                const std::vector<Change>& changes, std::size_t first, std::size_t last) {
  const std::size_t lead = std::min(around, changes[first].before);
  const Change& end = changes[last - 1];
  const std::size_t trail = std::min(around, before.size() - end.before_end);
  out += "@@ -" + range_text(changes[first].before - lead, end.before_end + trail) + " +" +
         range_text(changes[first].after - lead, end.after_end + trail) + " @@\n";
  std::size_t row = changes[first].before - lead;
  for (std::size_t i = first; i < last; ++i) {
    for (; row < changes[i].before; ++row) write_line(out, ' ', before[row]);
    for (; row < changes[i].before_end; ++row) write_line(out, '-', before[row]);
    for (std::size_t j = changes[i].after; j < changes[i].after_end; ++j) {
      write_line(out, '+', after[j]);
    }
  }
  for (; row < end.before_end + trail; ++row) write_line(out, ' ', before[row]);
}

}  // namespace

std::string unified_diff(std::string_view path, std::optional<std::string_view> before,
                         std::optional<std::string_view> after) {
  if (before == after) return {};
  const std::string_view old_text = before.value_or("");
  const std::string_view new_text = after.value_or("");
  const std::string from = before ? "a/" + std::string(path) : "/dev/null";
  const std::string to = after ? "b/" + std::string(path) : "/dev/null";
  if (is_binary(old_text) || is_binary(new_text)) {
    return "Binary files " + from + " and " + to + " differ\n";
  }
  if (std::max(old_text.size(), new_text.size()) > limits::diff_text_bytes_max) {
    return "Files " + from + " and " + to + " differ; they are too large to be shown\n";
  }
  std::string out = "--- " + from + "\n+++ " + to + "\n";
  const Lines old_lines = lines_of(old_text);
  const Lines new_lines = lines_of(new_text);
  const auto changes = changes_of(old_lines, new_lines);
  for (std::size_t first = 0; first < changes.size();) {
    std::size_t last = first + 1;
    while (last < changes.size() &&
           changes[last].before - changes[last - 1].before_end <= 2 * around) {
      ++last;
    }
    write_hunk(out, old_lines, new_lines, changes, first, last);
    first = last;
  }
  return out;
}

}  // namespace colonnade::tools
