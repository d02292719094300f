#include <csignal>

#include "app/command_line.hpp"

int main(int argc, char** argv) {
  // A reader that went away is an error of the write, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return colonnade::app::run_command_line(argc, argv);
}
