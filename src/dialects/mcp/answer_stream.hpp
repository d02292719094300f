// The stream that answers one request: notifications, then the answer itself.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/sse.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::mcp {

// Used on the writer's lane only.
class AnswerStream {
 public:
  explicit AnswerStream(std::shared_ptr<net::StreamWriter> writer) : writer_(std::move(writer)) {}

  base::Lane& lane() { return writer_->lane(); }
  void send(std::string_view message) {
    if (!open_ || writer_->closed()) return;
    std::string frame;
    base::append_sse(frame, "message", message);
    writer_->send(std::make_shared<const std::string>(std::move(frame)));
  }
  void finish() {
    if (std::exchange(open_, false)) writer_->finish();
  }
  // The client has gone, or the server stops. False when everything was said before.
  bool cut() { return std::exchange(open_, false); }

 private:
  std::shared_ptr<net::StreamWriter> writer_;
  bool open_ = true;
};

}  // namespace colonnade::dialects::mcp
