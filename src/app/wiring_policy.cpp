#include "app/wiring_policy.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

#include "app/sample_policy.hpp"
#include "base/log.hpp"

namespace colonnade::app {
namespace {

using base::Result;

constexpr auto look_interval = std::chrono::seconds(1);
constexpr auto look_time_max = std::chrono::minutes(1);  // the largest policy takes some seconds

constexpr std::string_view policy_role = "policy";

void log_file(std::string_view what, const gate::LoadedFile& file) {
  if (file.error) {
    std::string error = file.error->message;
    if (file.error->kind == base::ErrorKind::not_found && what == policy_role) {
      error += "; " + missing_policy_remedy();
    }
    base::log::error("policy_not_loaded", {{"file", file.path}, {"as", what}, {"error", error}});
  }
  for (const gate::Warning& warning : file.warnings) {
    base::log::warn("policy_warning", {{"file", file.path},
                                       {"line", warning.line},
                                       {"key", warning.path},
                                       {"error", warning.message}});
  }
}

base::Json details_of(const gate::LoadReport& report) {
  base::Json out = {{"policy", report.policy.path.empty() ? "built-in" : report.policy.path},
                    {"policy_version", report.policy_version},
                    {"replaced", report.replaced}};
  if (report.policy_hash) out["policy_hash"] = *report.policy_hash;
  if (report.policy.error) out["policy_error"] = report.policy.error->message;
  if (!report.profile) return out;
  out["profile"] = report.profile->path;
  if (report.profile_hash) out["profile_hash"] = *report.profile_hash;
  if (report.profile_version) out["profile_version"] = *report.profile_version;
  if (report.profile->error) out["profile_error"] = report.profile->error->message;
  return out;
}

}  // namespace

PolicyWatch::PolicyWatch(const Settings& settings, std::shared_ptr<const gate::Policy> built_in,
                         PolicyWatchDependencies deps)
    : deps_(deps),
      names_profile_(!settings.policy.profile.empty()),
      source_({.policy_path = settings.policy.file,
               .profile_path = settings.policy.profile,
               .policy_version = settings.policy.version,
               .built_in = std::move(built_in),
               .on_load = [this](const gate::LoadReport& report) { loaded(report); }}) {
  began_ = true;
}

void PolicyWatch::loaded(const gate::LoadReport& report) {
  log_file(policy_role, report.policy);
  if (report.profile) log_file("profile", *report.profile);
  base::log::info("policy_loaded",
                  {{"version", report.policy_version}, {"replaced", report.replaced}});
  if (!began_ && report.policy.error && report.policy.error->kind != base::ErrorKind::not_found) {
    fault_ = report.policy.error;
    fault_->field = "policy.file";
    fault_->message = "policy.file: " + fault_->message;
    return;
  }
  deps_.audit.record(core::Scope::whole_server(),
                     {.kind = std::string(core::audit_kind::policy),
                      .actor = "system",
                      .subject = report.policy_hash.value_or(report.policy_version),
                      .details = details_of(report),
                      .at = deps_.clock.now()});
}

std::vector<std::string> PolicyWatch::warnings() const {
  std::vector<std::string> out;
  if (policy_missing()) {
    out.emplace_back("policy.file names no file that exists, so that every action is denied");
  }
  if (profile_unusable()) {
    out.emplace_back("policy.profile names no usable profile, so that every action is denied");
  }
  return out;
}

base::Task<void> PolicyWatch::watch(std::stop_token stop) {
  for (;;) {
    const bool passed = co_await base::sleep_for(look_interval, stop);
    if (!passed) co_return;
    base::Job job{.time_max = look_time_max, .stop = stop};
    std::move_only_function<Result<bool>(std::stop_token)> look =
        [this](const std::stop_token& /*over*/) { return source_.reload_if_changed().has_value(); };
    const auto looked = co_await worker_.run<bool>(std::move(job), std::move(look));
    if (looked || stop.stop_requested()) continue;
    base::log::error("policy_files_not_read", {{"error", looked.error().message}});
  }
}

}  // namespace colonnade::app
