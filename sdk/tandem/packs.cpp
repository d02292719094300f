// Packs and capabilities: each request as a value, and the methods of both clients.
#include "colonnade/tandem.hpp"
#include "sdk/call_plan.hpp"
#include "sdk/tandem/pack_calls.hpp"
#include "sdk/tandem/session.hpp"
#include "sdk/tandem/wire.hpp"
#include "sdk/tandem/wire_packs.hpp"

namespace colonnade::inline v1::tandem {

namespace calls {
namespace {

using colonnade::detail::get;
using colonnade::detail::path_of;
using colonnade::detail::usage;
using colonnade::detail::with_body;

bool names_one(const PackPlace& place) { return place.path.empty() != place.url.empty(); }

}  // namespace

PlannedCall<std::vector<PackRecord>> list_packs() { return get("/packs", &wire::packs); }
PlannedCall<PackSheet> inspect_pack(std::string_view selector) {
  auto path = path_of("/packs/", "pack", selector);
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::pack_sheet);
}
PlannedCall<PackRecord> install_pack(const InstallPack& request) {
  if (!names_one(request.from)) return usage("the archive needs a path or a url, and only one");
  return with_body("POST", "/packs/install", wire::install_pack(request), &wire::installed_pack);
}
PlannedCall<PackRecord> install_attached_pack(const InstallPackFromAttachment& request) {
  if (request.attachment_id.empty()) return usage("the attachment id is empty");
  return with_body("POST", "/packs/install_from_attachment", wire::install_attached_pack(request),
                   &wire::installed_pack);
}
PlannedCall<PackRecord> uninstall_pack(const PackSelector& which) {
  if (which.pack_id.empty() && which.name.empty()) return usage("the pack has no id and no name");
  return with_body("POST", "/packs/uninstall", wire::select_pack(which), &wire::removed_pack);
}
PlannedCall<ExportedPack> write_pack_archive(const PackSelector& which,
                                             std::string_view output_path) {
  if (which.pack_id.empty() && which.name.empty()) return usage("the pack has no id and no name");
  return with_body("POST", "/packs/export", wire::select_pack(which, output_path),
                   &wire::exported_pack);
}
PlannedCall<DetectedPack> detect_pack(const PackPlace& place) {
  if (!names_one(place)) return usage("the archive needs a path or a url, and only one");
  return with_body("POST", "/packs/detect", wire::detect_pack(place), &wire::detected_pack);
}
PlannedCall<PackUpdates> pack_updates(std::string_view selector) {
  auto path = path_of("/packs/", "pack", selector, "/updates");
  if (!path) return std::move(path).error();
  return get(*std::move(path), &wire::pack_updates);
}
PlannedCall<PackUpdate> update_pack(std::string_view selector, const UpdatePack& request) {
  auto path = path_of("/packs/", "pack", selector, "/update");
  if (!path) return std::move(path).error();
  return with_body("POST", *std::move(path), wire::update_pack(request), &wire::pack_update);
}

PlannedCall<CapabilityBindings> capability_bindings() {
  return get("/capabilities/bindings", &wire::capability_bindings);
}
PlannedCall<Outcome> set_capability_bindings(const CapabilityBindings& file) {
  return with_body("PUT", "/capabilities/bindings", wire::capability_file(file), &wire::outcome);
}
PlannedCall<std::vector<CapabilityTool>> discover_capabilities() {
  return get("/capabilities/discovery", &wire::capability_tools);
}
PlannedCall<CapabilityResolution> resolve_capabilities(const ResolveCapabilities& request) {
  return with_body("POST", "/capabilities/resolve", wire::resolve_capabilities(request),
                   &wire::capability_resolution);
}
PlannedCall<CapabilityReadiness> capability_readiness(const ResolveCapabilities& request) {
  return with_body("POST", "/capabilities/readiness", wire::resolve_capabilities(request),
                   &wire::capability_readiness);
}

}  // namespace calls

using colonnade::detail::perform;
using colonnade::detail::perform_async;

Packs::Packs(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<PackRecord> Packs::list() const { return perform(*session_, calls::list_packs()); }
PackSheet Packs::inspect(std::string_view selector) const {
  return perform(*session_, calls::inspect_pack(selector));
}
PackRecord Packs::install(const InstallPack& request) const {
  return perform(*session_, calls::install_pack(request));
}
PackRecord Packs::install_from_attachment(const InstallPackFromAttachment& request) const {
  return perform(*session_, calls::install_attached_pack(request));
}
PackRecord Packs::uninstall(const PackSelector& which) const {
  return perform(*session_, calls::uninstall_pack(which));
}
ExportedPack Packs::export_pack(const PackSelector& which, std::string_view output_path) const {
  return perform(*session_, calls::write_pack_archive(which, output_path));
}
DetectedPack Packs::detect(const PackPlace& place) const {
  return perform(*session_, calls::detect_pack(place));
}
PackUpdates Packs::updates(std::string_view selector) const {
  return perform(*session_, calls::pack_updates(selector));
}
PackUpdate Packs::update(std::string_view selector, const UpdatePack& request) const {
  return perform(*session_, calls::update_pack(selector, request));
}

Capabilities::Capabilities(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

CapabilityBindings Capabilities::get_bindings() const {
  return perform(*session_, calls::capability_bindings());
}
Outcome Capabilities::set_bindings(const CapabilityBindings& file) const {
  return perform(*session_, calls::set_capability_bindings(file));
}
std::vector<CapabilityTool> Capabilities::discovery() const {
  return perform(*session_, calls::discover_capabilities());
}
CapabilityResolution Capabilities::resolve(const ResolveCapabilities& request) const {
  return perform(*session_, calls::resolve_capabilities(request));
}
CapabilityReadiness Capabilities::readiness(const ResolveCapabilities& request) const {
  return perform(*session_, calls::capability_readiness(request));
}

AsyncPacks::AsyncPacks(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<PackRecord>> AsyncPacks::list() const {
  return perform_async(session_, calls::list_packs());
}
Task<PackSheet> AsyncPacks::inspect(std::string_view selector) const {
  return perform_async(session_, calls::inspect_pack(selector));
}
Task<PackRecord> AsyncPacks::install(const InstallPack& request) const {
  return perform_async(session_, calls::install_pack(request));
}
Task<PackRecord> AsyncPacks::install_from_attachment(
    const InstallPackFromAttachment& request) const {
  return perform_async(session_, calls::install_attached_pack(request));
}
Task<PackRecord> AsyncPacks::uninstall(const PackSelector& which) const {
  return perform_async(session_, calls::uninstall_pack(which));
}
Task<ExportedPack> AsyncPacks::export_pack(const PackSelector& which) const {
  return perform_async(session_, calls::write_pack_archive(which, {}));
}
Task<ExportedPack> AsyncPacks::export_pack(const PackSelector& which,
                                           std::string_view output_path) const {
  return perform_async(session_, calls::write_pack_archive(which, output_path));
}
Task<DetectedPack> AsyncPacks::detect(const PackPlace& place) const {
  return perform_async(session_, calls::detect_pack(place));
}
Task<PackUpdates> AsyncPacks::updates(std::string_view selector) const {
  return perform_async(session_, calls::pack_updates(selector));
}
Task<PackUpdate> AsyncPacks::update(std::string_view selector, const UpdatePack& request) const {
  return perform_async(session_, calls::update_pack(selector, request));
}

AsyncCapabilities::AsyncCapabilities(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<CapabilityBindings> AsyncCapabilities::get_bindings() const {
  return perform_async(session_, calls::capability_bindings());
}
Task<Outcome> AsyncCapabilities::set_bindings(const CapabilityBindings& file) const {
  return perform_async(session_, calls::set_capability_bindings(file));
}
Task<std::vector<CapabilityTool>> AsyncCapabilities::discovery() const {
  return perform_async(session_, calls::discover_capabilities());
}
Task<CapabilityResolution> AsyncCapabilities::resolve(const ResolveCapabilities& request) const {
  return perform_async(session_, calls::resolve_capabilities(request));
}
Task<CapabilityReadiness> AsyncCapabilities::readiness(const ResolveCapabilities& request) const {
  return perform_async(session_, calls::capability_readiness(request));
}

}  // namespace colonnade::inline v1::tandem
