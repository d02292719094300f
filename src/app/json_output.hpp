// A server's objects as JSON, for --json.
#pragma once

#include <span>
#include <string>

#include "base/json.hpp"
#include "colonnade/fathom.hpp"

namespace colonnade::app {

void write_thread(base::JsonWriter& json, const fathom::Thread& thread);
void write_message(base::JsonWriter& json, const fathom::Message& message);
void write_device(base::JsonWriter& json, const fathom::Device& device);

// Prints the document and a line end to standard output; what a terminal would obey or not show is
// escaped in it.
int print_json(const std::string& document);

}  // namespace colonnade::app
