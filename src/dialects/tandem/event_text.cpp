#include "dialects/tandem/event_text.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/utf8.hpp"
#include "dialects/tandem/limits.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;

constexpr std::string_view cut_mark = "\xE2\x80\xA6";  // …
constexpr std::size_t kept_text_bytes_min = 64;

void cut_texts(Json& tree, std::size_t bytes_max) {
  if (tree.is_string()) {
    auto& text = tree.get_ref<std::string&>();
    if (text.size() <= bytes_max) return;
    text = std::string(base::cut_utf8(text, bytes_max - cut_mark.size()));
    text.append(cut_mark);
    return;
  }
  if (!tree.is_structured()) return;
  for (Json& each : tree) cut_texts(each, bytes_max);
}

// Halves every list and object below the event's own members.
void halve(Json& tree, int depth) {
  if (!tree.is_structured()) return;
  if (depth > 1 && tree.size() > 1) {
    const std::size_t kept = tree.size() / 2;
    if (tree.is_array()) {
      tree.get_ref<Json::array_t&>().resize(kept);
    } else {
      while (tree.size() > kept) tree.erase(std::prev(tree.end()));
    }
  }
  for (Json& each : tree) halve(each, depth + 1);
}

}  // namespace

std::string shortened(std::string json, std::size_t bytes_max) {
  if (json.size() <= bytes_max) return json;
  auto tree = base::parse_json(json, "event");
  if (!tree) return json;  // cannot be: it was just written
  for (std::size_t kept = bytes_max / 2; kept >= kept_text_bytes_min; kept /= 2) {
    cut_texts(*tree, kept);
    json = base::to_text(*tree);
    if (json.size() <= bytes_max) return json;
  }
  while (json.size() > bytes_max) {
    const std::size_t before = json.size();
    halve(*tree, 0);
    json = base::to_text(*tree);
    if (json.size() == before) break;  // nothing is left to leave out
  }
  return json;
}

EventText event_text(const EventHead& head, const std::function<void(base::JsonWriter&)>& add) {
  EventText out{.type = std::string(head.type),
                .session_id = std::string(head.session_id),
                .run_id = std::string(head.run_id)};
  base::JsonWriter json(out.json);
  const auto ids = [&] {
    if (!head.session_id.empty()) json.field("sessionID", head.session_id);
    if (!head.run_id.empty()) json.field("runID", head.run_id);
  };
  json.object().field("type", head.type).key("properties").object();
  ids();
  if (add) add(json);
  if (!head.channel.empty()) json.field("channel", head.channel);
  json.end_object();
  ids();
  if (head.at.micros != 0) json.field("timestamp", base::to_rfc3339(head.at));
  json.end_object();
  out.json = shortened(std::move(out.json), limits::tandem_event_bytes_max);
  return out;
}

std::string frame(std::string_view json, std::int64_t id) {
  std::string out;
  out.reserve(json.size() + 40);
  if (id != 0) out.append("id: ").append(std::to_string(id)).push_back('\n');
  out.append("data: ").append(json).append("\n\n");
  return out;
}

}  // namespace colonnade::dialects::tandem
