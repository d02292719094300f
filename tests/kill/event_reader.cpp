#include "event_reader.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace colonnade::kill {
namespace {

using nlohmann::json;

// One block of lines, without its blank line.
struct Block {
  std::string_view type{};
  std::string_view id{};
  std::string_view data{};
};

Block block_of(std::string_view text) {
  Block out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("event: ")) out.type = line.substr(7);
    if (line.starts_with("id: ")) out.id = line.substr(4);
    if (line.starts_with("data: ")) out.data = line.substr(6);
  }
  return out;
}

}  // namespace

ReadEnd read_events(const bench::Target& target, const std::string& thread, std::int64_t after,
                    std::chrono::milliseconds patience,
                    const std::function<bool(ToldEvent, std::string_view data)>& take) {
  std::string unread;
  bool enough = false;
  bench::BlockingConnection connection(target.port);
  const std::string request =
      bench::request_text(target, "GET", "/api/v1/threads/" + thread + "/stream", {},
                          "Last-Event-ID: " + std::to_string(after) + "\r\n");
  const int status = connection.stream(request, patience, [&](std::string_view piece) {
    unread.append(piece);
    std::size_t begin = 0;
    for (std::size_t end = unread.find("\n\n"); end != std::string::npos && !enough;
         end = unread.find("\n\n", begin)) {
      const Block block = block_of(std::string_view(unread).substr(begin, end - begin));
      begin = end + 2;
      if (block.type.empty() || block.type == "ready") continue;
      if (block.id.empty())
        throw std::logic_error("an event without an id: " + std::string(block.data));
      enough = take({.cursor = std::atoll(std::string(block.id).c_str()),
                     .type = std::string(block.type),
                     .data_hash = std::hash<std::string_view>{}(block.data)},
                    block.data);
    }
    unread.erase(0, begin);
    return !enough;
  });
  if (enough) return ReadEnd::enough;
  return status == 200 || status == 0 ? ReadEnd::cut_off : ReadEnd::refused;
}

void record_event(ThreadRecord& record, ToldEvent event, std::string_view data) {
  if (event.cursor <= record.last_cursor()) {
    throw std::logic_error("thread " + record.id + ": event " + std::to_string(event.cursor) +
                           " came again, after " + std::to_string(record.last_cursor()));
  }
  if (event.type == "user_message" || event.type == "agent_done") {
    const json message = json::parse(data).at("message");
    record.messages.push_back({message.at("id"), message.at("role"), message.at("content")});
  }
  record.events.push_back(std::move(event));
}

}  // namespace colonnade::kill
