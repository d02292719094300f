// Keeps secrets out of what is stored for reading: audit details and logs of arguments.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"

namespace colonnade::core {

class Redaction {
 public:
  // `names`: members whose values are secrets, besides those of base::is_secret_name(); matched
  // anywhere in a member's name, case, '-' and '_' ignored.
  explicit Redaction(std::vector<std::string> names = default_names());
  static std::vector<std::string> default_names();

  // The same tree with the values of secret members, and what base::hide_secrets() finds in texts,
  // replaced by "[redacted]". Texts beyond limits::audit_text_bytes_max are cut.
  base::Json apply(base::Json tree) const;
  // The same of a JSON object's text; {"unreadable": true} when it is none.
  base::Json apply_to_text(std::string_view json) const;

 private:
  bool is_secret(std::string_view name) const;
  void walk(base::Json& tree) const;
  std::vector<std::string> names_;  // folded
};

}  // namespace colonnade::core
