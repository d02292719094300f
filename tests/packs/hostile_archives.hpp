// Archives that must be refused, each with what its error says.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/packs/zip_maker.hpp"

namespace colonnade::tests {

struct HostileArchive {
  std::string what{};
  std::string bytes{};
  std::string error{};  // a part of what is said
};

inline const ZipItem& plain_manifest() {
  static const ZipItem item{.name = "tandempack.yaml",
                            .bytes = "name: a\nversion: 1.0.0\ntype: workflow\n"};
  return item;
}

// A pack with one more file.
inline std::string with_item(ZipItem item) {
  return make_zip({.items = {plain_manifest(), std::move(item)}});
}

inline std::string with_name(std::string name) {
  return with_item({.name = std::move(name), .bytes = "x"});
}

inline void add_hostile_names(std::vector<HostileArchive>& out) {  // long: a row for each
  using namespace std::string_literals;
  std::string deep;
  for (int i = 0; i < 24; ++i) deep += "d/";
  const std::vector<std::pair<std::string, std::string>> names = {
      {"", "has no name"},
      {"/etc/passwd", "absolute"},
      {"//server/share", "absolute"},
      {"../up.txt", "\"..\""},
      {"a/../../up.txt", "\"..\""},
      {"a/..", "\"..\""},
      {"..", "\"..\""},
      {".", "\".\""},
      {"./a.txt", "\".\""},
      {"a/./b.txt", "\".\""},
      {"a//b.txt", "empty name"},
      {"..\\up.txt", "backslash"},
      {"a\\b.txt", "backslash"},
      {"C:\\windows\\a.txt", "backslash"},
      {"C:/a.txt", "colon"},
      {"a.txt:stream", "colon"},
      {"a\0.txt"s, "NUL"},
      {"a.txt\0"s, "NUL"},
      {"\0"s, "NUL"},
      {"a\n.txt", "control"},
      {"a\x1b[2J.txt", "control"},
      {"a\x7f.txt", "control"},
      {"a\u202etxt.exe", "invisible"},
      {"a\u200b.txt", "invisible"},
      {"\ufeff.txt", "invisible"},
      {"a\xff.txt", "not UTF-8"},
      {"a\xc0\xaf.txt", "not UTF-8"},
      {"\xed\xa0\x80.txt", "not UTF-8"},
      {"e\u0301.txt", "combining"},
      {"CON", "device"},
      {"con.txt", "device"},
      {"a/NUL", "device"},
      {"nul.tar.gz", "device"},
      {"COM1", "device"},
      {"com9.log", "device"},
      {"LPT1", "device"},
      {"lpt\u00b2.txt", "device"},
      {"AUX .txt", "device"},
      {"conin$", "device"},
      {"a.", "dot or a blank"},
      {"a ", "dot or a blank"},
      {"a./b", "dot or a blank"},
      {"a|b", "one of <"},
      {"a?.txt", "one of <"},
      {deep + "a.txt", "folders deep"},
      {std::string(256, 'a'), "255 bytes"},
      {std::string(200, 'a') + "/" + std::string(200, 'b') + "/" + std::string(200, 'c') + "/" +
           std::string(200, 'd') + "/" + std::string(200, 'e') + "/" + std::string(200, 'f'),
       "1024 bytes"},
  };
  for (const auto& [name, error] : names) {
    out.push_back({.what = "name " + std::to_string(out.size()) + " " + error,
                   .bytes = with_name(name),
                   .error = error});
  }
  out.push_back({"letters that are not marked as UTF-8",
                 with_item({.name = "\u00e9.txt", .bytes = "x", .flags = 0}), "marked as UTF-8"});
}

inline void add_hostile_pairs(std::vector<HostileArchive>& out) {
  const auto pair = [&out](std::string what, std::string one, std::string other,
                           std::string error) {
    out.push_back({std::move(what),
                   make_zip({.items = {plain_manifest(),
                                       {.name = std::move(one), .bytes = "1"},
                                       {.name = std::move(other), .bytes = "2"}}}),
                   std::move(error)});
  };
  pair("a file twice", "a.txt", "a.txt", "twice");
  pair("two files that differ in case", "Read.me", "read.me", "upper and lower case");
  pair("the same of other letters", "\u00c9.txt", "\u00e9.txt", "upper and lower case");
  pair("a letter with two small forms", "\u03a3.txt", "\u03c2.txt", "upper and lower case");
  pair("the sign for kelvin", "K.txt", "\u212a.txt", "upper and lower case");
  pair("folders that differ in case", "A/one.txt", "a/two.txt", "upper and lower case");
  pair("a file below a file", "a", "a/b", "needs a folder");
  pair("a file where a folder is", "a/b", "a", "twice");
  out.push_back(
      {"the manifest twice", make_zip({.items = {plain_manifest(), plain_manifest()}}), "twice"});
  out.push_back(
      {"a manifest in another case", with_name("TandemPack.yaml"), "upper and lower case"});
}

inline void add_hostile_kinds(std::vector<HostileArchive>& out) {
  const auto item = [&out](std::string what, ZipItem one, std::string error) {
    out.push_back({std::move(what), with_item(std::move(one)), std::move(error)});
  };
  item("a symbolic link", {.name = "l", .bytes = "/etc/passwd", .mode = 0120777}, "symbolic link");
  item("a link of another system", {.name = "l", .bytes = "/", .made_by = 0x0014, .mode = 0120777},
       "symbolic link");
  item("a pipe", {.name = "p", .mode = 0010644}, "neither a file nor a folder");
  item("a device", {.name = "d", .mode = 0060644}, "neither a file nor a folder");
  item("a socket", {.name = "s", .mode = 0140644}, "neither a file nor a folder");
  item("a folder that is a file", {.name = "f/", .mode = 0100644}, "neither a file nor a folder");
  item("a folder with bytes", {.name = "f/", .bytes = "bytes", .mode = 0040755}, "bytes in it");
  item("an encrypted file", {.name = "e", .bytes = "x", .flags = 0x0801}, "encrypted");
  item("a strongly encrypted file", {.name = "e", .bytes = "x", .flags = 0x0840}, "encrypted");
  item("a file with a hidden head", {.name = "e", .bytes = "x", .flags = 0x2800}, "encrypted");
  item("AES", {.name = "e", .bytes = "x", .method = 99, .packed = "x"}, "method 99");
  item("bzip2", {.name = "e", .bytes = "x", .method = 12, .packed = "x"}, "method 12");
  item("another part", {.name = "e", .bytes = "x", .disk = 1}, "another part");
  item("extra data that is cut off", {.name = "e", .bytes = "x", .extra = "\1\1\xff\xff"},
       "cut off");
  item("a 64-bit size that is not there", {.name = "e", .bytes = "x", .says_bytes = 0xFFFF'FFFF},
       "64-bit size");
  const std::string twice = "\1" + zip_number(0, 1) + zip_number(0, 2);
  item("two 64-bit sizes", {.name = "e", .bytes = "x", .extra = twice + twice}, "size twice");
}

inline void add_hostile_sizes(std::vector<HostileArchive>& out) {
  const auto item = [&out](std::string what, ZipItem one, std::string error) {
    out.push_back({std::move(what), with_item(std::move(one)), std::move(error)});
  };
  const std::size_t runs = 4000;
  const std::string unpacked(zip_bomb_bytes(runs), 'a');
  item("a bomb",
       {.name = "b",
        .bytes = unpacked,
        .method = 8,
        .packed = zip_bomb(runs),
        .says_bytes = 2'000'000},
       "times its size");
  item("a file that unpacks to more than it says",
       {.name = "b", .bytes = unpacked, .method = 8, .packed = zip_bomb(runs), .says_bytes = 1000},
       "more bytes than it says");
  item("a file that unpacks to less than it says",
       {.name = "b",
        .bytes = unpacked,
        .method = 8,
        .packed = zip_bomb(runs),
        .says_bytes = 1'200'000},
       "");
  item("a file beyond 32 MiB", {.name = "b", .bytes = "x", .method = 8, .says_bytes = 33'554'433},
       "more than 33554432");
  item("a file of four gigabytes",
       {.name = "b", .bytes = "x", .method = 8, .says_bytes = 0xFFFF'FFFE}, "more than 33554432");
  const std::string huge = "\1" + zip_number(0, 1) + zip_number(8, 2) + zip_number(1ULL << 62U, 8);
  item("a file of four exabytes",
       {.name = "b", .bytes = "x", .method = 8, .extra = huge, .says_bytes = 0xFFFF'FFFF},
       "more than 33554432");
  item("a file that is stored in two sizes", {.name = "b", .bytes = "xxxx", .says_bytes = 3},
       "two sizes");
  item("a file beyond the archive", {.name = "b", .bytes = "x", .method = 8, .says_packed = 60'000},
       "within the archive");
  item("a file that is elsewhere", {.name = "b", .bytes = "x", .says_offset = 9'000'000},
       "within the archive");
  item("a file on another", {.name = "b", .bytes = "x", .says_offset = 0}, "shares bytes");
  ZipSpec many{.items = {plain_manifest()}};
  for (int i = 0; i < 5001; ++i) many.items.push_back({.name = "f" + std::to_string(i)});
  out.push_back({"5002 files", make_zip(many), "5000 files"});
  ZipSpec folders{.items = {plain_manifest()}};
  for (int i = 0; i < 10'000; ++i) {
    folders.items.push_back({.name = "f" + std::to_string(i) + "/", .mode = 0040755});
  }
  out.push_back({"10,000 folders", make_zip(folders), "entries"});
  // 17 files of 32 MiB each, all of them the same bytes: said, not made.
  ZipSpec large{.items = {plain_manifest()}};
  for (int i = 0; i < 17; ++i) {
    large.items.push_back({.name = "f" + std::to_string(i),
                           .bytes = "x",
                           .method = 8,
                           .packed = std::string(170'000, '\0'),
                           .says_bytes = 33'554'432});
  }
  out.push_back({"more than 512 MiB in all", make_zip(large), "536870912 bytes"});
}

inline void add_hostile_ends(std::vector<HostileArchive>& out) {
  const std::vector<ZipItem> items = {plain_manifest()};
  const std::string good = make_zip({.items = items});
  const auto spec = [&](std::string what, ZipSpec one, std::string error) {
    if (one.items.empty()) one.items = items;
    out.push_back({std::move(what), make_zip(one), std::move(error)});
  };
  out.push_back({"nothing", "", "too short"});
  out.push_back({"a text", "name: a\nversion: 1.0.0\ntype: workflow\n", "no zip"});
  out.push_back({"a cut archive", good.substr(0, good.size() - 8), "cut off"});
  out.push_back({"an archive without its beginning", good.substr(10), "belong to nothing"});
  out.push_back({"bytes behind the end", good + "more", "cut off"});
  spec("a program in front", {.before = "#!/bin/sh\nexit\n"}, "begins with");
  spec("bytes between files and table", {.between = "hidden", .says_directory_offset = 0},
       "belong to nothing");
  spec("bytes behind the table", {.behind = "hidden"}, "belong to nothing");
  spec("an end in the comment", {.comment = good}, "two ends");
  spec("a comment that is longer than said", {.comment = "abc", .says_comment_bytes = 2},
       "cut off");
  spec("fewer entries than there are",
       {.items = {plain_manifest(), {.name = "b", .bytes = "x"}}, .says_entries = 1},
       "more entries than it says");
  spec("more entries than there are", {.says_entries = 2}, "broken table");
  spec("a table that is elsewhere", {.says_directory_offset = 3}, "belong to nothing");
  spec("a table beyond the archive", {.says_directory_bytes = 900'000}, "belong to nothing");
  spec("several parts", {.disk = 1}, "several parts");
  spec("a 64-bit end that is not there", {.says_entries = 0xFFFF}, "64-bit end");
  spec("a 64-bit end elsewhere", {.has_end64 = true, .says_end64_offset = 3}, "64-bit end");
  spec("a 64-bit end beyond the archive", {.has_end64 = true, .says_end64_offset = 1ULL << 60U},
       "64-bit end");
  spec("a 64-bit end of a billion entries", {.has_end64 = true, .says_entries64 = 1'000'000'000},
       "entries");
  spec("a file under another name than the table has",
       {.items = {plain_manifest(), {.name = "b", .bytes = "x", .local_name = "c"}}}, "broken");
  spec("a file of another size than the table has",
       {.items = {plain_manifest(), {.name = "b", .bytes = "x", .local_bytes = 7}}}, "broken");
  spec("a file of another method than the table has",
       {.items = {plain_manifest(), {.name = "b", .bytes = "x", .local_method = 8}}}, "broken");
  spec("a wrong checksum",
       {.items = {plain_manifest(), {.name = "b", .bytes = "x", .says_crc = 1}}}, "checksum");
  spec("deflated bytes that are none",
       {.items = {plain_manifest(),
                  {.name = "b", .bytes = "xx", .method = 8, .packed = "\xff\xff\xff"}}},
       "checksum");
}

inline std::vector<HostileArchive> hostile_archives() {
  std::vector<HostileArchive> out;
  add_hostile_names(out);
  add_hostile_pairs(out);
  add_hostile_kinds(out);
  add_hostile_sizes(out);
  add_hostile_ends(out);
  return out;
}

}  // namespace colonnade::tests
