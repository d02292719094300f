// Every method of the Fathom client, written once as a value: verb, target, body, decoder. Failures
// are arguments that cannot be sent.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/fathom.hpp"
#include "sdk/line.hpp"

namespace colonnade::inline v1::fathom::calls {

using colonnade::detail::CallSpec;
template <class T>
using Planned = Result<colonnade::detail::Call<T>>;

Planned<std::vector<Thread>> list_threads();
Planned<ThreadDetail> get_thread(std::string_view id);
Planned<Thread> create_thread(std::string_view title);
Planned<Exchange> send(std::string_view id, std::string_view text,
                       std::string_view client_message_id);
Planned<bool> remove_thread(std::string_view id);
Planned<bool> restore_thread(std::string_view id);
Planned<std::string> rename_thread(std::string_view id, std::string_view title);
Planned<std::vector<Message>> messages(std::string_view id, const MessagePage& page);
Planned<ThreadUsage> usage(std::string_view id);
Planned<std::vector<SearchHit>> search(const Search& request);
Planned<std::vector<Device>> list_devices();
Planned<bool> revoke_device(std::string_view id);
Planned<Claim> pair(const PairRequest& request);
Planned<PairingCode> pair_start();
Planned<std::optional<Device>> pair_watch(std::string_view code);
Planned<Health> health();
Planned<bool> ready();
Planned<OneShotReply> message(std::string_view text);
Planned<Json> request(std::string_view method, std::string_view path, const Json& body);

// Streams have no decoder of a whole reply.
Result<CallSpec> thread_stream(std::string_view id);
Result<CallSpec> message_stream(std::string_view text);

}  // namespace colonnade::inline v1::fathom::calls
