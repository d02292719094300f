// One libcurl transfer: an easy handle, its request and what has arrived. Used by curl_session
// only; it touches no thread but the one that drives its multi handle.
#pragma once

#include <curl/curl.h>

#include <chrono>
#include <optional>
#include <string>

#include "net/curl_session.hpp"

namespace colonnade::net {

class CurlTransfer {
 public:
  using Clock = std::chrono::steady_clock;

  // `streaming`: the body is taken piece by piece with take_bytes(), and the sender is held up
  // while too much of it is unread. Otherwise it is collected whole.
  CurlTransfer(CurlRequest request, const CurlOptions& options, bool streaming);
  ~CurlTransfer();
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  CURL* easy() const { return easy_; }
  const CurlRequest& request() const { return request_; }

  // The transfer is over with this result of libcurl's.
  void finish(CURLcode code);
  // Ends it with an error of ours.
  void finish(CurlErrorKind kind, std::string message);

  bool head_ready() const { return head_ready_; }
  bool finished() const { return finished_; }
  bool has_bytes() const { return !body_.empty(); }
  const std::optional<CurlError>& error() const { return error_; }

  CurlHead take_head();
  CurlReply take_reply();
  // What arrived since the last take; lets a held-up sender go on.
  std::string take_bytes();

  // Somebody starts to wait: the silence before that does not count.
  void listen() { last_activity_ = Clock::now(); }
  // When this transfer's time is up; nullopt for never.
  std::optional<Clock::time_point> deadline() const;
  // Ends it with a timeout when the deadline has passed.
  void check_time(Clock::time_point now);

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  static int on_progress(void* self, curl_off_t, curl_off_t down, curl_off_t, curl_off_t up);
  static int on_send(void* self, char*, char*, int, int);
  void set_up(const CurlOptions& options);
  void header_line(std::string_view line);

  CurlRequest request_;
  bool streaming_;
  CURL* easy_ = nullptr;
  curl_slist* header_list_ = nullptr;
  char error_text_[CURL_ERROR_SIZE] = {};
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_activity_ = started_;
  curl_off_t bytes_moved_ = 0;
  int sends_ = 0;
  bool repeated_ = false;
  CurlHead head_{};
  std::size_t header_bytes_ = 0;
  bool head_ready_ = false;
  std::string body_;
  bool paused_ = false;
  bool oversized_ = false;
  bool finished_ = false;
  std::optional<CurlError> error_;
};

}  // namespace colonnade::net
