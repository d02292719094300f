#include "base/sse.hpp"

#include <charconv>
#include <cstring>

namespace colonnade::base {
namespace {

constexpr std::string_view bom = "\xEF\xBB\xBF";

// The first `c`, or the end.
const char* find(std::string_view bytes, char c) {
  const void* found = bytes.empty() ? nullptr : std::memchr(bytes.data(), c, bytes.size());
  return found != nullptr ? static_cast<const char*>(found) : bytes.data() + bytes.size();
}

}  // namespace

bool SseParser::feed(std::string_view bytes, const Callback& on_event) {
  // A BOM may arrive in pieces; what turned out not to be one is put back in front of the first
  // line.
  while (bom_matched_ < 3 && !bytes.empty()) {
    if (bytes.front() == bom[static_cast<std::size_t>(bom_matched_)]) {
      bytes.remove_prefix(1);
      ++bom_matched_;
    } else {
      partial_.assign(bom.substr(0, static_cast<std::size_t>(bom_matched_)));
      bom_matched_ = 3;
    }
  }
  const char* lf = nullptr;
  while (!bytes.empty() && !overflowed_) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    // The next LF is looked for once, not at every CR before it.
    if (lf < bytes.data()) lf = find(bytes, '\n');
    std::size_t end = static_cast<std::size_t>(lf - bytes.data());
    end = static_cast<std::size_t>(find(bytes.substr(0, end), '\r') - bytes.data());

    if (partial_.size() + end > line_bytes_max_) {
      overflowed_ = true;
      break;
    }
    if (end == bytes.size()) {
      partial_.append(bytes);
      break;
    }
    after_cr_ = bytes[end] == '\r';
    if (partial_.empty()) {
      line(bytes.substr(0, end), on_event);
    } else {
      partial_.append(bytes.substr(0, end));
      std::string whole;
      whole.swap(partial_);
      line(whole, on_event);
      whole.clear();
      if (partial_.empty()) partial_.swap(whole);  // keep the buffer's capacity
    }
    bytes.remove_prefix(end + 1);
  }
  return !overflowed_;
}

void SseParser::line(std::string_view text, const Callback& on_event) {
  if (text.empty()) {
    dispatch(on_event);
    return;
  }
  const auto colon = text.find(':');
  if (colon == 0) return;  // a comment
  const std::string_view name = text.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = text.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  if (name == "data") {
    if (data_.size() + value.size() + 1 > line_bytes_max_) {
      overflowed_ = true;
      return;
    }
    if (has_data_) data_.push_back('\n');
    data_.append(value);
    has_data_ = true;
  } else if (name == "event") {
    type_.assign(value);
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) id_.assign(value);
  } else if (name == "retry") {
    std::uint64_t ms = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (!value.empty() && error == std::errc{} && end == value.data() + value.size())
      retry_ms_ = ms;
  }
}

void SseParser::dispatch(const Callback& on_event) {
  id_current_ = id_;
  if (has_data_) {
    on_event(SseEvent{.type = type_, .data = data_, .last_event_id = id_current_});
  }
  data_.clear();
  type_.clear();
  has_data_ = false;
}

void append_sse(std::string& out, std::string_view type, std::string_view data,
                std::string_view id) {
  if (!type.empty()) out.append("event: ").append(type).push_back('\n');
  if (!id.empty()) out.append("id: ").append(id).push_back('\n');
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).push_back('\n');
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out.push_back('\n');
}

}  // namespace colonnade::base
