// For the replay of the example rows of Tandem: those about routines and automations.
#pragma once

#include <utility>

#include "sdk/result_of.hpp"
#include "sdk/tandem/replay.hpp"
#include "sdk/tandem/values_to_wire.hpp"

namespace colonnade::tandem_replay {

inline bool is_routine(const Json& row) {
  const std::string& name = row["name"].as_string();
  return name.starts_with("routines.") || name.starts_with("automations.") ||
         name.starts_with("engine046.routines.");
}

// What of the answer the client gives.
inline Json routine_answer(const Json& row) {
  const Json& response = row["response"];
  if (row["path"].as_string().ends_with("/run_now")) return response;
  for (const char* name : {"routine", "automation", "routines", "run", "runs", "artifacts"}) {
    if (const Json* value = response.find(name)) return *value;
  }
  const Json* events = response.find("events");
  return events == nullptr ? response : *events;
}

inline tandem::CreateRoutine routine_from(const Json& body) {
  tandem::CreateRoutine request{.name = body["name"].as_string(),
                                .prompt = text_in(body, "prompt"),
                                .allowed_tools = texts_in(body, "allowed_tools"),
                                .output_targets = texts_in(body, "output_targets")};
  if (body["schedule"].is_string()) {
    request.schedule = body["schedule"].as_string();
  } else {
    const auto seconds = body.get<std::int64_t>("/schedule/interval_seconds/seconds");
    request.schedule = tandem::Interval{std::chrono::seconds(seconds)};
  }
  if (body.contains("misfire_policy")) request.misfire_policy = tandem::MisfirePolicy::run_once;
  if (const Json* args = body.find("args")) request.prompt = (*args)["prompt"].as_string();
  if (request.prompt.empty()) request.entrypoint = text_in(body, "entrypoint");
  if (!body.contains("entrypoint") && !body.contains("args") && !request.prompt.empty()) {
    // As no client of ours sends it: an automation whose prompt is no mission.
    request.more.set("prompt", std::exchange(request.prompt, {}));
  }
  for (const char* name : {"mission", "policy"}) {
    if (const Json* value = body.find(name)) request.more.set(name, *value);
  }
  return request;
}

inline tandem::AddArtifact artifact_from(const Json& body) {
  return {.uri = body["uri"].as_string(),
          .kind = body["kind"].as_string(),
          .label = body["label"].as_string()};
}

// Of one family, by `resource` of a client.
template <class C, class Resource>
Methods<C> methods_of_family(const std::string& root, Resource resource) {
  const auto of = [](auto value) { return wire_of(result_of(std::move(value))); };
  const auto run = root + "/runs/*";
  return {
      {"GET " + root, [=](const C& c, const Asked&) { return of(resource(c).list()); }},
      {"POST " + root,
       [=](const C& c, const Asked& a) {
         const auto request = routine_from(a.body);
         return of(resource(c).create(request));
       }},
      {"PATCH " + root + "/*",
       [=](const C& c, const Asked& a) {
         const tandem::UpdateRoutine changes{.more = a.body};
         return of(resource(c).update(a.ids[0], changes));
       }},
      {"POST " + root + "/*/run_now",
       [=](const C& c, const Asked& a) { return of(resource(c).run_now(a.ids[0])); }},
      {"GET " + root + "/runs",
       [=](const C& c, const Asked&) { return of(resource(c).list_runs()); }},
      {"GET " + root + "/*/runs",
       [=](const C& c, const Asked& a) { return of(resource(c).get_runs_for_routine(a.ids[0])); }},
      {"GET " + root + "/*/history",
       [=](const C& c, const Asked& a) {
         return of(resource(c).history(a.ids[0], number_in(a, "limit")));
       }},
      {"GET " + run, [=](const C& c, const Asked& a) { return of(resource(c).get_run(a.ids[0])); }},
      {"GET " + run + "/artifacts",
       [=](const C& c, const Asked& a) { return of(resource(c).list_artifacts(a.ids[0])); }},
      {"POST " + run + "/artifacts",
       [=](const C& c, const Asked& a) {
         const auto artifact = artifact_from(a.body);
         return of(resource(c).add_artifact(a.ids[0], artifact));
       }},
      {"POST " + run + "/approve",
       [=](const C& c, const Asked& a) {
         return of(resource(c).approve_run(a.ids[0], text_in(a.body, "reason")));
       }},
      {"POST " + run + "/deny",
       [=](const C& c, const Asked& a) {
         return of(resource(c).deny_run(a.ids[0], text_in(a.body, "reason")));
       }},
      {"POST " + run + "/pause",
       [=](const C& c, const Asked& a) {
         return of(resource(c).pause_run(a.ids[0], text_in(a.body, "reason")));
       }},
      {"POST " + run + "/resume", [=](const C& c, const Asked& a) {
         return of(resource(c).resume_run(a.ids[0], text_in(a.body, "reason")));
       }}};
}

template <class C>
Methods<C> routine_methods() {
  auto out = methods_of_family<C>("/routines",
                                  [](const auto& client) -> auto& { return client.routines; });
  out.merge(methods_of_family<C>("/automations",
                                 [](const auto& client) -> auto& { return client.automations; }));
  return out;
}

}  // namespace colonnade::tandem_replay
