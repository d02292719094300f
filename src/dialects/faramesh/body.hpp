// Request bodies, read strictly (faramesh §2.4, §2.5): every member known, every fault named. What
// an agent asks for is kept as the text it came in, so that no digit and no order is lost.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/faramesh/errors.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::faramesh {

// The members of one JSON object. Asks for what it may hold, one after the other; what is wrong is
// gathered in faults(). Of repeated members the last one counts. Views point into the text given.
class ObjectReader {
 public:
  // `text` is a valid JSON object. `location` says where it stands: R"(["body"])".
  ObjectReader(std::string_view text, std::string location);

  bool has(std::string_view name) const { return find(name) != nullptr; }
  // A string; "" and a fault when it is absent or something else.
  std::string text(std::string_view name);
  // A string; nullopt when it is absent or null.
  std::optional<std::string> optional_text(std::string_view name);
  // An object as its JSON text; a fault when it is absent.
  std::string object(std::string_view name);
  // "{}" when it is absent or null.
  std::string optional_object(std::string_view name);
  // true and false in all the forms that the contract allows (§2.5).
  bool flag(std::string_view name);
  // The items of a list, as JSON texts.
  std::vector<std::string_view> list(std::string_view name);
  // Accepts it, whatever it is.
  void ignore(std::string_view name) { known_.emplace_back(name); }
  // What was not asked for is a fault. Call it last.
  void refuse_others();

  // What is repeated of the body in faults leaves this member out.
  void keep_secret(std::string_view name) { secret_ = name; }
  void add_fault(std::string_view name, std::string_view type, std::string_view message);
  bool sound() const { return faults_.empty(); }
  Faults take_faults() { return std::move(faults_); }

 private:
  struct Member {
    std::string key{};
    std::string_view value{};
  };
  const std::string_view* find(std::string_view name) const;
  const std::string_view* required(std::string_view name);
  void add_fault_at(std::string_view name, std::string_view type, std::string_view message,
                    std::string input);
  std::string echo(std::string_view name, std::string_view value) const;
  std::string echo_of_all() const;

  std::string location_;
  std::vector<Member> members_;
  std::vector<std::string> known_;
  std::string secret_;
  Faults faults_;
};

template <class T>
using Decoded = std::expected<T, Faults>;

// The body's object, checked to be one: its text without the blanks around it.
Decoded<std::string_view> object_body(const net::Request& request);

// The same for any JSON text; `location` as above.
Decoded<std::string_view> object_text(std::string_view json, const std::string& location);

// ["body","actions",3]
std::string location_of(std::string_view parent, std::string_view name);
std::string location_of(std::string_view parent, std::size_t index);

}  // namespace colonnade::dialects::faramesh
