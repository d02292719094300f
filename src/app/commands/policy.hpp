// What the files of `colonnade policy` share.
#pragma once

#include "app/command_line.hpp"
#include "app/policy_files.hpp"

namespace colonnade::app {

void add_policy_diff(Command parent, Invocation& invocation);
void add_policy_simulate(Command parent, Invocation& invocation);

// --profile FILE
void add_profile_option(Command command, std::string& path);

// "12 rules", "1 rule".
std::string counted(std::size_t count, const std::string& noun);

// On one line, without what a terminal would obey.
std::string on_one_line(std::string_view text);

}  // namespace colonnade::app
