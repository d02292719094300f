#include "tools/mcp/pins.hpp"

#include <algorithm>

#include "base/ids.hpp"

namespace colonnade::tools::mcp {
namespace {

void append(std::string& out, const std::vector<std::string>& names, std::string_view what) {
  constexpr std::size_t names_shown_max = 5;
  if (names.empty()) return;
  if (!out.empty()) out += ", ";
  out += std::to_string(names.size()) + " " + std::string(what) + " (";
  for (std::size_t i = 0; i < std::min(names.size(), names_shown_max); ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  out += names.size() > names_shown_max ? ", …)" : ")";
}

}  // namespace

ToolPins pins_of(const std::vector<RemoteTool>& tools) {
  ToolPins out;
  for (const RemoteTool& tool : tools) out.tools.emplace(tool.name, tool.fingerprint);
  return out;
}

std::string fingerprint_of(const ToolPins& pins) {
  return base::sha256_hex(base::to_text(base::Json(pins.tools)));
}

PinVerdict check_pins(const std::optional<ToolPins>& accepted, std::vector<RemoteTool> found) {
  PinVerdict out;
  out.found = pins_of(found);
  for (RemoteTool& tool : found) {
    if (!accepted) {
      out.offered.push_back(std::move(tool));
      continue;
    }
    const auto pinned = accepted->tools.find(tool.name);
    if (pinned == accepted->tools.end()) {
      out.added.push_back(tool.name);
    } else if (pinned->second != tool.fingerprint) {
      out.changed.push_back(tool.name);
    } else {
      out.offered.push_back(std::move(tool));
    }
  }
  if (accepted) {
    for (const auto& [name, fingerprint] : accepted->tools) {
      if (!out.found.tools.contains(name)) out.removed.push_back(name);
    }
  }
  std::ranges::sort(out.added);
  std::ranges::sort(out.changed);
  return out;
}

std::string to_text(const PinVerdict& verdict) {
  std::string out;
  append(out, verdict.added, "added");
  append(out, verdict.removed, "removed");
  append(out, verdict.changed, "changed");
  return out;
}

}  // namespace colonnade::tools::mcp
