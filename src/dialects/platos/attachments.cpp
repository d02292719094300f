#include "dialects/platos/attachments.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.hpp"
#include "core/runs/run_start.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;

constexpr int created_status = 201;
constexpr const char* attachment_ids_field = "attachmentIds";

// A name that is no percent-encoding stands for itself.
std::string file_name_of(const net::Request& request) {
  const std::string_view header = request.header("X-Filename");
  auto decoded = net::percent_decode(header);
  if (decoded && base::is_valid_utf8(*decoded)) return std::move(*decoded);
  return std::string(header);
}

net::Response uploaded(const core::Attachment& attachment) {
  return {.status = created_status, .body = encode_attachment(attachment)};
}

}  // namespace

std::string encode_attachment(const core::Attachment& attachment) {
  std::string out;
  base::JsonWriter json(out);
  json.object().field("id", attachment.id).field("kind", core::to_string(attachment.kind));
  json.field("mimeType", attachment.mime).field("bytes", attachment.bytes);
  json.field("originalName", attachment.name);
  json.field("expiresAt", wire_time(attachment.expires_at)).end_object();
  return out;
}

base::Result<std::vector<std::string>> decode_attachment_ids(const base::Json& value) {
  std::vector<std::string> ids;
  if (value.is_null()) return ids;
  const auto wrong = [] {
    return base::fail(ErrorKind::invalid, "attachmentIds must be a list of strings",
                      attachment_ids_field);
  };
  if (!value.is_array()) return wrong();
  for (const base::Json& id : value) {
    if (!id.is_string()) return wrong();
    ids.push_back(id.get<std::string>());
  }
  return ids;
}

std::vector<std::string> split_attachment_ids(std::string_view text) {
  std::vector<std::string> ids;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (const std::string_view id = text.substr(0, comma); !id.empty()) ids.emplace_back(id);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return ids;
}

std::string_view attachment_error_code(const base::Error& error) {
  return error.field == core::unsupported_attachment_field ? "ATTACHMENT_UNSUPPORTED" : "";
}

base::Task<net::Reply> AttachmentResource::upload(Caller caller, RequestPtr request) {
  core::NewAttachment input{.bytes = request->body,
                            .declared_type = std::string(request->header("Content-Type")),
                            .name = file_name_of(*request)};
  auto work = [this, who = caller.who, input = std::move(input)](Attempt attempt) mutable {
    return upload_once(std::move(who), std::move(input), std::move(attempt));
  };
  auto response =
      co_await deps_.answer_once.run(caller.who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> AttachmentResource::upload_once(core::Principal who,
                                                      core::NewAttachment input, Attempt attempt) {
  if (!attempt.object_id.empty()) {
    const auto made = co_await deps_.attachments.get(who, attempt.object_id);
    if (!made) co_return refused(made.error());
    co_return Attempted{.response = uploaded(*made)};
  }
  input.keyed_request_id = std::move(attempt.keyed_request_id);
  const auto attachment = co_await deps_.attachments.upload(std::move(who), std::move(input));
  if (!attachment) co_return refused(attachment.error());
  co_return Attempted{.response = uploaded(*attachment)};
}

}  // namespace colonnade::dialects::platos
