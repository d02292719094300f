#include "core/governance/call_context.hpp"

#include <nlohmann/json.hpp>

namespace colonnade::core {

std::string call_context(std::string_view thread_id, std::string_view run_id,
                         const base::Json& asked, const base::Json& judged) {
  base::Json others = base::Json::object();
  if (asked.is_object() && judged.is_object()) {
    for (const auto& [name, value] : asked.items()) {
      const auto now = judged.find(name);
      if (now == judged.end() || *now != value) others[name] = value;
    }
  }
  std::string out;
  base::JsonWriter json(out);
  json.object().field("thread_id", thread_id).field("run_id", run_id);
  if (!others.empty()) json.field("asked", others);
  json.end_object();
  return out;
}

}  // namespace colonnade::core
