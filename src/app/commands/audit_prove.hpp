// colonnade audit prove: a subcommand with a file of its own.
#pragma once

#include "app/command_line.hpp"

namespace colonnade::app {

void add_audit_prove(Command parent, Invocation& invocation);

}  // namespace colonnade::app
