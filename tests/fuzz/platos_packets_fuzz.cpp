// Whatever a server says on the socket of a turn, the SDK makes an event of it, or nothing. What it
// keeps of an event is the JSON that came, and its type has a name.
#include <cstdint>
#include <string>
#include <string_view>

#include "colonnade/platos.hpp"
#include "sdk/platos/packets.hpp"
#include "tests/fuzz/require.hpp"

namespace platos = colonnade::platos;
using colonnade::fuzz::require;

namespace {

void look_into(std::string_view data) {
  const auto incoming = platos::wire::read_event(data);
  if (!incoming) return;
  require(incoming->name != "agent_event" || incoming->type == incoming->event.type() ||
          incoming->type.empty() || incoming->type == "job_update");
  const colonnade::Json kept = incoming->event.data();
  require(kept.is_object() && kept.contains("type"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const platos::wire::Packet packet = platos::wire::read_packet(text);
  // A view into the text, to its end.
  require(packet.data.empty() || packet.data.data() + packet.data.size() == text.data() + size);
  switch (packet.kind) {
    case platos::wire::PacketKind::open: {
      const auto silence = platos::wire::silence_ms(packet.data);
      require(!silence || *silence > 0);
      break;
    }
    case platos::wire::PacketKind::refused: platos::wire::read_refused(packet.data); break;
    case platos::wire::PacketKind::event: look_into(packet.data); break;
    default: break;
  }
  return 0;
}
