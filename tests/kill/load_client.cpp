#include "load_client.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "event_reader.hpp"

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr auto patience = std::chrono::seconds(30);

// Watches a thread until it has seen this many runs end, now and then breaking off and resuming.
void watch(const bench::Target& target, ThreadRecord& record, int runs, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  ReadEnd end = ReadEnd::enough;
  while (record.terminal_events() < runs && end == ReadEnd::enough) {
    ++record.streams;
    int until_break = std::uniform_int_distribution(3, 40)(random);
    end = read_events(target, record.id, record.last_cursor(), patience,
                      [&](ToldEvent event, std::string_view data) {
                        record_event(record, std::move(event), data);
                        return --until_break == 0 || record.terminal_events() == runs;
                      });
  }
  if (end == ReadEnd::refused)
    throw std::logic_error("thread " + record.id + ": its stream was refused");
}

// Runs `watch` beside the sender; what it throws comes out of finish().
class Watcher {
 public:
  Watcher(const bench::Target& target, ThreadRecord& record, int runs, std::uint64_t seed)
      : thread_([&target, &record, runs, seed, this] {
          try {
            watch(target, record, runs, seed);
          } catch (...) {
            failure_ = std::current_exception();
          }
        }) {}
  void finish() {
    thread_.join();
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_{};
  std::thread thread_;
};

}  // namespace

LoadClient::LoadClient(bench::Target target, std::uint64_t seed, std::string name,
                       bool stub_provider)
    : target_(std::move(target)),
      random_(seed),
      name_(std::move(name)),
      stub_provider_(stub_provider),
      connection_(target_.port) {}

void LoadClient::run(const std::atomic<bool>& stop) {
  while (!stop && one_thread()) {
  }
}

bool LoadClient::one_thread() {
  const std::string title = name_ + " " + std::to_string(++next_);
  const auto made = connection_.exchange(
      bench::request_text(target_, "POST", "/api/v1/threads", json{{"title", title}}.dump()),
      patience);
  if (!made) return false;
  if (made->status != 200) throw std::logic_error("a thread was refused: " + made->body);
  auto& record = *records_.emplace_back(std::make_unique<ThreadRecord>());
  record.id = json::parse(made->body).at("id");
  record.title = title;
  // The sender writes `texts`, `open` and `sent`; the watcher `events`, `messages` and `streams`.
  ThreadRecord sent;
  sent.id = record.id;
  const int runs = std::uniform_int_distribution(1, 3)(random_);
  Watcher watcher(target_, record, runs, random_());
  bool there = true;
  std::exception_ptr failure;
  try {
    for (int i = 0; i < runs && there; ++i) there = send(sent);
  } catch (...) {
    failure = std::current_exception();
  }
  watcher.finish();
  if (failure) std::rethrow_exception(failure);
  record.texts = std::move(sent.texts);
  record.open = std::move(sent.open);
  record.messages.insert(record.messages.end(), sent.messages.begin(), sent.messages.end());
  return there;
}

std::string LoadClient::message_text() {
  const std::string unique = name_ + " message " + std::to_string(++next_);
  const std::string tokens = std::to_string(std::uniform_int_distribution(1, 40)(random_));
  const bool tool = std::uniform_int_distribution(0, 2)(random_) == 0;
  if (!stub_provider_) {
    if (tool) return unique + "\n/tool calculator {\"expression\":\"6*7\"}\n/tokens " + tokens;
    return unique + "\n/tokens " + tokens;
  }
  const std::string pace = std::to_string(std::uniform_int_distribution(0, 3)(random_) * 500);
  return unique + (tool ? " tool=calculator" : "") + " tokens=" + tokens + " pace_us=" + pace;
}

bool LoadClient::send(ThreadRecord& record) {
  const std::string text = message_text();
  const std::string key = name_ + "-" + std::to_string(next_);
  record.texts.push_back(text);
  const auto answer = connection_.exchange(
      bench::request_text(target_, "POST", "/api/v1/threads/" + record.id + "/messages",
                          json{{"text", text}}.dump(), "Idempotency-Key: " + key + "\r\n"),
      patience);
  if (!answer) {
    record.open.push_back({.text = text, .idempotency_key = key});
    return false;
  }
  if (answer->status != 200) {
    throw std::logic_error("thread " + record.id + ": a message was refused: " +
                           std::to_string(answer->status) + " " + answer->body);
  }
  const json body = json::parse(answer->body);
  for (const char* name : {"user_message", "agent_message"}) {
    const json& message = body.at(name);
    record.messages.push_back({message.at("id"), message.at("role"), message.at("content")});
  }
  if (body.at("user_message").at("content") != text) throw std::logic_error("a text was changed");
  return true;
}

}  // namespace colonnade::kill
