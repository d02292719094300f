// One turn with a server, live: subscribe first, wait until that stands, then send.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "colonnade/fathom.hpp"

namespace colonnade::app {

class Conversation {
 public:
  // Opens the thread's stream and returns once it is subscribed. Throws what the SDK throws.
  Conversation(const fathom::Client& client, std::string thread_id);
  // Closes the stream.
  ~Conversation();
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  const std::string& thread_id() const { return thread_id_; }

  // Sends `text` and waits for the answer. `on_delta` gets each piece as it comes, on the calling
  // thread, and "" about ten times a second while nothing comes (for a spinner). A stop cancels the
  // turn on the server and throws CancelledError; other failures throw as threads.send() does.
  fathom::Exchange ask(std::string text, const std::function<void(std::string_view)>& on_delta,
                       std::stop_token stop);

 private:
  void read(Stream<fathom::Event> stream);

  const fathom::Client& client_;
  std::string thread_id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<fathom::Event> events_;
  bool ended_ = false;     // the stream is over: answers still come from send()
  bool answered_ = false;  // the send under way has returned
  std::stop_source closing_;
  std::thread reader_;
};

}  // namespace colonnade::app
