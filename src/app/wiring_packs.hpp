// Packs and capabilities of a running server. Part of the wiring.
#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/workers.hpp"
#include "core/agents/agents.hpp"
#include "core/attachments/attachments.hpp"
#include "core/capabilities/capabilities.hpp"
#include "core/events/notices.hpp"
#include "core/governance/user_calls.hpp"
#include "core/packs/pack_files.hpp"
#include "core/packs/packs.hpp"
#include "core/routines/routines.hpp"
#include "core/stores.hpp"
#include "core/threads/erasure.hpp"
#include "packs/pack_folder.hpp"

namespace colonnade::app {

packs::PackFolderOptions pack_folder_options(const Settings& settings);
// packs.trusted_keys. Errors: invalid, naming the setting.
base::Result<std::vector<core::TrustedPublisher>> trusted_publishers(const Settings& settings);
// How packs are written: their YAML, and Tandem's agents and routines.
core::PackFormats pack_formats();

class PackParts {
 public:
  struct Dependencies {
    const core::Stores& stores;
    core::EventFeed& feed;
    core::PackFiles& files;
    core::Attachments& attachments;
    core::AttachmentFiles& attachment_files;
    core::Agents& agents;
    core::Routines& routines;
    core::Erasure& erasure;
    core::UserCalls& user_calls;
    const core::Notices& notices;
    base::Workers& workers;
    base::Clock& clock;
  };
  // All must outlive it. Settings whose keys cannot be read trust nobody.
  PackParts(const Settings& settings, const Dependencies& deps);
  PackParts(const PackParts&) = delete;
  PackParts& operator=(const PackParts&) = delete;

  core::Packs& packs() { return packs_; }
  core::Capabilities& capabilities() { return capabilities_; }

 private:
  core::PackReader reader_;
  core::PackInstallation installation_;
  core::Packs packs_;
  core::Capabilities capabilities_;
};

}  // namespace colonnade::app
