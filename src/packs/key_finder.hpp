// Finds what looks like a key in a file of a pack, by the prefixes that vendors give theirs.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::packs {

// Fed with a file's pieces, in their order.
class KeyFinder {
 public:
  void take(std::string_view piece);
  bool found() const { return found_; }

 private:
  std::string rest_{};  // the end of what came, where a key may have begun
  bool found_ = false;
};

}  // namespace colonnade::packs
