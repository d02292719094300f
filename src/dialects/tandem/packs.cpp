#include "dialects/tandem/packs.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "core/packs/limits.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/packs_wire.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::Json;
using core::Principal;

constexpr int pack_refused = 400;

// The contract has one status for whatever is wrong with a pack (tandem §2.11); who may not, or has
// to wait, hears that.
net::Response pack_error(const base::Error& error, std::string_view code) {
  switch (error.kind) {
    case ErrorKind::invalid:
    case ErrorKind::not_found:
    case ErrorKind::conflict:
    case ErrorKind::gone:
    case ErrorKind::too_large:
    case ErrorKind::timeout:
    case ErrorKind::upstream: break;
    case ErrorKind::unauthorized:
    case ErrorKind::forbidden:
    case ErrorKind::rate_limited:
    case ErrorKind::unavailable:
    case ErrorKind::cancelled:
    case ErrorKind::over_budget:
    case ErrorKind::internal: return error_response(error);
  }
  net::Response out = error_response(error, code);
  out.status = pack_refused;
  return out;
}

// Of what names an installed pack.
net::Response selector_error(const base::Error& error, std::string_view code) {
  if (error.kind == ErrorKind::not_found && error.field.empty()) {
    return error_response(error, "PACK_NOT_FOUND");
  }
  if (error.kind == ErrorKind::invalid && error.field == "pack_id") {
    return error_response(pack_refused, error.message, "PACK_SELECTOR_REQUIRED");
  }
  if (error.kind == ErrorKind::conflict) return error_response(error, "PACK_BUSY");
  return pack_error(error, code);
}

core::PackSelector selector_in_path(const net::Request& request) {
  core::PackSelector out{.either = request.path_parameters.front()};
  // "name@version", as origins are written.
  if (const std::size_t at = out.either.rfind('@'); at != std::string::npos) {
    out.version = out.either.substr(at + 1);
    out.either.resize(at);
  }
  return out;
}

}  // namespace

base::Task<net::Reply> PackResource::list(Principal who, RequestPtr /*request*/) {
  const auto packs = co_await packs_.list(std::move(who));
  if (!packs) co_return error_response(packs.error());
  Json out = Json::array();
  for (const core::Pack& one : *packs) out.push_back(encode_pack(one));
  const Json body = {{"packs", std::move(out)}};
  co_return answer(body);
}

base::Task<net::Reply> PackResource::inspect(Principal who, RequestPtr request) {
  auto sheet =
      co_await packs_.inspect(std::move(who), selector_in_path(*request), request->disconnected);
  if (!sheet) co_return selector_error(sheet.error(), "PACK_INSPECT_FAILED");
  const Json body = {{"pack", encode_pack_sheet(*sheet)}};
  co_return answer(body);
}

base::Task<net::Reply> PackResource::detect(Principal who, RequestPtr request) {
  auto input = decode_pack_input(*request);
  if (!input) co_return pack_error(input.error(), "PACK_DETECT_FAILED");
  auto sheet = co_await packs_.detect(std::move(who), std::move(*input), request->disconnected);
  if (!sheet) co_return pack_error(sheet.error(), "PACK_DETECT_FAILED");
  Json body = {{"is_pack", sheet->has_value()}, {"marker", core::pack_manifest_file}};
  if (*sheet) body["pack"] = encode_pack_sheet(**sheet);
  co_return answer(body);
}

base::Task<net::Reply> PackResource::install(Principal who, RequestPtr request) {
  auto work = [this, who, request](Attempt attempt) mutable {
    return install_once(std::move(who), std::move(request), std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, request_key(*request), std::move(work));
  if (!response) co_return error_response(response.error());
  co_return std::move(*response);
}

base::Task<Attempted> PackResource::install_once(Principal who, RequestPtr request,
                                                 Attempt attempt) {
  base::Result<core::Pack> pack = base::fail(ErrorKind::internal, "");
  if (attempt.object_id.empty()) {
    auto input = decode_pack_input(*request);
    if (!input) co_return refused(pack_error(input.error(), "PACK_INSTALL_FAILED"));
    pack = co_await packs_.install(std::move(who), std::move(*input),
                                   std::move(attempt.keyed_request_id), request->disconnected);
  } else {
    const std::size_t at = attempt.object_id.rfind('@');
    core::PackSelector which{.name = attempt.object_id.substr(0, at),
                             .version = attempt.object_id.substr(at + 1)};
    pack = co_await packs_.get(std::move(who), std::move(which));
  }
  if (!pack) co_return refused(pack_error(pack.error(), "PACK_INSTALL_FAILED"));
  const Json body = {{"installed", encode_pack(*pack)}};
  co_return Attempted{.response = answer(body)};
}

base::Task<net::Reply> PackResource::uninstall(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto which = decode_pack_selector(*body);
  if (!which) co_return error_response(which.error());
  const auto removed = co_await packs_.uninstall(std::move(who), std::move(*which));
  if (!removed) co_return selector_error(removed.error(), "PACK_UNINSTALL_FAILED");
  const Json out = {{"removed", encode_pack(*removed)}};
  co_return answer(out);
}

base::Task<net::Reply> PackResource::write_archive(Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto which = decode_pack_selector(*body);
  if (!which) co_return error_response(which.error());
  auto path = text_member(*body, {"output_path", "outputPath"});
  if (!path) co_return error_response(path.error());
  std::string where = std::move(*path).value_or("");
  const auto made =
      co_await packs_.write_archive(std::move(who), std::move(*which), std::move(where));
  if (!made && made.error().kind == ErrorKind::invalid && made.error().field == "pack_id") {
    co_return selector_error(made.error(), "PACK_EXPORT_FAILED");
  }
  // One status for all of it, a pack that is not there included.
  if (!made) co_return pack_error(made.error(), "PACK_EXPORT_FAILED");
  const Json out = {
      {"exported", {{"path", made->path}, {"sha256", made->sha256}, {"bytes", made->bytes}}}};
  co_return answer(out);
}

base::Task<net::Reply> PackResource::updates(Principal who, RequestPtr request) {
  const auto pack = co_await packs_.get(std::move(who), selector_in_path(*request));
  if (!pack) co_return selector_error(pack.error(), "PACK_UPDATES_FAILED");
  const core::PackDifference none;
  const Json out = {{"pack_id", pack->manifest.pack_id},
                    {"name", pack->manifest.name},
                    {"current_version", pack->manifest.version},
                    {"updates", Json::array()},
                    {"permissions_diff", encode_pack_difference(none)},
                    {"reapproval_required", false}};
  co_return answer(out);
}

base::Task<net::Reply> PackResource::update(Principal who, RequestPtr request) {
  auto input = decode_pack_input(*request);
  if (!input) co_return pack_error(input.error(), "PACK_UPDATE_FAILED");
  Json body = Json::object();
  if (!input->bytes) {
    auto read = body_of(*request);
    if (!read) co_return error_response(read.error());
    body = std::move(*read);
  }
  auto target = text_member(body, {"target_version", "targetVersion"});
  if (!target) co_return error_response(target.error());
  const auto approved = flag_member(body, {"approved"});
  if (!approved) co_return error_response(approved.error());
  const std::string version = target->value_or("");
  const auto done =
      co_await packs_.update(std::move(who), selector_in_path(*request), std::move(*input), version,
                             approved->value_or(false), request->disconnected);
  if (!done) co_return selector_error(done.error(), "PACK_UPDATE_FAILED");
  const core::PackManifest& before = done->before.manifest;
  Json out = {{"updated", done->after.has_value()},
              {"pack_id", before.pack_id},
              {"name", before.name},
              {"current_version", before.version},
              {"target_version", *target ? Json(**target) : Json()},
              {"permissions_diff", encode_pack_difference(done->difference)},
              {"reapproval_required", done->needs_approval}};
  if (done->after) {
    out["current_version"] = done->after->manifest.version;
    out["installed"] = encode_pack(*done->after);
  } else {
    out["reason"] = done->has_archive ? "reapproval_required" : "updates_not_implemented";
  }
  co_return answer(out);
}

std::vector<net::Route> PackResource::routes(const Callers& in) {
  using enum net::Method;
  using P = PackResource;
  std::vector<net::Route> out = {
      row(get, "/packs", in(*this, &P::list)),
      row(get, "/packs/{selector}", in(*this, &P::inspect), true),
      row(get, "/packs/{selector}/updates", in(*this, &P::updates)),
      row(post, "/packs/uninstall", in.once(*this, &P::uninstall)),
      row(post, "/packs/export", in.once(*this, &P::write_archive)),
  };
  // These take an archive as their body, and may take their time.
  const auto takes_archive = [&out](std::string pattern, net::Guard guard) {
    net::Route route = row(post, std::move(pattern), std::move(guard), true);
    route.body_bytes_max = limits::pack_upload_bytes_max;
    out.push_back(std::move(route));
  };
  takes_archive("/packs/detect", in.once(*this, &P::detect));
  takes_archive("/packs/install", in(*this, &P::install));
  takes_archive("/packs/install_from_attachment", in(*this, &P::install));
  takes_archive("/packs/{selector}/update", in.once(*this, &P::update));
  return out;
}

}  // namespace colonnade::dialects::tandem
