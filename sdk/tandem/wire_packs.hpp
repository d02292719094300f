// Packs and capabilities as JSON; a part of sdk/tandem/wire.hpp.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "colonnade/tandem.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::tandem::wire {

using colonnade::detail::CallSpec;

Result<std::vector<PackRecord>> packs(const CallSpec& spec, const TransportReply& reply);
Result<PackSheet> pack_sheet(const CallSpec& spec, const TransportReply& reply);
Result<DetectedPack> detected_pack(const CallSpec& spec, const TransportReply& reply);
Result<PackRecord> installed_pack(const CallSpec& spec, const TransportReply& reply);
Result<PackRecord> removed_pack(const CallSpec& spec, const TransportReply& reply);
Result<ExportedPack> exported_pack(const CallSpec& spec, const TransportReply& reply);
Result<PackUpdates> pack_updates(const CallSpec& spec, const TransportReply& reply);
Result<PackUpdate> pack_update(const CallSpec& spec, const TransportReply& reply);
Result<CapabilityBindings> capability_bindings(const CallSpec& spec, const TransportReply& reply);
Result<std::vector<CapabilityTool>> capability_tools(const CallSpec& spec,
                                                     const TransportReply& reply);
Result<CapabilityResolution> capability_resolution(const CallSpec& spec,
                                                   const TransportReply& reply);
Result<CapabilityReadiness> capability_readiness(const CallSpec& spec, const TransportReply& reply);

std::string install_pack(const InstallPack& request);
std::string install_attached_pack(const InstallPackFromAttachment& request);
std::string detect_pack(const PackPlace& place);
std::string select_pack(const PackSelector& which, std::string_view output_path = {});
std::string update_pack(const UpdatePack& request);
std::string capability_file(const CapabilityBindings& file);
std::string resolve_capabilities(const ResolveCapabilities& request);

}  // namespace colonnade::inline v1::tandem::wire
