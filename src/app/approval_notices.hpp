// For commands that cannot ask: says on standard error what waits for a human while an answer is
// awaited, and how to answer it from elsewhere.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>

#include "app/approver.hpp"
#include "app/command_line.hpp"
#include "colonnade/faramesh.hpp"

namespace colonnade::app {

class ApprovalNotices {
 public:
  struct Watched {
    std::string thread_id{};
    std::string flags{};  // Remote::flags: what `colonnade approvals` must be given too
    // Called at each new question, on a thread of this object's. Without it the notice says how to
    // answer.
    std::function<void()> on_question{};
  };

  // Looks about every second until this object ends, on a thread of its own. `context` must outlive
  // it, and the client that `client` was made from.
  ApprovalNotices(const Context& context, const faramesh::Client& client, Watched watched);
  ~ApprovalNotices();
  ApprovalNotices(const ApprovalNotices&) = delete;
  ApprovalNotices& operator=(const ApprovalNotices&) = delete;

 private:
  void run();
  void look();

  const Context& context_;
  std::stop_source closing_;
  Approver approver_;
  Watched watched_;
  std::set<std::string> told_{};  // the questions of which it was said already
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace colonnade::app
