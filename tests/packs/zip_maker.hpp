// Makes zips byte by byte, good ones and any kind of broken one: whatever is to be wrong in an
// archive is a member here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace colonnade::tests {

inline std::uint32_t zip_checksum(std::string_view bytes) {
  std::uint32_t crc = 0xFFFF'FFFF;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB8'8320U : 0U);
  }
  return ~crc;
}

// Little-endian.
inline std::string zip_number(std::uint64_t value, std::size_t bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return out;
}

// Deflate's blocks that are stored as they are.
inline std::string zip_deflated(std::string_view bytes) {
  std::string out;
  do {
    const std::string_view block = bytes.substr(0, 65'535);
    bytes.remove_prefix(block.size());
    out += static_cast<char>(bytes.empty() ? 1 : 0);
    out += zip_number(block.size(), 2) + zip_number(~block.size() & 0xFFFFU, 2);
    out += block;
  } while (!bytes.empty());
  return out;
}

// zip_bomb_bytes(runs) of the letter 'a', deflated to a 158th of that: one literal and runs of 258
// of what came before, in the fixed code.
inline std::string zip_bomb(std::size_t runs) {
  std::string out;
  std::uint32_t pending = 0;
  unsigned count = 0;
  const auto bit = [&](unsigned value) {
    pending |= (value & 1U) << count;
    if (++count == 8) {
      out += static_cast<char>(pending);
      pending = 0;
      count = 0;
    }
  };
  const auto code = [&](unsigned value, unsigned bits) {  // most significant bit first
    for (unsigned i = bits; i > 0; --i) bit((value >> (i - 1)) & 1U);
  };
  bit(1);  // the last block
  bit(1);  // with the fixed code
  bit(0);
  code(0x30 + 'a', 8);
  for (std::size_t i = 0; i < runs; ++i) {
    code(0xC5, 8);  // a length of 258
    code(0, 5);     // from one byte before
  }
  code(0, 7);  // the end
  while (count != 0) bit(0);
  return out;
}
inline std::size_t zip_bomb_bytes(std::size_t runs) { return 1 + 258 * runs; }

struct ZipItem {
  std::string name{};
  std::string bytes{};
  std::uint16_t flags = 0x0800;    // its name is UTF-8
  std::uint16_t method = 0;        // 8: deflated; `packed` is then what is there
  std::uint16_t made_by = 0x031E;  // Unix
  std::uint32_t mode = 0100644;
  std::string packed{};  // "": the bytes, or zip_deflated() of them
  std::string extra{};
  std::uint16_t disk = 0;
  // What is said in place of what is so.
  std::optional<std::uint32_t> says_bytes{};
  std::optional<std::uint32_t> says_packed{};
  std::optional<std::uint32_t> says_crc{};
  std::optional<std::uint32_t> says_offset{};
  std::optional<std::string> local_name{};
  std::optional<std::uint32_t> local_bytes{};
  std::optional<std::uint16_t> local_method{};
};

struct ZipSpec {
  std::vector<ZipItem> items{};
  std::string before{};   // the first file
  std::string between{};  // the files and the table
  std::string behind{};   // the table, before the end
  std::string comment{};
  std::string trailing{};
  std::optional<std::uint16_t> says_entries{};
  std::optional<std::uint32_t> says_directory_bytes{};
  std::optional<std::uint32_t> says_directory_offset{};
  std::optional<std::uint16_t> says_comment_bytes{};
  std::uint16_t disk = 0;
  bool has_end64 = false;
  std::optional<std::uint64_t> says_entries64{};
  std::optional<std::uint64_t> says_end64_offset{};
};

inline std::string packed_bytes_of(const ZipItem& item) {
  if (!item.packed.empty() || item.method == 0) {
    return item.packed.empty() ? item.bytes : item.packed;
  }
  return zip_deflated(item.bytes);
}

inline std::string make_zip(const ZipSpec& spec) {
  std::string out = spec.before;
  std::string table;
  for (const ZipItem& item : spec.items) {
    const std::string packed = packed_bytes_of(item);
    const std::uint64_t offset = item.says_offset.value_or(static_cast<std::uint32_t>(out.size()));
    const std::uint32_t crc = item.says_crc.value_or(zip_checksum(item.bytes));
    const std::uint64_t bytes =
        item.says_bytes.value_or(static_cast<std::uint32_t>(item.bytes.size()));
    const std::uint64_t packed_size =
        item.says_packed.value_or(static_cast<std::uint32_t>(packed.size()));
    const std::string& local_name = item.local_name ? *item.local_name : item.name;
    const auto common = [&](std::uint16_t method, std::uint64_t size, std::size_t name) {
      return zip_number(20, 2) + zip_number(item.flags, 2) + zip_number(method, 2) +
             zip_number(0, 2) + zip_number(0x5A21, 2) + zip_number(crc, 4) +
             zip_number(packed_size, 4) + zip_number(size, 4) + zip_number(name, 2) +
             zip_number(item.extra.size(), 2);
    };
    out += "PK\3\4" + common(item.local_method.value_or(item.method),
                             item.local_bytes ? *item.local_bytes : bytes, local_name.size());
    out += local_name + item.extra + packed;
    table += "PK\1\2" + zip_number(item.made_by, 2) + common(item.method, bytes, item.name.size());
    table += zip_number(0, 2) + zip_number(item.disk, 2) + zip_number(0, 2) +
             zip_number(std::uint64_t{item.mode} << 16U, 4) + zip_number(offset, 4);
    table += item.name + item.extra;
  }
  out += spec.between;
  const std::uint64_t offset = out.size();
  out += table + spec.behind;
  if (spec.has_end64) {
    const std::uint64_t at = out.size();
    const std::uint64_t entries = spec.says_entries64.value_or(spec.items.size());
    out += "PK\6\6" + zip_number(44, 8) + zip_number(45, 2) + zip_number(45, 2) + zip_number(0, 4) +
           zip_number(0, 4) + zip_number(entries, 8) + zip_number(entries, 8) +
           zip_number(table.size(), 8) + zip_number(offset, 8);
    out += "PK\6\7" + zip_number(0, 4) + zip_number(spec.says_end64_offset.value_or(at), 8) +
           zip_number(1, 4);
  }
  const std::uint16_t entries =
      spec.says_entries.value_or(static_cast<std::uint16_t>(spec.items.size()));
  out += "PK\5\6" + zip_number(spec.disk, 2) + zip_number(spec.disk, 2) + zip_number(entries, 2) +
         zip_number(entries, 2);
  out +=
      zip_number(spec.says_directory_bytes.value_or(static_cast<std::uint32_t>(table.size())), 4);
  out += zip_number(spec.says_directory_offset.value_or(static_cast<std::uint32_t>(offset)), 4);
  out += zip_number(
      spec.says_comment_bytes.value_or(static_cast<std::uint16_t>(spec.comment.size())), 2);
  return out + spec.comment + spec.trailing;
}

// A good archive of these files.
inline std::string zip_of(const std::vector<std::pair<std::string, std::string>>& files) {
  ZipSpec spec;
  for (const auto& [name, bytes] : files) spec.items.push_back({.name = name, .bytes = bytes});
  return make_zip(spec);
}

}  // namespace colonnade::tests
