#include "base/canonical_json.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/decimal.hpp"
#include "base/json.hpp"
#include "base/limits.hpp"

namespace colonnade::base {
namespace {

std::string plain_decimal(double number) {
  const Decimal decimal = shortest_decimal(number);
  if (decimal.digits == "0") return "0";  // also of -0
  std::string out;
  append_fixed(out, decimal);
  return out;
}

// Builds the canonical text of each value as the parser meets its end.
class Canonicalizer final : public nlohmann::json_sax<Json> {
 public:
  explicit Canonicalizer(const std::function<bool(std::string_view)>& drop) : drop_(drop) {}

  bool null() override { return value("null"); }
  bool boolean(bool flag) override { return value(flag ? "true" : "false"); }
  bool number_integer(std::int64_t number) override { return value(std::to_string(number)); }
  bool number_unsigned(std::uint64_t number) override { return value(std::to_string(number)); }
  // Integers beyond 64 bits come here, too, and keep their digits.
  bool number_float(double number, const std::string& token) override {
    if (token.find_first_of(".eE") == std::string::npos) return value(token);
    return value(plain_decimal(number));
  }
  bool string(std::string& text) override { return value(quoted(text)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(true); }
  bool start_array(std::size_t) override { return open(false); }
  bool key(std::string& name) override {
    frames_.back().key = name;
    return true;
  }
  bool end_object() override {
    std::string out = "{";
    for (const auto& [name, text] : frames_.back().members) {
      if (frames_.size() == 1 && drop_ && drop_(name)) continue;
      if (out.size() > 1) out += ',';
      out += quoted(name) + ":" + text;
    }
    return close(std::move(out) + "}");
  }
  bool end_array() override { return close("[" + frames_.back().items + "]"); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return false;
  }

  std::string take() { return std::move(out_); }
  bool too_deep() const { return too_deep_; }

 private:
  struct Frame {
    bool object = false;
    std::string key{};
    std::map<std::string, std::string> members{};  // byte order of UTF-8 is code point order
    std::string items{};
    bool has_items = false;
  };

  static std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }
  bool open(bool object) {
    too_deep_ = frames_.size() >= limits::json_depth_max;
    if (!too_deep_) frames_.push_back({.object = object});
    return !too_deep_;
  }
  bool close(std::string text) {
    frames_.pop_back();
    return value(std::move(text));
  }
  bool value(std::string text) {
    if (frames_.empty()) {
      out_ = std::move(text);
      return true;
    }
    Frame& frame = frames_.back();
    if (frame.object) {
      frame.members.insert_or_assign(frame.key, std::move(text));
    } else {
      if (std::exchange(frame.has_items, true)) frame.items += ',';
      frame.items += text;
    }
    return true;
  }

  const std::function<bool(std::string_view)>& drop_;
  std::vector<Frame> frames_{};
  std::string out_{};
  bool too_deep_ = false;
};

constexpr std::array<std::string_view, 22> not_in_request_hash = {"id",
                                                                  "approval_token",
                                                                  "created_at",
                                                                  "updated_at",
                                                                  "tenant_id",
                                                                  "project_id",
                                                                  "version",
                                                                  "decision",
                                                                  "status",
                                                                  "reason",
                                                                  "risk_level",
                                                                  "policy_version",
                                                                  "policy_hash",
                                                                  "runtime_version",
                                                                  "profile_id",
                                                                  "profile_version",
                                                                  "profile_hash",
                                                                  "provenance_id",
                                                                  "outcome",
                                                                  "reason_code",
                                                                  "reason_details",
                                                                  "request_hash"};

}  // namespace

bool is_left_out_of_request_hash(std::string_view name) {
  return name.starts_with('_') ||
         std::ranges::find(not_in_request_hash, name) != not_in_request_hash.end();
}

Result<std::string> canonical_json(std::string_view text,
                                   const std::function<bool(std::string_view)>& drop) {
  Canonicalizer canonicalizer(drop);
  if (Json::sax_parse(text, &canonicalizer)) return canonicalizer.take();
  if (canonicalizer.too_deep()) {
    return fail(ErrorKind::invalid, "the JSON is nested deeper than " +
                                        std::to_string(limits::json_depth_max) + " levels");
  }
  return fail(ErrorKind::invalid,
              "no canonical form: the text is not JSON in UTF-8 with finite numbers");
}

}  // namespace colonnade::base
