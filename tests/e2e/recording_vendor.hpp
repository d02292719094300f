// A model vendor in the test's own process: it speaks chat completions, answers as its last message
// steers it, and keeps every request.
#pragma once

#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "net/testing.hpp"

namespace colonnade::e2e {

// The last message of a request steers the answer:
//   call NAME {JSON}   asks for that tool; what the tool gave is then repeated: "Used: …"
//   anything else      "Heard: …"
// Below url(): /chat/completions, /models with one model. Thread-safe.
class RecordingVendor {
 public:
  RecordingVendor();

  // The base URL of a provider of the configuration.
  std::string url() const;
  // One provider and the choice of it, as lines of the configuration.
  std::string configuration() const;
  // What users and the model said, of the newest request: "user: …", "assistant: …".
  std::vector<std::string> heard() const;
  std::vector<nlohmann::json> requests() const;

 private:
  std::vector<net::Route> routes();
  net::Response answer(const net::Request& request);
  base::Task<net::Reply> serve(std::shared_ptr<const net::Request> request);

  mutable std::mutex mutex_;
  std::vector<nlohmann::json> requests_{};
  net::testing::TestServer server_;
};

}  // namespace colonnade::e2e
