#include "gate/policy_source.hpp"

#include <utility>

namespace colonnade::gate {

PolicySource::PolicySource(PolicySourceOptions options)
    : options_(std::move(options)),
      policy_file_(options_.policy_path),
      profile_file_(options_.profile_path) {
  inputs_.runtime_version = options_.runtime_version;
  reload();
}

LoadReport PolicySource::reload() {
  const std::lock_guard lock(loading_);
  return load();
}

std::optional<LoadReport> PolicySource::reload_if_changed() {
  const std::lock_guard lock(loading_);
  const bool policy_changed = !options_.policy_path.empty() && policy_file_.has_changed();
  const bool profile_changed = !options_.profile_path.empty() && profile_file_.has_changed();
  if (!policy_changed && !profile_changed) return std::nullopt;
  return load();
}

LoadReport PolicySource::load() {
  LoadReport report;
  load_policy(report);
  load_profile(report);
  const auto before = engine_;  // only a load changes it, one at a time
  const auto hash_of = [](const auto& part) { return part ? part->hash() : std::string(); };
  report.replaced = !before || hash_of(before->policy()) != hash_of(inputs_.policy) ||
                    hash_of(before->profile()) != hash_of(inputs_.profile) ||
                    before->policy_version() != Engine(inputs_).policy_version();
  // Always a new engine: what hashes do not cover (an unusable profile) may have changed too.
  auto next = std::make_shared<const Engine>(inputs_);
  {
    const std::lock_guard lock(engine_mutex_);
    engine_.swap(next);
  }
  report_what_is_in_force(report);
  if (options_.on_load) options_.on_load(report);
  return report;
}

void PolicySource::load_policy(LoadReport& report) {
  report.policy.path = policy_file_.path();
  if (options_.policy_path.empty() && options_.built_in) {
    inputs_.policy = options_.built_in;
    report.policy.warnings = inputs_.policy->warnings();
    return;
  }
  const auto text = policy_file_.read();
  base::Result<std::shared_ptr<const Policy>> policy =
      text ? Policy::parse(*text, policy_file_.name(), options_.policy_version)
           : base::fail(text.error());
  if (policy) {
    report.policy.warnings = (*policy)->warnings();
    inputs_.policy = *std::move(policy);
    return;
  }
  const bool missing = policy.error().kind == base::ErrorKind::not_found;
  inputs_.missing_policy_version = missing ? "none" : "error";
  report.policy.error = std::move(policy.error());
}

void PolicySource::load_profile(LoadReport& report) {
  if (options_.profile_path.empty()) return;
  LoadedFile& file = report.profile.emplace();
  file.path = profile_file_.path();
  const auto text = profile_file_.read();
  base::Result<std::shared_ptr<const Profile>> profile =
      text ? Profile::parse(*text, profile_file_.name()) : base::fail(text.error());
  if (profile) {
    file.warnings = (*profile)->warnings();
    inputs_.profile = *std::move(profile);
  } else {
    file.error = std::move(profile.error());
  }
  inputs_.profile_is_unusable = inputs_.profile == nullptr;
}

void PolicySource::report_what_is_in_force(LoadReport& report) const {
  const Engine engine(inputs_);
  report.has_policy = inputs_.policy != nullptr;
  report.policy_version = engine.policy_version();
  if (inputs_.policy) report.policy_hash = inputs_.policy->hash();
  if (inputs_.profile) {
    report.profile_id = inputs_.profile->id();
    report.profile_version = inputs_.profile->version();
    report.profile_hash = inputs_.profile->hash();
  }
}

}  // namespace colonnade::gate
