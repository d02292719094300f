// Which names a file in a pack may have: those that mean the same file on every system, and none
// outside of the pack's folder.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.hpp"

namespace colonnade::packs {

// "the archive is refused: "<name>" <why>", with the field "archive".
std::unexpected<base::Error> refused_entry(std::string_view name, std::string_view why);
// The same of the archive as a whole.
std::unexpected<base::Error> refused_archive(std::string_view why);

// `name` as it stands in the archive; `is_utf8`: whether the archive says that it is. A slash at
// its end says that it is a folder. Errors: invalid, as above: empty or too long, not UTF-8 or not
// marked so, hidden or control characters, a backslash or a colon, absolute, with "." or ".." or an
// empty name in its path, too deep, with a name that a device has on Windows, or that ends with a
// dot or a blank, or with combining marks, which other systems write otherwise.
base::Result<void> check_entry_name(std::string_view name, bool is_utf8);

// The name as a file system compares it that does not tell upper from lower case.
std::string folded_entry_name(std::string_view name);

// All names of an archive together. Names are checked ones.
class EntryNames {
 public:
  // Errors: invalid: the name is there twice, differs from another in its case alone, or is a file
  // where another name needs a folder.
  base::Result<void> add(std::string_view name);

 private:
  struct Known {
    std::string name;
    bool is_folder = false;
    bool is_listed = false;  // by an entry of its own
  };
  base::Result<void> add_folder(std::string_view path, std::string_view of);

  std::unordered_map<std::string, Known> by_folded_;
};

}  // namespace colonnade::packs
