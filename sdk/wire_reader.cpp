#include "sdk/wire_reader.hpp"

#include <limits>

#include "base/clock.hpp"

namespace colonnade::inline v1 {

std::string to_string(Timestamp time) {
  const auto micros = std::chrono::floor<std::chrono::microseconds>(time);
  std::string text = base::to_rfc3339(base::Time{micros.time_since_epoch().count()});
  const auto rest = (time - micros).count();
  if (rest != 0) {
    const std::string digits = std::to_string(1000 + rest);
    text.insert(text.size() - 1, digits.substr(1));
  }
  return text;
}

namespace detail {
namespace {

// The digits behind the microseconds, which base's Time does not keep, as nanoseconds.
std::int64_t nanos_beyond_micros(std::string_view text) {
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return 0;
  std::int64_t nanos = 0;
  std::int64_t weight = 100;
  for (std::size_t i = dot + 7; i < text.size() && i < dot + 10; ++i) {
    if (text[i] < '0' || text[i] > '9') break;
    nanos += (text[i] - '0') * weight;
    weight /= 10;
  }
  return nanos;
}

bool fits(Element value, Kind kind) {
  std::string_view text;
  switch (kind) {
    case Kind::string: return value.is_string();
    case Kind::nonempty_string: return value.get(text) == simdjson::SUCCESS && !text.empty();
    case Kind::object: return value.is_object();
    case Kind::list: return value.is_array() || value.is_null();  // null is empty (fathom §1.4)
  }
  return false;
}

}  // namespace

Timestamp parse_time(std::string_view text) {
  const auto time = base::parse_rfc3339(text);
  if (!time) return {};
  // Nanoseconds reach from 1677 to 2262.
  constexpr std::int64_t micros_max = std::numeric_limits<std::int64_t>::max() / 1000 - 1;
  if (time->micros > micros_max || time->micros < -micros_max) return {};
  return Timestamp(std::chrono::nanoseconds(time->micros * 1000 + nanos_beyond_micros(text)));
}

Failure malformed(const CallSpec& spec, const TransportReply& reply, std::string_view api,
                  std::string_view why) {
  return Failure{.kind = ErrorKind::malformed,
                 .message = std::string(spec.method) + " " +
                            spec.path.substr(0, spec.path.find('?')) +
                            ": the reply is not what the " + std::string(api) +
                            " API promises: " + std::string(why),
                 .status = reply.status,
                 .body = reply.body};
}

Result<Element> open_object(const CallSpec& spec, const TransportReply& reply, std::string_view api,
                            std::initializer_list<Required> required) {
  auto document = parse_document(reply.body);
  if (!document) return malformed(spec, reply, api, document.error().message);
  simdjson::dom::object members;
  if (document->get(members) != simdjson::SUCCESS) {
    return malformed(spec, reply, api, "not an object");
  }
  for (const Required& field : required) {
    Element value;
    const bool there = members.at_key(field.name).get(value) == simdjson::SUCCESS;
    if (!there || !fits(value, field.kind)) {
      return malformed(spec, reply, api, "it lacks \"" + std::string(field.name) + "\"");
    }
  }
  return *document;
}

}  // namespace detail
}  // namespace colonnade::inline v1
