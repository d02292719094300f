#include "core/governance/work_grant.hpp"

#include <algorithm>

#include "core/governance/permission_rules.hpp"

namespace colonnade::core {

WorkAnswer answer_of(const WorkGrant& grant, std::string_view tool,
                     const std::vector<std::string>& aliases) {
  const bool is_named = std::ranges::any_of(grant.tools, [&](const std::string& pattern) {
    return names_tool(pattern, tool, aliases);
  });
  WorkAnswer out{.by = grant.by};
  if (is_named) {
    out.kind = WorkAnswerKind::allows;
  } else if (!grant.asks) {
    out.kind = WorkAnswerKind::denies;
  }
  return out;
}

}  // namespace colonnade::core
