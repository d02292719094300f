// File name patterns and regular expressions of the model's, matched in linear time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace colonnade::tools {

class Pattern {
 public:
  // RE2 syntax. ErrorKind::invalid says what is wrong with it.
  static base::Result<Pattern> regular(const std::string& expression, bool ignore_case);
  // A file name pattern for paths relative to a folder: * and ? stay within one name, ** spans
  // folders, [abc] and {one,two} as in a shell. One without '/' fits names in every folder.
  static base::Result<Pattern> file_name(const std::string& glob);

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  bool found_in(std::string_view text) const;

 private:
  struct State;
  explicit Pattern(std::unique_ptr<const State> state);
  std::unique_ptr<const State> state_;
};

}  // namespace colonnade::tools
