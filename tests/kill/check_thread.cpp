#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "checks.hpp"
#include "event_reader.hpp"

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr auto patience = std::chrono::seconds(30);  // a run that takes longer is stuck

[[noreturn]] void broken(const ThreadRecord& record, const std::string& what) {
  throw std::logic_error("thread " + record.id + " (" + record.title + "): " + what);
}

struct View {
  std::map<std::string, ToldMessage> messages{};
  int users = 0;
  int agents = 0;
  bool running = false;
};

View view_of(const bench::Target& target, const ThreadRecord& record) {
  bench::BlockingConnection connection(target.port);
  const auto answer = connection.exchange(
      bench::request_text(target, "GET", "/api/v1/threads/" + record.id), patience);
  if (!answer) broken(record, "no answer to GET");
  if (answer->status == 404) broken(record, "an acknowledged thread is gone");
  if (answer->status != 200) broken(record, "GET answered " + answer->body);
  const json body = json::parse(answer->body);
  View out{.running = body.at("running")};
  if (body.at("thread").at("title") != record.title) broken(record, "its title changed");
  for (const json& message : body.at("messages")) {
    const std::string role = message.at("role");
    (role == "user" ? out.users : out.agents) += 1;
    const std::string id = message.at("id");
    if (!out.messages.try_emplace(id, ToldMessage{id, role, message.at("content")}).second) {
      broken(record, "message " + id + " is there twice");
    }
  }
  return out;
}

// A client that got no answer sends again, under the same key.
void send_open_requests_again(const bench::Target& target, ThreadRecord& record) {
  for (const OpenRequest& open : record.open) {
    bench::BlockingConnection connection(target.port);
    const auto answer = connection.exchange(
        bench::request_text(target, "POST", "/api/v1/threads/" + record.id + "/messages",
                            json{{"text", open.text}}.dump(),
                            "Idempotency-Key: " + open.idempotency_key + "\r\n"),
        patience);
    if (!answer) broken(record, "a message that was sent again was not answered in time");
    if (answer->status != 200) {
      broken(record, "a message sent again under its key was answered " +
                         std::to_string(answer->status) + " " + answer->body);
    }
    const json body = json::parse(answer->body);
    for (const char* name : {"user_message", "agent_message"}) {
      const json& message = body.at(name);
      record.messages.push_back({message.at("id"), message.at("role"), message.at("content")});
    }
  }
  record.open.clear();
}

void follow_to_the_end(const bench::Target& target, ThreadRecord& record, int runs) {
  if (record.terminal_events() >= runs) return;
  ++record.streams;
  const ReadEnd end = read_events(target, record.id, record.last_cursor(), patience,
                                  [&](ToldEvent event, std::string_view data) {
                                    record_event(record, std::move(event), data);
                                    return record.terminal_events() >= runs;
                                  });
  if (end != ReadEnd::enough) {
    broken(record, "a run is stuck: " + std::to_string(record.terminal_events()) + " of " +
                       std::to_string(runs) + " ended, last cursor " +
                       std::to_string(record.last_cursor()));
  }
}

void compare_with_replay(const bench::Target& target, const ThreadRecord& record) {
  if (record.events.empty()) return;
  std::vector<ToldEvent> replay;
  const auto end =
      read_events(target, record.id, 0, patience, [&](ToldEvent event, std::string_view) {
        replay.push_back(std::move(event));
        return replay.back().cursor >= record.last_cursor();
      });
  if (end != ReadEnd::enough) broken(record, "a replay did not reach the last cursor");
  const auto [told, stored] = std::ranges::mismatch(record.events, replay);
  if (told == record.events.end() && stored == replay.end()) return;
  const auto text = [](const auto& at, const auto& all) {
    if (at == all.end()) return std::string("nothing");
    return std::to_string(at->cursor) + " " + at->type;
  };
  broken(record, "over " + std::to_string(record.streams) + " streams it was told " +
                     text(told, record.events) + " where a replay tells " + text(stored, replay));
}

}  // namespace

void check_thread(const bench::Target& target, ThreadRecord& record) {
  send_open_requests_again(target, record);
  const View before = view_of(target, record);
  follow_to_the_end(target, record, before.users);
  const View view = view_of(target, record);
  if (view.running) broken(record, "it still says running after its last run ended");
  for (const ToldMessage& told : record.messages) {
    const auto found = view.messages.find(told.id);
    if (found == view.messages.end())
      broken(record, "acknowledged message " + told.id + " is gone");
    if (found->second.role != told.role || found->second.content != told.content) {
      broken(record, "message " + told.id + " was acknowledged as '" + told.content + "' and is '" +
                         found->second.content + "'");
    }
  }
  for (const std::string& text : record.texts) {
    const auto times = std::ranges::count_if(
        view.messages, [&](const auto& entry) { return entry.second.content == text; });
    if (times != 1) broken(record, "'" + text + "' is stored " + std::to_string(times) + " times");
  }
  if (view.users != static_cast<int>(record.texts.size()))
    broken(record, "messages that nobody sent");
  compare_with_replay(target, record);
}

}  // namespace colonnade::kill
