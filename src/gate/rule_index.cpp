#include "gate/rule_index.hpp"

#include "core/tools/tool_names.hpp"

namespace colonnade::gate {

std::optional<std::uint32_t> Candidates::next() {
  Positions* first = nullptr;
  for (Positions& list : lists_) {
    if (!list.empty() && (first == nullptr || list.front() < first->front())) first = &list;
  }
  if (first == nullptr) return std::nullopt;
  const std::uint32_t position = first->front();
  *first = first->subspan(1);
  return position;
}

void RuleIndex::add(const Condition& condition) {
  const std::uint32_t position = size_++;
  if (condition.never_holds()) return;
  if (!condition.tool()) {
    add_to(any_tool_, condition, position);
    return;
  }
  const std::string& tool = *condition.tool();
  add_to(tools_[tool], condition, position);
  // A rule about another name of a tool is about the tool.
  const std::string_view known = core::known_tool(tool);
  if (known != tool) add_to(tools_[std::string(known)], condition, position);
}

void RuleIndex::add_to(Operations& operations, const Condition& condition, std::uint32_t position) {
  List& list = condition.operation() ? operations.named[*condition.operation()] : operations.any;
  if (list.closed) return;
  list.positions.push_back(position);
  list.closed = condition.is_unconditional();
}

Candidates RuleIndex::candidates(std::string_view tool, std::string_view operation) const {
  const auto named = [&](const Operations& operations) -> Candidates::Positions {
    const auto found = operations.named.find(operation);
    if (found == operations.named.end()) return {};
    return found->second.positions;
  };
  std::array<Candidates::Positions, 4> lists{any_tool_.any.positions, named(any_tool_)};
  if (const auto found = tools_.find(tool); found != tools_.end()) {
    lists[2] = found->second.any.positions;
    lists[3] = named(found->second);
  }
  return Candidates(lists);
}

}  // namespace colonnade::gate
