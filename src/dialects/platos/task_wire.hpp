// Tasks of the catalog as Platos says them (platos §2.6).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "core/access/scope.hpp"
#include "core/tasks/catalog_task.hpp"

namespace colonnade::dialects::platos {

// `handler` with JavaScript: code handler_unsupported.
inline constexpr std::string_view unsupported_handler_field = "handler (JavaScript)";

// {taskId!, displayName!, handler!, description, triggerType, scheduleCron, scheduleTimezone,
// allowedAgentIds, payloadSchema, timeout, maxRetries, isActive}. Errors: invalid with the member.
base::Result<core::CatalogTask> decode_new_task(std::string_view body, core::Scope scope);
// The same members, each of them optional; `taskId` stays.
base::Result<std::function<base::Result<void>(core::CatalogTask&)>> decode_task_change(
    std::string_view body);

// The whole task, for operators.
std::string encode_task(const core::CatalogTask& task);
std::string encode_task_list(const std::vector<core::CatalogTask>& tasks);
// {id, name, description, triggerType, isActive}: what whoever may begin them sees.
std::string encode_task_rows(const std::vector<core::CatalogTask>& tasks);

}  // namespace colonnade::dialects::platos
