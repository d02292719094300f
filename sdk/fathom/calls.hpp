// Every method of the Fathom client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/fathom.hpp"
#include "sdk/channel.hpp"

namespace colonnade::inline v1::fathom::calls {

using colonnade::detail::CallSpec;
template <class T>
using PlannedCall = Result<colonnade::detail::Call<T>>;

PlannedCall<std::vector<Thread>> list_threads();
PlannedCall<ThreadDetail> get_thread(std::string_view id);
PlannedCall<Thread> create_thread(std::string_view title);
PlannedCall<Exchange> send(std::string_view id, std::string_view text,
                           std::string_view client_message_id);
PlannedCall<bool> remove_thread(std::string_view id);
PlannedCall<bool> restore_thread(std::string_view id);
PlannedCall<std::string> rename_thread(std::string_view id, std::string_view title);
PlannedCall<std::vector<Message>> messages(std::string_view id, const MessagePage& page);
PlannedCall<ThreadUsage> usage(std::string_view id);
PlannedCall<std::vector<SearchHit>> search(const Search& request);
PlannedCall<std::vector<Device>> list_devices();
PlannedCall<bool> revoke_device(std::string_view id);
PlannedCall<Claim> pair(const PairRequest& request);
PlannedCall<PairingCode> pair_start();
PlannedCall<std::optional<Device>> pair_watch(std::string_view code);
PlannedCall<Health> health();
PlannedCall<bool> ready();
PlannedCall<OneShotReply> message(std::string_view text);
PlannedCall<Json> request(std::string_view method, std::string_view path, const Json& body);

// Streams have no decoder of a whole reply.
Result<CallSpec> thread_stream(std::string_view id);
Result<CallSpec> message_stream(std::string_view text);

}  // namespace colonnade::inline v1::fathom::calls
