#include "dialects/faramesh/samples.hpp"

#include "base/json.hpp"
#include "dialects/faramesh/limits.hpp"

namespace colonnade::dialects::faramesh {
namespace {

std::string json_quoted(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

bool is_shown(const std::string& object) {
  return object != "{}" && object.size() <= limits::faramesh_sample_bytes_max;
}

}  // namespace

std::string js_example(const core::ActionRequest& request) {
  std::string body;
  base::JsonWriter json(body);
  json.object().field("agent_id", request.agent_id).field("tool", request.tool);
  json.field("operation", request.operation);
  json.key("params").raw(is_shown(request.params) ? request.params : "{}");
  if (is_shown(request.context)) json.key("context").raw(request.context);
  json.end_object();
  return "const reply = await fetch(`${process.env.FARAMESH_BASE_URL}/v1/actions`, {\n"
         "  method: \"POST\",\n"
         "  headers: {\n"
         "    \"Content-Type\": \"application/json\",\n"
         "    Authorization: `Bearer ${process.env.FARAMESH_TOKEN}`,\n"
         "  },\n"
         "  body: JSON.stringify(" +
         body +
         "),\n"
         "});\n"
         "const action = await reply.json();\n"
         "console.log(action.id, action.status);\n";
}

// JSON's texts are Python's, its true, false and null are not: so objects go through json.loads.
std::string python_example(const core::ActionRequest& request) {
  std::string call = "action = submit_action(" + json_quoted(request.agent_id) + ", " +
                     json_quoted(request.tool) + ", " + json_quoted(request.operation);
  bool loads = false;
  const auto add = [&](const char* name, const std::string& object) {
    if (!is_shown(object)) return;
    loads = true;
    call += std::string(",\n                       ") + name + "=json.loads(" +
            json_quoted(object) + ")";
  };
  add("params", request.params);
  add("context", request.context);
  return std::string(loads ? "import json\n" : "") + "from faramesh import submit_action\n\n" +
         call + ")\nprint(action[\"id\"], action[\"status\"])\n";
}

}  // namespace colonnade::dialects::faramesh
