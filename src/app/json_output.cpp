#include "app/json_output.hpp"

#include <cstdio>

#include "base/visible_text.hpp"

namespace colonnade::app {

void write_thread(base::JsonWriter& json, const fathom::Thread& thread) {
  json.object().field("id", thread.id).field("title", thread.title);
  json.field("created_at", fathom::to_string(thread.created_at));
  json.field("updated_at", fathom::to_string(thread.updated_at));
  if (thread.deleted_at) json.field("deleted_at", fathom::to_string(*thread.deleted_at));
  json.end_object();
}

void write_message(base::JsonWriter& json, const fathom::Message& message) {
  json.object().field("id", message.id).field("role", message.role);
  json.field("content", message.content);
  json.field("created_at", fathom::to_string(message.created_at)).end_object();
}

void write_device(base::JsonWriter& json, const fathom::Device& device) {
  json.object().field("id", device.id).field("name", device.name);
  json.field("created_at", fathom::to_string(device.created_at));
  json.field("last_seen", fathom::to_string(device.last_seen)).end_object();
}

int print_json(const std::string& document) {
  std::fputs((base::escape_hidden_in_json(document) + "\n").c_str(), stdout);
  return 0;
}

}  // namespace colonnade::app
