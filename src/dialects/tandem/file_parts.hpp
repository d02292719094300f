// The files of a prompt: found, checked, and kept as attachments, so that no message holds their
// bytes (tandem §4.1, §6).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/access/principal.hpp"
#include "core/attachments/attachments.hpp"
#include "core/threads/directories.hpp"
#include "core/threads/message.hpp"
#include "core/threads/thread.hpp"
#include "dialects/tandem/prompt_body.hpp"

namespace colonnade::dialects::tandem {

// What a data: URL holds (RFC 2397).
struct DataUrl {
  std::string mime{};  // "" where it names none
  std::string bytes{};
};
// nullopt for a text that is none: no comma, or bytes that are not encoded as it says.
std::optional<DataUrl> parse_data_url(std::string_view url);
// The path that a file: URL of this machine names; any other text is a path itself. nullopt for a
// file: URL of another machine, or one that is not encoded well.
std::optional<std::string> path_of_url(std::string_view url);

class FileParts {
 public:
  FileParts(core::Attachments& attachments, const core::Directories& directories,
            base::Workers& workers)
      : attachments_(attachments), directories_(directories), workers_(workers) {}

  // The prompt's parts as the thread's message has them. A file may be a data: URL, an upload of
  // the caller's (attachment:ID), a link, or a path in the thread's directory or in a folder that
  // the configuration opens (tandem.directories). Errors: invalid, forbidden and not_found, naming
  // the part ("parts[1].url"); those of core::Attachments.
  base::Task<base::Result<std::vector<core::Part>>> resolve(core::Principal who,
                                                            core::Thread thread,
                                                            std::vector<PromptPart> parts);

 private:
  base::Task<base::Result<core::Part>> keep(core::Principal who, core::Thread thread,
                                            PromptPart part);
  base::Task<base::Result<core::Part>> upload(core::Principal who, PromptPart part,
                                              std::string bytes);
  base::Task<base::Result<std::string>> read(core::Principal who, core::Thread thread,
                                             std::string path);

  core::Attachments& attachments_;
  const core::Directories& directories_;
  base::Workers& workers_;
};

// "[file mime=image/png name=a.png url=/srv/a.png]": what stands for a file in a text.
std::string file_text(std::string_view mime, std::string_view filename, std::string_view url);

}  // namespace colonnade::dialects::tandem
