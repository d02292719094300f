// A session of a coding agent in a directory: one prompt streamed with everything the run tells on
// the way, one with a file, one waited for.
//
//   TANDEM_API_TOKEN=… TANDEM_BASE_URL=http://localhost:39731 tandem_quickstart
#include <chrono>
#include <iostream>

#include "colonnade/tandem.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [stream]
// Whether the run ended with an answer.
bool stream(const tandem::Client& client, const std::string& session) {
  auto run = client.sessions.prompt_async(session, "Summarize the README");
  bool answered = false;
  for (const auto& event : client.stream(session, run.run_id)) {
    match(
        event, [](const tandem::SessionResponse& r) { std::cout << r.delta << std::flush; },
        [](const tandem::ToolCall& call) { std::cout << "-> " << call.tool << '\n'; },
        [](const tandem::ToolResult& result) { std::cout << "<- " << result.output << '\n'; },
        [&](const tandem::RunFinished& end) {
          std::cout << "\nrun " << run.run_id << ": " << end.status << '\n';
          answered = end.status == "completed";
        },
        [](const auto&) {});  // parts, usage, and events of a newer server
  }
  return answered;
}
// [stream]

// [parts]
// A prompt of several parts; files as data: URLs, or as paths that the server may read.
bool prompt_with_a_file(const tandem::Client& client, const std::string& session) {
  auto run = client.sessions.prompt_async_parts(
      session, {tandem::FilePart{.mime = "text/plain",
                                 .filename = "plan.txt",
                                 .url = "data:text/plain;base64,QnVpbGQgYSBjb2xvbm5hZGUu"},
                tandem::TextPart{"Explain this plan."}});
  for (const auto& event : client.stream(session, run.run_id)) {
    if (auto* end = event.as<tandem::RunFinished>()) return end->status == "completed";
  }
  return false;
}
// [parts]

// [sync]
// The whole answer at once, then the transcript.
bool wait_for_an_answer(const tandem::Client& client, const std::string& session) {
  auto answer = client.sessions.prompt_sync(session, "And in one word?",
                                            {.tool_mode = tandem::ToolMode::none});
  for (const auto& message : client.sessions.messages(session)) {
    std::cout << message.info.role << ": " << message.text() << '\n';
  }
  return !answer.empty();
}
// [sync]

// [manage]
// Every session can be listed, renamed, copied and removed.
bool manage(const tandem::Client& client, const std::string& session) {
  client.sessions.update(session, {.title = "Renamed"});
  auto copy = client.sessions.fork(session);
  bool found = false;
  for (const auto& listed : client.sessions.list({.q = "Renamed"}).sessions) {
    found = found || listed.id == session;
  }
  client.sessions.remove(copy.id);
  client.sessions.remove(session);
  return found;
}
// [manage]

// [begin]
bool work(std::stop_token enough) {
  auto root = tandem::Client::from_env();  // TANDEM_BASE_URL, TANDEM_API_TOKEN
  auto client = root.with({.stop = enough});
  auto session = client.sessions.create({.title = "My agent", .directory = "."});
  return client.health().ready && stream(client, session) && prompt_with_a_file(client, session) &&
         wait_for_an_answer(client, session) && manage(client, session);
}
// [begin]

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return work(deadline.source().get_token()) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
