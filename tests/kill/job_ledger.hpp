// What clients of jobs asked for and were told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace colonnade::kill {

// One request that makes jobs. It has a key, so it may be sent again until it is answered.
struct JobOrder {
  std::string mark{};  // unique; a tag of its jobs, and what their tools write
  std::string path{};
  std::string body{};
  std::string request_key{};  // of the header; "": the key is in the body
  // Another client asks for the same job under this key; whoever comes first gives it the tag.
  std::string shared_key{};
  std::size_t jobs = 1;
  bool is_batch = false;
  bool cancels = false;  // its job, which is due in an hour, is cancelled
  // What was answered.
  std::vector<std::string> ids{};  // of its jobs
  bool is_cancelled = false;

  bool is_settled() const { return !ids.empty() && (!cancels || is_cancelled); }
};

// From when to when a server was certainly there; µs since 1970.
struct Life {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

}  // namespace colonnade::kill
