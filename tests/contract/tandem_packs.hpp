// Packs beside an engine, with files in a folder of the test's.
#pragma once

#include <string>

#include "../engine/engine.hpp"
#include "app/pack_yaml.hpp"
#include "core/events/notices.hpp"
#include "core/packs/pack_store.hpp"
#include "core/packs/packs.hpp"
#include "core/routines/routines.hpp"
#include "core/threads/erasure.hpp"
#include "dialects/tandem/pack_definitions.hpp"
#include "net/http_client.hpp"
#include "packs/pack_folder.hpp"
#include "tools/skill_folder.hpp"

namespace colonnade::tests {

struct TandemPacks {
  TandemPacks(Engine& engine, core::Erasure& erasure, core::Routines& routines,
              const core::Notices& notices, const std::string& folder)
      : client(engine.lanes),
        files(engine.workers, client, engine.lanes[0], {.folder = folder}),
        reader({.files = files,
                .attachments = engine.attachments,
                .attachment_files = engine.files,
                .workers = engine.workers,
                .formats = {.yaml = app::pack_yaml,
                            .agent = dialects::tandem::decode_pack_agent,
                            .routine = dialects::tandem::decode_pack_routine,
                            .skill = tools::parse_skill}},
               {}),
        installation({.store = engine.store->stores().packs,
                      .files = files,
                      .feed = engine.feed,
                      .agents = engine.agents,
                      .routines = routines,
                      .erasure = erasure,
                      .clock = engine.clock}),
        packs({.store = engine.store->stores().packs,
               .files = files,
               .reader = reader,
               .installation = installation,
               .notices = notices,
               .clock = engine.clock}) {}

  net::HttpClient client;
  packs::PackFolder files;
  core::PackReader reader;
  core::PackInstallation installation;
  core::Packs packs;
};

}  // namespace colonnade::tests
