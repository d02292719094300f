// A tool that asks first: the run waits, somebody answers, the run goes on. And what failures look
// like.
//
//   TANDEM_API_TOKEN=… TANDEM_BASE_URL=http://localhost:39731 tandem_permissions
#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "colonnade/tandem.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [permissions]
// Runs a tool and answers what it asks for. What the tool gave, and whether it asked.
struct Outcome {
  bool asked = false;
  std::vector<std::string> outputs{};
  std::vector<std::string> errors{};
};

Outcome run_and_answer(const tandem::Client& client, const std::string& session,
                       tandem::PermissionReply answer) {
  // Such a prompt is executed as a call of the tool, without a model.
  auto run = client.sessions.prompt_async(session, R"(/tool bash {"command":"echo colonnade"})");
  Outcome out;
  for (const auto& event : client.stream(session, run.run_id)) {
    if (auto* ask = event.as<tandem::PermissionRequest>()) {
      std::cout << ask->tool << ' ' << ask->args.dump() << '?' << '\n';
      client.permissions.reply(ask->id, answer);
      out.asked = true;
    }
    if (auto* result = event.as<tandem::ToolResult>()) {
      (result->error ? out.errors : out.outputs).push_back(result->error.value_or(result->output));
    }
  }
  return out;
}
// [permissions]

// [errors]
std::string explain(const tandem::Client& client, std::string_view session) {
  try {
    return "there it is: " + client.sessions.get(session).title;
  } catch (const tandem::EngineError& e) {
    return std::to_string(e.status()) + ' ' + e.code();
  } catch (const tandem::ValidationError& e) {
    return e.endpoint() + " makes no sense: " + e.issues().front();
  } catch (const tandem::CancelledError&) {
    return "we stopped it ourselves";
  } catch (const tandem::ConnectionError& e) {
    return std::string(to_string(e.kind()));  // resolve, connect, tls, reset, timeout, protocol
  } catch (const std::invalid_argument&) {
    return "the call itself is wrong";  // an empty id; nothing was sent
  }
}
// [errors]

bool work(std::stop_token enough) {
  auto root = tandem::Client::from_env();
  auto client = root.with({.stop = enough});
  auto session = client.sessions.create(
      {.title = "Asks first", .permission = {{.permission = "bash", .action = "ask"}}});
  const auto allowed = run_and_answer(client, session, tandem::PermissionReply::once);
  const auto denied = run_and_answer(client, session, tandem::PermissionReply::deny);
  const bool ran = allowed.asked && allowed.outputs.size() == 1 &&
                   allowed.outputs[0].find("colonnade") != std::string::npos;
  const bool stopped = denied.asked && denied.outputs.empty() && denied.errors.size() == 1;
  client.sessions.remove(session);

  const std::string gone = explain(client, session);
  const std::string refused = explain(client.with_token("tk_wrong"), session);
  const std::string wrong = explain(client, "");
  std::cout << gone << '\n' << refused << '\n' << wrong << '\n';
  return ran && stopped && gone.starts_with("404") && refused == "401 AUTH_REQUIRED" &&
         wrong == "the call itself is wrong";
}

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
