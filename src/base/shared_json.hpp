// A JSON value that is made once and read by many: copying it copies a pointer.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"

namespace colonnade::base {

// Never changes; whoever needs another value makes a new one. Reads like the Json it is made of.
// Thread-safe.
class SharedJson {
 public:
  SharedJson() : SharedJson(Json::object()) {}
  SharedJson(Json value) : value_(std::make_shared<const Json>(std::move(value))) {}
  SharedJson(Json::initializer_list_t members) : SharedJson(Json(members)) {}

  const Json& get() const { return *value_; }
  operator const Json&() const { return *value_; }

  friend bool operator==(const SharedJson& a, const SharedJson& b) {
    return a.value_ == b.value_ || *a.value_ == *b.value_;
  }

 private:
  std::shared_ptr<const Json> value_;
};

}  // namespace colonnade::base
