#include "app/wiring_packs.hpp"

#include <utility>

#include "app/pack_yaml.hpp"
#include "core/packs/pack_store.hpp"
#include "core/packs/pack_trust.hpp"
#include "dialects/tandem/pack_definitions.hpp"
#include "tools/skill_folder.hpp"

namespace colonnade::app {
namespace {

core::PackReaderOptions pack_reader_options(const Settings& settings) {
  core::PackReaderOptions out{.needs_trust = settings.packs.require_signature,
                              .refuses_secrets = settings.packs.secret_scan_strict};
  if (auto trusted = trusted_publishers(settings)) out.trusted = std::move(*trusted);
  return out;
}

}  // namespace

packs::PackFolderOptions pack_folder_options(const Settings& settings) {
  return {.folder = settings.data_dir + "/packs", .private_hosts = settings.tools.private_hosts};
}

base::Result<std::vector<core::TrustedPublisher>> trusted_publishers(const Settings& settings) {
  std::vector<core::TrustedPublisher> out;
  for (const std::string& text : settings.packs.trusted_keys) {
    auto one = core::parse_trusted_publisher(text);
    if (!one) {
      return base::fail(base::ErrorKind::invalid, "packs.trusted_keys: " + one.error().message,
                        "packs.trusted_keys");
    }
    out.push_back(std::move(*one));
  }
  return out;
}

core::PackFormats pack_formats() {
  return {.yaml = pack_yaml,
          .agent = dialects::tandem::decode_pack_agent,
          .routine = dialects::tandem::decode_pack_routine,
          .skill = tools::parse_skill};
}

PackParts::PackParts(const Settings& settings, const Dependencies& deps)
    : reader_({.files = deps.files,
               .attachments = deps.attachments,
               .attachment_files = deps.attachment_files,
               .workers = deps.workers,
               .formats = pack_formats()},
              pack_reader_options(settings)),
      installation_({.store = deps.stores.packs,
                     .files = deps.files,
                     .feed = deps.feed,
                     .agents = deps.agents,
                     .routines = deps.routines,
                     .erasure = deps.erasure,
                     .clock = deps.clock}),
      packs_({.store = deps.stores.packs,
              .files = deps.files,
              .reader = reader_,
              .installation = installation_,
              .notices = deps.notices,
              .clock = deps.clock}),
      capabilities_({.store = deps.stores.documents,
                     .feed = deps.feed,
                     .user_calls = deps.user_calls,
                     .notices = deps.notices,
                     .clock = deps.clock}) {}

}  // namespace colonnade::app
