// A vendor's key, which may become another while the server runs.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace colonnade::providers::upstream {

// Any thread.
class ApiKey {
 public:
  // `read` gives the key of now; "" when it cannot be read, and the old one stays. Empty: the key
  // never changes.
  explicit ApiKey(std::string key, std::function<std::string()> read = {})
      : key_(std::move(key)), read_(std::move(read)) {}

  std::string get() const;
  // From now on `key` in place of the one that it began with and of what is read; "" goes back.
  void use(std::string key);
  // Whether get() gives what use() set.
  bool is_given() const;
  // Reads it again; it may block on a small file.
  void reload();
  // The same after the vendor refused `refused`: whether the key is another one now.
  bool replaced(const std::string& refused);

 private:
  mutable std::mutex mutex_;
  std::string key_;
  std::string given_;
  const std::function<std::string()> read_;
};

using SharedApiKey = std::shared_ptr<ApiKey>;

}  // namespace colonnade::providers::upstream
