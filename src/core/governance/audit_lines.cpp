#include "core/governance/audit_lines.hpp"

#include <nlohmann/json.hpp>

#include "base/json.hpp"

namespace colonnade::core {
namespace {

constexpr std::string_view end_begins = R"({"end")";

std::unexpected<base::Error> odd(std::string message) {
  return base::fail(base::ErrorKind::invalid, std::move(message));
}

// The object of the line, decoded by `read`, when encoding it again gives the same bytes.
template <class T, class Read>
base::Result<T> decode(std::string_view line, Read read) {
  const auto json = base::parse_json(line, "the line");
  if (!json) return std::unexpected(json.error());
  T out;
  try {
    read(*json, out);
  } catch (const base::Json::exception&) {
    return odd("the line is not of the form that `audit export` writes");
  }
  if (encode(out) != line) {
    return odd("the line is not written as `audit export` writes it");
  }
  return out;
}

}  // namespace

std::string encode(const AuditLine& line) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("seq", line.seq).field("text", line.text);
  json.field("previous_hash", line.previous_hash).field("hash", line.hash).end_object();
  return out;
}

std::string encode(const AuditEndLine& line) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("end", true).field("count", line.count);
  json.field("last_hash", line.last_hash).end_object();
  return out;
}

std::string audit_line(const AuditRecord& record) {
  return encode(AuditLine{.seq = record.seq,
                          .text = record.text,
                          .previous_hash = record.previous_hash,
                          .hash = record.hash});
}

bool looks_like_audit_end(std::string_view line) { return line.starts_with(end_begins); }

base::Result<AuditLine> decode_audit_line(std::string_view line) {
  return decode<AuditLine>(line, [](const base::Json& json, AuditLine& out) {
    out.seq = json.at("seq").get<std::int64_t>();
    out.text = json.at("text").get<std::string>();
    out.previous_hash = json.at("previous_hash").get<std::string>();
    out.hash = json.at("hash").get<std::string>();
  });
}

base::Result<AuditEndLine> decode_audit_end(std::string_view line) {
  return decode<AuditEndLine>(line, [](const base::Json& json, AuditEndLine& out) {
    out.count = json.at("count").get<std::int64_t>();
    out.last_hash = json.at("last_hash").get<std::string>();
  });
}

}  // namespace colonnade::core
