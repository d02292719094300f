// What only the start needed goes back to the system.
#pragma once

namespace colonnade::app {

// Lets go of free heap, and of the code and constants that are mapped from files: what the server
// goes on using comes back from the page cache at its next use. Call once, when all is built.
void release_startup_memory();

}  // namespace colonnade::app
