// Each request about packs and capabilities as a value, as sdk/tandem/calls.hpp has the others.
#pragma once

#include <string_view>
#include <vector>

#include "colonnade/tandem.hpp"
#include "sdk/tandem/calls.hpp"

namespace colonnade::inline v1::tandem::calls {

PlannedCall<std::vector<PackRecord>> list_packs();
PlannedCall<PackSheet> inspect_pack(std::string_view selector);
PlannedCall<PackRecord> install_pack(const InstallPack& request);
PlannedCall<PackRecord> install_attached_pack(const InstallPackFromAttachment& request);
PlannedCall<PackRecord> uninstall_pack(const PackSelector& which);
PlannedCall<ExportedPack> write_pack_archive(const PackSelector& which,
                                             std::string_view output_path);
PlannedCall<DetectedPack> detect_pack(const PackPlace& place);
PlannedCall<PackUpdates> pack_updates(std::string_view selector);
PlannedCall<PackUpdate> update_pack(std::string_view selector, const UpdatePack& request);

PlannedCall<CapabilityBindings> capability_bindings();
PlannedCall<Outcome> set_capability_bindings(const CapabilityBindings& file);
PlannedCall<std::vector<CapabilityTool>> discover_capabilities();
PlannedCall<CapabilityResolution> resolve_capabilities(const ResolveCapabilities& request);
PlannedCall<CapabilityReadiness> capability_readiness(const ResolveCapabilities& request);

}  // namespace colonnade::inline v1::tandem::calls
