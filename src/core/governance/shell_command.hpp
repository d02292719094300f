// What a pattern of remembered arguments says of a shell command.
//
// A pattern such as `git *` is about one command. A command line may hold several, and may say more
// than can be seen in it (substitutions, redirections, functions). So such a line is taken apart:
// what is nothing but simple commands is matched command by command, and anything else is not
// matched at all, which means that a human is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::core {

// The simple commands of a POSIX shell's input as they are written, joined there by `;`, `&&`,
// `||`, `|` or line breaks. nullopt when there is anything else in it: expansions and substitutions
// ($, backquotes), redirections, `&`, groups, comments, reserved words, assignments, a command name
// that is itself expanded, a quote that does not end, control characters; or when it has no command
// or more than limits::permission_commands_max.
std::optional<std::vector<std::string>> simple_commands(std::string_view text);

// Whether these params are what a pattern (see Permission::pattern) covers. Params whose `command`
// or `cmd` is a text are those of a shell, whatever the tool is called.
bool pattern_covers(std::string_view pattern, std::string_view params);

// What is remembered of params that were allowed for a directory.
struct RememberedParams {
  std::string pattern{};                // see Permission::pattern
  std::vector<std::string> commands{};  // see Permission::commands
};
// Of a shell its simple commands, or the whole line where that cannot be taken apart, and what else
// the params say; of everything else that any params count.
RememberedParams remembered_params(std::string_view params);
// Whether these params are covered by what was remembered: a shell runs nothing but such commands.
bool remembered_covers(const RememberedParams& remembered, std::string_view params);

}  // namespace colonnade::core
