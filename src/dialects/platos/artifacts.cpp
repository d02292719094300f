#include "dialects/platos/artifacts.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/row_source.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::ErrorKind;

// ISO 8601 in UTC with milliseconds (platos §0.2).
std::string artifact_time(base::Time time) {
  constexpr std::size_t up_to_milliseconds = 23;  // 2026-05-12T09:00:04.120
  return base::to_rfc3339(time).substr(0, up_to_milliseconds) + "Z";
}

void write_text_or_null(base::JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

// 100 without one, and for 0, which a client that drops falsy options does not send.
base::Result<std::size_t> artifact_limit(const net::Request& request) {
  const auto text = request.query_parameter("limit");
  if (!text || text->empty()) return limits::artifact_rows_default;
  std::size_t limit = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc{} || end != text->data() + text->size()) {
    return base::fail(
        ErrorKind::invalid,
        "limit must be a whole number from 1 to " + std::to_string(limits::artifact_rows_max),
        "limit");
  }
  if (limit == 0) return limits::artifact_rows_default;
  return std::min(limit, limits::artifact_rows_max);
}

// As they were when the list began, so that what an agent makes meanwhile does not disturb it.
class ArtifactRows final : public RowSource {
 public:
  ArtifactRows(core::Artifacts& artifacts, core::Principal who, std::string thread_id,
               std::size_t rows)
      : RowSource(R"({"artifacts":[)", "]}", rows),
        artifacts_(artifacts),
        who_(std::move(who)),
        thread_id_(std::move(thread_id)),
        page_{.as_of = artifacts.now()} {}

 private:
  base::Task<Rows> read(std::size_t limit) override {
    page_.limit = limit;
    const auto found = co_await artifacts_.list(who_, thread_id_, page_);
    if (!found) co_return base::fail(found.error());
    std::vector<std::string> rows;
    for (const core::Artifact& artifact : *found) rows.push_back(encode_artifact(artifact));
    if (!found->empty()) {
      page_.after =
          core::ArtifactPage::Mark{.created_at = found->back().created_at, .id = found->back().id};
    }
    co_return rows;
  }

  core::Artifacts& artifacts_;
  core::Principal who_;
  std::string thread_id_;
  core::ArtifactPage page_;
};

}  // namespace

std::string encode_artifact(const core::Artifact& artifact) {
  std::string out;
  out.reserve(artifact.content.size() + 512);
  base::JsonWriter json(out);
  json.object().field("id", artifact.id).field("threadId", artifact.thread_id);
  json.field("artifactKey", artifact.key).field("revision", artifact.revision);
  json.field("kind", core::to_string(artifact.kind));
  write_text_or_null(json, "title", artifact.title);
  write_text_or_null(json, "language", artifact.language);
  json.field("content", artifact.content).field("metadata", artifact.metadata);
  json.field("createdAt", artifact_time(artifact.created_at));
  json.field("revisionCount", artifact.revision).end_object();
  return out;
}

base::Task<net::Reply> ArtifactResource::list(Caller caller, RequestPtr request) {
  const auto limit = artifact_limit(*request);
  if (!limit) co_return error_response(limit.error());
  const std::string thread_id = request->path_parameters.front();
  // Whether it is there at all is said by the status, before the list begins.
  const core::ArtifactPage look{.as_of = artifacts_.now(), .limit = 1};
  const auto first = co_await artifacts_.list(caller.who, thread_id, look);
  if (!first) co_return error_response(first.error());
  co_return net::Response{
      .source = std::make_shared<ArtifactRows>(artifacts_, caller.who, thread_id, *limit)};
}

}  // namespace colonnade::dialects::platos
