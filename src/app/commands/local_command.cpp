#include "app/commands/local_command.hpp"

#include "app/files.hpp"
#include "app/terminal.hpp"

namespace colonnade::app {

std::optional<int> save_secret(const Context& context, const std::string& secret,
                               const std::string& file) {
  if (file.empty()) return std::nullopt;
  const auto saved = write_owner_only_file(file, secret + "\n");
  if (saved) return std::nullopt;
  print_line(secret);
  return print_error(context, saved.error().message);
}

}  // namespace colonnade::app
