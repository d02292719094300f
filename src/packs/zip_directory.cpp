#include "packs/zip_directory.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "core/packs/limits.hpp"
#include "packs/entry_name.hpp"

namespace colonnade::packs {

using base::fail;
using base::Result;

namespace {

// APPNOTE.TXT 6.3.10: the marks, and how long what they begin is without its variable parts.
constexpr std::string_view end_mark = "PK\5\6";
constexpr std::string_view end64_mark = "PK\6\6";
constexpr std::string_view locator_mark = "PK\6\7";
constexpr std::string_view entry_mark = "PK\1\2";
constexpr std::string_view file_mark = "PK\3\4";
constexpr std::size_t end_bytes = 22;
constexpr std::size_t end64_bytes = 56;
constexpr std::size_t locator_bytes = 20;
constexpr std::size_t entry_bytes = 46;
constexpr std::size_t file_bytes = 30;
constexpr std::size_t comment_bytes_max = 65'535;
constexpr std::uint16_t in_zip64_16 = 0xFFFF;  // the true value is in the 64-bit record
constexpr std::uint32_t in_zip64_32 = 0xFFFF'FFFF;

constexpr std::uint16_t flag_encrypted = 0x0001;
constexpr std::uint16_t flag_strongly_encrypted = 0x0040;
constexpr std::uint16_t flag_utf8 = 0x0800;
constexpr std::uint16_t flag_hidden_head = 0x2000;
constexpr std::uint16_t method_stored = 0;
constexpr std::uint16_t method_deflated = 8;
// The file's type in the mode that Unix writes into the upper half of the attributes.
constexpr std::uint32_t mode_type = 0170000;
constexpr std::uint32_t mode_file = 0100000;
constexpr std::uint32_t mode_folder = 0040000;
constexpr std::uint32_t mode_link = 0120000;

// Little-endian; 0 beyond the end, which no caller reads.
std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t out = 0;
  for (std::size_t i = count; i > 0; --i) {
    const std::size_t place = at + i - 1;
    if (place >= bytes.size()) return 0;
    out = (out << 8U) | static_cast<unsigned char>(bytes[place]);
  }
  return out;
}
std::uint16_t short_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(number_at(bytes, at, 2));
}
std::uint32_t word_at(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint32_t>(number_at(bytes, at, 4));
}

struct DirectoryPlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t entries = 0;
};

// Where the one end of the archive is, within its last bytes. Programs differ in which of several
// they take: then one may be shown and another unpacked.
Result<std::size_t> find_end(std::string_view tail) {
  std::optional<std::size_t> found;
  for (std::size_t at = tail.find(end_mark); at != std::string_view::npos;
       at = tail.find(end_mark, at + 1)) {
    if (at + end_bytes > tail.size()) break;
    const bool fits = at + end_bytes + short_at(tail, at + 20) == tail.size();
    if (fits && found) return refused_archive("has two ends");
    if (fits) found = at;
    const bool is_64 =
        at >= locator_bytes && tail.substr(at - locator_bytes).starts_with(locator_mark);
    if (!fits && is_64) return refused_archive("has two ends");
  }
  if (!found) return refused_archive("is no zip, or is cut off: its end is not there");
  return *found;
}

// The record that has what does not fit into the old one.
Result<DirectoryPlace> read_end64(const ByteSource& source, std::uint64_t locator_at) {
  auto locator = source.read(locator_at, locator_bytes);
  if (!locator) return fail(std::move(locator.error()));
  const std::uint64_t at = number_at(*locator, 8, 8);
  if (word_at(*locator, 4) != 0 || word_at(*locator, 16) != 1) {
    return refused_archive("has several parts");
  }
  if (at > locator_at || locator_at - at < end64_bytes) {
    return refused_archive("has a 64-bit end that is not there");
  }
  auto end = source.read(at, end64_bytes);
  if (!end) return fail(std::move(end.error()));
  constexpr std::uint64_t before_size = 12;  // the mark and the size itself
  const bool fits =
      end->starts_with(end64_mark) && number_at(*end, 4, 8) == locator_at - at - before_size;
  if (!fits) return refused_archive("has a 64-bit end that is broken");
  const std::uint64_t entries = number_at(*end, 32, 8);
  if (word_at(*end, 16) != 0 || word_at(*end, 20) != 0 || number_at(*end, 24, 8) != entries) {
    return refused_archive("has several parts");
  }
  const DirectoryPlace out{
      .offset = number_at(*end, 48, 8), .bytes = number_at(*end, 40, 8), .entries = entries};
  if (out.bytes > at || out.offset != at - out.bytes) {
    return refused_archive("has bytes that belong to nothing");
  }
  return out;
}

Result<DirectoryPlace> find_directory(const ByteSource& source) {
  const std::uint64_t size = source.size();
  const std::uint64_t tail_bytes =
      std::min<std::uint64_t>(size, end_bytes + comment_bytes_max + locator_bytes);
  auto tail = source.read(size - tail_bytes, static_cast<std::size_t>(tail_bytes));
  if (!tail) return fail(std::move(tail.error()));
  const auto end = find_end(*tail);
  if (!end) return fail(end.error());
  const std::uint64_t end_at = size - tail_bytes + *end;
  const bool is_64 =
      *end >= locator_bytes && tail->compare(*end - locator_bytes, 4, locator_mark) == 0;
  const std::string_view record = std::string_view(*tail).substr(*end, end_bytes);
  const bool refers = short_at(record, 8) == in_zip64_16 || short_at(record, 10) == in_zip64_16 ||
                      word_at(record, 12) == in_zip64_32 || word_at(record, 16) == in_zip64_32;
  if (is_64) return read_end64(source, end_at - locator_bytes);
  if (refers) return refused_archive("has a 64-bit end that is not there");
  if (short_at(record, 4) != 0 || short_at(record, 6) != 0 ||
      short_at(record, 8) != short_at(record, 10)) {
    return refused_archive("has several parts");
  }
  const DirectoryPlace out{
      .offset = word_at(record, 16), .bytes = word_at(record, 12), .entries = short_at(record, 10)};
  if (out.bytes > end_at || out.offset != end_at - out.bytes) {
    return refused_archive("has bytes that belong to nothing");
  }
  return out;
}

// The 64-bit values of one entry, of those whose place in the entry says that they are elsewhere.
Result<void> read_extra64(std::string_view extra, ZipEntry& entry) {
  const bool needs_bytes = entry.bytes == in_zip64_32;
  const bool needs_packed = entry.packed_bytes == in_zip64_32;
  const bool needs_offset = entry.offset == in_zip64_32;
  bool has_values = false;
  constexpr std::uint16_t zip64_id = 0x0001;
  constexpr std::size_t head_bytes = 4;
  while (extra.size() >= head_bytes) {
    const std::size_t bytes = short_at(extra, 2);
    if (bytes > extra.size() - head_bytes) {
      return refused_entry(entry.name, "has extra data that is cut off");
    }
    std::string_view values = extra.substr(head_bytes, bytes);
    if (short_at(extra, 0) == zip64_id) {
      if (std::exchange(has_values, true)) {
        return refused_entry(entry.name, "says its size twice");
      }
      const auto take = [&values](std::uint64_t& into) {
        if (values.size() < 8) return false;
        into = number_at(values, 0, 8);
        values.remove_prefix(8);
        return true;
      };
      if ((needs_bytes && !take(entry.bytes)) || (needs_packed && !take(entry.packed_bytes)) ||
          (needs_offset && !take(entry.offset))) {
        return refused_entry(entry.name, "lacks its 64-bit size");
      }
    }
    extra.remove_prefix(head_bytes + bytes);
  }
  if ((needs_bytes || needs_packed || needs_offset) && !has_values) {
    return refused_entry(entry.name, "lacks its 64-bit size");
  }
  return {};
}

// Takes one entry off the front.
Result<ZipEntry> take_entry(std::string_view& table) {
  if (table.size() < entry_bytes || !table.starts_with(entry_mark)) {
    return refused_archive("has a broken table of contents");
  }
  const std::size_t name_bytes = short_at(table, 28);
  const std::size_t extra_bytes = short_at(table, 30);
  const std::size_t comment_bytes = short_at(table, 32);
  const std::size_t whole = entry_bytes + name_bytes + extra_bytes + comment_bytes;
  if (whole > table.size()) return refused_archive("has a broken table of contents");
  ZipEntry out{.name = std::string(table.substr(entry_bytes, name_bytes)),
               .flags = short_at(table, 8),
               .method = short_at(table, 10),
               .packed_bytes = word_at(table, 20),
               .bytes = word_at(table, 24),
               .offset = word_at(table, 42),
               .attributes = word_at(table, 38),
               .disk = short_at(table, 34)};
  if (auto read = read_extra64(table.substr(entry_bytes + name_bytes, extra_bytes), out); !read) {
    return fail(std::move(read.error()));
  }
  table.remove_prefix(whole);
  return out;
}

std::optional<std::string> fault_of_kind(const ZipEntry& entry) {
  if ((entry.flags & (flag_encrypted | flag_strongly_encrypted | flag_hidden_head)) != 0) {
    return "is encrypted; pack it without a password";
  }
  if (entry.method != method_stored && entry.method != method_deflated) {
    return "is packed by method " + std::to_string(entry.method) + "; use deflate";
  }
  const std::uint32_t type = (entry.attributes >> 16U) & mode_type;
  if (type == mode_link) return "is a symbolic link; packs have files and folders alone";
  const bool fits = type == 0 || type == (entry.is_folder() ? mode_folder : mode_file);
  if (!fits) return "is neither a file nor a folder";
  if (entry.disk != 0) return "lies in another part of the archive";
  return std::nullopt;
}

bool is_too_dense(std::uint64_t bytes, std::uint64_t packed_bytes) {
  return packed_bytes < (bytes + limits::pack_ratio_max - 1) / limits::pack_ratio_max;
}

std::optional<std::string> fault_of_size(const ZipEntry& entry) {
  if (entry.is_folder()) {
    // Some programs deflate nothing to two bytes.
    constexpr std::uint64_t nothing_deflated = 2;
    const bool is_empty = entry.bytes == 0 && entry.packed_bytes <= nothing_deflated;
    return is_empty ? std::nullopt : std::optional<std::string>("is a folder with bytes in it");
  }
  if (entry.bytes > limits::pack_file_bytes_max) {
    return "has " + std::to_string(entry.bytes) + " bytes, more than " +
           std::to_string(limits::pack_file_bytes_max);
  }
  if (entry.method == method_stored && entry.bytes != entry.packed_bytes) {
    return "is stored, but says two sizes";
  }
  if (is_too_dense(entry.bytes, entry.packed_bytes)) {
    return "would unpack to more than " + std::to_string(limits::pack_ratio_max) +
           " times its size";
  }
  return std::nullopt;
}

// Two files that lie over each other unpack to more than the archive has.
Result<void> check_places(const std::vector<ZipEntry>& entries, std::uint64_t archive_bytes) {
  std::vector<const ZipEntry*> by_offset;
  for (const ZipEntry& one : entries) by_offset.push_back(&one);
  std::ranges::sort(by_offset, {}, [](const ZipEntry* one) { return one->offset; });
  std::uint64_t end = 0;
  for (const ZipEntry* one : by_offset) {
    const std::uint64_t head_bytes = file_bytes + one->name.size();
    if (one->offset < end) return refused_entry(one->name, "shares bytes with another file");
    const bool fits = one->offset <= archive_bytes && one->packed_bytes <= archive_bytes &&
                      archive_bytes - one->offset >= head_bytes &&
                      archive_bytes - one->offset - head_bytes >= one->packed_bytes;
    if (!fits) return refused_entry(one->name, "does not lie within the archive");
    end = one->offset + head_bytes + one->packed_bytes;
  }
  if (!by_offset.empty() && by_offset.front()->offset != 0) {
    return refused_archive("begins with bytes that belong to nothing");
  }
  return {};
}

}  // namespace

Result<std::vector<ZipEntry>> read_zip_directory(const ByteSource& source) {
  if (source.size() < end_bytes) return refused_archive("is no zip: it is too short for one");
  if (source.size() > limits::pack_archive_bytes_max) {
    return refused_archive("has more than " + std::to_string(limits::pack_archive_bytes_max) +
                           " bytes");
  }
  const auto place = find_directory(source);
  if (!place) return fail(place.error());
  if (place->bytes > limits::pack_directory_bytes_max) {
    return refused_archive("has a table of contents of more than " +
                           std::to_string(limits::pack_directory_bytes_max) + " bytes");
  }
  // Folders are entries, too.
  if (place->entries > 2 * limits::pack_files_max) {
    return refused_archive("has " + std::to_string(place->entries) + " entries, more than " +
                           std::to_string(2 * limits::pack_files_max));
  }
  auto bytes = source.read(place->offset, static_cast<std::size_t>(place->bytes));
  if (!bytes) return fail(std::move(bytes.error()));
  std::string_view table = *bytes;
  std::vector<ZipEntry> out;
  while (out.size() < place->entries) {
    auto entry = take_entry(table);
    if (!entry) return fail(std::move(entry.error()));
    out.push_back(std::move(*entry));
  }
  if (!table.empty()) return refused_archive("has more entries than it says");
  if (!out.empty()) {
    auto start = source.read(0, file_mark.size());
    if (!start) return fail(std::move(start.error()));
    if (*start != file_mark) return refused_archive("begins with something else than a zip");
  }
  return out;
}

Result<void> check_zip_entries(const std::vector<ZipEntry>& entries, std::uint64_t archive_bytes) {
  std::size_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t packed_bytes = 0;
  EntryNames names;
  for (const ZipEntry& one : entries) {
    const bool is_utf8 = (one.flags & flag_utf8) != 0;
    if (auto fits = check_entry_name(one.name, is_utf8); !fits) return fits;
    if (auto fits = names.add(one.name); !fits) return fits;
    if (const auto fault = fault_of_kind(one)) return refused_entry(one.name, *fault);
    if (const auto fault = fault_of_size(one)) return refused_entry(one.name, *fault);
    if (one.is_folder()) continue;
    bytes += one.bytes;  // each is bounded, and so is their number
    packed_bytes += one.packed_bytes;
    if (++files > limits::pack_files_max) {
      return refused_archive("has more than " + std::to_string(limits::pack_files_max) + " files");
    }
    if (bytes > limits::pack_bytes_max) {
      return refused_archive("would unpack to more than " + std::to_string(limits::pack_bytes_max) +
                             " bytes");
    }
  }
  if (is_too_dense(bytes, packed_bytes)) {
    return refused_archive("would unpack to more than " + std::to_string(limits::pack_ratio_max) +
                           " times its size");
  }
  return check_places(entries, archive_bytes);
}

}  // namespace colonnade::packs
