#include "dialects/tandem/memory_import.hpp"

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/memory/limits.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;

constexpr std::string_view records_format = "records";

// "global" is the engine's word for what counts everywhere.
std::optional<core::MemoryTier> import_tier(const std::string& word) {
  if (word == "global") return core::MemoryTier::curated;
  return core::memory_tier_from(word);
}

base::Result<std::string> text_or_none(const Json& body,
                                       std::initializer_list<std::string_view> names) {
  auto text = text_member(body, names);
  if (!text) return fail(std::move(text.error()));
  return std::move(*text).value_or(std::string());
}

// The path of the member "source", or a bare "path"; nullopt for neither.
base::Result<std::optional<std::string>> source_path(const Json& body) {
  const Json* source = member(body, {"source"});
  if (source == nullptr) return text_member(body, {"path"});
  if (!source->is_object()) {
    return fail(ErrorKind::invalid, "source must be an object {\"kind\":\"path\",\"path\"}",
                "source");
  }
  const auto kind = text_member(*source, {"kind"});
  if (!kind) return fail(kind.error());
  if (kind->value_or("path") != "path") {
    return fail(ErrorKind::invalid, "source.kind must be path", "source.kind");
  }
  auto path = text_member(*source, {"path"});
  if (!path) return fail(std::move(path.error()));
  if (!*path) return fail(ErrorKind::invalid, "source needs a path", "source.path");
  return path;
}

base::Result<core::FolderImport> folder_of(const Json& body, const MemoryImportBody& out,
                                           std::string path, core::MemoryTier tier) {
  if (out.format != "directory" && out.format != "openclaw") {
    return fail(ErrorKind::invalid, "format must be directory or openclaw", "format");
  }
  const auto sync = flag_member(body, {"sync_deletes", "syncDeletes"});
  if (!sync) return fail(sync.error());
  core::FolderImport folder{.path = std::move(path),
                            .markdown_only = out.format == "openclaw",
                            .remove_gone = sync->value_or(false)};
  folder.like = {
      .kind = "note",
      .tier = tier,
      .metadata = {{memory_member::partition, out.partition}, {memory_member::source, "import"}},
      .thread_id = out.session,
      .run_id = out.run_id};
  return folder;
}

base::Result<void> read_records(const Json& items, std::string_view client,
                                const MemoryCapability& capability, const MemoryPartition& fallback,
                                base::Time now, MemoryImportBody& out) {
  if (!items.is_array() || items.size() > limits::import_memories_max) {
    return fail(ErrorKind::invalid,
                "items must be a list of at most " + std::to_string(limits::import_memories_max) +
                    " memories",
                "items");
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string place = "items[" + std::to_string(i) + "]";
    const Json& item = items[i];
    if (!item.is_object()) return fail(ErrorKind::invalid, place + " must be an object", place);
    const auto demoted = flag_member(item, {"demoted"});
    if (demoted && demoted->value_or(false)) {
      ++out.left_out;
      continue;
    }
    auto record = read_memory_record(item, client, capability, fallback, now);
    if (!record) {
      base::Error error = std::move(record.error());
      if (error.field != "capability") error.field = base::member_path(place, error.field);
      error.message.insert(0, place + ": ");
      return fail(std::move(error));
    }
    if (capability.sent && !capability.write.contains(record->partition.tier)) {
      return fail(tier_refusal("write", record->partition.tier));
    }
    out.records.push_back(std::move(record->memory));
  }
  return {};
}

}  // namespace

base::Result<MemoryImportBody> read_memory_import(const Json& body, std::string_view client,
                                                  base::Time now) {
  MemoryImportBody out;
  auto path = source_path(body);
  if (!path) return fail(std::move(path.error()));
  const Json* items = member(body, {"items", "memories"});
  if (path->has_value() == (items != nullptr)) {
    return fail(ErrorKind::invalid,
                "send either source, {\"kind\":\"path\",\"path\"} of a folder of the server's "
                "machine, or items, memories as GET /memory lists them",
                "source");
  }
  const std::pair<std::string*, std::array<std::string_view, 2>> words[] = {
      {&out.format, {"format", "format"}},
      {&out.tier, {"tier", "tier"}},
      {&out.project, {"project_id", "projectId"}},
      {&out.session, {"session_id", "sessionId"}},
      {&out.binding, {"source_binding_id", "sourceBindingId"}}};
  for (const auto& [target, names] : words) {
    auto text = text_or_none(body, {names[0], names[1]});
    if (!text) return fail(std::move(text.error()));
    *target = std::move(*text);
  }
  if (out.format.empty()) out.format = items != nullptr ? records_format : "directory";
  if (out.tier.empty()) out.tier = "project";
  const auto tier = import_tier(out.tier);
  if (!tier) {
    return fail(ErrorKind::invalid, "tier must be global, project, session, team or curated",
                "tier");
  }
  auto run = read_run_id(body);
  if (!run) return fail(std::move(run.error()));
  out.run_id = std::move(*run);
  const auto capability = read_capability(body);
  if (!capability) return fail(capability.error());
  MemoryPartition partition{.tier = *tier};
  if (!out.project.empty()) partition.project = out.project;
  if (partition.project.size() > limits::tandem_partition_part_bytes_max) {
    return fail(ErrorKind::invalid, "project_id is too long", "project_id");
  }
  out.partition = partition.key();
  if (auto counts = check_capability(*capability, partition, out.run_id, now); !counts) {
    return fail(std::move(counts.error()));
  }
  if (items != nullptr) {
    auto read = read_records(*items, client, *capability, partition, now, out);
    if (!read) return fail(std::move(read.error()));
    return out;
  }
  if (capability->sent && !capability->write.contains(*tier)) {
    return fail(tier_refusal("write", *tier));
  }
  auto folder = folder_of(body, out, std::move(**path), *tier);
  if (!folder) return fail(std::move(folder.error()));
  std::string& subject = folder->like.subject;
  subject = capability->subject.empty() ? std::string(client) : capability->subject;
  if (subject.size() > limits::tandem_subject_bytes_max) {
    return fail(ErrorKind::invalid, "the user of the memories has too long a name", "subject");
  }
  out.folder = std::move(*folder);
  return out;
}

namespace {

void write_counts(JsonWriter& json, const core::ImportedMemories& done) {
  json.field("chunks_created", done.stored).field("stored", done.stored);
  json.field("deduped", done.known).field("removed", done.removed).field("errors", done.blocked);
  json.field("redactions", done.redactions).key("ids").array();
  for (const std::string& id : done.ids) json.value(base::uuid_form(id));
  json.end_array().field("audit_id", base::uuid_form(done.record_id));
}

void write_words(JsonWriter& json, const MemoryImportBody& body) {
  json.field("ok", true).field("format", body.format).field("tier", body.tier);
  if (!body.project.empty()) json.field("project_id", body.project);
  if (!body.session.empty()) json.field("session_id", body.session);
  if (!body.binding.empty()) json.field("source_binding_id", body.binding);
}

// An error about the folder is one about the member that names it.
net::Response import_refusal(base::Error error) {
  if (error.field == "capability") return refused_memory(error);
  if (error.field == "path") error.field = "source.path";
  return error_response(error);
}

}  // namespace

base::Task<net::Reply> MemoryImportResource::import(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = read_memory_import(*body, request->header("x-tandem-client-id"), clock_.now());
  if (!input) co_return import_refusal(std::move(input.error()));
  core::MemoryCaller caller{
      .who = std::move(who), .run_id = input->run_id, .partition = input->partition};
  std::string out;
  JsonWriter json(out);
  json.object();
  write_words(json, *input);
  if (input->folder) {
    const std::string path = input->folder->path;
    const bool sync = input->folder->remove_gone;
    const auto done = co_await imports_.folder(request->lane, std::move(caller),
                                               std::move(*input->folder), request->disconnected);
    if (!done) co_return import_refusal(done.error());
    json.key("source").object().field("kind", "path").field("path", path).end_object();
    json.field("sync_deletes", sync).field("discovered_files", done->files_found);
    json.field("files_processed", done->files_read).field("indexed_files", done->files_indexed);
    json.field("skipped_files", done->files_found - done->files_read);
    json.field("deleted_files", done->files_gone);
    write_counts(json, done->memories);
  } else {
    const auto done = co_await imports_.records(request->lane, std::move(caller),
                                                std::move(input->records), request->disconnected);
    if (!done) co_return import_refusal(done.error());
    json.field("sync_deletes", false);
    for (const char* name : {"discovered_files", "files_processed", "indexed_files",
                             "skipped_files", "deleted_files"}) {
      json.field(name, 0);
    }
    json.field("left_out", input->left_out);
    write_counts(json, *done);
  }
  json.end_object();
  co_return answer(std::move(out));
}

std::vector<net::Route> MemoryImportResource::routes(const Callers& in) {
  return {row(net::Method::post, "/memory/import", in.once(*this, &MemoryImportResource::import),
              /*long_running=*/true)};
}

}  // namespace colonnade::dialects::tandem
