// A program's way into a sandbox, for whoever starts it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "tools/descriptor.hpp"

namespace colonnade::tools {

// What is run in place of a program, and the descriptors that it gets as 3, 4, … in this order.
struct SandboxedProgram {
  std::vector<std::string> command{};  // [0] is a full path
  std::vector<Descriptor> descriptors{};
};

// Takes the program's full path and its arguments.
using IntoSandbox = std::function<base::Result<SandboxedProgram>(std::vector<std::string> program)>;

}  // namespace colonnade::tools
