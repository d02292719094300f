#include "app/approval_notices.hpp"

#include <chrono>
#include <cstdio>
#include <utility>

namespace colonnade::app {
namespace {

constexpr std::chrono::seconds look_interval{1};  // most turns have ended before the first look

std::string notice_of(const Terminal& terminal, const faramesh::Action& action) {
  std::string out = "colonnade: " + terminal.err(Colour::yellow, "waiting") + ": agent " +
                    printable_line(action.agent_id) + " asks to use " +
                    printable_line(action.tool) + ", and a human must answer\n  " +
                    printable_line(action.params.dump()) + "\n  " + printable_line(action.reason) +
                    "; risk " + printable_line(action.risk_level) + "; id " +
                    printable_line(action.id) + "\n";
  return out;
}

std::string remedy_of(const faramesh::Action& action, const std::string& flags) {
  const std::string id = " " + printable_line(action.id);
  const std::string answer = is_question(action) ? " --answer TEXT" : "";
  return "  Answer it from another terminal:\n    colonnade approvals approve" + id + answer +
         flags + "\n    colonnade approvals deny" + id + flags + "\n";
}

}  // namespace

ApprovalNotices::ApprovalNotices(const Context& context, const faramesh::Client& client,
                                 Watched watched)
    : context_(context),
      approver_(context, client.with({.stop = closing_.get_token()})),
      watched_(std::move(watched)),
      thread_([this] { run(); }) {}

ApprovalNotices::~ApprovalNotices() {
  closing_.request_stop();
  thread_.join();
}

void ApprovalNotices::run() {
  const std::stop_token stop = closing_.get_token();
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, look_interval, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      look();
    } catch (const faramesh::ConnectionError&) {
      // The call whose answer is awaited says what is wrong with the connection.
    } catch (const colonnade::Error&) {
      return;  // this server, or this token, has no approvals to show
    }
  }
}

void ApprovalNotices::look() {
  for (const faramesh::Action& listed : approver_.pending(watched_.thread_id)) {
    if (!told_.insert(listed.id).second) continue;
    const faramesh::Action action = approver_.client().get_action(listed.id);
    std::string notice = notice_of(context_.terminal, action);
    if (!watched_.on_question) notice += remedy_of(action, watched_.flags);
    std::fputs(notice.c_str(), stderr);
    if (watched_.on_question) watched_.on_question();
  }
}

}  // namespace colonnade::app
