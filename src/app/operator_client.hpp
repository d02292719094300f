// The operator's routes of the server that runs on this machine's data folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "app/settings.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "colonnade/fathom.hpp"

namespace colonnade::app {

class OperatorClient {
 public:
  // nullopt when no server runs on the data folder. Errors: unavailable when one does and the
  // operator's token is not where it belongs; upstream when its address cannot be used.
  static base::Result<std::optional<OperatorClient>> of_running_server(const Settings& settings);

  // `path` is below /api/v1, `query` empty or "?…"; `body` is JSON or empty. Errors: upstream, with
  // the server's own words.
  base::Result<base::Json> call(std::string_view method, const std::string& path,
                                const std::string& query, const std::string& body);

 private:
  OperatorClient(std::string url, const fathom::Options& options);

  std::string url_;
  fathom::Client client_;
};

// Percent-encoded for a path or a query.
std::string url_escaped(const std::string& text);

}  // namespace colonnade::app
