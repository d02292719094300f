#include "core/governance/work_grant.hpp"

#include <algorithm>

#include "core/governance/permission_rules.hpp"

namespace colonnade::core {

bool grants(const WorkGrant& grant, std::string_view tool,
            const std::vector<std::string>& aliases) {
  return std::ranges::any_of(
      grant.tools, [&](const std::string& pattern) { return names_tool(pattern, tool, aliases); });
}

}  // namespace colonnade::core
