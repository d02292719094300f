// Pinned tool definitions. What a server offers when it is first attached counts as accepted;
// whatever differs later is held back until an operator accepts it, so that a server cannot turn a
// tool that was looked at into another one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tools/mcp/definitions.hpp"

namespace colonnade::tools::mcp {

// Accepted tools: the name and the fingerprint of the definition. A plain value, to be stored.
struct ToolPins {
  std::map<std::string, std::string> tools{};
  bool operator==(const ToolPins&) const = default;
};

ToolPins pins_of(const std::vector<RemoteTool>& tools);
// One text for the whole set. An operator accepts by it, and so exactly what was looked at.
std::string fingerprint_of(const ToolPins& pins);

struct PinVerdict {
  std::vector<RemoteTool> offered{};   // unchanged since they were accepted
  std::vector<std::string> added{};    // names, sorted
  std::vector<std::string> removed{};  // gone, so not offered either
  std::vector<std::string> changed{};
  ToolPins found{};  // what accepting would pin
  bool held_back() const { return !added.empty() || !removed.empty() || !changed.empty(); }
};

// Without `accepted` this is the first time: everything is offered.
PinVerdict check_pins(const std::optional<ToolPins>& accepted, std::vector<RemoteTool> found);

// "1 added (x), 2 changed (y, z)"; "" when nothing is held back. A few names of each.
std::string to_text(const PinVerdict& verdict);

}  // namespace colonnade::tools::mcp
