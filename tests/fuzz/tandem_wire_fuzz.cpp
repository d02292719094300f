// Whatever a client sends: a decoder yields a value that keeps the contract's bounds, or an error
// that names a member. Nothing crashes. Everything that Tandem reads of bodies and queries: prompts
// and their files, sessions, answers of humans, memory, configuration, identity, routines.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "core/flows/flow_check.hpp"
#include "core/flows/flow_machine.hpp"
#include "core/flows/flow_text.hpp"
#include "core/governance/limits.hpp"
#include "core/memory/limits.hpp"
#include "core/models/model_catalog.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/file_parts.hpp"
#include "dialects/tandem/flows_wire.hpp"
#include "dialects/tandem/identity.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/memory_import.hpp"
#include "dialects/tandem/prompt_body.hpp"
#include "dialects/tandem/providers.hpp"
#include "dialects/tandem/replies_wire.hpp"
#include "dialects/tandem/routines_wire.hpp"
#include "dialects/tandem/session_wire.hpp"
#include "dialects/tandem/wire.hpp"
#include "tests/fuzz/require.hpp"

namespace tandem = colonnade::dialects::tandem;
namespace core = colonnade::core;
namespace limits = colonnade::limits;
using colonnade::base::Json;
using colonnade::base::Time;
using colonnade::fuzz::require;

namespace {

// The refusal is JSON that says what is wrong and where, whatever was repeated in it.
template <class Result>
void require_named_error(const Result& result) {
  if (result) return;
  require(!result.error().field.empty() && !result.error().message.empty());
  const Json body = Json::parse(tandem::error_response(result.error()).body);
  require(!body["error"].get<std::string>().empty());
}

void look_into_prompt(const Json& body) {
  const auto prompt = tandem::decode_prompt(body);
  require_named_error(prompt);
  if (!prompt) return;
  require(!prompt->parts.empty());
  require(!prompt->tools || !prompt->tools->empty());
  require(!prompt->tools || prompt->tools->size() <= limits::tandem_allowlist_names_max);
  for (const tandem::PromptPart& part : prompt->parts) {
    require(part.is_file ? !part.url.empty() : !part.text.empty());
    if (part.is_file) (void)tandem::parse_data_url(part.url);
  }
}

void look_into_memory(const Json& body, const std::string& bytes) {
  const Time now{.micros = 1'700'000'000'000'000};
  const auto put = tandem::read_memory_put(body, bytes.substr(0, 300), now);
  require_named_error(put);
  if (put) {
    require(put->partition.key() == put->memory.metadata.at("partition").get<std::string>());
    require(put->memory.subject.size() <= limits::tandem_subject_bytes_max);
    require(put->memory.tier == put->partition.tier);
  }
  const auto brought = tandem::read_memory_import(body, bytes.substr(0, 300), now);
  if (brought) {
    require(brought->folder.has_value() || brought->records.size() <= limits::import_memories_max);
  } else {
    require_named_error(brought);
  }
  const auto query = tandem::read_memory_query(body, now);
  require_named_error(query);
  if (query) require(query->shown_max >= 1 && query->shown_max <= limits::memories_recalled_max);
}

void look_into_routines(const Json& body) {
  for (const auto family : {tandem::RoutineFamily::routines, tandem::RoutineFamily::automations}) {
    const auto made = tandem::decode_new_routine(family, body);
    require_named_error(made);
    if (made) {
      require(!made->task.entrypoint.empty() && made->task.arguments.is_object());
      const core::ScheduledRoutine shown{
          .routine = {
              .id = "r", .scope = core::Scope::main(), .name = made->name, .task = made->task}};
      require(Json::parse(tandem::encode_routine(family, shown)).is_object());
    }
    const core::ScheduledRoutine before{.routine = {.id = "r", .scope = core::Scope::main()}};
    require_named_error(tandem::decode_routine_update(family, body, before));
  }
  require_named_error(tandem::decode_new_run(body));
  require_named_error(tandem::decode_artifact(body));
}

// A flow that is taken can be shown and stored, and something can be done about it.
void look_into_flows(const Json& body) {
  require_named_error(tandem::decode_flow_update(body, {.scope = core::Scope::main()}));
  require_named_error(tandem::decode_new_flow_run(body));
  require_named_error(tandem::decode_flow_repair(body));
  const auto made = tandem::decode_new_flow(body);
  require_named_error(made);
  if (!made) return;
  core::Flow flow{.id = "f",
                  .scope = core::Scope::main(),
                  .definition = made->definition,
                  .timing = made->timing};
  core::tidy_flow(flow.definition);
  const auto fits = core::check_flow(flow.definition);
  require_named_error(fits);
  if (!fits) return;
  require(Json::parse(tandem::encode_flow({.flow = flow})).is_object());
  core::Flow read{.scope = core::Scope::main()};
  require(core::read_flow(core::flow_text(flow), read).has_value());
  require(read.definition == flow.definition);
  core::FlowMachine machine(flow.definition, core::FlowMachine::fresh(flow.definition));
  require(machine.on(core::FlowLookedAt{}, {1}).has_value());
  const bool waits = machine.progress().state == core::FlowRunState::awaiting_approval;
  require(waits || !machine.commands().start.empty());
}

void look_into_answers(const Json& body, const std::string& bytes) {
  for (const std::string_view params :
       {std::string_view(R"({"question":"?"})"), std::string_view(R"({"form":{}})"),
        std::string_view(bytes)}) {
    const auto answered = tandem::answered_params(params, body);
    require_named_error(answered);
    if (!answered) continue;
    const Json call = Json::parse(*answered);
    require(call.is_object() && call.contains("answer"));
    require(call["answer"].is_string() || call.contains("form"));
  }
  const auto word = tandem::text_member(body, {"reply", "response", "decision"});
  require_named_error(word);
  const auto reply = tandem::permission_reply_from(word ? word->value_or("") : "");
  require(!reply || reply->approve || !reply->remember);
}

void look_into_settings(const Json& body) {
  (void)tandem::holds_secret_member(body);
  const auto choices = core::check_model_choices(body);
  require_named_error(choices);
  if (choices && body.contains("providers")) {
    require(body["providers"].is_object() || body["providers"].is_null());
  }
  require_named_error(tandem::check_identity_patch(body));
}

void look_into_query(const std::string& bytes) {
  colonnade::net::Request request;
  request.query = bytes;
  request.headers = {{"x-tandem-client-id", bytes}, {"x-tandem-agent-id", bytes}};
  require_named_error(tandem::decode_session_query(request));
  const Json client = tandem::client_of(request);
  require(client.is_null() || client.is_object());
  require_named_error(tandem::number_parameter(request, "limit"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  look_into_query(bytes);
  if (const auto held = tandem::parse_data_url(bytes)) {
    require(held->bytes.size() <= bytes.size());
    require(!held->mime.contains(';') && !held->mime.contains(','));
  }
  if (const auto path = tandem::path_of_url(bytes)) {
    require(path->size() <= bytes.size());
    require(!bytes.starts_with("file://") || path->starts_with('/'));
  }
  colonnade::net::Request request;
  request.body = bytes;
  request.headers = {{"Content-Type", "application/json"}};
  const auto body = tandem::body_of(request);
  require_named_error(body);
  if (!body) return 0;
  require(body->is_object());
  look_into_prompt(*body);
  require_named_error(tandem::decode_new_session(*body));
  look_into_memory(*body, bytes);
  look_into_answers(*body, bytes);
  look_into_routines(*body);
  look_into_flows(*body);
  look_into_settings(*body);
  return 0;
}
