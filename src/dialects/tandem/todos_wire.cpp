#include "dialects/tandem/todos_wire.hpp"

#include <nlohmann/json.hpp>
#include <string>

#include "base/ids.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

constexpr std::size_t id_digits = 16;

std::string item_text(const base::Json& item, std::initializer_list<std::string_view> names) {
  const base::Json* found = member(item, names);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

void write_todos(base::JsonWriter& json, const base::Json& arguments) {
  json.array();
  const auto todos = arguments.find("todos");
  const bool is_list = todos != arguments.end() && todos->is_array();
  for (std::size_t i = 0; is_list && i < todos->size(); ++i) {
    const base::Json& item = (*todos)[i];
    if (!item.is_object()) continue;
    const std::string content = item_text(item, {"content", "text"});
    std::string id = item_text(item, {"id"});
    if (id.empty()) {
      id = "todo-" + base::sha256_hex(std::to_string(i) + content).substr(0, id_digits);
    }
    const std::string status = item_text(item, {"status"});
    json.object().field("id", id).field("content", content);
    json.field("status", status.empty() ? std::string_view("pending") : status).end_object();
  }
  json.end_array();
}

}  // namespace colonnade::dialects::tandem
